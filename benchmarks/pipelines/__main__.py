"""``python -m benchmarks.pipelines``: time the pipelines, print and write the page; exit 1 if a target is missed."""

import argparse
import sys

from benchmarks.pipelines.loads import LOADS
from benchmarks.pipelines.page import PAGE, missed, render
from benchmarks.pipelines.server import started
from benchmarks.pipelines.timing import Effort, time_pipeline


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipelines", description=__doc__)
    parser.add_argument("--warm", type=int, default=50_000, help="documents before anything counts")
    parser.add_argument("--documents", type=int, default=2_000, help="documents of a run, for each step")
    parser.add_argument("--runs", type=int, default=5, help="the median of so many counts")
    parser.add_argument("--only", nargs="+", default=[], metavar="DATASET", help="these pipelines; the page stays")
    parser.add_argument("--no-write", action="store_true", help="leave results/PIPELINES.md as it is")
    options = parser.parse_args()
    effort = Effort(options.warm, options.documents, options.runs)
    loads = [load for load in LOADS if not options.only or load.dataset in options.only]
    with started() as server:
        timings = [time_pipeline(server, load, effort) for load in loads]
        page = render(timings, effort, server)
    print(page)
    if not options.no_write and not options.only:
        PAGE.write_text(page, encoding="utf-8")
    failures = [words for timing in timings for words in missed(timing)]
    for words in failures:
        print(f"missed: {words}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
