"""Writes ``results/PIPELINES.md``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.pipelines.server import Server
from benchmarks.pipelines.timing import Effort, Timing
from benchmarks.surroundings import measured_by

PAGE: Final = Path(__file__).parents[1] / "results" / "PIPELINES.md"
LARGEST_SHARE: Final = 0.25
"""The most that one processor may take of its pipeline, those that only decode JSON aside."""


def render(timings: Sequence[Timing], effort: Effort, engine: Server) -> str:
    """Return the page."""
    lines = [
        "# What the ingest pipelines cost",
        "",
        f"{measured_by('benchmarks.pipelines')};",
        f"{engine.name}.",
        "",
        "Microseconds a document. Documents as the collector writes them come in bulk requests and are dropped after",
        "the pipeline, so nothing is indexed; what a request takes with no pipeline is taken off. The yardstick is a",
        "pipeline of bare `json` of the record, `json` of its properties where they are a text, and `date`, measured",
        f"in turn with the others in the same run. First {effort.warm:,} documents go through each that do not count;",
        f"then the median of {effort.runs} runs of {effort.documents:,} documents counts, a run's figure being the",
        "mean of its requests. Only the ratio compares between machines.",
        "",
        f"Time is {engine.stopwatch.name}.",
        "",
        "| pipeline | documents | bytes | pipeline, µs | yardstick, µs | ratio | target |",
        "|---|---|---:|---:|---:|---:|---:|",
        *map(_summary, timings),
        "",
        "What a processor costs is the difference between the pipeline that ends after it and the one that ends",
        "before it, with the call of its pipeline if it is the first there, and with its condition alone if it is",
        f"skipped. None but `json` may take more than {LARGEST_SHARE:.0%}.",
    ]
    for timing in timings:
        lines += ["", f"## {timing.load.dataset}", "", "| processor | µs | share |", "|---|---:|---:|"]
        lines += [f"| `{cut.processor}` | {taken:.1f} | {taken / timing.total:.0%} |" for cut, taken in timing.steps]
    return "\n".join([*lines, ""])


def missed(timing: Timing) -> list[str]:
    """Return the targets that a pipeline misses, in words."""
    load = timing.load
    words: list[str] = []
    if load.target is None:
        return words
    if timing.ratio > load.target:
        words.append(f"{load.dataset}: {timing.ratio:.2f} times the yardstick, not {load.target:g}")
    words += [
        f"{load.dataset}: {cut.processor} takes {taken / timing.total:.0%}, not {LARGEST_SHARE:.0%}"
        for cut, taken in timing.steps
        if cut.kind != "json" and taken > LARGEST_SHARE * timing.total
    ]
    return words


def _summary(timing: Timing) -> str:
    load = timing.load
    target = "-" if load.target is None else f"{load.target:g}"
    size = timing.bulk_bytes // load.bulk_documents
    figures = f"{size:,} | {timing.total:.1f} | {timing.yardstick:.1f} | {timing.ratio:.2f} | {target}"
    return f"| `{load.dataset}` | {load.what} | {figures} |"
