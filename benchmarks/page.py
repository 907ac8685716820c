"""The page of ``make bench``, ``results/SUMMARY.md``, and its plot."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import altair as alt
import vl_convert

from benchmarks.cases import CASES, DAEMON, Case
from benchmarks.record import Figures, Record
from benchmarks.verdicts import Verdict, show

RESULTS: Final = Path(__file__).parent / "results"
PAGE: Final = RESULTS / "SUMMARY.md"
PLOT: Final = RESULTS / "SUMMARY.svg"
PLACE: Final = "targets"
"""Of the table in ``docs/performance.md``."""
_LINES: Final = (
    "Hub, sink and subject are processes of their own; the sink counts and stores nothing. Figures are records per",
    "processor second of the subject's steady state (user and system time) on a full hub of 4 partitions, each the",
    "median of its runs; ratios are medians of the turns. Records have about 800 bytes, those of the gateway a request",
    "and an answer of 8 KB each. Ids, acknowledgement, gzip, checkpoints, content policy and counters of the daemon",
    "are on. Only ratios compare between machines.",
    "",
    "- script: the 40 lines that most people write first (`benchmarks/script.py`): an event at a time, as in the SDK's",
    "  first sample; no ids, no order, nothing again. In batches, as in its second, it makes fewer requests.",
    "- go: a program on Microsoft's SDK for Go (`benchmarks/golang/`) that splits, names, compresses and reads what",
    "  became of each item, as the daemon does, without content policy, counters and second attempts. At the gateway",
    "  script and go send the bodies that the daemon takes out.",
    "- floor: Microsoft's SDK for Python receives and drops; no reader on it is below.",
)
_EXPLAINED: Final = (
    "Runs are what the figure is the median of: runs in turn, rounds, windows of one run, or single records. A",
    "figure of one run comes from a long one.",
    "",
    "- encode: the body of an event of 25 records of 800 bytes to bulk lines, in this process. A run is the fastest of",
    "  its 5,000 rounds of 8 events: others on the machine only make a round slower.",
    "- reply: a bulk reply of 1,600 items without failures, read, in rounds of 8.",
    "- backlog: 2,000,000 records that wait, against a hub of the usual number in the same turn.",
    "- memory: at full load without end; the slope is a regression over resident memory, one sample a second, and held",
    "  against its target in runs of 10 minutes and more: `--only memory --memory-seconds 3600`.",
    "- idle: hubs of 4 and of 32 partitions in which nothing happens.",
    "- engine: the embedded engine with the package's pipelines beside the daemon, on the same processors. The share",
    "  is that of the CPU time of both. Latency at 70 % of the engine's full rate, for single records among others:",
    "  from the append in the hub until a realtime GET finds the document, asked every 20 ms. That is what a search",
    "  sees after the next refresh. Where the engine fell behind that load by more than a second of it, because the",
    "  machine had slowed down, both parts were measured again, three times at most.",
)


def render(record: Record, missing: Mapping[str, str]) -> str:
    """Return the page."""
    lines = [
        "# Benchmark results",
        "",
        f"`make bench` on {record.day}, commit `{record.commit}`, {record.machine}; load average {record.load:g}.",
        "",
        "![Records per CPU second](SUMMARY.svg)",
        "",
        *_LINES,
        *(f"- {name} was not measured: {reason}." for name, reason in missing.items()),
        "",
        "| records | subject | records per CPU s | the daemon has, times | peak memory |",
        "|---|---|---:|---:|---:|",
        *_rows(record),
        "",
        "## Targets",
        "",
        *_EXPLAINED,
        "",
        *_judgements(record),
        "",
    ]
    return "\n".join(lines)


def render_targets(record: Record) -> str:
    """Return what was measured, when and on what, for the page in ``docs/``."""
    told = f"Commit `{record.commit}`, {record.day}, {record.machine}; load average {record.load:g}."
    return "\n".join(["", told, "", *_judgements(record), "", ""])


def compare(now: Record, before: Record) -> Iterator[str]:
    """Yield, for each figure that both have, how it changed; only ratios compare between machines."""
    earlier = {(verdict.case, verdict.what): verdict.reached for verdict in before.verdicts}
    for verdict in now.verdicts:
        was = earlier.get((verdict.case, verdict.what))
        if was:
            change = verdict.reached / was - 1
            yield f"{verdict.case}, {verdict.what}: {show(verdict.reached)}, was {show(was)} ({change:+.0%})"


def draw(record: Record) -> str:
    """Return the plot as SVG: a bar for each subject, a chart for each case, the target of the daemon as a line."""
    charts = [_draw_case(case, record.cases[case.name]) for case in CASES if case.name in record.cases]
    return vl_convert.vegalite_to_svg(alt.hconcat(*charts).to_dict())


def _draw_case(case: Case, figures: Mapping[str, Figures]) -> Any:
    rows = [{"subject": name, "rate": figure.rate} for name, figure in figures.items()]
    # Altair's types know nothing of data that are written out.
    base: Any = alt.Chart(alt.InlineData(values=rows), width=190, height=110, title=case.title)
    x = alt.X("rate:Q", title="records per CPU second", axis=alt.Axis(format="~s", tickCount=4))
    y = alt.Y("subject:N", title=None, sort=list(figures))
    bars = [
        base.mark_bar(color="#6092C0").encode(x=x, y=y),
        base.mark_text(align="left", dx=4).encode(x=x, y=y, text=alt.Text("rate:Q", format=",.0f")),
    ]
    if case.rate is None:
        return alt.layer(*bars)
    target: Any = alt.Chart(alt.InlineData(values=[{"rate": case.rate}]))
    return alt.layer(*bars, target.mark_rule(color="#CC5642", strokeDash=[4, 3]).encode(x=x))


def _rows(record: Record) -> Iterator[str]:
    titles = {case.name: case.title for case in CASES}
    for case, figures in record.cases.items():
        for name, figure in figures.items():
            yield _row(titles[case], name, figure)


def _row(title: str, name: str, figure: Figures) -> str:
    times = "" if name == DAEMON else f"{figure.times:.2f}"
    return f"| {title} | {name} | {figure.rate:,.0f} | {times} | {figure.memory_mib:.0f} MiB |"


def _judgements(record: Record) -> list[str]:
    head = ["| case | figure | runs | target | reached | |", "|---|---|---:|---:|---:|---|"]
    return head + [_judgement(verdict) for verdict in record.verdicts]


def _judgement(verdict: Verdict) -> str:
    cells = (verdict.case, verdict.what, verdict.runs, verdict.target, show(verdict.reached), verdict.result)
    return f"| {' | '.join(map(str, cells))} |"
