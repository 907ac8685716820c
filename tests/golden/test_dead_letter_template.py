"""The template of the dead letters takes what the collector writes, however bad the original is."""

from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import Elasticsearch

type Document = dict[str, Any]

pytestmark = pytest.mark.engine

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
            "hash": "b2:00",
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


def test_an_original_of_a_megabyte_fits(
    send: Callable[..., list[Document]], logs_pipeline: str, engine_namespace: str
) -> None:
    (item,) = send([dead_letter("é" * 1_048_576)], engine_namespace, DATASET)
    assert item["status"] == 201


def test_dead_letters_can_be_counted_by_reason_and_stage(
    send: Callable[..., list[Document]], elasticsearch_client: Elasticsearch, logs_pipeline: str, engine_namespace: str
) -> None:
    send([dead_letter("{"), dead_letter("[")], engine_namespace, DATASET)
    query = {
        "bool": {"filter": [{"term": {"event.reason": "invalid_json"}}, {"term": {"aoai.dead_letter.stage": "index"}}]}
    }
    assert elasticsearch_client.count(index=f"logs-{DATASET}-{engine_namespace}", query=query)["count"] == 2


def test_a_field_nobody_planned_is_kept_and_does_no_harm(
    send: Callable[..., list[Document]], elasticsearch_client: Elasticsearch, logs_pipeline: str, engine_namespace: str
) -> None:
    items = send([{**dead_letter("x"), "extra": 1}, {**dead_letter("x"), "extra": {"a": 1}}], engine_namespace, DATASET)
    assert [item["status"] for item in items] == [201, 201]
