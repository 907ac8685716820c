"""Each panel of `[Azure OpenAI] Overview` shows what the ledger of a day predicts.

What is expected follows from the ledger alone: from calls as a reader of Azure's documentation would tell them. Counts
are exact. A percentile may be off by the error of Elasticsearch's t-digest: at a compression of 100, four hundredths of
q(1 - q) in rank, and one call more where it lies between two.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from elasticsearch import Elasticsearch
from plugins.panel_tables import (
    A_MOMENT,
    MISSING,
    WITH_TOKEN_USAGE,
    Run,
    assert_percentile,
    bucket,
    count_by,
    figure,
    group,
    load_dashboard,
    named,
    over_time,
    rows_of,
    runner,
    split_over_time,
)

from collector.assets.panels.model import Dashboard, TimeRange
from collector.scenario import Call, Ledger

pytestmark = pytest.mark.engine

CLASSES = {
    "throttled": "Throttled (429)",
    "server": "Server error (5xx)",
    "auth": "Sign-in (401, 403)",
    "client": "Other client error (4xx)",
}


@pytest.fixture(scope="module")
def overview() -> Dashboard:
    return load_dashboard("aoai-overview")


@pytest.fixture(scope="module")
def run(overview: Dashboard, elasticsearch_client: Elasticsearch, scenario_namespace: str, ledger: Ledger) -> Run:
    """Run a panel by its title, over the whole day unless told otherwise."""
    return runner(elasticsearch_client, overview, [scenario_namespace], TimeRange(ledger.start, ledger.end))


def deployment(call: Call) -> str:
    return call.deployment or MISSING


def caller(call: Call) -> str:
    return call.caller_id or MISSING


def share_of_errors(calls: Sequence[Call]) -> float:
    return sum(call.failed for call in calls) / len(calls)


def test_requests(run: Run, ledger: Ledger) -> None:
    noon = ledger.start + timedelta(hours=12)
    (row,) = rows_of(run("Requests", "metric", start=noon))
    after = sum(call.at >= noon for call in ledger.logged)
    assert row == {"Requests": after, "before": len(ledger.logged) - after}


def test_error_rate(run: Run, ledger: Ledger) -> None:
    assert figure(run("Error rate", "metric")) == pytest.approx(share_of_errors(ledger.logged))


def test_throttled(run: Run, ledger: Ledger) -> None:
    assert figure(run("Throttled", "metric")) == sum(call.status == 429 for call in ledger.logged)


def test_latency(run: Run, ledger: Ledger) -> None:
    assert_percentile(figure(run("Latency, p95", "metric")), 95, ledger.logged)


def test_tokens(run: Run, ledger: Ledger) -> None:
    usages = [call.usage for call in ledger.logged if call.usage]
    expected = sum(usage.input_tokens + usage.output_tokens for usage in usages)
    assert figure(run("Tokens", "metric")) == expected


def test_cost(run: Run, ledger: Ledger) -> None:
    expected = sum(minute.cost or 0 for minute in ledger.metered)
    assert expected > 0
    assert figure(run("Cost", "metric")) == pytest.approx(expected, rel=1e-9)


def test_requests_per_minute_by_deployment(run: Run, ledger: Ledger) -> None:
    shown = split_over_time(run("Requests per minute by deployment", "xy"), "Requests", "Deployment")
    name = named(ledger.logged, deployment, 9)
    expected = count_by(ledger.logged, lambda call: (bucket(call.at), name(call)))
    assert shown == pytest.approx({key: count / 30 for key, count in expected.items()}, rel=1e-5)


def test_errors_by_class(run: Run, ledger: Ledger) -> None:
    table = run("Errors by class", "xy")
    failed = [call for call in ledger.logged if call.failure_class]
    expected = count_by(failed, lambda call: (bucket(call.at), CLASSES[call.failure_class or ""]))
    assert {label for _, label in expected} == set(CLASSES.values())
    assert split_over_time(table, "Errors", "Class") == expected


def test_error_rate_over_time(run: Run, ledger: Ledger) -> None:
    shown = over_time(run("Errors by class", "xy"), "Error rate")
    by_time = group(ledger.logged, lambda call: bucket(call.at))
    expected = {at: share for at, calls in by_time.items() if (share := share_of_errors(calls))}
    assert shown == pytest.approx(expected)


def test_latency_over_time(run: Run, ledger: Ledger) -> None:
    table = run("Latency", "xy")
    by_time = group(ledger.logged, lambda call: bucket(call.at))
    for percent in (50, 95, 99):
        shown = over_time(table, f"p{percent}")
        assert shown.keys() == by_time.keys()
        for at, value in shown.items():
            assert_percentile(value, percent, by_time[at])


def test_deployments(run: Run, ledger: Ledger) -> None:
    rows = rows_of(run("Deployments", "table"))
    by_deployment = group([call for call in ledger.logged if call.deployment], deployment)
    assert {row["Deployment"]: row["Requests"] for row in rows} == {
        name: len(calls) for name, calls in by_deployment.items()
    }
    counts = [row["Requests"] for row in rows]
    assert counts == sorted(counts, reverse=True)
    for row in rows:
        calls = by_deployment[str(row["Deployment"])]
        assert row["Error rate"] == pytest.approx(share_of_errors(calls))
        for percent in (50, 95, 99):
            assert_percentile(row[f"p{percent}"], percent, calls)


def test_tokens_over_time(run: Run, ledger: Ledger) -> None:
    table = run("Tokens", "xy")
    monitor = Counter[datetime]()
    for minute in ledger.metered:
        if usage := minute.usage:
            monitor[bucket(minute.minute)] += usage.input_tokens + usage.output_tokens
    assert over_time(table, "All, by Azure Monitor") == monitor
    prompt, completion = Counter[datetime](), Counter[datetime]()
    for call in ledger.logged:
        if usage := call.logged_usage:
            prompt[bucket(call.at)] += usage.input_tokens
            completion[bucket(call.at)] += usage.output_tokens
    assert over_time(table, "Prompt") == prompt
    assert over_time(table, "Completion") == +completion


def test_cached_tokens_over_time(run: Run, ledger: Ledger) -> None:
    cached = Counter[datetime]()
    for call in ledger.logged:
        if call.usage and call.place.resource.name == WITH_TOKEN_USAGE:
            cached[bucket(call.at)] += call.usage.cached_tokens
    assert +cached
    assert over_time(run("Tokens", "xy"), "Prompt, from the cache") == +cached


def test_cost_by_model(run: Run, ledger: Ledger) -> None:
    expected: defaultdict[tuple[datetime, str], float] = defaultdict(float)
    for minute in ledger.metered:
        if minute.cost:
            expected[bucket(minute.minute), minute.place.model] += minute.cost
    assert split_over_time(run("Cost by model", "xy"), "Cost", "Model") == pytest.approx(expected, rel=1e-9)


def test_throttled_requests_by_deployment(run: Run, ledger: Ledger) -> None:
    throttled = [call for call in ledger.logged if call.status == 429]
    name = named(throttled, deployment, 9)
    expected = count_by(throttled, lambda call: (bucket(call.at), name(call)))
    assert split_over_time(run("Throttled requests by deployment", "xy"), "Throttled", "Deployment") == expected


def test_blocked_by_the_content_filter(run: Run, ledger: Ledger) -> None:
    table = run("Blocked by the content filter", "xy")
    metered = [call for call in ledger.logged if call.blocked or call.cut]
    assert over_time(table, "Azure Monitor") == count_by(metered, lambda call: bucket(call.answered))
    seen = [call for call in ledger.at_gateway if call.blocked or call.cut]
    assert over_time(table, "Logs of API Management") == count_by(seen, lambda call: bucket(call.answered))
    assert 0 < len(seen) < len(metered)


def test_models_and_their_deployments(run: Run, ledger: Ledger) -> None:
    rows = rows_of(run("Models and their deployments", "pie"))
    expected = count_by([call for call in ledger.logged if call.model], lambda call: (call.model, call.deployment))
    assert {(row["Model"], row["Deployment"]): row["Requests"] for row in rows} == expected


def test_top_callers(run: Run, ledger: Ledger) -> None:
    rows = {row["Caller"]: row for row in rows_of(run("Top callers", "table"))}
    by_caller = group(ledger.logged, named(ledger.logged, caller, 10))
    assert rows.keys() == by_caller.keys()
    for name, calls in by_caller.items():
        usages = [usage for call in calls if (usage := call.logged_usage)]
        assert rows[name] == pytest.approx(
            {
                "Caller": name,
                "Requests": len(calls),
                "Error rate": share_of_errors(calls),
                "Prompt tokens": sum(usage.input_tokens for usage in usages),
                "Completion tokens": sum(usage.output_tokens for usage in usages),
            }
        )


def test_recent_errors(run: Run, ledger: Ledger) -> None:
    rows = rows_of(run("Recent errors", "documents"))
    failed = sorted((call for call in ledger.logged if call.failed), key=lambda call: call.at, reverse=True)
    assert len(rows) == min(500, len(failed))
    for row, call in zip(rows, failed, strict=False):
        at = row["Time"]
        assert isinstance(at, datetime)
        assert abs(at - call.at) < A_MOMENT
        assert row["azure.open_ai.result_signature"] == str(call.status)
        assert row["azure.open_ai.failure.class"] == call.failure_class
        assert row["azure.open_ai.properties.model_deployment_name"] == call.deployment
        assert row["azure.open_ai.correlation_id"] == call.correlation_id


def test_every_panel_has_a_test_here(overview: Dashboard) -> None:
    assert sorted((panel.title, panel.kind) for panel in overview.panels) == sorted(
        [
            ("Dashboards", "text"),
            ("Requests", "metric"),
            ("Error rate", "metric"),
            ("Throttled", "metric"),
            ("Latency, p95", "metric"),
            ("Tokens", "metric"),
            ("Cost", "metric"),
            ("Requests per minute by deployment", "xy"),
            ("Errors by class", "xy"),
            ("Latency", "xy"),
            ("Deployments", "table"),
            ("Tokens", "xy"),
            ("Cost by model", "xy"),
            ("Throttled requests by deployment", "xy"),
            ("Blocked by the content filter", "xy"),
            ("Models and their deployments", "pie"),
            ("Top callers", "table"),
            ("Recent errors", "documents"),
        ]
    )
