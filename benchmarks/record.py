"""What a run of all cases came to, as it is kept and compared with the next: ``results/SUMMARY.json``."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from benchmarks.cases import DAEMON, Runs, rate, times
from benchmarks.surroundings import commit, machine

RECORD: Final = Path(__file__).parent / "results" / "SUMMARY.json"


class Figures(msgspec.Struct, frozen=True):
    """One subject in one case.

    Attributes:
        rate: records per processor second, the median of the runs.
        times: how many times as many the daemon moved, the median of the turns; 1 for the daemon.
        memory_mib: peak memory, the median of the runs.
    """

    rate: float
    times: float
    memory_mib: float


class Record(msgspec.Struct, frozen=True):
    """All cases, by records an event and subject, with when, what and where."""

    day: str
    commit: str
    machine: str
    runs: int
    cases: dict[int, dict[str, Figures]]


def make_record(results: Mapping[int, Runs]) -> Record:
    """Return the record of runs that were just made."""
    cases = {
        per_event: {
            name: Figures(
                round(rate(taken)),
                round(times(runs, name), 2),
                round(median(run.peak_memory_mib for run in taken)),
            )
            for name, taken in runs.items()
        }
        for per_event, runs in results.items()
    }
    turns = max(len(runs[DAEMON]) for runs in results.values())
    return Record(f"{datetime.now(UTC):%Y-%m-%d}", commit(), machine(), turns, cases)


def read_record() -> Record | None:
    """Return the record that is committed, or None if there is none."""
    return msgspec.json.decode(RECORD.read_bytes(), type=Record) if RECORD.exists() else None


def write_record(record: Record) -> None:
    """Put the record in the place of the one that is committed."""
    RECORD.write_bytes(msgspec.json.format(msgspec.json.encode(record)) + b"\n")
