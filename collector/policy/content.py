"""What of prompts and answers a stream lets out: the keys of the content policy.

Promises: nothing of them leaves unless someone writes so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, override

from collector.policy.content_patterns import PatternsByName
from collector.policy.kinds import Choice, SecretText
from collector.policy.problems import RefusedError
from collector.policy.secret import Secret
from collector.policy.section import Contradiction, Section, setting

_SHORTEST_KEY = 16
_LEVELS = ("metadata", "redacted", "full")


@dataclass(frozen=True)
class HashKeyText(SecretText):
    """A key for hashes: a text that nobody can guess."""

    @override
    def check_form(self, value: str) -> str:
        if len(value.strip()) < _SHORTEST_KEY:
            raise RefusedError(
                f"has fewer than {_SHORTEST_KEY} characters",
                "Write a random text, such as that of openssl rand -hex 32.",
            )
        return value.strip()


class ContentKeys(Section):
    """What becomes of prompts and answers in the records of a stream."""

    content: Annotated[Literal["metadata", "redacted", "full"], Choice(_LEVELS)] = setting(
        "metadata",
        "What leaves of prompts and answers: metadata (each text becomes its length and a keyed hash), redacted (texts "
        "stay but for secrets and personal data) or full (everything, as Azure sent it). See privacy.md.",
        reason="what people write to a model is stored nowhere unless someone decides so",
    )
    content_hash_key: Annotated[Secret | None, HashKeyText()] = setting(
        None,
        "The key of the hashes. Collectors with the same key write the same hash for the same text.",
        reason="a key that nobody knows cannot leak",
        derived="a random key, kept in the file `content-hash-key` of the data folder",
        example="${env.CONTENT_HASH_KEY}",
    )
    content_patterns: Annotated[dict[str, str], PatternsByName()] = setting(
        {},
        "Patterns of your own for the level redacted, beside the built-in ones: what one finds becomes "
        "`[redacted:NAME]`; with a group, only the group does.",
        reason="what only your organisation writes, only you can describe",
        example="{employee_id: 'E\\d{6}'}",
    )

    @override
    def find_contradictions(self) -> Iterator[Contradiction]:
        if self.content_patterns and self.content != "redacted":
            yield Contradiction(
                ("content_patterns",),
                f"has no effect with content: {self.content}",
                "Write content: redacted, or leave content_patterns out.",
            )
        yield from super().find_contradictions()
