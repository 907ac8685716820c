"""Requests are counted once: documents with azure.open_ai.request_counted are as many as the calls that were made.

The ledger is this file's own: it makes calls, each with the records that Azure writes of it, and knows how many.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import Elasticsearch

type Document = dict[str, Any]

pytestmark = pytest.mark.engine

RESOURCE = "/SUBSCRIPTIONS/A/RESOURCEGROUPS/B/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/C"
GATEWAY = "/SUBSCRIPTIONS/A/RESOURCEGROUPS/B/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/D"
TIMES = {"requestTime": 639087300625394150, "responseTime": 639087300635607321}
API = {"apiName": "Azure OpenAI API version 2024-10-21", **TIMES}
MODEL = {"modelDeploymentName": "chat", "modelName": "gpt-4o", "modelVersion": "2024-08-06"}
COUNTED = {"term": {"azure.open_ai.request_counted": True}}


def record(category: str, number: int, properties: Document | None, status: int = 200) -> Document:
    base = {
        "category": category,
        "correlationId": f"c-{number}",
        "operationName": "ChatCompletions_Create",
        "resourceId": GATEWAY if category.startswith("Gateway") else RESOURCE,
        "resultSignature": str(status),
        "time": "2026-03-10T09:01:06.4104150Z",
    }
    return base if properties is None else {**base, "properties": properties}


def call_of_2024(number: int) -> list[Document]:
    return [record("RequestResponse", number, {**API, **MODEL, "objectId": ""})]


def call_of_2026_with_its_empty_twin(number: int) -> list[Document]:
    populated = {**API, **MODEL, "callerObjectId": "o", "promptTokens": 12, "completionTokens": 3}
    return [record("RequestResponse", number, populated), record("RequestResponse", number, {"callerObjectId": ""})]


def call_whose_twin_has_no_properties(number: int) -> list[Document]:
    return [record("RequestResponse", number, {**API, **MODEL}), record("RequestResponse", number, None)]


def call_with_tokens_in_a_category_of_their_own(number: int) -> list[Document]:
    usage = {"promptTokens": [12], "cachedTokens": [8], "generatedTokens": [3], "modelDeploymentName": "chat"}
    return [*call_of_2026_with_its_empty_twin(number), record("AzureOpenAIRequestUsage", number, usage)]


def refused_key(number: int) -> list[Document]:
    return [record("RequestResponse", number, {**API, "objectId": ""}, 401)]


def refused_key_that_says_nothing_else(number: int) -> list[Document]:
    return [record("RequestResponse", number, {"objectId": ""}, 401)]


def throttled_call_with_its_twin(number: int) -> list[Document]:
    return [
        record("RequestResponse", number, {**API, **MODEL}, 429),
        record("RequestResponse", number, {"callerObjectId": ""}, 429),
    ]


def thread_without_a_model(number: int) -> list[Document]:
    return [record("RequestResponse", number, API)]


def key_listed_and_so_no_request(number: int) -> list[Document]:
    return [record("Audit", number, {"objectId": "o"})]


CALLS = [
    (call_of_2024, 1),
    (call_of_2026_with_its_empty_twin, 1),
    (call_whose_twin_has_no_properties, 1),
    (call_with_tokens_in_a_category_of_their_own, 1),
    (refused_key, 1),
    (refused_key_that_says_nothing_else, 1),
    (throttled_call_with_its_twin, 1),
    (thread_without_a_model, 1),
    (key_listed_and_so_no_request, 0),
]


def gateway_call(number: int) -> list[Document]:
    llm = {"requestId": "r", "modelName": "gpt-4o", "promptTokens": 12, "completionTokens": 3}
    return [
        record("GatewayLogs", number, {"responseCode": 200, "apiId": "a"}),
        record("GatewayLlmLogs", number, {**llm, "sequenceNumber": 0}),
        record("GatewayLlmLogs", number, {"requestId": "r", "sequenceNumber": 1, "requestMessages": "[]"}),
        record("GatewayMCPLogs", number, {"method": "tools/call"}),
    ]


@pytest.mark.parametrize(("make", "requests"), CALLS, ids=[make.__name__ for make, _ in CALLS])
def test_each_kind_of_call_counts_as_often_as_it_was_made(
    make: Callable[[int], list[Document]],
    requests: int,
    as_collected: Callable[..., Document],
    process: Callable[[Document], Document],
) -> None:
    documents = [process(as_collected(json.dumps(each))) for each in make(1)]
    assert sum(each["azure"]["open_ai"].get("request_counted", False) for each in documents) == requests


def test_a_call_through_the_gateway_counts_once_in_its_data_set(
    as_collected: Callable[..., Document], process: Callable[[Document], Document]
) -> None:
    documents = [process(as_collected(json.dumps(each), "aoai.gateway")) for each in gateway_call(1)]
    assert [each["azure"]["open_ai"]["request_counted"] for each in documents] == [True, False, False, False]


def test_one_filter_counts_requests_errors_and_tokens_of_a_mixed_stream(
    as_collected: Callable[..., Document],
    send: Callable[..., list[Document]],
    elasticsearch_client: Elasticsearch,
    logs_pipeline: str,
    engine_namespace: str,
) -> None:
    records = [each for number in range(30) for make, _ in CALLS for each in make(number)]
    send([as_collected(json.dumps(each)) for each in records], engine_namespace)

    answer = elasticsearch_client.search(
        index=f"logs-aoai.logs-{engine_namespace}",
        size=0,
        track_total_hits=True,
        query={"bool": {"filter": [COUNTED]}},
        aggs={
            "classes": {"terms": {"field": "azure.open_ai.failure.class"}},
            "tokens": {"sum": {"field": "gen_ai.usage.input_tokens"}},
        },
    )

    assert answer["hits"]["total"]["value"] == 30 * sum(requests for _, requests in CALLS)
    classes = {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["classes"]["buckets"]}
    assert classes == {"auth": 60, "throttled": 30}
    # Two of the kinds of call have tokens in RequestResponse; those of the usage category stand beside and not in.
    assert answer["aggregations"]["tokens"]["value"] == 30 * 2 * 12
