"""The cases of a full hub and a sink that stores nothing, and what each must reach, as the guarantees have it."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from benchmarks.effort import Effort
from benchmarks.measuring import Run, measure
from benchmarks.subjects import Subject
from benchmarks.verdicts import Verdict

DAEMON: Final = "daemon"
PARTITIONS: Final = 4
_SLOWER: Final[Mapping[str, float]] = {"script": 0.1, "script in batches": 0.25, "go": 0.5}
"""Yardsticks that are so much slower that a part of the records is enough."""
type Runs = Mapping[str, Sequence[Run]]
"""Subject -> its runs, those of one turn at the same place."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the hub is full of, and the targets.

    Attributes:
        name: of the case.
        title: what its records are, for people.
        per_event: records an event.
        kind: what the records are, one of ``benchmarks.hub.KINDS``.
        share: of the records of a run, for records that are dearer.
        yardsticks: what is measured beside the daemon.
        rate: records that the daemon must move per processor second.
        times: how many times as many as a yardstick, by its name.
    """

    name: str
    title: str
    per_event: int
    kind: str = "requests"
    share: float = 1.0
    yardsticks: tuple[str, ...] = ("script", "go")
    rate: int | None = None
    times: Mapping[str, float] = field(default_factory=dict[str, float])


CASES: Final = (
    Case("1", "1 an event", 1, share=0.2, yardsticks=("script", "go", "floor"), rate=15_000, times={"floor": 1 / 1.5}),
    Case(
        "25",
        "25 an event",
        25,
        yardsticks=("script", "script in batches", "go"),
        rate=100_000,
        times={"script": 5, "go": 2},
    ),
    Case("500", "500 an event", 500, rate=150_000, times={"go": 2}),
    Case("gateway", "bodies of 8 KB, 10 an event", 10, kind="calls", share=0.1),
)


def find_case(name: str) -> Case:
    """Return the case of that name."""
    return next(case for case in CASES if case.name == name)


def run_case(case: Case, subjects: Mapping[str, Subject], effort: Effort) -> Runs:
    """Measure the subjects in turn, so that a change of the machine's speed meets all."""
    taken: dict[str, list[Run]] = {name: [] for name in subjects}
    for number in range(1, effort.runs + 1):
        for name, subject in subjects.items():
            run = run_once(case, subject, int(effort.records * case.share * _SLOWER.get(name, 1)))
            taken[name].append(run)
            told = f"{name} {run.records_per_cpu_second:,.0f} records per CPU second"
            print(f"{case.title}, run {number}/{effort.runs}: {told}", file=sys.stderr)
    return taken


def run_once(case: Case, subject: Subject, records: int) -> Run:
    """Measure one subject once."""
    whole = records // case.per_event * case.per_event
    return measure(subject, records=whole, per_event=case.per_event, partitions=PARTITIONS, kind=case.kind)


def rate(runs: Sequence[Run]) -> float:
    """Return the median of the records per processor second."""
    return median(run.records_per_cpu_second for run in runs)


def times(runs: Runs, yardstick: str) -> float:
    """Return the median of how many times the yardstick's rate the daemon had, turn by turn."""
    pairs = zip(runs[DAEMON], runs[yardstick], strict=True)
    return median(ours.records_per_cpu_second / theirs.records_per_cpu_second for ours, theirs in pairs)


def judge(case: Case, runs: Runs) -> Sequence[Verdict]:
    """Return the verdict on the daemon's rate, and on each ratio for which there is a target and a yardstick."""
    turns = len(runs[DAEMON])
    first = Verdict(case.name, "records per CPU second", rate(runs[DAEMON]), least=case.rate, runs=turns)
    ratios = [
        Verdict(case.name, f"times {name}", times(runs, name), least=least, runs=turns)
        for name, least in case.times.items()
        if name in runs
    ]
    return [first, *ratios]
