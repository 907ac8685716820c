"""The queries of the summary about metrics, on the engine, over a few documents written by hand."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch, Elasticsearch

from collector.assets.installation import install
from collector.azure_monitor.metrics import property_name
from collector.demo.streams import Streams
from collector.demo.token_comparison import ComparedTokens, compare_tokens
from collector.demo.usage import Usage, find_metered, read_usage
from collector.demo.window import Window

pytestmark = pytest.mark.engine

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WINDOW = Window(START, START + 10 * MINUTE)
ACCOUNT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/{}"


def metered(account: str, minute: int, dimensions: dict[str, str], metrics: dict[str, Any]) -> dict[str, Any]:
    """A document as the collector sends it; its model is gpt-4o, by the token."""
    deployed = {"name": "chat", "model": {"name": "gpt-4o", "version": "2024-08-06"}, "sku": {"name": "Standard"}}
    return {
        "@timestamp": (START + minute * MINUTE).isoformat(),
        "azure": {
            "namespace": "Microsoft.CognitiveServices/accounts",
            "timegrain": "PT1M",
            "resource": {
                "id": ACCOUNT.format(account),
                "name": account,
                "type": "Microsoft.CognitiveServices/accounts",
            },
            "dimensions": {"model_deployment_name": "chat", **dimensions},
            "metrics": metrics,
            "deployment": deployed,
        },
    }


def requests(account: str, minute: int, status: str, count: int, slowest: float) -> list[dict[str, Any]]:
    """Requests and their times, which Azure splits differently."""
    return [
        metered(account, minute, {"status_code": status}, {property_name("AzureOpenAIRequests"): {"total": count}}),
        metered(
            account,
            minute,
            {"status_code": status, "api_name": "v1"},
            {property_name("AzureOpenAITimeToResponse"): {"max": slowest}},
        ),
    ]


def tokens(account: str, minute: int, prompt: int, answer: int) -> dict[str, Any]:
    sums = {"ProcessedPromptTokens": prompt, "GeneratedTokens": answer}
    return metered(account, minute, {}, {property_name(name): {"total": total} for name, total in sums.items()})


def used(account: str, minute: int, percent: float) -> dict[str, Any]:
    dimensions = {"stream_type": "Non-Streaming"}
    name = property_name("AzureOpenAIProvisionedManagedUtilizationV2")
    return metered(account, minute, dimensions, {name: {"max": percent}})


METRICS = (
    *requests("aoai-us", 0, "200", 7, 900.0),
    *requests("aoai-us", 3, "200", 2, 1_400.0),
    *requests("aoai-us", 3, "429", 5, 8.0),
    tokens("aoai-us", 0, 1_000_000, 100_000),
    tokens("aoai-us", 3, 500_000, 50_000),
    used("aoai-us", 0, 61.0),
    used("aoai-us", 3, 87.5),
    *requests("aoai-eu", 4, "200", 3, 300.0),
    # Before the window.
    *requests("aoai-us", -1, "200", 100, 99_000.0),
    tokens("aoai-us", -1, 7, 7),
)


def logged(number: int, account: str, tokens: tuple[int, int] | None) -> str:
    properties: dict[str, Any] = {"apiName": "version 1", "modelDeploymentName": "chat", "modelName": "gpt-4o"}
    if tokens is not None:
        properties |= {"promptTokens": tokens[0], "completionTokens": tokens[1]}
    record = {
        "category": "RequestResponse",
        "correlationId": f"call-{number}",
        "properties": properties,
        "resourceId": ACCOUNT.format(account).upper(),
        "resultSignature": "200",
        "time": (START + timedelta(seconds=number)).isoformat(),
    }
    return json.dumps(record)


CALLS = (
    *(logged(number, "aoai-us", (150_000, 15_000)) for number in range(9)),
    # Its account writes no tokens, and of the two others there is no record at all.
    logged(9, "aoai-eu", None),
    logged(-30, "aoai-us", (5, 5)),
)


@pytest.fixture(scope="module")
def streams(engine_url: str, elasticsearch_client: Elasticsearch) -> Iterator[Streams]:
    """Streams that hold what the daemon would have written."""

    async def install_assets() -> None:
        async with AsyncElasticsearch(engine_url) as client:
            await install(client)

    asyncio.run(install_assets())
    streams = Streams("demousage")
    for number, metric in enumerate(METRICS):
        target = {"type": "metrics", "dataset": "aoai.metrics", "namespace": streams.namespace}
        document = {**metric, "event": {"dataset": "aoai.metrics"}, "data_stream": target}
        elasticsearch_client.create(index=streams.metrics, id=str(number), document=document)
    for number, text in enumerate(CALLS):
        target = {"type": "logs", "dataset": "aoai.logs", "namespace": streams.namespace}
        document = {"@timestamp": START.isoformat(), "message": text, "event": {"dataset": "aoai.logs"}}
        elasticsearch_client.create(index=streams.logs, id=str(number), document=document | {"data_stream": target})
    elasticsearch_client.indices.refresh(index=f"{streams.metrics},{streams.logs}")
    yield streams
    for name in (streams.metrics, streams.logs):
        elasticsearch_client.indices.delete_data_stream(name=name)


async def test_usage_is_by_account_and_deployment(engine_url: str, streams: Streams) -> None:
    async with AsyncElasticsearch(engine_url) as client:
        found = await read_usage(client, WINDOW, streams)
    # gpt-4o at list price: 2.50 and 10 dollars for a million.
    assert found == (
        Usage("aoai-eu", "chat", 3, 0, 0, 300.0, None, None),
        Usage("aoai-us", "chat", 14, 1_500_000, 150_000, 1_400.0, 87.5, cost=5.25),
    )


async def test_tokens_are_compared_by_deployment_over_all_accounts(engine_url: str, streams: Streams) -> None:
    async with AsyncElasticsearch(engine_url) as client:
        found = await compare_tokens(client, WINDOW, streams)
    models = {"gpt-4o-2024-08-06"}
    expected = ComparedTokens("chat", models, metered=1_650_000, logged=9 * 165_000, requests_without_tokens=3)
    assert (found, expected.rest) == ((expected,), 165_000)


async def test_minutes_have_metrics_from_the_oldest_to_the_newest(engine_url: str, streams: Streams) -> None:
    async with AsyncElasticsearch(engine_url) as client:
        found = [
            await find_metered(client, Window(START + late, WINDOW.until), streams) for late in (0 * MINUTE, MINUTE)
        ]
    assert found == [Window(START, START + 5 * MINUTE), Window(START + 3 * MINUTE, START + 5 * MINUTE)]


async def test_without_metrics_there_is_nothing_to_compare(engine_url: str) -> None:
    nowhere = Streams("never-written")
    async with AsyncElasticsearch(engine_url) as client:
        empty = await find_metered(client, WINDOW, nowhere)
        found = await read_usage(client, empty, nowhere), await compare_tokens(client, empty, nowhere)
    assert (empty, found) == (Window(START, START), ((), ()))
