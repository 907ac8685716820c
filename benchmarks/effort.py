"""How much is measured: for the committed results, or quickly to see that all works."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Effort:
    """Sizes of the cases.

    Attributes:
        runs: runs of each case that is short; the median counts.
        records: records a run at 25 an event; cases whose records are dearer take a share of it.
        backlog: records of the backlog.
        memory_seconds: how long memory is watched at full load.
        memory_rate: records a second meanwhile; 0 for as many as the daemon takes.
        idle_seconds: how long the idle daemon is watched.
        engine_seconds: how long each part beside the real engine takes.
    """

    runs: int = 5
    records: int = 480_000
    backlog: int = 2_000_000
    memory_seconds: float = 150
    memory_rate: float = 0.0
    idle_seconds: float = 60
    engine_seconds: float = 40


QUICK: Final = Effort(runs=1, records=60_000, backlog=300_000, memory_seconds=15, idle_seconds=8, engine_seconds=8)
"""Shows that every case runs; its figures are worth nothing."""
