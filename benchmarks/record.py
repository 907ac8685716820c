"""What a run of all cases came to, as it is kept and compared with the next: ``results/SUMMARY.json``."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from benchmarks.cases import Runs, rate, times
from benchmarks.surroundings import commit, machine
from benchmarks.verdicts import Verdict

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
    """All cases and verdicts, with when, what and where.

    Attributes:
        day: when it was measured.
        commit: what.
        machine: on what.
        load: the load average when it ended, its own included.
        cases: the subjects of each case of a full hub.
        verdicts: what was held against a target, of all cases.
    """

    day: str
    commit: str
    machine: str
    load: float
    cases: dict[str, dict[str, Figures]]
    verdicts: list[Verdict]


def make_record(results: Mapping[str, Runs], verdicts: Sequence[Verdict]) -> Record:
    """Return the record of runs that were just made."""
    cases = {
        case: {
            name: Figures(
                round(rate(taken)),
                round(times(runs, name), 3),
                round(median(run.peak_memory_mib for run in taken)),
            )
            for name, taken in runs.items()
        }
        for case, runs in results.items()
    }
    load = round(os.getloadavg()[0], 1)
    return Record(f"{datetime.now(UTC):%Y-%m-%d}", commit(), machine(), load, cases, list(verdicts))


def read_record() -> Record | None:
    """Return the record that is committed, or None if there is none."""
    return msgspec.json.decode(RECORD.read_bytes(), type=Record) if RECORD.exists() else None


def write_record(record: Record) -> None:
    """Put the record in the place of the one that is committed."""
    RECORD.write_bytes(msgspec.json.format(msgspec.json.encode(record)) + b"\n")
