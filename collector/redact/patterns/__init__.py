"""Patterns: finds secrets and personal data in one text, and puts typed markers in their place.

Promises: linear in the length of the text, whatever the text (RE2, and checks that look at each byte a bounded number
of times); a text in which nothing is found comes back as it is; each pattern carries texts that it must find and texts
that it must leave alone, and the tests hold it to both.

Does not promise to find what has no shape: names, postal addresses, passwords without a word that says so. A value in
base64 is not decoded.
"""

from collector.redact.patterns.catalogue import PATTERNS
from collector.redact.patterns.pattern import Pattern
from collector.redact.patterns.redaction import TextRedactor

__all__ = ["PATTERNS", "Pattern", "TextRedactor"]
