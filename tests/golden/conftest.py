"""What the tests of pipelines and assets share: the assets on the engine, documents as the collector writes them."""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch, Elasticsearch

from collector.assets.installation import InstallReport, install
from collector.assets.templates import pipeline_id

type Document = dict[str, Any]


async def _install(url: str) -> InstallReport:
    async with AsyncElasticsearch(url, request_timeout=60) as client:
        return await install(client)


@pytest.fixture(scope="session")
def logs_pipeline(engine_url: str) -> str:
    """The id of the pipeline of aoai.logs, with everything installed."""
    asyncio.run(_install(engine_url))
    return pipeline_id("aoai.logs")


@pytest.fixture(scope="session")
def scratch_namespace(elasticsearch_client: Elasticsearch) -> Iterator[str]:
    """One namespace for the tests that only ask whether documents are accepted; hypothesis needs it session-wide."""
    namespace = f"g{uuid.uuid4().hex[:12]}"
    yield namespace
    elasticsearch_client.indices.delete_data_stream(name=f"logs-*-{namespace}")


@pytest.fixture(scope="session")
def as_collected() -> Callable[..., Document]:
    """Wrap the text of a record as the collector does."""

    def wrap(message: str, dataset: str = "aoai.logs", tags: Sequence[str] = ()) -> Document:
        document: Document = {
            "@timestamp": "2026-03-10T09:10:00.000Z",
            "message": message,
            "azure": {
                "eventhub": "hub",
                "consumer_group": "$Default",
                "partition_id": "0",
                "offset": "4096",
                "sequence_number": 42,
                "enqueued_time": "2026-03-10T09:10:00.000Z",
            },
            "data_stream": {"type": "logs", "dataset": dataset, "namespace": "default"},
            "event": {"module": "aoai", "dataset": dataset},
        }
        return {**document, "tags": list(tags)} if tags else document

    return wrap


@pytest.fixture(scope="session")
def send(elasticsearch_client: Elasticsearch) -> Callable[..., list[Document]]:
    """Write documents to a data stream with one bulk request; gives each item's answer."""

    def bulk(
        documents: list[Document], namespace: str, dataset: str = "aoai.logs", *, refresh: bool = True
    ) -> list[Document]:
        operations: list[Document] = []
        for document in documents:
            stream = {**document.get("data_stream", {}), "namespace": namespace}
            operations += [{"create": {}}, {**document, "data_stream": stream}]
        index = f"logs-{dataset}-{namespace}"
        response = elasticsearch_client.bulk(index=index, operations=operations, refresh=refresh)
        return [item["create"] for item in response["items"]]

    return bulk


@pytest.fixture(scope="session")
def process(elasticsearch_client: Elasticsearch, logs_pipeline: str) -> Callable[[Document], Document]:
    """The document that the pipeline of its data set makes of one, nothing stored."""

    def simulate(document: Document) -> Document:
        pipeline = pipeline_id(document["data_stream"]["dataset"])
        (answer,) = elasticsearch_client.ingest.simulate(id=pipeline, docs=[{"_source": document}])["docs"]
        assert "doc" in answer, json.dumps(answer)
        return answer["doc"]["_source"]

    return simulate


@pytest.fixture(scope="session")
def process_all(elasticsearch_client: Elasticsearch, logs_pipeline: str) -> Callable[[list[Document]], list[Document]]:
    """The documents that one pipeline makes of documents of its data set, in one request; one for each, or it fails."""

    def simulate(documents: list[Document]) -> list[Document]:
        (dataset,) = {document["data_stream"]["dataset"] for document in documents}
        sources = [{"_source": document} for document in documents]
        answers = elasticsearch_client.ingest.simulate(id=pipeline_id(dataset), docs=sources)["docs"]
        assert len(answers) == len(documents)
        lost = [(sent, answer) for sent, answer in zip(documents, answers, strict=True) if "doc" not in answer]
        assert not lost, json.dumps(lost[:3])
        return [answer["doc"]["_source"] for answer in answers]

    return simulate
