"""Every built-in pattern, in the order in which they claim a place: the longer and surer first."""

from typing import Final

from collector.redact.patterns.national_ids import NATIONAL_IDS
from collector.redact.patterns.personal import PERSONAL_DATA
from collector.redact.patterns.secrets import SECRETS

PATTERNS: Final = SECRETS + PERSONAL_DATA + NATIONAL_IDS
