"""What the settings of a policy do to the rate and the memory: ``python -m benchmarks.tuning``.

Each setting is measured in turn with the policy as shipped, on a full hub at 25 records an event and a sink that stores
nothing. Writes ``results/TUNING.md``.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.cases import find_case, run_once
from benchmarks.measuring import Run
from benchmarks.subjects import Subject, daemon_with
from benchmarks.surroundings import measured_by

PAGE: Final = Path(__file__).parent / "results" / "TUNING.md"
SHIPPED: Final = "as shipped"
SETTINGS: Final[Mapping[str, Subject]] = {
    SHIPPED: daemon_with({}, {}),
    "`compression_level: 0`": daemon_with({"compression_level": 0}, {}),
    "`compression_level: 3`": daemon_with({"compression_level": 3}, {}),
    "`bulk_max_size: 400`": daemon_with({"bulk_max_size": 400}, {}),
    "`bulk_max_size: 4800`, `bulk_max_bytes: 15MiB`": daemon_with(
        {"bulk_max_size": 4800, "bulk_max_bytes": "15MiB", "max_in_flight_bytes": "96MiB"}, {}
    ),
    "`worker: 1`": daemon_with({"worker": 1}, {}),
    "`worker: 8`": daemon_with({"worker": 8}, {}),
    "`prefetch: 50`": daemon_with({}, {"prefetch": 50}),
    "`prefetch: 3000`, `prefetch_bytes: 64MiB`": daemon_with({}, {"prefetch": 3000, "prefetch_bytes": "64MiB"}),
    "`content: full`": daemon_with({}, {"content": "full"}),
    "`content: redacted`": daemon_with({}, {"content": "redacted"}),
}
_CASE: Final = find_case("25")


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tuning", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each setting; the median counts")
    parser.add_argument("--records", type=int, default=200_000, help="records a run")
    parser.add_argument("--no-write", action="store_true", help="leave results/TUNING.md as it is")
    options = parser.parse_args()
    taken: dict[str, list[Run]] = {setting: [] for setting in SETTINGS}
    for number in range(1, options.runs + 1):
        for setting, subject in SETTINGS.items():
            taken[setting].append(run_once(_CASE, subject, options.records))
        print(f"turn {number}/{options.runs}", file=sys.stderr)
    page = render(taken)
    print(page)
    if not options.no_write:
        PAGE.write_text(page, encoding="utf-8")


def render(taken: Mapping[str, list[Run]]) -> str:
    """Return the page."""
    runs = len(taken[SHIPPED])
    lines = [
        "# What settings do",
        "",
        f"{measured_by('benchmarks.tuning')};",
        f"load average {os.getloadavg()[0]:.0f}, of which 2 are the benchmark's own.",
        "",
        "A full hub, 25 records of 800 bytes an event, a sink that stores nothing and answers at once. The rate is",
        f"records per CPU second beside those of the policy as shipped in the same turn; medians of {runs} turns.",
        "",
        "| setting | rate | peak memory |",
        "|---|---:|---:|",
        *(_row(setting, runs, taken[SHIPPED]) for setting, runs in taken.items()),
        "",
    ]
    return "\n".join(lines)


def _row(setting: str, runs: list[Run], shipped: list[Run]) -> str:
    pairs = zip(runs, shipped, strict=True)
    ratio = median(ours.records_per_cpu_second / theirs.records_per_cpu_second for ours, theirs in pairs)
    return f"| {setting} | {ratio:.2f} | {median(run.peak_memory_mib for run in runs):.0f} MiB |"


if __name__ == "__main__":
    main()
