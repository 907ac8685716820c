"""The cases of ``make bench`` and what each must reach, as the guarantees have it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from benchmarks.measuring import Run

DAEMON: Final = "daemon"
type Runs = Mapping[str, Sequence[Run]]
"""Subject -> its runs, those of one turn at the same place."""


@dataclass(frozen=True, slots=True)
class Case:
    """Records an event, and the targets.

    Attributes:
        per_event: records an event.
        rate: records that the daemon must move per processor second.
        times: how many times as many as a yardstick, by its name.
    """

    per_event: int
    rate: int
    times: Mapping[str, float] = field(default_factory=dict[str, float])


CASES: Final = (
    Case(1, 15_000, {"floor": 1 / 1.5}),
    Case(25, 100_000, {"script": 5, "go": 2}),
    Case(500, 150_000, {"go": 2}),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target, what was reached, and whether that is enough."""

    what: str
    target: float
    reached: float

    @property
    def missed(self) -> bool:
        """Whether it is not."""
        return self.reached < self.target


def rate(runs: Sequence[Run]) -> float:
    """Return the median of the records per processor second."""
    return median(run.records_per_cpu_second for run in runs)


def times(runs: Runs, yardstick: str) -> float:
    """Return the median of how many times the yardstick's rate the daemon had, turn by turn."""
    pairs = zip(runs[DAEMON], runs[yardstick], strict=True)
    return median(ours.records_per_cpu_second / theirs.records_per_cpu_second for ours, theirs in pairs)


def judge(case: Case, runs: Runs) -> Sequence[Verdict]:
    """Return the verdict on each target for which there are runs."""
    first = Verdict("records per CPU second", case.rate, rate(runs[DAEMON]))
    return [
        first,
        *(Verdict(f"times {name}", least, times(runs, name)) for name, least in case.times.items() if name in runs),
    ]
