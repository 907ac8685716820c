"""The queries of the summary and of the account, on the engine, over a few documents written by hand."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch, Elasticsearch

from collector.assets.installation import install
from collector.demo.accounting import find_traces
from collector.demo.expectations import Fate
from collector.demo.ledger import Place, Trace
from collector.demo.streams import Streams
from collector.demo.summary import (
    UNNAMED,
    CallerCount,
    DeadLetterCount,
    PartitionLag,
    StatusCount,
    Summary,
    count_documents,
    summarise,
)
from collector.demo.window import Window

pytestmark = pytest.mark.engine

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(minutes=10))
NEWEST = {"0": 6, "1": 2, "2": -1}
ALICE = "00000009-1111-4222-8333-000000000009"
ACCOUNT = (
    "/SUBSCRIPTIONS/00000000-0000-4000-8000-000000000001/RESOURCEGROUPS/RG"
    "/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/AOAI-{}"
)
TICKS = 639_087_300_000_000_000


def write_call(  # noqa: PLR0913 - one argument for each figure that the summary shows
    *,
    number: int,
    second: int,
    account: str,
    deployment: str | None,
    status: str,
    ms: int,
    user: str = "",
    address: str = "203.0.113.***",
) -> str:
    model = {"modelDeploymentName": deployment, "modelName": f"{deployment}-model"} if deployment else {}
    sizes = {"requestTime": TICKS, "responseTime": TICKS + ms * 10_000, "requestLength": 100, "responseLength": 1_000}
    record = {
        "category": "RequestResponse",
        "callerIpAddress": address,
        "correlationId": f"call-{number}",
        "operationName": "ChatCompletions_Create",
        "properties": {**sizes, **model, "objectId": user},
        "resourceId": ACCOUNT.format(account),
        "resultSignature": status,
        "time": (START + timedelta(seconds=second)).isoformat(),
    }
    return json.dumps(record)


RECORDS = (
    ("0", 0, write_call(number=1, second=0, account="US", deployment="chat", status="200", ms=100, user=ALICE)),
    ("0", 1, write_call(number=2, second=5, account="US", deployment="chat", status="200", ms=200, user=ALICE)),
    ("0", 2, write_call(number=3, second=15, account="US", deployment="chat", status="429", ms=300)),
    ("1", 0, write_call(number=4, second=25, account="US", deployment=None, status="401", ms=10)),
    ("1", 1, write_call(number=5, second=599, account="EU", deployment="chat", status="200", ms=50, user=ALICE)),
    # Before the window: kept, but not on the page.
    ("1", 2, write_call(number=6, second=-60, account="EU", deployment="chat", status="500", ms=9_000)),
    ("0", 3, json.dumps({"category": "Audit", "operationName": "ListKey", "resourceId": ACCOUNT.format("US")})),
)
DEAD_LETTERS = (("0", 4, "truncated"), ("0", 4, "truncated"), ("0", 5, "not_utf8"))


def _wrap(namespace: str, dataset: str, partition: str, sequence_number: int, fields: dict[str, Any]) -> dict[str, Any]:
    position = {"partition_id": partition, "sequence_number": sequence_number, "offset": str(sequence_number * 100)}
    return {
        "@timestamp": START.isoformat(),
        "azure": {"eventhub": "hub", "consumer_group": "$Default", **position},
        "data_stream": {"type": "logs", "dataset": dataset, "namespace": namespace},
        **fields,
    }


@contextmanager
def _stream_removed_afterwards(client: Elasticsearch, *names: str) -> Iterator[None]:
    yield
    for name in names:
        client.indices.delete_data_stream(name=name)


async def _install(url: str) -> None:
    async with AsyncElasticsearch(url) as client:
        await install(client)


@pytest.fixture(scope="module")
def streams(engine_url: str, elasticsearch_client: Elasticsearch) -> Iterator[Streams]:
    """Streams that hold what the daemon would have written of the records above."""
    streams = Streams("demosummary")
    asyncio.run(_install(engine_url))
    with _stream_removed_afterwards(elasticsearch_client, streams.logs, streams.dead_letters):
        for partition, number, text in RECORDS:
            fields = {"message": text, "event": {"module": "aoai", "dataset": "aoai.logs"}}
            document = _wrap(streams.namespace, "aoai.logs", partition, number, fields)
            elasticsearch_client.create(index=streams.logs, id=f"{partition}-{number}", document=document)
        for index, (partition, number, reason) in enumerate(DEAD_LETTERS):
            event = {"kind": "event", "reason": reason, "original": "x", "dataset": "aoai.deadletter"}
            document = _wrap(streams.namespace, "aoai.deadletter", partition, number, {"event": event})
            elasticsearch_client.create(index=streams.dead_letters, id=str(index), document=document)
        yield streams


@pytest.fixture
async def summary(engine_url: str, streams: Streams) -> Summary:
    async with AsyncElasticsearch(engine_url) as client:
        return await summarise(client, WINDOW, NEWEST, streams)


def test_calls_and_errors_of_the_window_are_counted(summary: Summary) -> None:
    assert (summary.requests, summary.errors) == (5, 2)


def test_the_rate_is_calls_over_the_window(summary: Summary) -> None:
    assert summary.requests_per_second == pytest.approx(5 / 600)


def test_all_records_and_dead_letters_count_as_documents(summary: Summary) -> None:
    assert (summary.records, summary.documents) == (7, 10)


async def test_progress_counts_what_both_streams_hold(engine_url: str, streams: Streams) -> None:
    async with AsyncElasticsearch(engine_url) as client:
        assert await count_documents(client, streams) == (7, 3)


def test_statuses_are_counted_in_their_order(summary: Summary) -> None:
    assert summary.statuses == (StatusCount(200, 3), StatusCount(401, 1), StatusCount(429, 1))


def test_deployments_are_told_apart_by_resource(summary: Summary) -> None:
    rows = [(row.resource, row.deployment, row.model, row.requests, row.errors) for row in summary.deployments]
    assert [(resource.lower(), *rest) for resource, *rest in rows] == [
        ("aoai-eu", "chat", "chat-model", 1, 0),
        ("aoai-us", "chat", "chat-model", 3, 1),
        ("aoai-us", UNNAMED, "", 1, 1),
    ]


def test_latencies_of_a_deployment_are_in_milliseconds(summary: Summary) -> None:
    row = summary.deployments[1]
    assert (row.p50_ms, row.p99_ms) == (pytest.approx(200), pytest.approx(300, rel=0.02))


def test_latencies_over_all_are_in_milliseconds(summary: Summary) -> None:
    assert summary.p50_ms == pytest.approx(100)


def test_bytes_of_a_deployment_are_sums(summary: Summary) -> None:
    assert (summary.deployments[1].request_bytes, summary.deployments[1].response_bytes) == (300, 3_000)


def test_callers_are_users_or_else_addresses(summary: Summary) -> None:
    assert summary.callers == (CallerCount(ALICE, 3, 0), CallerCount("203.0.113.***", 2, 2))


def test_dead_letters_are_counted_by_reason(summary: Summary) -> None:
    assert summary.dead_letters == (DeadLetterCount("truncated", 2), DeadLetterCount("not_utf8", 1))


def test_lag_is_what_comes_after_the_newest_document_of_either_stream(summary: Summary) -> None:
    assert summary.lags == (PartitionLag("0", 6, 1), PartitionLag("1", 2, 0), PartitionLag("2", -1, 0))


def test_the_timeline_has_each_call_in_its_bar(summary: Summary) -> None:
    bars = {position: count for position, count in enumerate(summary.timeline) if count}
    errors = {position: count for position, count in enumerate(summary.error_timeline) if count}
    assert (len(summary.timeline), bars, errors) == (60, {0: 2, 1: 1, 2: 1, 59: 1}, {1: 1, 2: 1})


async def test_streams_that_do_not_exist_yet_are_an_empty_page(engine_url: str) -> None:
    async with AsyncElasticsearch(engine_url) as client:
        summary = await summarise(client, WINDOW, {"0": 4}, Streams("never-written"))
    assert (summary.requests, summary.documents, summary.deployments, summary.lags) == (
        0,
        0,
        (),
        (PartitionLag("0", 4, 5),),
    )


async def test_every_document_is_found_with_its_place_and_what_it_shows(engine_url: str, streams: Streams) -> None:
    async with AsyncElasticsearch(engine_url) as client:
        found = await find_traces(client, streams)
    assert found == Counter(
        {
            Trace(Fate.INDEXED, Place("0", 0), "call-1", 200, "chat"): 1,
            Trace(Fate.INDEXED, Place("0", 1), "call-2", 200, "chat"): 1,
            Trace(Fate.INDEXED, Place("0", 2), "call-3", 429, "chat"): 1,
            Trace(Fate.INDEXED, Place("1", 0), "call-4", 401, None): 1,
            Trace(Fate.INDEXED, Place("1", 1), "call-5", 200, "chat"): 1,
            Trace(Fate.INDEXED, Place("1", 2), "call-6", 500, "chat"): 1,
            Trace(Fate.INDEXED, Place("0", 3), "", None, None): 1,
            Trace(Fate.DEAD_LETTER, Place("0", 4), "truncated"): 2,
            Trace(Fate.DEAD_LETTER, Place("0", 5), "not_utf8"): 1,
        }
    )
