"""The page at the widths and on the terminals that people have."""

import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from collector.demo.accounting import Account, Tally, settle
from collector.demo.expectations import Event, Expectation, Fate
from collector.demo.ledger import Ledger, Place
from collector.demo.metric_accounting import MetricAccount
from collector.demo.page import SummaryPage, show_account
from collector.demo.summary import (
    CallerCount,
    DeadLetterCount,
    DeploymentFigures,
    PartitionLag,
    StatusCount,
    Summary,
)
from collector.demo.token_comparison import ComparedTokens
from collector.demo.usage import Usage
from collector.demo.window import Window

# Figures as wide as they get: the test is whether each of them is still whole.
SUMMARY = Summary(
    window=Window(datetime(2026, 3, 10, 9, 0, tzinfo=UTC), datetime(2026, 3, 10, 9, 10, tzinfo=UTC)),
    requests=193_200,
    errors=14_300,
    records=199_770,
    documents=200_010,
    p50_ms=812.4,
    p95_ms=94_300.0,
    p99_ms=119_000.0,
    statuses=(StatusCount(200, 178_900), StatusCount(429, 14_190), StatusCount(503, 110)),
    deployments=(
        DeploymentFigures(
            "aoai-shop-us", "product-images", "dall-e-3", 178_900, 14_299, 811.0, 91_200.0, 118_000.0, 1_069_547_520, 7
        ),
        DeploymentFigures(
            "aoai-lab-se", "search-embed", "text-embedding-3-small", 14_300, 1, 48.0, None, None, 0, 9_876_543_210
        ),
    ),
    callers=(CallerCount("00000001-1111-4222-8333-00000000abcd", 150_001, 13_000), CallerCount("203.0.113.***", 7, 0)),
    dead_letters=(DeadLetterCount("records_not_an_array", 231), DeadLetterCount("mapper_parsing_exception", 9)),
    lags=(PartitionLag("0", 123_456, 1_017), PartitionLag("1", 9, 0)),
    timeline=tuple(range(60)),
    error_timeline=(0,) * 59 + (30,),
    usage=(
        Usage("aoai-shop-us", "product-images", 178_901, 1_234_567_890, 987_654_321, 99_400.0, None, 12_345.67),
        Usage("aoai-lab-se", "search-embed", 14_301, 24_448_147, 0, 16.2, 87.2, None),
    ),
    tokens=(
        ComparedTokens("product-images", {"dall-e-3-3.0"}, 2_222_222_211, 2_000_000_000, 178_902),
        ComparedTokens("search-embed", {"text-embedding-3-small"}, 24_448_147, 24_448_157, -1),
    ),
)
FIGURES = [
    *("193,200", "322", "7.4 %", "812 ms", "94.3 s", "119 s", "240", "1,017"),
    *("178,900", "14,190", "110", "92.6 %", "0.1 %"),
    *("14,300", "8.0 %", "811 ms", "91.2 s", "118 s", "1020 MiB", "7 B", "<0.1 %", "48 ms", "0 B", "9.2 GiB"),
    *("00000001..abcd", "150,001", "8.7 %", "203.0.113.***"),
    *("records_not_an_array", "231", "mapper_parsing_exception", "123,456"),
    *("product-images", "aoai-shop-us", "aoai-lab-se", "search-embed"),
    *("1,234,567,890", "987,654,321", "99.4 s", "12,345.67", "24,448,147", "87 %", "16 ms"),
    *("2,222,222,211", "2,000,000,000", "222,222,211", "10.0 %", "178,902", "24,448,157", "-10"),
    *("09:00:00", "09:10:00", "5.9 req/s"),
]


def render(width: int, *, encoding: str = "utf-8", force_terminal: bool = False, summary: Summary = SUMMARY) -> str:
    written = io.BytesIO()
    file = io.TextIOWrapper(written, encoding=encoding)
    console = Console(
        file=file, width=width, force_terminal=force_terminal, color_system="truecolor" if force_terminal else "auto"
    )
    console.print(SummaryPage(summary, "Azure OpenAI, 10 min"))
    file.flush()
    return written.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [80, 100, 120, 140])
@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_whole_at_every_width(width: int, figure: str) -> None:
    assert figure in render(width)


@pytest.mark.parametrize("width", [80, 140])
def test_nothing_is_cut_with_an_ellipsis(width: int) -> None:
    assert "…" not in render(width)


@pytest.mark.parametrize("width", [80, 140])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(len(line) for line in render(width).splitlines()) <= width


def test_the_page_without_metrics_fits_on_a_common_terminal() -> None:
    assert len(render(80, summary=replace(SUMMARY, usage=(), tokens=())).splitlines()) <= 40


def test_metrics_come_last_so_that_a_low_terminal_shows_the_rest() -> None:
    without = render(80, summary=replace(SUMMARY, usage=(), tokens=()))
    assert render(80).startswith(without)


def test_a_wide_terminal_shows_the_model_too() -> None:
    assert ("text-embedding-3-small" in render(140), "text-embedding-3-small" in render(80)) == (True, False)


def test_no_control_code_is_written_where_there_is_no_terminal() -> None:
    assert "\x1b" not in render(100)


def test_a_terminal_gets_colour() -> None:
    assert "\x1b[" in render(100, force_terminal=True)


def test_the_page_can_be_written_in_ascii() -> None:
    assert "193,200" in render(80, encoding="ascii")


def test_a_page_without_any_traffic_can_be_shown() -> None:
    empty = replace(
        SUMMARY,
        **dict.fromkeys(("requests", "errors", "records", "documents"), 0),
        **dict.fromkeys(("p50_ms", "p95_ms", "p99_ms")),
        **dict.fromkeys(
            ("statuses", "deployments", "callers", "dead_letters", "lags", "timeline", "usage", "tokens"), ()
        ),
        error_timeline=(),
    )
    output = io.StringIO()
    Console(file=output, width=80).print(SummaryPage(empty, "nothing yet"))
    assert "nothing yet" in output.getvalue()


METRICS = MetricAccount(expected=2_345, stored=2_345, listed=0, missing=0, altered=0, extra=0, faults=())


def _show(account: Account, ledger: Ledger, metrics: MetricAccount = METRICS) -> str:
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as capture:
        console.print(show_account(account, ledger, metrics))
    return " ".join(capture.get().split())


def _show_metrics(metrics: MetricAccount) -> str:
    return _show(Account((), ()), Ledger(), metrics)


def _enter(correlation_id: str) -> Ledger:
    ledger = Ledger()
    call = Expectation(Fate.INDEXED, "call", "RequestResponse", correlation_id, 200, "chat-prod")
    ledger.enter(Place("0", 4), Event(b"{}", "envelope", (call,)))
    return ledger


def test_a_balanced_account_says_so() -> None:
    ledger = _enter("a")
    assert "Every record is accounted for." in _show(settle(ledger, Counter(ledger.traces)), ledger)


def test_an_account_names_what_is_missing() -> None:
    shown = _show(settle(_enter("lost-one"), Counter()), _enter("lost-one"))
    assert "1 document is not as foretold" in shown
    assert "lost-one" in shown


def test_a_long_list_of_faults_is_cut_and_counted() -> None:
    account = Account((Tally(Fate.INDEXED, 50, 0, 50, 0, 0),), tuple(f"missing: {number}" for number in range(50)))
    assert "and 30 more" in _show(account, Ledger())


def test_complete_metrics_are_said_to_be() -> None:
    shown = _show_metrics(METRICS)
    assert "metric value 2,345 2,345 0 0 0" in shown
    assert "Every final value of Azure Monitor is stored once." in shown


def test_values_that_the_gap_ledger_lists_are_said() -> None:
    shown = _show_metrics(replace(METRICS, stored=2_340, listed=5))
    assert "The metrics are incomplete: the gap ledger lists 5 of 2,345 final values; the others are stored." in shown


def test_incomplete_metrics_are_said_and_named() -> None:
    faults = ("missing: TokenTransaction of aoai-us at 09:07 UTC [chat]",)
    shown = _show_metrics(replace(METRICS, stored=2_344, missing=1, faults=faults))
    assert "The metrics are incomplete: 1 value of Azure Monitor is neither stored" in shown
    assert faults[0] in shown
