"""Each panel of `[Azure OpenAI] Cost` shows what the ledgers of two days predict.

What is expected follows from the ledgers alone: tokens of calls, priced by the list as docs/cost.md words it. On the
day before, one deployment is so new that nobody knows its model yet, and its tokens have no price.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from elasticsearch import Elasticsearch
from plugins.panel_tables import (
    MISSING,
    WITH_TOKEN_USAGE,
    Run,
    Times,
    bucket,
    figure,
    load_dashboard,
    over_time,
    rows_of,
    runner,
    split_over_time,
)

from collector.assets.panels.model import Dashboard, TimeRange, Value
from collector.demo.fleet import CHAT, Deployment, Model, Spread
from collector.scenario import Call, Ledger, MeteredMinute, Place, draw_day, write_day
from collector.scenario.prices import Usage

pytestmark = pytest.mark.engine

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PILOT = Deployment("pilot", Model("gpt-tomorrow", "2027-01-01", CHAT, *[Spread(1, 1)] * 3), 1)
REPLACED = "reason-mini"


@pytest.fixture(scope="module")
def cost() -> Dashboard:
    return load_dashboard("aoai-cost")


@pytest.fixture(scope="module")
def day_before(ledger: Ledger) -> Ledger:
    drawn = draw_day(11, (ledger.start - DAY).date(), calls=240)
    return replace(drawn, calls=tuple(as_pilot(call) for call in drawn.calls))


def as_pilot(call: Call) -> Call:
    """The call, of a deployment with a model that nobody knows if it was of one that is replaced."""
    if call.place.deployment.name != REPLACED:
        return call
    return replace(call, place=Place(call.place.resource, PILOT, call.place.sku, call.place.capacity))


@pytest.fixture(scope="module")
def namespaces(
    elasticsearch_client: Elasticsearch, scenario_namespace: str, day_before: Ledger
) -> Iterator[tuple[str, str]]:
    before = f"before{uuid.uuid4().hex[:8]}"
    write_day(elasticsearch_client, day_before, namespace=before)
    yield before, scenario_namespace
    for stream in elasticsearch_client.indices.get_data_stream(name=f"*-{before}")["data_streams"]:
        elasticsearch_client.indices.delete_data_stream(name=stream["name"])


@pytest.fixture(scope="module")
def run(cost: Dashboard, elasticsearch_client: Elasticsearch, namespaces: tuple[str, str], ledger: Ledger) -> Run:
    """Run a panel by its title, over the day of the ledger unless told otherwise."""
    return runner(elasticsearch_client, cost, namespaces, TimeRange(ledger.start, ledger.end))


def price(minutes: Iterable[MeteredMinute]) -> float:
    return sum(minute.cost or 0 for minute in minutes)


def price_of_answers(minutes: Iterable[MeteredMinute]) -> float:
    """The cost of the same minutes without that of their prompts alone."""
    return price(minutes) - price(map(without_answers, minutes))


def without_answers(minute: MeteredMinute) -> MeteredMinute:
    asked = [replace(call, usage=Usage(call.usage.input_tokens)) for call in minute.calls if call.usage]
    return replace(minute, calls=tuple(asked))


def tokens(minutes: Iterable[MeteredMinute]) -> Usage:
    used = [usage for minute in minutes if (usage := minute.usage)]
    return Usage(sum(usage.input_tokens for usage in used), sum(usage.output_tokens for usage in used))


def total(usage: Usage) -> int:
    return usage.input_tokens + usage.output_tokens


def paid_by_the_hour(minute: MeteredMinute) -> bool:
    return "Provisioned" in minute.place.sku


def model_unknown(minute: MeteredMinute) -> bool:
    return minute.place.deployment == PILOT


def sum_by[Key](minutes: Iterable[MeteredMinute], key: Callable[[MeteredMinute], Key]) -> dict[Key, float]:
    """The cost by a key, of those that have a cost."""
    sums: defaultdict[Key, float] = defaultdict(float)
    for minute in minutes:
        if minute.cost:
            sums[key(minute)] += minute.cost
    return dict(sums)


def amount(shown: Value) -> float:
    """A sum; where there was nothing to add up a table shows a dash."""
    assert shown is None or isinstance(shown, int | float)
    return shown or 0


def approximately[Key](expected: dict[Key, float]) -> object:
    return pytest.approx(expected, rel=1e-9)


def test_cost(run: Run, ledger: Ledger, day_before: Ledger) -> None:
    (row,) = rows_of(run("Cost", "metric"))
    # As long before, both ends included: the end is a millisecond short, so both begin a millisecond later.
    before = [
        minute
        for minute in (*day_before.metered, *ledger.metered)
        if day_before.start < minute.minute <= day_before.end
    ]
    assert 0 < price(before) < price(ledger.metered)
    assert row == pytest.approx({"Cost": price(ledger.metered), "before": price(before)}, rel=1e-9)


def test_share_of_answers(run: Run, ledger: Ledger) -> None:
    expected = price_of_answers(ledger.metered) / price(ledger.metered)
    assert 0 < expected < 1
    assert figure(run("Share of answers", "metric")) == pytest.approx(expected, rel=1e-9)


def test_a_million_tokens(run: Run, ledger: Ledger) -> None:
    priced = [minute for minute in ledger.metered if minute.cost is not None]
    expected = price(priced) / total(tokens(priced)) * 1_000_000
    assert figure(run("A million tokens", "metric")) == pytest.approx(expected, rel=1e-9)


def test_tokens_without_a_price(run: Run, ledger: Ledger, day_before: Ledger) -> None:
    minutes = [*day_before.metered, *ledger.metered]
    (row,) = rows_of(run("Tokens without a price", "metric", start=day_before.start))
    unknown, hourly = (
        total(tokens(filter(kind, minutes))) / total(tokens(minutes)) for kind in (model_unknown, paid_by_the_hour)
    )
    assert unknown > 0 < hourly
    assert row == pytest.approx({"No price": unknown, "paid by the hour": hourly}, rel=1e-9)


def test_cost_by_day(run: Run, ledger: Ledger, day_before: Ledger) -> None:
    table = run("Cost by day", "xy", start=day_before.start)
    rows = {(row["Day"], row["Model"]): row["Cost"] for row in rows_of(table) if row["Cost"]}
    expected = {
        (day.start, model): cost
        for day in (day_before, ledger)
        for model, cost in sum_by(day.metered, lambda minute: minute.place.model).items()
    }
    assert len({model for _, model in expected}) <= 9
    assert rows == approximately(expected)


def test_pace_against_the_budget(run: Run, ledger: Ledger) -> None:
    table = run("Pace against the budget", "xy")
    by_hour = sum_by(ledger.metered, lambda minute: bucket(minute.minute, HOUR))
    # The last hour counts without its last millisecond, at which the time range ends.
    expected = {at: cost * 24 for at, cost in by_hour.items()}
    assert over_time(table, "Cost", width=HOUR) == pytest.approx(expected, rel=1e-6)


def test_the_budget_is_shown_wherever_there_is_cost(run: Run, ledger: Ledger) -> None:
    table = run("Pace against the budget", "xy")
    by_hour = sum_by(ledger.metered, lambda minute: bucket(minute.minute, HOUR))
    assert over_time(table, "Budget of a day", width=HOUR) == {at: 500 for at, cost in by_hour.items() if cost}


def test_cost_by_deployment(run: Run, ledger: Ledger) -> None:
    by_name = sum_by(ledger.metered, lambda minute: minute.place.deployment.name)
    assert len(by_name) <= 9
    expected = sum_by(ledger.metered, lambda minute: (bucket(minute.minute), minute.place.deployment.name))
    assert split_over_time(run("Cost by deployment", "xy"), "Cost", "Deployment") == approximately(expected)


def test_prompts_and_answers(run: Run, ledger: Ledger) -> None:
    table = run("Prompts and answers", "xy")
    times = {bucket(minute.minute) for minute in ledger.metered if minute.cost}
    grouped = {at: [minute for minute in ledger.metered if bucket(minute.minute) == at] for at in times}
    prompts = {at: price(minutes) - price_of_answers(minutes) for at, minutes in grouped.items()}
    answers = {at: price_of_answers(minutes) for at, minutes in grouped.items()}
    assert over_time(table, "Prompts") == approximately(prompts)
    shown = over_time(table, "Answers")
    assert {at: shown.get(at, 0) for at in times} == pytest.approx(answers, rel=1e-9, abs=1e-12)


def test_resources_and_their_models(run: Run, ledger: Ledger) -> None:
    rows = rows_of(run("Resources and their models", "pie"))
    expected = sum_by(ledger.metered, lambda minute: (minute.place.resource.name, minute.place.model))
    assert {(row["Resource"], row["Model"]): row["Cost"] for row in rows if row["Cost"]} == approximately(expected)


def test_deployments(run: Run, ledger: Ledger) -> None:
    rows = {(row["Resource"], row["Deployment"]): row for row in rows_of(run("Deployments", "table"))}
    places = {minute.place for minute in ledger.metered}
    assert rows.keys() == {(place.resource.name, place.deployment.name) for place in places}
    for place in places:
        minutes = [minute for minute in ledger.metered if minute.place == place]
        usage, money = tokens(minutes), price(minutes)
        row = rows[place.resource.name, place.deployment.name]
        assert (amount(row["Prompt tokens"]), amount(row["Answer tokens"])) == (usage.input_tokens, usage.output_tokens)
        assert amount(row["Cost"]) == pytest.approx(money, rel=1e-9)
        share = price_of_answers(minutes) / money if money else None
        assert row["Share of answers"] == (None if share is None else pytest.approx(share, rel=1e-9, abs=1e-12))


def test_counted_and_logged_tokens(run: Run, ledger: Ledger) -> None:
    table = run("Counted and logged tokens", "xy")
    counted = Counter[datetime]()
    for minute in ledger.metered:
        counted[bucket(minute.minute)] += total(minute.usage) if minute.usage else 0
    assert over_time(table, "Azure Monitor") == +counted
    kinds: dict[str, list[tuple[datetime, Usage]]] = {
        "RequestResponse": [(call.at, usage) for call in ledger.logged if (usage := call.logged_usage)],
        "RequestUsage": [
            (call.at, call.usage)
            for call in ledger.logged
            if call.usage and call.place.resource.name == WITH_TOKEN_USAGE
        ],
        "GatewayLogs": [(call.answered, call.usage) for call in ledger.at_gateway if call.usage],
        "GatewayLlmLogs": [],
    }
    for kind, used in kinds.items():
        expected = Counter[datetime]()
        for at, usage in used:
            expected[bucket(at)] += total(usage)
        assert over_time(table, kind) == expected, kind


def test_what_has_no_price(run: Run, ledger: Ledger, day_before: Ledger) -> None:
    rows = rows_of(run("What has no price", "table", start=day_before.start))
    minutes = [*day_before.metered, *ledger.metered]
    pilot, hourly = (tokens(filter(kind, minutes)) for kind in (model_unknown, paid_by_the_hour))
    shown = {
        (row["Deployment"], row["Why"]): (amount(row["Prompt tokens"]), amount(row["Answer tokens"])) for row in rows
    }
    assert shown == {
        ("pilot", "unknown_model"): (pilot.input_tokens, pilot.output_tokens),
        ("agent-long", "provisioned"): (hourly.input_tokens, hourly.output_tokens),
    }


def team(call: Call) -> str:
    return call.team or MISSING


def cost_of(calls: Sequence[Call]) -> float:
    return sum(call.cost or 0 for call in calls)


def test_callers(run: Run, ledger: Ledger) -> None:
    rows = {row["Caller"]: row for row in rows_of(run("Callers", "table"))}
    teams = {team(call) for call in ledger.at_gateway}
    assert rows.keys() == teams
    assert len(teams) <= 9
    for name in teams:
        calls = [call for call in ledger.at_gateway if team(call) == name]
        used = [call.usage for call in calls if call.usage]
        shown = {label: amount(value) for label, value in rows[name].items() if label != "Caller"}
        assert shown == pytest.approx(
            {
                "Cost": cost_of(calls),
                "Requests": len(calls),
                "Prompt tokens": sum(usage.input_tokens for usage in used),
                "Answer tokens": sum(usage.output_tokens for usage in used),
            }
        )


def test_callers_are_sorted_by_their_cost(run: Run) -> None:
    costs = [amount(row["Cost"]) for row in rows_of(run("Callers", "table"))]
    assert costs == sorted(costs, reverse=True)


def test_cost_by_caller(run: Run, ledger: Ledger) -> None:
    expected: Times = defaultdict(float)
    for call in ledger.at_gateway:
        if call.cost:
            expected[bucket(call.answered), team(call)] += call.cost
    assert split_over_time(run("Cost by caller", "xy"), "Cost", "Caller") == approximately(dict(expected))


def test_every_panel_has_a_test_here(cost: Dashboard) -> None:
    assert sorted((panel.title, panel.kind) for panel in cost.panels) == sorted(
        [
            ("Dashboards", "text"),
            ("Cost", "metric"),
            ("Share of answers", "metric"),
            ("A million tokens", "metric"),
            ("Tokens without a price", "metric"),
            ("Cost by day", "xy"),
            ("Pace against the budget", "xy"),
            ("Cost by deployment", "xy"),
            ("Prompts and answers", "xy"),
            ("Resources and their models", "pie"),
            ("Deployments", "table"),
            ("Counted and logged tokens", "xy"),
            ("What has no price", "table"),
            ("Callers", "table"),
            ("Cost by caller", "xy"),
        ]
    )
