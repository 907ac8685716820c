"""Writes ``results/SUMMARY.md``: machine, commit, command and figures."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.measuring import Run

SUMMARY: Final = Path(__file__).parent / "results" / "SUMMARY.md"
TARGETS: Final = {25: 3.0}
"""Records an event -> how many times the yardstick the daemon must move per processor second."""

Results = Mapping[int, Mapping[str, Sequence[Run]]]
"""Records an event -> subject -> runs."""


def ratio(runs: Mapping[str, Sequence[Run]]) -> float:
    """Return the median of the pairwise ratios daemon / script."""
    pairs = zip(runs["daemon"], runs["script"], strict=True)
    return median(ours.records_per_cpu_second / theirs.records_per_cpu_second for ours, theirs in pairs)


def render(results: Results, records: int) -> str:
    """Return the page."""
    lines = [
        "# Benchmark results",
        "",
        f"`make bench` on {datetime.now(UTC):%Y-%m-%d}, commit `{commit()}`, {machine()}.",
        "",
        f"{records:,} records of about 800 bytes over 4 partitions. Hub, sink and subject are processes of their own;",
        "the sink counts and stores nothing. Figures are records per processor second of the subject's steady state",
        "(user and system time), each the median of its runs, taken in turn. Ids, acknowledgement, gzip and",
        "checkpoints are on. The yardstick is `benchmarks/script.py`. Only the ratio compares between machines.",
        "",
        "| records an event | runs | daemon, records per CPU s | yardstick | ratio | target | daemon's peak memory |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [_row(per_event, runs) for per_event, runs in results.items()]
    return "\n".join([*lines, ""])


def _row(per_event: int, runs: Mapping[str, Sequence[Run]]) -> str:
    ours, theirs = (median(run.records_per_cpu_second for run in runs[name]) for name in ("daemon", "script"))
    memory = max(run.peak_memory_mib for run in runs["daemon"])
    target = f"{TARGETS[per_event]:.0f}" if per_event in TARGETS else "-"
    figures = f"{len(runs['daemon'])} | {ours:,.0f} | {theirs:,.0f} | {ratio(runs):.1f} | {target} | {memory:.0f} MiB"
    return f"| {per_event} | {figures} |"


def commit() -> str:
    """Return the commit that is measured."""
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def machine() -> str:
    """Return what it is measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), platform.processor()
    )
    return f"{len(_processors())} x {model}, CPython {platform.python_version()}, {platform.system()}"


def _cpuinfo() -> list[str]:
    return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()


def _processors() -> list[str]:
    return [line for line in _cpuinfo() if line.startswith("processor")]
