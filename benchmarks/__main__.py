"""``python -m benchmarks``: run the cases, print the table, write the summary; exit 1 if a target is missed."""

import argparse
import sys
from typing import Final

from benchmarks.measuring import Run, measure
from benchmarks.subjects import SUBJECTS
from benchmarks.summary import SUMMARY, TARGETS, ratio, render

_PARTITIONS: Final = 4


def main() -> int:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each subject; the median counts")
    parser.add_argument("--records", type=int, default=300_000, help="records a run")
    parser.add_argument("--per-event", type=int, nargs="+", default=[25, 500], help="records an event, one case each")
    parser.add_argument("--no-write", action="store_true", help="leave results/SUMMARY.md as it is")
    options = parser.parse_args()
    results: dict[int, dict[str, list[Run]]] = {}
    for per_event in options.per_event:
        results[per_event] = _case(per_event, options.records, options.runs)
    page = render(results, options.records)
    print(page)
    if not options.no_write:
        SUMMARY.write_text(page, encoding="utf-8")
    missed = [case for case, runs in results.items() if ratio(runs) < TARGETS.get(case, 0.0)]
    for case in missed:
        print(f"missed: {ratio(results[case]):.1f} times the yardstick at {case} records an event, not {TARGETS[case]}")
    return 1 if missed else 0


def _case(per_event: int, records: int, runs: int) -> dict[str, list[Run]]:
    """Measure the subjects in turn, so that a change of the machine's speed meets both."""
    taken: dict[str, list[Run]] = {name: [] for name in SUBJECTS}
    for number in range(1, runs + 1):
        for name, subject in SUBJECTS.items():
            run = measure(subject, records=records, per_event=per_event, partitions=_PARTITIONS)
            taken[name].append(run)
            print(
                f"{per_event} records an event, run {number}/{runs}: {name} "
                f"{run.records_per_cpu_second:,.0f} records per CPU second",
                file=sys.stderr,
            )
    return taken


if __name__ == "__main__":
    sys.exit(main())
