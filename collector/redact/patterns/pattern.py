"""One pattern: what it finds, how it makes sure, and texts that show both."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from collector.policy.expressions import Span

Confirm = Callable[[bytes, Span], Iterable[Span]]
"""Takes the whole text and a candidate's span; yields the spans inside it that are what the pattern is for."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A kind of secret or personal data."""

    kind: str
    """The word in its marker: ``[redacted:KIND]``."""
    expression: str
    """An RE2 expression for candidates; with a group, only the group is replaced."""
    found: tuple[str, ...]
    """Values that it finds wherever they stand between spaces."""
    left: tuple[str, ...]
    """Look-alikes that it leaves alone."""
    confirm: Confirm | None = None
    """Decides about a candidate; none means that the expression is enough."""
    alone: bool = True
    """Whether a candidate next to a letter, a digit or an underscore is none: part of a longer word."""
    hint: str = ""
    """An expression for what every finding holds, where looking for the whole one in every text would be slow.

    All are looked for in one pass first, and its automaton swells with what counts characters or begins anywhere.
    """
