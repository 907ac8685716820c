"""The content policy: what of prompts and answers leaves the collector.

Promises: ``apply`` is called once for each entry of an event, after its id was made from the bytes as received and
before anything is encoded, so no output, dead letter or log line ever holds what the level forbids. It takes bounded
time and memory and never raises: what it cannot read it withholds.

Does not promise that a text under ``redacted`` holds no secret that no pattern knows, and does not look at records of
services that are neither Azure OpenAI nor a gateway beyond their bodies.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from collector.events import Entry

RedactText = Callable[[str], str]
"""Returns a text with its secrets and personal data replaced by typed markers; a pure function of any text.

It gets one decoded text at a time (no JSON escapes), must be linear in its length, never raise, and return the very
text when nothing was found.
"""


class ContentPolicy(Protocol):
    """One level of one stream; ``full`` has no policy at all."""

    def apply(self, entry: Entry) -> Entry:
        """Return what may leave of an entry."""
        ...

    def apply_to_all(self, texts: Sequence[str], categories: Sequence[str | None]) -> Sequence[str]:
        """Return what may leave of records, of which ``category_of`` has told the categories; ``apply`` but quicker."""
        ...
