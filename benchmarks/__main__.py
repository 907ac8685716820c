"""``python -m benchmarks``: run the cases, print the page, write it with its plot; exit 1 if a target is missed.

The whole takes about 20 minutes on two cores with nothing else to do.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

from benchmarks.beside_engine import measure_beside_engine
from benchmarks.cases import CASES, Runs, judge, run_case
from benchmarks.document import write_place
from benchmarks.effort import QUICK, Effort
from benchmarks.idle import measure_idle
from benchmarks.inprocess import measure_encoding, measure_reply
from benchmarks.long_runs import measure_backlog, measure_memory
from benchmarks.page import PAGE, PLACE, PLOT, compare, draw, render, render_targets
from benchmarks.record import make_record, read_record, write_record
from benchmarks.subjects import gather
from benchmarks.verdicts import Verdict

OTHERS: Final[Mapping[str, Callable[[Effort], Sequence[Verdict]]]] = {
    "encode": measure_encoding,
    "reply": measure_reply,
    "backlog": measure_backlog,
    "memory": measure_memory,
    "idle": measure_idle,
    "engine": measure_beside_engine,
}
"""The cases beside those of ``benchmarks.cases``."""
_NAMES: Final = (*(case.name for case in CASES), *OTHERS)


def main() -> int:
    """Run the benchmarks."""
    options = _read_options()
    effort = _effort(options)
    results, verdicts, missing = _measure(options.only, effort)
    record, before = make_record(results, verdicts), read_record()
    page = render(record, missing)
    print(page)
    for change in compare(record, before) if before else ():
        print(change)
    if _is_whole(options, effort):
        write_record(record)
        PAGE.write_text(page, encoding="utf-8")
        PLOT.write_text(draw(record), encoding="utf-8")
        write_place(PLACE, render_targets(record))
    return 1 if any(verdict.missed for verdict in verdicts) else 0


def _measure(names: Sequence[str], effort: Effort) -> tuple[dict[str, Runs], list[Verdict], Mapping[str, str]]:
    """Return the runs by case, all verdicts, and why yardsticks are missing."""
    results: dict[str, Runs] = {}
    verdicts: list[Verdict] = []
    missing: Mapping[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for case in (case for case in CASES if case.name in names):
            subjects, missing = gather(case.yardsticks, case.per_event, Path(folder))
            results[case.name] = run_case(case, subjects, effort)
            verdicts += judge(case, results[case.name])
    for name in (name for name in OTHERS if name in names):
        print(f"{name} ...", file=sys.stderr)
        verdicts += OTHERS[name](effort)
    return results, verdicts, missing


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", default=_NAMES, choices=_NAMES, metavar="CASE", help=", ".join(_NAMES))
    parser.add_argument("--quick", action="store_true", help="small and once, to see that all works")
    for field in fields(Effort):
        name = "--" + field.name.replace("_", "-")
        parser.add_argument(name, type=type(field.default), help=f"{field.default:g} unless told otherwise")
    parser.add_argument("--no-write", action="store_true", help="leave the committed results as they are")
    return parser.parse_args()


def _effort(options: argparse.Namespace) -> Effort:
    given = {field.name: getattr(options, field.name) for field in fields(Effort)}
    return replace(QUICK if options.quick else Effort(), **{name: it for name, it in given.items() if it is not None})


def _is_whole(options: argparse.Namespace, effort: Effort) -> bool:
    """Tell whether the run may replace the committed one: every case at its full size, and memory as long or longer."""
    full = Effort()
    longer = replace(full, memory_seconds=max(full.memory_seconds, effort.memory_seconds))
    return not options.no_write and set(options.only) == set(_NAMES) and effort == longer


if __name__ == "__main__":
    sys.exit(main())
