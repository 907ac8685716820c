"""What the tests of pipelines and assets share: the assets on the engine, documents as the collector writes them."""

import asyncio
import ipaddress
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import batched
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch, Elasticsearch
from plugins.damage import damaged_texts
from plugins.fields_of_documents import Leaf, leaves

from collector.assets.catalogue import FieldType, fields_of
from collector.assets.installation import install
from collector.assets.setup.plan import Report
from collector.assets.templates import DATASETS, pipeline_id

type Document = dict[str, Any]

CASES = Path(__file__).parent / "cases"
LOGS = ("aoai.logs", "aoai.gateway", "aoai.endpoints")

SENDERS_OWN = ("agent.", "elastic_agent.", "input.")
"""What a stock Elastic Agent adds: kept and mapped by Elasticsearch's own templates, no field of ours."""

AS_SENT = {"azure.offset"}
"""Written by the sender alone: a text, or a number from an Elastic Agent whose Azure library has it so."""


def is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_date(value: object) -> bool:
    """A day, or a time that names its zone: one without is read as UTC by Elasticsearch and by nobody else."""
    if not isinstance(value, str):
        return False
    return datetime.fromisoformat(value).tzinfo is not None or value == value[:10]


def is_address(value: object) -> bool:
    return isinstance(value, str) and bool(ipaddress.ip_address(value))


def is_text(value: object) -> bool:
    return isinstance(value, str)


FITS: dict[FieldType, Callable[[object], bool]] = {
    FieldType.BOOLEAN: lambda value: isinstance(value, bool),
    FieldType.CONSTANT_KEYWORD: is_text,
    FieldType.DATE: is_date,
    FieldType.DOUBLE: lambda value: is_number(value) or isinstance(value, float),
    FieldType.GEO_POINT: lambda value: isinstance(value, dict),
    FieldType.IP: is_address,
    FieldType.KEYWORD: is_text,
    FieldType.LONG: is_number,
    FieldType.MATCH_ONLY_TEXT: is_text,
}
"""Whether a JSON value is of a mapping's type; objects and flattened fields have no values of their own."""


async def _install(url: str) -> Report:
    async with AsyncElasticsearch(url, request_timeout=60) as client:
        return await install(client)


@pytest.fixture(scope="session")
def logs_pipeline(engine_url: str) -> str:
    """The id of the pipeline of aoai.logs, with everything installed."""
    asyncio.run(_install(engine_url))
    return pipeline_id("aoai.logs")


@pytest.fixture(scope="session")
def process_metrics(
    elasticsearch_client: Elasticsearch, logs_pipeline: str
) -> Callable[[str, list[Document]], list[Document]]:
    """The documents that the pipeline of a data set makes of others, in one request; each must become one."""

    def simulate(dataset: str, documents: list[Document]) -> list[Document]:
        docs = [{"_source": document} for document in documents]
        answers = elasticsearch_client.ingest.simulate(id=pipeline_id(dataset), docs=docs)["docs"]
        assert [answer for answer in answers if "doc" not in answer] == []
        assert len(answers) == len(documents)
        return [answer["doc"]["_source"] for answer in answers]

    return simulate


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
def golden_records() -> dict[str, Document]:
    """The record of every golden case that is one, by the case's name."""
    return {str(path.parent.relative_to(CASES)): json.loads(path.read_text()) for path in CASES.glob("*/*/record.json")}


@pytest.fixture(scope="session")
def misfits() -> Callable[[Document, str], list[Leaf]]:
    """What a document of a data set has that its catalogue does not name, or names as of another type."""
    types = {dataset.name: {field.name: field.type for field in fields_of(dataset.name)} for dataset in DATASETS}

    def find(document: Document, dataset: str) -> list[Leaf]:
        known = types[dataset]
        flattened = tuple(f"{field}." for field, kind in known.items() if kind is FieldType.FLATTENED)
        return [
            (field, value)
            for field, value in leaves(document)
            if not field.startswith((*SENDERS_OWN, *flattened)) and field not in AS_SENT
            if field not in known or not FITS[known[field]](value)
        ]

    return find


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


@pytest.fixture(scope="session")
def damaged_records(golden_records: dict[str, Document], full_size: bool) -> dict[str, list[str]]:
    """Texts of damaged golden records, for each data set; of records of 100 KB at full size only."""
    count, longest = (10_000, 2**31) if full_size else (1_000, 20_000)
    records = list(golden_records.values())
    return {dataset: damaged_texts(records, dataset, count, longest) for dataset in LOGS}


@pytest.fixture(scope="session")
def damaged_documents(
    damaged_records: dict[str, list[str]],
    as_collected: Callable[..., Document],
    process_all: Callable[[list[Document]], list[Document]],
) -> dict[str, list[tuple[str, Document]]]:
    """Each of those texts with the document that its data set's pipeline makes of it, sent at the level ``full``."""
    return {
        dataset: [
            made
            for batch in batched(texts, 250)
            for made in zip(
                batch, process_all([as_collected(text, dataset, ("content_full",)) for text in batch]), strict=True
            )
        ]
        for dataset, texts in damaged_records.items()
    }


@pytest.fixture(scope="session")
def stored_texts(damaged_records: dict[str, list[str]], logs_pipeline: str, full_size: bool) -> dict[str, list[str]]:
    """Those of them that are stored."""
    return {dataset: texts[: None if full_size else 300] for dataset, texts in damaged_records.items()}
