"""The scenario's own promises: a day is repeatable, an incident changes what it names, and the ledger counts calls.

What the engine holds is asked with plain queries here; the panels of dashboards have tests of their own.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from collector.scenario import Ledger, draw_day
from collector.scenario.conditions import slow_down, throttle
from collector.scenario.records import write_records

DAY = date(2026, 8, 19)
NOON = datetime(2026, 8, 19, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLACE = "aoai-shop-us/chat-prod"
COUNTED = {"term": {"azure.open_ai.request_counted": True}}


def texts(ledger: Ledger) -> list[str]:
    return [text for call in ledger.calls for text in write_records(call)]


def test_a_seed_gives_the_same_day_again_and_another_seed_another() -> None:
    first, again, other = (draw_day(seed, DAY, calls=200) for seed in (7, 7, 8))
    assert texts(first) == texts(again)
    assert texts(first) != texts(other)


def test_every_record_of_a_day_is_of_that_day() -> None:
    ledger = draw_day(7, DAY, calls=3_000)
    assert len(ledger.calls) == 3_000
    assert {moment.date() for call in ledger.calls for moment in (call.at, call.answered)} == {DAY}
    assert ledger.length == timedelta(days=1)


def test_a_storm_refuses_calls_of_its_deployment_while_it_lasts_and_of_no_other() -> None:
    storm = throttle(PLACE, NOON, NOON + HOUR, share=0.5)
    ledger = draw_day(7, DAY, calls=4_000, incidents=[storm])
    within = [call for call in ledger.logged if NOON <= call.answered < NOON + HOUR and call.place.name == PLACE]
    beside = [call for call in ledger.logged if call not in within]
    assert sum(call.status == 429 for call in within) / len(within) == pytest.approx(0.5, abs=0.12)
    assert sum(call.status == 429 for call in beside) / len(beside) < 0.03
    assert [incident.name for incident in ledger.incidents] == [f"throttling of {PLACE}"]


def test_slow_answers_take_longer_by_their_factor() -> None:
    slow = slow_down(PLACE, NOON, NOON + 4 * HOUR, factor=4)
    usual, changed = (draw_day(7, DAY, calls=2_000, incidents=each) for each in ((), (slow,)))
    factors = {
        round(after.latency / before.latency, 2)
        for before, after in zip(usual.calls, changed.calls, strict=True)
        if before.place.name == PLACE and NOON <= before.answered < NOON + 4 * HOUR and before.status == 200
    }
    assert factors == {4.0}


def count(client: Elasticsearch, stream: str, namespace: str, *clauses: dict[str, Any]) -> int:
    return client.count(index=f"{stream}-{namespace}", query={"bool": {"filter": list(clauses)}})["count"]


def total(client: Elasticsearch, stream: str, namespace: str, field: str, *clauses: dict[str, Any]) -> float:
    answer = client.search(
        index=f"{stream}-{namespace}",
        size=0,
        query={"bool": {"filter": list(clauses)}},
        aggs={"total": {"sum": {"field": field}}},
    )
    return answer["aggregations"]["total"]["value"]


@pytest.mark.engine
def test_the_engine_counts_the_calls_that_the_ledger_has(
    elasticsearch_client: Elasticsearch, scenario_namespace: str, ledger: Ledger
) -> None:
    assert count(elasticsearch_client, "logs-aoai.logs", scenario_namespace, COUNTED) == len(ledger.logged)
    assert count(elasticsearch_client, "logs-aoai.gateway", scenario_namespace, COUNTED) == len(ledger.at_gateway)
    requests = total(elasticsearch_client, "metrics-aoai.metrics", scenario_namespace, "azure.open_ai.requests.total")
    assert requests == sum(len(minute.calls) for minute in ledger.metered)


@pytest.mark.engine
def test_no_document_of_a_day_failed_in_a_pipeline(
    elasticsearch_client: Elasticsearch, scenario_namespace: str
) -> None:
    failed = {"term": {"event.kind": "pipeline_error"}}
    for stream in ("logs-aoai.logs", "logs-aoai.gateway", "metrics-aoai.metrics"):
        assert count(elasticsearch_client, stream, scenario_namespace) > 0
        assert count(elasticsearch_client, stream, scenario_namespace, failed) == 0


@pytest.mark.engine
def test_the_engine_prices_tokens_as_the_ledger_does(
    elasticsearch_client: Elasticsearch, scenario_namespace: str, ledger: Ledger
) -> None:
    field = "azure.open_ai.cost.total"
    calls = total(elasticsearch_client, "logs-aoai.gateway", scenario_namespace, field)
    assert calls == pytest.approx(sum(call.cost or 0 for call in ledger.at_gateway), rel=1e-9)
    minutes = total(elasticsearch_client, "metrics-aoai.metrics", scenario_namespace, field)
    assert minutes == pytest.approx(sum(minute.cost or 0 for minute in ledger.metered), rel=1e-9)
