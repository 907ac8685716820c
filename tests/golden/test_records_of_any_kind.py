"""Nothing that is a JSON object is refused, whatever its size, keys and types."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

type Document = dict[str, Any]

pytestmark = pytest.mark.engine

KNOWN_KEYS = """
time Time EnqueueTime TimeGenerated resourceId category operationName properties Tenant tenantId location level event
correlationId durationMs resultSignature resultType callerIpAddress identity isRequestSuccess truncated
requestTime responseTime requestLength modelName objectId promptTokens streamType apiName requestBody lastError url
requestHeaders requestMessages sequenceNumber toolName EndpointName TotalDurationMs Message Path ResponseCode
IdentityData . a.b a..b _id @timestamp
"""
KNOWN_VALUES = """
RequestResponse Audit AzureOpenAIRequestUsage GatewayLogs GatewayLlmLogs GatewayMCPLogs AmlOnlineEndpointTrafficLog
AmlOnlineEndpointConsoleLog 200 429 ChatCompletions_Create 203.0.113.*** ::1 1.2.3.4 {} {"modelName":"m"} "{}"
/SUBSCRIPTIONS/A/RESOURCEGROUPS/B/PROVIDERS/C 2026-03-10T09:01:06.4104150Z
"""

scalars = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(KNOWN_VALUES.split())
)
keys = st.sampled_from([*KNOWN_KEYS.split(), "", "\0"]) | st.text(max_size=12)


SLOW_OR_LARGE = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
"""What batches of records are on a busy machine, and by intent."""


def records_of(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    values = st.recursive(
        leaf, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5), max_leaves=12
    )
    return st.dictionaries(keys, values, max_size=10)


# The embedded engine's script processor takes no integer beyond 64 bits: the document is kept, as a pipeline error.
records = records_of(scalars)
records_with_big_integers = records_of(scalars | st.integers(min_value=-(2**70), max_value=2**70))


@given(batch=st.lists(records_with_big_integers, min_size=1, max_size=40))
@settings(max_examples=20, deadline=None, suppress_health_check=SLOW_OR_LARGE)
def test_any_json_object_becomes_a_document(
    batch: list[Document],
    as_collected: Callable[[str], Document],
    send: Callable[..., list[Document]],
    logs_pipeline: str,
    scratch_namespace: str,
) -> None:
    items = send([as_collected(json.dumps(record)) for record in batch], scratch_namespace, refresh=False)
    assert [item for item in items if item["status"] != 201] == []


@pytest.mark.parametrize("dataset", ["aoai.logs", "aoai.gateway", "aoai.endpoints"])
@given(batch=st.lists(records, min_size=1, max_size=40))
@settings(max_examples=10, deadline=None, suppress_health_check=SLOW_OR_LARGE)
def test_any_json_object_passes_the_pipelines(
    dataset: str,
    batch: list[Document],
    as_collected: Callable[..., Document],
    process_all: Callable[[list[Document]], list[Document]],
) -> None:
    made = process_all([as_collected(json.dumps(record), dataset) for record in batch])
    assert {document["event"]["kind"] for document in made} <= {"event", "metric"}


def huge_record() -> Document:
    deep: Document = {"end": 1}
    for _ in range(30):
        deep = {"deeper": deep}
    many = {f"key {number}": number for number in range(5_000)}
    return {
        "category": "Mystery",
        "properties": {"text": "x" * 900_000, "deep": deep, "many": many, "k" * 5_000: "é" * 8_000},
    }


def test_a_huge_record_is_accepted(
    as_collected: Callable[[str], Document],
    send: Callable[..., list[Document]],
    logs_pipeline: str,
    scratch_namespace: str,
) -> None:
    (item,) = send([as_collected(json.dumps(huge_record()))], scratch_namespace)
    assert item["status"] == 201


def test_a_huge_record_says_that_it_was_cut(
    as_collected: Callable[[str], Document], process: Callable[[Document], Document]
) -> None:
    open_ai = process(as_collected(json.dumps(huge_record())))["azure"]["open_ai"]
    assert open_ai["raw_truncated"] is True
    assert len(open_ai["raw"]["properties"]["text"]) == 8_191
    assert len(open_ai["raw"]["properties"]["many"]) == 5_000


def test_keys_that_a_field_must_shorten_to_the_same_are_all_kept(
    as_collected: Callable[[str], Document], process: Callable[[Document], Document]
) -> None:
    keys = ["", " ", "_", "a\0b", "a_b", *(f"{'k' * 256}{number}" for number in range(2_000))]
    record = {key: number for number, key in enumerate(keys)}
    raw = process(as_collected(json.dumps(record)))["azure"]["open_ai"]["raw"]
    assert sorted(raw.values()) == list(range(len(keys)))


def test_a_raw_field_can_be_searched_by_its_name(
    as_collected: Callable[[str], Document],
    send: Callable[..., list[Document]],
    elasticsearch_client: Elasticsearch,
    logs_pipeline: str,
    engine_namespace: str,
) -> None:
    send(
        [as_collected(json.dumps({"properties": {"appName": name}})) for name in ("orders", "invoices")],
        engine_namespace,
    )
    found = elasticsearch_client.search(
        index=f"logs-aoai.logs-{engine_namespace}", query={"term": {"azure.open_ai.raw.properties.appName": "orders"}}
    )
    assert found["hits"]["total"]["value"] == 1
