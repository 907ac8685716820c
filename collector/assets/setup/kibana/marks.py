"""The tag by which rules and SLOs of ours are known, and by which a person's changes are told from an earlier version.

It holds the digest of what was shipped: when what is stored still has that digest, nobody changed it.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from collector.assets.setup.kibana.connection import DEFAULT_SPACE
from collector.assets.setup.kibana.shipped import compute_digest

PREFIX: Final = "aoai-collector:"
_LONGEST_ID: Final = 36
"""Characters of an SLO's id in older versions of Kibana."""


class Standing(StrEnum):
    """How something stored came about."""

    CURRENT = "current"
    OLD = "old"
    """It is what an earlier version shipped."""
    CHANGED = "changed"
    """A person changed it."""


def mark(content: Mapping[str, Any]) -> str:
    """The tag of something that is shipped with this content."""
    return f"{PREFIX}{compute_digest(content)}"


def judge(stored: Mapping[str, Any], shipped: Mapping[str, Any], tags: Sequence[str]) -> Standing:
    """Tell how what is stored, with these tags, came about."""
    if compute_digest(stored) == compute_digest(shipped):
        return Standing.CURRENT
    return Standing.OLD if mark(stored) in tags else Standing.CHANGED


def strip_marks(tags: Sequence[str]) -> list[str]:
    """The tags that are for people."""
    return [each for each in tags if not each.startswith(PREFIX)]


def scope(name: str, space: str) -> str:
    """The id of something in a space: ids of rules and of SLOs are used once among all spaces."""
    if space == DEFAULT_SPACE:
        return name
    scoped = f"{name}-{space}"
    return scoped if len(scoped) <= _LONGEST_ID else f"{name}-{compute_digest(space)[:6]}"
