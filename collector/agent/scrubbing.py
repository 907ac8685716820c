"""Takes the secrets of a policy out of texts that leave the machine.

A second line of defence: no secret is printed in the first place. Promise: no secret of the policy remains in a text,
plain, escaped as JSON, coded for a URL, or in base64; nor the key in a connection string, a token or a URL.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Final, cast
from urllib.parse import quote, quote_plus, urlsplit

from collector.policy import Policy, Secret
from collector.policy.secret import MASK
from collector.policy.section import Section

_SHORTEST: Final = 4
"""Characters; to look for less would take words apart, and be found by trying anyway."""
_SHORTEST_IN_BASE64: Final = 8
_STARTS_IN_BASE64: Final = {0: 0, 1: 2, 2: 3}
"""How many bytes stand before a text in its group of three -> how many signs of the group are not the text's alone."""
_NAMED_KEY: Final = re.compile(r"(?:key|signature|sig|password)=([^;&]+)", re.IGNORECASE)


class Scrubber:
    """Masks the secrets of one policy."""

    def __init__(self, policy: Policy) -> None:
        texts = {part for secret in find_secrets(policy) for part in _parts_of(secret.reveal())}
        forms = {form for text in texts if len(text) >= _SHORTEST for form in _forms_of(text)}
        self._pattern = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))) or r"(?!)")

    def scrub(self, text: str) -> str:
        """Return the text with asterisks in place of secrets."""
        return self._pattern.sub(MASK, text)


def find_secrets(value: object) -> Iterator[Secret]:
    """Yield every secret in a section and below it."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Section):
        for key in type(value).model_fields:
            yield from find_secrets(getattr(value, key))
    elif isinstance(value, Mapping):
        for item in cast("Mapping[object, object]", value).values():
            yield from find_secrets(item)
    elif isinstance(value, tuple | list):
        for item in cast("tuple[object, ...]", value):
            yield from find_secrets(item)


def _parts_of(text: str) -> Iterator[str]:
    """Yield the text, and what of it is a secret by itself."""
    yield text
    for line in text.splitlines():
        yield line.strip()
    yield from _NAMED_KEY.findall(text)
    identity, colon, key = text.partition(":")
    if colon and identity.isprintable() and "/" not in text and "=" not in identity:
        yield key
    if "://" in text and (password := urlsplit(text).password):
        yield password


def _forms_of(text: str) -> Iterator[str]:
    """Yield the ways in which a text may be written, in base64 also as a part of a longer text."""
    yield text
    yield json.dumps(text)[1:-1]
    yield quote(text, safe="")
    yield quote_plus(text)
    data = text.encode()
    yield b64encode(data).decode()
    for before, mixed in _STARTS_IN_BASE64.items():
        # The first and the last signs depend on what stands beside the text.
        form = b64encode(bytes(before) + data)[mixed : (before + len(data)) * 8 // 6].decode()
        if len(form) >= _SHORTEST_IN_BASE64:
            yield form
