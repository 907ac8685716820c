"""The page of ``make bench``, ``results/SUMMARY.md``, and its plot."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import altair as alt
import vl_convert

from benchmarks.cases import CASES, DAEMON, Case, Verdict
from benchmarks.record import Figures, Record

RESULTS: Final = Path(__file__).parent / "results"
PAGE: Final = RESULTS / "SUMMARY.md"
PLOT: Final = RESULTS / "SUMMARY.svg"
_MANY: Final = 1_000
_LINES: Final = (
    "Hub, sink and subject are processes of their own; the sink counts and stores nothing. Figures are records of",
    "about 800 bytes per processor second of the subject's steady state (user and system time) on a full hub of 4",
    "partitions, each the median of its runs; ratios are medians of the turns. Ids, acknowledgement, gzip,",
    "checkpoints, content policy and counters of the daemon are on. Only ratios compare between machines.",
    "",
    "- script: the 40 lines that most people write first (`benchmarks/script.py`): no ids, no order, nothing again.",
    "- go: a program on Microsoft's SDK for Go (`benchmarks/golang/`) that splits, names, compresses and reads what",
    "  became of each item, as the daemon does, without content policy, counters and second attempts.",
    "- floor: Microsoft's SDK for Python receives and drops; no reader on it is below.",
)


def render(record: Record, verdicts: Mapping[int, Sequence[Verdict]], missing: Mapping[str, str]) -> str:
    """Return the page."""
    lines = [
        "# Benchmark results",
        "",
        f"`make bench` on {record.day}, commit `{record.commit}`, {record.machine}; {record.runs} runs.",
        "",
        "![Records per CPU second](SUMMARY.svg)",
        "",
        *_LINES,
        *(f"- {name} was not measured: {reason}." for name, reason in missing.items()),
        "",
        "| records an event | subject | records per CPU s | the daemon has, times | peak memory |",
        "|---:|---|---:|---:|---:|",
        *_rows(record),
        "",
        "| records an event | target | at least | reached | |",
        "|---:|---|---:|---:|---|",
        *(_judgement(per_event, verdict) for per_event, judged in verdicts.items() for verdict in judged),
        "",
    ]
    return "\n".join(lines)


def compare(now: Record, before: Record) -> Iterator[str]:
    """Yield, for each ratio that both have, how it changed: ratios compare between machines, rates do not."""
    for per_event, figures in now.cases.items():
        for name, figure in figures.items():
            earlier = before.cases.get(per_event, {}).get(name)
            if earlier is not None and name != DAEMON:
                change = figure.times / earlier.times - 1
                yield f"{per_event} an event, times {name}: {figure.times:.2f}, was {earlier.times:.2f} ({change:+.0%})"


def draw(record: Record) -> str:
    """Return the plot as SVG: a bar for each subject, a chart for each case, the target of the daemon as a line."""
    charts = [_draw_case(case, record.cases[case.per_event]) for case in CASES if case.per_event in record.cases]
    return vl_convert.vegalite_to_svg(alt.hconcat(*charts).to_dict())


def _draw_case(case: Case, figures: Mapping[str, Figures]) -> Any:
    rows = [{"subject": name, "rate": figure.rate} for name, figure in figures.items()]
    # Altair's types know nothing of data that are written out.
    base: Any = alt.Chart(alt.InlineData(values=rows), width=230, height=110, title=f"{case.per_event} an event")
    x = alt.X("rate:Q", title="records per CPU second", axis=alt.Axis(format="~s", tickCount=4))
    y = alt.Y("subject:N", title=None, sort=list(figures))
    target: Any = alt.Chart(alt.InlineData(values=[{"rate": case.rate}]))
    return alt.layer(
        base.mark_bar(color="#6092C0").encode(x=x, y=y),
        base.mark_text(align="left", dx=4).encode(x=x, y=y, text=alt.Text("rate:Q", format=",.0f")),
        target.mark_rule(color="#CC5642", strokeDash=[4, 3]).encode(x=x),
    )


def _rows(record: Record) -> Iterator[str]:
    for per_event, figures in record.cases.items():
        for name, figure in figures.items():
            yield _row(per_event, name, figure)


def _row(per_event: int, name: str, figure: Figures) -> str:
    times = "" if name == DAEMON else f"{figure.times:.2f}"
    return f"| {per_event} | {name} | {figure.rate:,.0f} | {times} | {figure.memory_mib:.0f} MiB |"


def _judgement(per_event: int, verdict: Verdict) -> str:
    digits = 0 if verdict.target >= _MANY else 2
    figures = f"{verdict.target:,.{digits}f} | {verdict.reached:,.{digits}f}"
    return f"| {per_event} | {verdict.what} | {figures} | {'missed' if verdict.missed else 'reached'} |"
