"""What calls cost in sum: no call twice, though API Management logs it in two categories, and no unknown model at all.

The ledger is this file's own: it makes the calls, knows which records each leaves behind, and what each cost.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import Elasticsearch

type Document = dict[str, Any]

pytestmark = pytest.mark.engine

GATEWAY = "/SUBSCRIPTIONS/A/RESOURCEGROUPS/B/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/D"
MODEL = "gpt-4o-2024-08-06"
INPUT_RATE, OUTPUT_RATE = 2.5, 10.0
"""US dollars a million tokens, as Azure lists them for this model."""
CATEGORIES = ("GatewayLogs", "GatewayLlmLogs")
BY_CALL = {
    "calls": {
        "terms": {"field": "azure.open_ai.correlation_id", "size": 1_000},
        "aggs": {"cost": {"max": {"field": "azure.open_ai.cost.total"}}},
    },
    "all": {"sum_bucket": {"buckets_path": "calls>cost"}},
}
"""The cost of each call once, whichever of its records has it; docs/cost.md has it as ES|QL."""


def record(category: str, call: str, properties: Document) -> Document:
    return {
        "category": category,
        "correlationId": call,
        "resourceId": GATEWAY,
        "time": "2026-03-10T09:01:06.4104150Z",
        "properties": properties,
    }


def request(call: str, tokens: int, model: str = MODEL, *, usage: bool = True) -> Document:
    answer: Document = {"model": model, "choices": []}
    if usage:
        answer["usage"] = {"prompt_tokens": tokens, "completion_tokens": tokens, "total_tokens": 2 * tokens}
    return record("GatewayLogs", call, {"responseCode": 200, "backendResponseBody": json.dumps(answer)})


def entries(call: str, tokens: int, model: str = MODEL) -> list[Document]:
    header = {"requestId": call, "modelName": model, "promptTokens": tokens, "completionTokens": tokens}
    return [
        record("GatewayLlmLogs", call, {**header, "sequenceNumber": 0}),
        record("GatewayLlmLogs", call, {"requestId": call, "sequenceNumber": 1, "requestMessages": "[]"}),
    ]


def make_calls() -> tuple[list[Document], dict[str, int]]:
    """Records of 40 calls, and the tokens of input, and as many of output, that each category and all calls have."""
    records: list[Document] = []
    tokens = dict.fromkeys((*CATEGORIES, "calls"), 0)
    for number in range(1, 11):
        both, streamed, alone, unknown = (f"{kind}-{number}" for kind in ("both", "streamed", "alone", "unknown"))
        records += [request(both, number), *entries(both, number)]
        records += [request(streamed, number, usage=False), *entries(streamed, number)]
        records += [request(alone, number)]
        records += [request(unknown, number, "a-model-nobody-knows"), *entries(unknown, number, "a-model-nobody-knows")]
        tokens["GatewayLogs"] += 2 * number
        tokens["GatewayLlmLogs"] += 2 * number
        tokens["calls"] += 3 * number
    return records, tokens


def cost_of(tokens: int) -> float:
    return tokens * (INPUT_RATE + OUTPUT_RATE) / 1_000_000


@pytest.fixture
def calls(
    as_collected: Callable[..., Document],
    send: Callable[..., list[Document]],
    elasticsearch_client: Elasticsearch,
    logs_pipeline: str,
    engine_namespace: str,
) -> Callable[[Document], Document]:
    """Asks for aggregations over the calls."""
    assert logs_pipeline
    records, _ = make_calls()
    items = send([as_collected(json.dumps(each), "aoai.gateway") for each in records], engine_namespace, "aoai.gateway")
    assert {item["status"] for item in items} == {201}
    index = f"logs-aoai.gateway-{engine_namespace}"
    return lambda aggs: elasticsearch_client.search(index=index, size=0, aggs=aggs)["aggregations"]


def test_the_sum_of_one_category_has_each_of_its_calls_once(calls: Callable[[Document], Document]) -> None:
    total = {"cost": {"sum": {"field": "azure.open_ai.cost.total"}}}
    answer = calls({"of": {"terms": {"field": "azure.open_ai.category"}, "aggs": total}})
    found = {bucket["key"]: bucket["cost"]["value"] for bucket in answer["of"]["buckets"]}
    _, tokens = make_calls()
    assert found == pytest.approx({category: cost_of(tokens[category]) for category in CATEGORIES}, rel=1e-9)


def test_the_sum_by_call_has_every_call_once_whichever_category_it_left(
    calls: Callable[[Document], Document],
) -> None:
    _, tokens = make_calls()
    assert calls(BY_CALL)["all"]["value"] == pytest.approx(cost_of(tokens["calls"]), rel=1e-9)


def test_calls_of_a_model_that_nobody_knows_cost_nothing_and_are_counted(calls: Callable[[Document], Document]) -> None:
    answer = calls({"of": {"terms": {"field": "azure.open_ai.cost.status"}, "aggs": {"call": BY_CALL["calls"]}}})
    unknown = next(bucket for bucket in answer["of"]["buckets"] if bucket["key"] == "unknown_model")
    assert len(unknown["call"]["buckets"]) == 10
    assert all(bucket["cost"]["value"] is None for bucket in unknown["call"]["buckets"])
