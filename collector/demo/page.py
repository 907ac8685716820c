"""The summary as a page for a terminal: 80 to 140 columns, with or without colour, in Unicode or ASCII."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from collector.demo.accounting import Account
from collector.demo.expectations import Fate
from collector.demo.figures import (
    draw_bars,
    format_bytes,
    format_count,
    format_latency,
    format_rate,
    format_share,
    format_span,
)
from collector.demo.ledger import Ledger
from collector.demo.metric_accounting import MetricAccount
from collector.demo.summary import DeploymentFigures, Summary, bar_seconds
from collector.demo.token_comparison import ComparedTokens
from collector.demo.usage import Usage

WIDEST: Final = 120
"""A wider terminal would only pull the columns apart."""

_SHARE_BAR: Final = 10
_WARNING_SHARE: Final = 0.05
_REASONS_SHOWN: Final = 7
_FAULTS_SHOWN: Final = 20
# Wide enough for the model beside its deployment.
_ROOM_FOR_MODEL: Final = 108
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500
_FIRST_ERROR: Final = 400
_TOKENS_EXPLAINED: Final = (
    "rest: metered, and in no record of these minutes; records come seconds later\n"
    "unlogged: answered requests of which no record has tokens"
)
_LABEL: Final = "dim"
_HEADER: Final = "bold"


class SummaryPage:
    """A summary to print; ``headline`` says in a few words what state this is."""

    def __init__(self, summary: Summary, headline: str) -> None:
        self._summary = summary
        self._headline = headline

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the page out for the width that there is."""
        width = min(options.max_width, WIDEST)
        yield from console.render(self._lay_out(width, ascii_only=options.ascii_only), options.update(width=width))

    def _lay_out(self, width: int, *, ascii_only: bool) -> RenderableType:
        summary = self._summary
        lists = Table.grid(expand=True)
        lists.add_column(ratio=1)
        lists.add_column(ratio=1)
        lists.add_row(_list_statuses(summary, ascii_only=ascii_only), _list_dead_letters(summary))
        lists.add_row(Text(), Text())
        lists.add_row(_list_callers(summary), _list_lags(summary))
        return Group(
            Rule(Text(self._headline, style="bold"), characters="-" if ascii_only else "─", style="cyan"),
            _show_headline_figures(summary),
            Text(),
            _draw_timeline(summary, ascii_only=ascii_only),
            Text(),
            _list_deployments(summary.deployments, with_model=width >= _ROOM_FOR_MODEL),
            Text(),
            lists,
            *_show_metrics(summary, wide=width >= _ROOM_FOR_MODEL),
        )


def show_account(account: Account, ledger: Ledger, metrics: MetricAccount) -> RenderableType:
    """Lay out what was fed against what was found, and name the first faults."""
    table = _make_list("every record fed", "expected", "found", "missing", "altered", "extra")
    for tally in account.tallies:
        figures = (tally.expected, tally.found, tally.missing, tally.altered, tally.extra)
        table.add_row(str(tally.fate), *map(format_count, figures), style=_warn_of_faults(*figures[2:]))
    figures = (metrics.expected, metrics.stored, metrics.missing, metrics.altered, metrics.extra)
    table.add_row("metric value", *map(format_count, figures), style=_warn_of_faults(*figures[2:]))
    fed = (
        f"Fed: {format_count(ledger.events)} events, {format_bytes(ledger.bytes)}, in {len(ledger.shapes)} shapes, "
        f"sound and broken; {format_count(ledger.fates[Fate.INDEXED])} records to index, "
        f"{format_count(ledger.fates[Fate.DEAD_LETTER])} dead letters."
    )
    return Group(table, Text(), Text(fed, style=_LABEL), _judge(account), _judge_metrics(metrics))


def _judge(account: Account) -> RenderableType:
    if account.balanced:
        return Text("Every record is accounted for.", style="bold green")
    count = sum(tally.missing + tally.altered + tally.extra for tally in account.tallies)
    return _name_faults(f"{format_count(count)} document{' is' if count == 1 else 's are'} not as foretold:", account)


def _judge_metrics(metrics: MetricAccount) -> RenderableType:
    if metrics.balanced and metrics.listed:
        listed, whole = format_count(metrics.listed), format_count(metrics.expected)
        words = (
            f"The metrics are incomplete: the gap ledger lists {listed} of {whole} final values; the others are stored."
        )
        return Text(words, style="bold yellow")
    if metrics.balanced:
        return Text("Every final value of Azure Monitor is stored once.", style="bold green")
    count = len(metrics.faults)
    what = "1 value of Azure Monitor is" if count == 1 else f"{format_count(count)} values of Azure Monitor are"
    return _name_faults(f"The metrics are incomplete: {what} neither stored as final nor listed as a gap:", metrics)


def _name_faults(verdict: str, account: Account | MetricAccount) -> RenderableType:
    shown = [f"  {fault}" for fault in account.faults[:_FAULTS_SHOWN]]
    if len(account.faults) > len(shown):
        shown.append(f"  and {format_count(len(account.faults) - len(shown))} more")
    return Text("\n".join([verdict, *shown]), style="bold red", overflow="fold")


def _warn_of_faults(*counts: int) -> str:
    return "bold red" if any(counts) else ""


def _show_headline_figures(summary: Summary) -> Table:
    dead = summary.documents - summary.records
    lag = sum(lag.events_behind for lag in summary.lags)
    figures = (
        ("requests", format_count(summary.requests), "bold"),
        ("req/s", format_rate(summary.requests_per_second), "bold"),
        ("errors", format_share(summary.errors, summary.requests), _warn(summary.errors, summary.requests)),
        ("p50", format_latency(summary.p50_ms), "bold"),
        ("p95", format_latency(summary.p95_ms), "bold"),
        ("p99", format_latency(summary.p99_ms), "bold"),
        ("dead letters", format_count(dead), "bold yellow" if dead else "bold"),
        ("lag, events", format_count(lag), "bold"),
    )
    grid = Table.grid(expand=True)
    for _ in figures:
        grid.add_column(justify="center", no_wrap=True)
    grid.add_row(*(Text(figure, style=style) for _, figure, style in figures))
    grid.add_row(*(Text(label, style=_LABEL) for label, _, _ in figures))
    return grid


def _draw_timeline(summary: Summary, *, ascii_only: bool) -> Table:
    seconds = bar_seconds(summary.window)
    busiest = max(summary.timeline, default=0)
    bars = draw_bars(summary.timeline, ascii_only=ascii_only)
    error_bars = draw_bars(summary.error_timeline, ascii_only=ascii_only, highest=busiest or None)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True, style=_LABEL)
    grid.add_column(no_wrap=True)
    grid.add_row("requests", Text(bars, style="green"))
    grid.add_row("errors", Text(error_bars, style="red"))
    since, until = (f"{moment:%H:%M:%S}" for moment in (summary.window.since, summary.window.until))
    peak = f"one bar {seconds} s, tallest {format_rate(busiest / seconds)} req/s"
    gap = max(1, len(bars) - len(since) - len(until) - len(peak) - 1)
    grid.add_row("UTC", Text(f"{since} {peak}{' ' * gap}{until}", style=_LABEL))
    return grid


def _list_deployments(deployments: Sequence[DeploymentFigures], *, with_model: bool) -> Table:
    table = _make_table("deployment")
    table.expand = True
    table.columns[0].ratio = 1
    if with_model:
        table.add_column("model", no_wrap=True)
    for name in ("requests", "errors", "p50", "p95", "p99", "sent", "received"):
        table.add_column(name, justify="right", no_wrap=True)
    resource = None
    for row in deployments:
        if row.resource != resource:
            resource = row.resource
            table.add_row(Text(resource, style="cyan"))
        table.add_row(
            f"  {row.deployment}",
            *((row.model,) if with_model else ()),
            format_count(row.requests),
            Text(format_share(row.errors, row.requests), style=_warn(row.errors, row.requests, quiet="")),
            *(format_latency(latency) for latency in (row.p50_ms, row.p95_ms, row.p99_ms)),
            format_bytes(row.request_bytes),
            format_bytes(row.response_bytes),
        )
    return table


def _show_metrics(summary: Summary, *, wide: bool) -> Iterator[RenderableType]:
    """Yield what comes from metrics, last: it comes minutes later than logs, and a low terminal shows the rest."""
    if summary.usage:
        yield from (Text(), _list_usage(summary.usage, wide=wide))
    if summary.tokens:
        yield from (Text(), _list_tokens(summary.tokens, wide=wide))


def _list_usage(usage: Sequence[Usage], *, wide: bool) -> Table:
    """List what Azure Monitor says, and what it costs."""
    requests = ("requests",) if wide else ()
    table = _make_list("Azure Monitor", *requests, "tokens in", "tokens out", "slowest", "PTU used", "cost, $")
    table.expand = True
    table.columns[0].ratio = 1
    account = None
    for row in usage:
        if row.account != account:
            account = row.account
            table.add_row(Text(account, style="cyan"))
        table.add_row(
            f"  {row.deployment}",
            *((format_count(row.requests),) if wide else ()),
            *map(format_count, (row.input_tokens, row.output_tokens)),
            format_latency(row.slowest_ms),
            "-" if row.utilization is None else f"{row.utilization:.0f} %",
            "-" if row.cost is None else f"{row.cost:,.2f}",
        )
    return table


def _list_tokens(tokens: Sequence[ComparedTokens], *, wide: bool) -> Table:
    """List metered tokens beside logged ones, the rest in tokens and per cent, and requests without logged tokens."""
    table = _make_table("tokens")
    table.caption, table.caption_justify, table.caption_style = _TOKENS_EXPLAINED, "left", _LABEL
    table.expand = True
    table.columns[0].ratio = 1
    if wide:
        table.add_column("model", no_wrap=True)
    for name in ("Azure Monitor", "in logs", "rest", "share", "unlogged"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in tokens:
        table.add_row(
            row.deployment,
            *((", ".join(sorted(row.models)),) if wide else ()),
            *map(format_count, (row.metered, row.logged, row.rest)),
            Text(format_share(row.rest, row.metered), style=_warn(row.rest, row.metered, quiet="")),
            format_count(row.requests_without_tokens),
        )
    return table


def _list_statuses(summary: Summary, *, ascii_only: bool) -> Table:
    table = _make_list("status", "requests", "share", "")
    full, bar = sum(status.requests for status in summary.statuses), "#" if ascii_only else "▪"
    for row in summary.statuses:
        length = -(-row.requests * _SHARE_BAR // full)
        style = _paint_status(row.status)
        table.add_row(
            Text(str(row.status), style=style),
            format_count(row.requests),
            format_share(row.requests, full),
            Text(bar * length, style=style),
        )
    return table


def _list_dead_letters(summary: Summary) -> Table:
    table = _make_list("dead letters", "documents")
    for row in summary.dead_letters[:_REASONS_SHOWN]:
        table.add_row(row.reason, format_count(row.documents))
    rest = summary.dead_letters[_REASONS_SHOWN:]
    if rest:
        table.add_row("other reasons", format_count(sum(row.documents for row in rest)))
    if not summary.dead_letters:
        table.add_row("none", "0")
    return table


def _list_callers(summary: Summary) -> Table:
    table = _make_list("top callers", "requests", "errors")
    for row in summary.callers:
        table.add_row(_shorten(row.caller), format_count(row.requests), format_share(row.errors, row.requests))
    return table


def _list_lags(summary: Summary) -> Table:
    table = _make_list("partition", "last event", "events behind")
    for row in summary.lags:
        table.add_row(row.partition, format_count(row.last_sequence_number), format_count(row.events_behind))
    return table


def _make_list(name: str, *columns: str) -> Table:
    table = _make_table(name)
    for column in columns:
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    return table


def _make_table(name: str) -> Table:
    """A table of no lines but one under its head, two blanks between columns, and one column so far: the names."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, header_style=_HEADER, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(name, no_wrap=True, overflow="ellipsis")
    return table


def _shorten(caller: str) -> str:
    """Leave an address as it is and of an object id both ends, which is what people compare."""
    head, _, tail = caller.partition("-")
    return f"{head}..{tail[-4:]}" if tail else caller


def _warn(part: int, whole: int, *, quiet: str = "bold") -> str:
    return "bold yellow" if whole and part / whole >= _WARNING_SHARE else quiet


def _paint_status(status: int) -> str:
    if status < _FIRST_ERROR:
        return "green"
    if status >= _SERVER_ERROR:
        return "red"
    return "magenta" if status == _TOO_MANY_REQUESTS else "yellow"


def describe_window(summary: Summary) -> str:
    """Say in a few words which time the page covers."""
    return f"Azure OpenAI, {format_span(summary.window.seconds)} to {summary.window.until:%H:%M:%S} UTC"
