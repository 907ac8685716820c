"""Each panel of `[Azure OpenAI] Callers` shows what the ledger of a day predicts.

Who called is told as a reader of Azure's documentation would: by the Entra object that Azure OpenAI sees, which for all
calls through API Management is that of its own identity, and by the subscription that API Management sees.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pytest
from elasticsearch import Elasticsearch
from plugins.panel_tables import (
    A_MOMENT,
    MISSING,
    Row,
    Run,
    bucket,
    count_by,
    figure,
    group,
    load_dashboard,
    named,
    rows_of,
    runner,
    split_over_time,
    top,
)

from collector.assets.panels.model import Dashboard, TimeRange
from collector.scenario import Call, Ledger
from collector.scenario.prices import Usage

pytestmark = pytest.mark.engine

NOT_LET_IN = (401, 403)
ADDRESS_OF_API_MANAGEMENT = "10.0.0.***"


@pytest.fixture(scope="module")
def callers() -> Dashboard:
    return load_dashboard("aoai-callers")


@pytest.fixture(scope="module")
def run(callers: Dashboard, elasticsearch_client: Elasticsearch, scenario_namespace: str, ledger: Ledger) -> Run:
    """Run a panel by its title, over the whole day unless told otherwise."""
    return runner(elasticsearch_client, callers, [scenario_namespace], TimeRange(ledger.start, ledger.end))


def caller(call: Call) -> str:
    return call.caller_id or MISSING


def subscription(call: Call) -> str:
    return call.team or MISSING


def seen_address(call: Call) -> str:
    """The address in Azure OpenAI's own record."""
    return ADDRESS_OF_API_MANAGEMENT if call.through_gateway else call.caller.address


def not_let_in(calls: Iterable[Call]) -> int:
    return sum(call.status in NOT_LET_IN for call in calls)


def tokens(usages: Iterable[Usage | None]) -> dict[str, int]:
    used = [usage for usage in usages if usage]
    return {
        "Prompt tokens": sum(usage.input_tokens for usage in used),
        "Answer tokens": sum(usage.output_tokens for usage in used),
    }


def failures(calls: Sequence[Call]) -> dict[str, float]:
    return {
        "Requests": len(calls),
        "Error rate": sum(call.failed for call in calls) / len(calls),
        "Throttled": sum(call.status == 429 for call in calls),
    }


def rows_by(run: Run, title: str, label: str) -> dict[str, Row]:
    """The rows of a table by their label; a sum of nothing is shown as a dash."""
    rows = rows_of(run(title, "table"))
    named_rows: dict[str, Row] = {str(row[label]): {key: row[key] or 0 for key in row if key != label} for row in rows}
    assert len(named_rows) == len(rows)
    return named_rows


def test_callers(run: Run, ledger: Ledger) -> None:
    noon = ledger.start + timedelta(hours=12)
    before, after = ({call.caller_id for call in part} - {None} for part in parted(ledger.logged, noon))
    assert before
    assert after
    (row,) = rows_of(run("Callers", "metric", start=noon))
    assert row == {"Callers": len(after), "before": len(before)}


def parted(calls: Sequence[Call], moment: datetime) -> tuple[list[Call], list[Call]]:
    """The calls whose record is of before a moment, and the others."""
    return [call for call in calls if call.at < moment], [call for call in calls if call.at >= moment]


def test_subscriptions(run: Run, ledger: Ledger) -> None:
    early = ledger.start + timedelta(hours=4)
    begun = [call for call in ledger.at_gateway if call.answered < early]
    (row,) = rows_of(run("Subscriptions", "metric", start=early - timedelta(hours=1), end=early))
    recent, older = (
        {call.team for call in begun if since <= call.answered < since + timedelta(hours=1)} - {None}
        for since in (early - timedelta(hours=1), early - timedelta(hours=2))
    )
    assert row == {"Subscriptions": len(recent), "before": len(older)}
    whole = {call.team for call in ledger.at_gateway} - {None}
    assert figure(run("Subscriptions", "metric")) == len(whole) > 0


def test_nameless(run: Run, ledger: Ledger) -> None:
    let_in = [call for call in ledger.logged if call.status not in NOT_LET_IN]
    expected = sum(call.caller_id is None for call in let_in) / len(let_in)
    assert 0 < expected < 1
    assert figure(run("Nameless", "metric")) == pytest.approx(expected)


def test_not_let_in(run: Run, ledger: Ledger) -> None:
    (row,) = rows_of(run("Not let in", "metric"))
    assert row == {"Not let in": not_let_in(ledger.logged), "at API Management": not_let_in(ledger.at_gateway)}
    assert all(row.values())


def test_requests_per_minute_by_caller(run: Run, ledger: Ledger) -> None:
    shown = split_over_time(run("Requests per minute by caller", "xy"), "Requests", "Caller")
    known = [call for call in ledger.logged if call.caller_id]
    name = named(known, caller, 5)
    expected = count_by(known, lambda call: (bucket(call.at), name(call)))
    assert shown == pytest.approx({key: count / 30 for key, count in expected.items()}, rel=1e-5)


def test_requests_per_minute_by_subscription(run: Run, ledger: Ledger) -> None:
    shown = split_over_time(run("Requests per minute by subscription", "xy"), "Requests", "Subscription")
    expected = count_by(ledger.at_gateway, lambda call: (bucket(call.answered), subscription(call)))
    assert len({name for _, name in expected}) <= 9
    assert shown == pytest.approx({key: count / 30 for key, count in expected.items()}, rel=1e-5)


def test_callers_and_what_they_use(run: Run, ledger: Ledger) -> None:
    rows = rows_by(run, "Callers", "Caller")
    by_caller = group(ledger.logged, caller)
    assert rows.keys() == by_caller.keys()
    assert len(rows) <= 20
    for name, calls in by_caller.items():
        assert rows[name] == pytest.approx(
            failures(calls)
            | tokens(call.logged_usage for call in calls)
            | {
                "Deployments": len({call.deployment for call in calls} - {None}),
                "Addresses": len({seen_address(call) for call in calls}),
            }
        ), name


def test_subscriptions_and_what_they_use(run: Run, ledger: Ledger) -> None:
    rows = rows_by(run, "Subscriptions", "Subscription")
    by_subscription = group(ledger.at_gateway, subscription)
    assert rows.keys() == by_subscription.keys()
    for name, calls in by_subscription.items():
        cost = sum(call.cost or 0 for call in calls)
        assert rows[name] == pytest.approx({"Cost": cost} | failures(calls) | tokens(call.usage for call in calls)), (
            name
        )


@pytest.mark.parametrize(("title", "label"), [("Callers", "Requests"), ("Subscriptions", "Cost")])
def test_the_largest_come_first(run: Run, title: str, label: str) -> None:
    amounts = [value for row in rows_of(run(title, "table")) if isinstance(value := row[label], int | float)]
    assert len(amounts) > 2
    assert amounts == sorted(amounts, reverse=True)


def test_products_and_their_subscriptions(run: Run, ledger: Ledger) -> None:
    rows = rows_of(run("Products and their subscriptions", "pie"))
    known = [call for call in ledger.at_gateway if call.team]
    expected = count_by(known, lambda call: (call.caller.product, call.team))
    assert {(row["Product"], row["Subscription"]): row["Requests"] for row in rows} == expected


def test_what_callers_use(run: Run, ledger: Ledger) -> None:
    rows = {(str(row["Caller"]), str(row["Deployment"])): row for row in rows_of(run("What callers use", "table"))}
    known = [call for call in ledger.logged if call.caller_id]
    chosen = top(known, caller, 10)
    used = group(known, lambda call: (caller(call), str(call.deployment)))
    for name in chosen:
        counts = sorted((len(calls) for (who, _), calls in used.items() if who == name), reverse=True)[:5]
        assert [row["Requests"] for (who, _), row in rows.items() if who == name] == counts
    assert {who for who, _ in rows} == chosen
    for key, row in rows.items():
        shown = {label: row[label] or 0 for label in row if label not in {"Caller", "Deployment"}}
        assert shown == {"Requests": len(used[key])} | tokens(call.logged_usage for call in used[key])


def test_first_calls(run: Run, ledger: Ledger) -> None:
    sightings = [(call.at, call.caller_id) for call in ledger.logged if call.caller_id]
    sightings += [(call.answered, call.team) for call in ledger.at_gateway if call.team]
    first = {name: min(at for at, who in sightings if who == name) for _, name in sightings}
    expected = sorted(first, key=lambda name: first[name], reverse=True)[:20]
    rows = rows_of(run("First calls", "table"))
    assert [row["Caller"] for row in rows] == expected
    assert len(expected) < len(first)
    for row in rows:
        at, name = row["First call"], str(row["Caller"])
        assert isinstance(at, datetime)
        assert timedelta() <= first[name] - at < A_MOMENT
        assert row["Requests"] == sum(who == name for _, who in sightings)


def test_failed_requests_by_caller(run: Run, ledger: Ledger) -> None:
    failed = [call for call in ledger.logged if call.failed and call.caller_id]
    name = named(failed, caller, 3)
    expected = count_by(failed, lambda call: (bucket(call.at), name(call)))
    assert split_over_time(run("Failed requests by caller", "xy"), "Failed", "Caller") == expected


def test_addresses(run: Run, ledger: Ledger) -> None:
    seen = [(seen_address(call), call.caller_id, call) for call in ledger.logged]
    seen += [(call.caller.address, call.team, call) for call in ledger.at_gateway]
    addresses = {address for address, _, _ in seen}
    rows = rows_by(run, "Addresses", "Address")
    requests = sorted((sum(each == address for each, _, _ in seen) for address in addresses), reverse=True)
    assert [row["Requests"] for row in rows.values()] == requests[:20]
    assert rows.keys() <= addresses
    for address, row in rows.items():
        here = [(who, call) for each, who, call in seen if each == address]
        assert row == {
            "Requests": len(here),
            "Callers": len({who for who, _ in here} - {None}),
            "Not let in": not_let_in(call for _, call in here),
        }


def test_every_panel_has_a_test_here(callers: Dashboard) -> None:
    assert sorted((panel.title, panel.kind) for panel in callers.panels) == sorted(
        [
            ("Dashboards", "text"),
            ("Callers", "metric"),
            ("Subscriptions", "metric"),
            ("Nameless", "metric"),
            ("Not let in", "metric"),
            ("Requests per minute by caller", "xy"),
            ("Requests per minute by subscription", "xy"),
            ("Callers", "table"),
            ("Subscriptions", "table"),
            ("Products and their subscriptions", "pie"),
            ("What callers use", "table"),
            ("First calls", "table"),
            ("Failed requests by caller", "xy"),
            ("Addresses", "table"),
        ]
    )
