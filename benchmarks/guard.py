"""The guard: fails when the daemon has become slower beside the script. ``make guard``, ``python -m benchmarks.guard``.

Daemon and script read the same hub in turn, 25 records an event, and their processor seconds are compared: what the
machine is and what else it does meets both. The median of five turns must not be below a share of the ratio that is
committed in ``results/SUMMARY.json``; turns end as soon as that median is known on which side it is.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Final

from benchmarks.cases import DAEMON, find_case, run_once
from benchmarks.measuring import BenchmarkError, Run
from benchmarks.record import Record, read_record
from benchmarks.subjects import Subject, daemon, script

YARDSTICK: Final = "script"
CASE: Final = find_case("25")
SHARE: Final = 0.6
"""Of the committed ratio: on a virtual machine single turns differ by a third, and chance alone must fail no run."""
TURNS: Final = 5
_RECORDS: Final = {DAEMON: 100_000, YARDSTICK: 30_000}
"""A few processor seconds each; more of what is faster."""

_SUBJECTS: Final[Mapping[str, Subject]] = {DAEMON: daemon, YARDSTICK: script}

type Measure = Callable[[str], Run]
"""Runs a subject once, by its name."""


class NothingToCompareError(Exception):
    """No ratio is committed."""


def find_floor(record: Record | None) -> float:
    """Return the ratio that must be reached.

    Raises:
        NothingToCompareError: the record does not have it.
    """
    figures = record.cases.get(CASE.name, {}) if record else {}
    if YARDSTICK not in figures:
        raise NothingToCompareError(f"results/SUMMARY.json has no ratio to the {YARDSTICK}: run make bench")
    return SHARE * figures[YARDSTICK].times


def holds(measure: Measure, floor: float, turns: int = TURNS) -> bool:
    """Tell whether the median of so many turns, an odd number, reaches the floor; print each of them.

    Raises:
        BenchmarkError: a subject died or did not finish.
    """
    above = below = 0
    print("| turn | daemon, records per CPU s | script | ratio | floor |\n|---:|---:|---:|---:|---:|")
    while max(above, below) <= turns // 2:
        ours, theirs = measure(DAEMON).records_per_cpu_second, measure(YARDSTICK).records_per_cpu_second
        reached = ours / theirs >= floor
        above, below = above + reached, below + (not reached)
        print(f"| {above + below} | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.2f} | {floor:.2f} |", flush=True)
    return above > below


def guard(measure: Measure, committed: Record | None) -> int:
    """Return the exit code: 1 when the daemon is too slow, and when that could not be measured."""
    try:
        held = holds(measure, find_floor(committed))
    except (NothingToCompareError, BenchmarkError) as error:
        print(f"nothing was measured: {error}", file=sys.stderr)
        return 1
    told = (
        "holds" if held else f"is slower than {SHARE:.0%} of what is committed: mend it, or run make bench and say why"
    )
    print(f"the daemon {told}", file=sys.stdout if held else sys.stderr)
    return 0 if held else 1


def measure_really(subject: str) -> Run:
    """Run daemon or script."""
    return run_once(CASE, _SUBJECTS[subject], _RECORDS[subject])


if __name__ == "__main__":
    sys.exit(guard(measure_really, read_record()))
