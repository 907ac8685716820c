"""``python -m benchmarks``: run the cases, print the page, write it with its plot; exit 1 if a target is missed."""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.cases import CASES, Case, Runs, judge
from benchmarks.measuring import Run, measure
from benchmarks.page import PAGE, PLOT, compare, draw, render
from benchmarks.record import make_record, read_record, write_record
from benchmarks.subjects import Subject, gather

_PARTITIONS: Final = 4
_DEAREST: Final = 5
"""A record alone in its event costs about so many times as much: fewer of them do."""


def main() -> int:
    """Run the benchmarks."""
    options = _read_options()
    results: dict[int, Runs] = {}
    chosen = [case for case in CASES if case.per_event in options.per_event]
    with tempfile.TemporaryDirectory() as folder:
        for case in chosen:
            subjects, missing = gather(case.per_event, Path(folder))
            records = options.records // (_DEAREST if case.per_event == 1 else 1)
            results[case.per_event] = _run(case, subjects, records, options.runs)
    record, before = make_record(results), read_record()
    verdicts = {case.per_event: judge(case, results[case.per_event]) for case in chosen}
    page = render(record, verdicts, missing)
    print(page)
    for change in compare(record, before) if before else ():
        print(change)
    if not options.no_write:
        write_record(record)
        PAGE.write_text(page, encoding="utf-8")
        PLOT.write_text(draw(record), encoding="utf-8")
    return 1 if any(verdict.missed for judged in verdicts.values() for verdict in judged) else 0


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each subject; the median counts")
    parser.add_argument("--records", type=int, default=300_000, help="records a run; fewer at one an event")
    parser.add_argument(
        "--per-event",
        type=int,
        nargs="+",
        default=[case.per_event for case in CASES],
        choices=[case.per_event for case in CASES],
        help="the cases, by records an event",
    )
    parser.add_argument("--no-write", action="store_true", help="leave the committed results as they are")
    return parser.parse_args()


def _run(case: Case, subjects: Mapping[str, Subject], records: int, turns: int) -> Runs:
    """Measure the subjects in turn, so that a change of the machine's speed meets all."""
    taken: dict[str, list[Run]] = {name: [] for name in subjects}
    for number in range(1, turns + 1):
        for name, subject in subjects.items():
            run = measure(subject, records=records, per_event=case.per_event, partitions=_PARTITIONS)
            taken[name].append(run)
            told = f"{name} {run.records_per_cpu_second:,.0f} records per CPU second"
            print(f"{case.per_event} records an event, run {number}/{turns}: {told}", file=sys.stderr)
    return taken


if __name__ == "__main__":
    sys.exit(main())
