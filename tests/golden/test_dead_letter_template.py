"""The template of the dead letters takes what the collector writes, however bad the original is."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from plugins.fields_of_documents import Leaf, leaves

from collector.assets.catalogue import fields_of
from collector.events import DataStream, Position, Reject, RejectReason, Source
from collector.output.elasticsearch.encoding import DeadLetter, StreamEncoder
from collector.output.elasticsearch.encoding import dead_letter as written

type Document = dict[str, Any]

engine = pytest.mark.engine

DATASET = "aoai.deadletter"


def dead_letter(original: str) -> Document:
    return {
        "@timestamp": "2026-03-10T09:10:00.000Z",
        "azure": {"eventhub": "hub", "partition_id": "3", "offset": "8192", "sequence_number": 7},
        "data_stream": {"type": "logs", "dataset": DATASET},
        "event": {
            "kind": "event",
            "module": "aoai",
            "dataset": DATASET,
            "reason": "invalid_json",
            "original": original,
        },
        "error": {"type": "invalid_json", "message": "no JSON at byte 0"},
        "aoai": {
            "dead_letter": {
                "stage": "index",
                "record_index": 3,
                "original_encoding": "utf-8",
                "target": "logs-aoai.logs-default",
                "status": 400,
            }
        },
    }


@engine
def test_an_original_of_a_megabyte_fits(
    send: Callable[..., list[Document]], logs_pipeline: str, engine_namespace: str
) -> None:
    (item,) = send([dead_letter("é" * 1_048_576)], engine_namespace, DATASET)
    assert item["status"] == 201


@engine
def test_dead_letters_can_be_counted_by_reason_and_stage(
    send: Callable[..., list[Document]], elasticsearch_client: Elasticsearch, logs_pipeline: str, engine_namespace: str
) -> None:
    send([dead_letter("{"), dead_letter("[")], engine_namespace, DATASET)
    query = {
        "bool": {"filter": [{"term": {"event.reason": "invalid_json"}}, {"term": {"aoai.dead_letter.stage": "index"}}]}
    }
    assert elasticsearch_client.count(index=f"logs-{DATASET}-{engine_namespace}", query=query)["count"] == 2


@engine
def test_a_field_nobody_planned_is_kept_and_does_no_harm(
    send: Callable[..., list[Document]], elasticsearch_client: Elasticsearch, logs_pipeline: str, engine_namespace: str
) -> None:
    items = send([{**dead_letter("x"), "extra": 1}, {**dead_letter("x"), "extra": {"a": 1}}], engine_namespace, DATASET)
    assert [item["status"] for item in items] == [201, 201]


def letters_of_the_collector() -> list[Document]:
    """One of each stage, as the output writes them."""
    source = Source("ns.servicebus.windows.net", "hub", "$Default")
    encoder = StreamEncoder(source, DataStream("logs", "aoai.logs", "default"), ("forwarded",), preserve_original=True)
    origin = encoder.origin("3", Position("8192", 7, datetime(2026, 3, 10, 9, 1, 6, tzinfo=UTC)))
    refused = DeadLetter(
        timestamp=origin.timestamp,
        azure=origin.azure,
        namespace="default",
        target="logs-aoai.logs-default",
        original=b"{}",
        stage="index",
        error_type="document_parsing_exception",
        error_message="no",
        status=400,
    )
    rejected = encoder.reject(b"A" * 22, origin, 3, Reject(b"\xff", RejectReason.INVALID_JSON, "no JSON"))
    return [json.loads(lines.splitlines()[1]) for lines in (rejected, written(b"A" * 22, refused))]


def test_dead_letters_have_the_fields_of_the_catalogue_and_all_of_them(misfits: Callable[..., list[Leaf]]) -> None:
    letters = letters_of_the_collector()
    assert [misfits(letter, DATASET) for letter in letters] == [[], []]
    assert {field for letter in letters for field, _ in leaves(letter)} == {field.name for field in fields_of(DATASET)}
