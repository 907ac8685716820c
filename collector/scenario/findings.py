"""What the content filter finds in a call: it stops the prompt, cuts the answer, or only notes what it found.

All of it follows from the call's id and from how it ended, so that it changes nothing else of a day. A call has at most
one finding: nobody has published whether Azure Monitor counts a call under each of several.
"""

from dataclasses import dataclass
from typing import Final

HARMS: Final = ("hate", "self_harm", "sexual", "violence")
"""Categories that have a severity."""
JAILBREAK, INDIRECT, BLOCKLISTS = "jailbreak", "indirect_attack", "custom_blocklists"
DETECTED: Final = (JAILBREAK, INDIRECT)
"""Categories that are detected or not; they are looked for in prompts only."""

_LISTS: Final = ("competitors", "internal-names")
_BLOCKED_AT: Final = ("medium", "high")
_NOTED_AT: Final = "low"
_NOTED: Final = (*HARMS, *DETECTED)
_WITH_SOMETHING: Final = "0"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a prompt or an answer.

    Attributes:
        category: as the API names it.
        in_prompt: whether it was in the prompt; otherwise it was in the answer.
        filtered: whether it stopped the prompt or cut the answer; otherwise it was only noted.
        severity: of harm; None of what is only detected or not.
        blocklist: the user's own list that matched.
    """

    category: str
    in_prompt: bool
    filtered: bool
    severity: str | None = None
    blocklist: str | None = None


def find_filtered(correlation_id: str, category: str, *, in_prompt: bool) -> Finding:
    """Return why a prompt was stopped or an answer cut."""
    turn = int(correlation_id[1], 16)
    return Finding(
        category,
        in_prompt,
        filtered=True,
        severity=_BLOCKED_AT[turn % len(_BLOCKED_AT)] if category in HARMS else None,
        blocklist=_LISTS[turn % len(_LISTS)] if category == BLOCKLISTS else None,
    )


def find_noted(correlation_id: str) -> Finding | None:
    """Return what was noted of a call that went through: something in one of sixteen, half of it in prompts."""
    if correlation_id[2] != _WITH_SOMETHING:
        return None
    category = _NOTED[int(correlation_id[3:5], 16) % len(_NOTED)]
    harm = category in HARMS
    in_prompt = not harm or int(correlation_id[5], 16) % 2 == 0
    return Finding(category, in_prompt, filtered=False, severity=_NOTED_AT if harm else None)
