"""A verdict: what was measured in a case, and whether that is enough."""

from typing import Final

import msgspec

_MANY: Final = 1_000
_FEW: Final = 10


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """One figure of one case.

    Attributes:
        case: the case that it comes from.
        what: what was measured, with its unit.
        reached: the figure.
        least: the target, where more is better.
        most: the target, where less is better; with neither the figure is only told.
        runs: of how many runs it is the median.
    """

    case: str
    what: str
    reached: float
    least: float | None = None
    most: float | None = None
    runs: int = 1

    @property
    def missed(self) -> bool:
        """Whether it is not enough."""
        too_little = self.least is not None and self.reached < self.least
        return too_little or (self.most is not None and self.reached > self.most)

    @property
    def target(self) -> str:
        """The target in words."""
        if self.least is not None:
            return f"at least {show(self.least)}"
        return "" if self.most is None else f"at most {show(self.most)}"

    @property
    def result(self) -> str:
        """What became of the target, in a word."""
        if self.least is None and self.most is None:
            return ""
        return "missed" if self.missed else "reached"


def show(figure: float) -> str:
    """Return a figure with as many digits as it deserves."""
    if abs(figure) >= _MANY:
        return f"{figure:,.0f}"
    return f"{figure:.2f}" if abs(figure) < _FEW else f"{figure:.1f}"
