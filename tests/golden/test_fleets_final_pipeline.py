"""Where Fleet installed the package, its final pipeline takes the original out of documents without the right tag.

That is `.fleet_final_pipeline-1`, from 8.16 on; its step is the one below. Source: elastic/kibana,
`x-pack/platform/plugins/shared/fleet/server/constants/fleet_es_assets.ts`.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from collector.events import DataStream, Position, Reject, RejectReason, Source
from collector.output.elasticsearch.encoding import DeadLetter, StreamEncoder
from collector.output.elasticsearch.encoding import dead_letter as written

type Document = dict[str, Any]
type Change = Callable[[Document], Document]

pytestmark = pytest.mark.engine

REMOVES_THE_ORIGINAL = {
    "remove": {
        "field": "event.original",
        "if": "ctx?.tags == null || !(ctx.tags.contains('preserve_original_event'))",
        "ignore_missing": True,
    }
}
CUT = b'{"category":"RequestResponse","prop'


@pytest.fixture(scope="session")
def finish(elasticsearch_client: Elasticsearch) -> Change:
    def simulate(document: Document) -> Document:
        pipeline = {"processors": [REMOVES_THE_ORIGINAL]}
        (answer,) = elasticsearch_client.ingest.simulate(pipeline=pipeline, docs=[{"_source": document}])["docs"]
        return answer["doc"]["_source"]

    return simulate


def test_a_dead_letter_of_what_is_no_record_keeps_its_original(finish: Change) -> None:
    source = Source("example.servicebus.windows.net", "hub", "$Default")
    encoder = StreamEncoder(source, DataStream("logs", "aoai.logs", "default"), (), preserve_original=False)
    origin = encoder.origin("0", Position("0", 0, datetime(2026, 3, 10, tzinfo=UTC)))
    _, line = encoder.reject(b"id", origin, 0, Reject(CUT, RejectReason.TRUNCATED, "it ends")).splitlines()
    assert finish(json.loads(line))["event"]["original"] == CUT.decode()


def test_a_dead_letter_of_a_refused_record_keeps_its_original(finish: Change) -> None:
    letter = DeadLetter(
        timestamp="2026-03-10T00:00:00.000Z",
        azure={},
        namespace="default",
        target="logs-aoai.logs-default",
        original=CUT,
        stage="index",
        error_type="document_parsing_exception",
        error_message="refused",
        status=400,
    )
    _, line = written(b"id", letter).splitlines()
    assert finish(json.loads(line))["event"]["original"] == CUT.decode()


def test_a_document_whose_pipeline_failed_keeps_its_original(
    process: Callable[[Document], Document],
    as_collected: Callable[..., Document],
    finish: Callable[[Document], Document],
) -> None:
    failed = process(as_collected("no JSON at all"))
    assert failed["event"]["kind"] == "pipeline_error"
    assert finish(failed)["event"]["original"] == "no JSON at all"


def test_the_step_does_what_it_is_feared_for(finish: Change) -> None:
    assert finish({"event": {"original": "gone"}, "tags": ["other"]})["event"] == {}
