"""The sample events of the package are documents that the engine stored, one for each data stream.

A document as the collector writes it is sent to the data stream, through its pipeline, and read back. Two values are
not those of the run, so that a run changes nothing: the namespace is ``default``, and ``event.ingested`` is a second
after the sender had the document. With ``AOAI_WRITE_SAMPLES=1`` in the environment the files are written anew.
"""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from collector.assets.files import package_root
from collector.events import DataStream, Position, Reject, RejectReason, Source
from collector.output.elasticsearch.encoding import StreamEncoder
from collector.telemetry.counters import Counters
from collector.telemetry.documents import Identity, build_documents
from collector.telemetry.status import OutputStatus

type Document = dict[str, Any]

pytestmark = pytest.mark.engine

CASES = Path(__file__).parent / "cases"
RECORDS = {
    "logs": ("aoai.logs", "calls/chat_properties_object", ()),
    "gateway": ("aoai.gateway", "gateway/chat_with_texts_withheld", ("content_metadata",)),
    "endpoints": ("aoai.endpoints", "endpoints/traffic", ()),
}
"""Golden records, with the tag of the content policy's default where it applies."""

MINUTE = "2026-03-10T09:10:00.000Z"
MOMENT = datetime(2026, 3, 10, 9, 10, tzinfo=UTC)
SUBSCRIPTION = "5f0c2a9e-7d31-4c1b-9a54-0d6e8b7f1c22"
ACCOUNTS = "Microsoft.CognitiveServices/accounts"
ONLINE_ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"


def measured(dataset: str, resource_type: str, name: str, **azure: object) -> Document:
    """A document of Azure Monitor or Resource Manager, as the collector writes it; ``name`` may be a path of names."""
    provider, *kinds = resource_type.split("/")
    names = name.split("/")
    path = "/".join(part for pair in zip(kinds, names, strict=True) for part in pair)
    resource = {
        "id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/RG-Assist/providers/{provider}/{path}",
        "name": names[-1],
        "group": "RG-Assist",
        "type": resource_type,
        "tags": {"team": "assist"},
    }
    return {
        "@timestamp": MINUTE,
        "azure": {"subscription_id": SUBSCRIPTION, "resource": resource, **azure},
        "cloud": {"provider": "azure", "region": "swedencentral", "account": {"id": SUBSCRIPTION}},
        "data_stream": {"type": "metrics", "dataset": dataset},
        "event": {"module": "azure", "dataset": dataset},
    }


def metrics() -> Document:
    return measured(
        "aoai.metrics",
        ACCOUNTS,
        "aoai-assist-sc",
        timegrain="PT1M",
        namespace=ACCOUNTS,
        dimensions={"api_name": "Azure OpenAI API version 2024-10-21", "model_deployment_name": "assist-chat"},
        deployment={
            "name": "assist-chat",
            "model": {"name": "gpt-4o", "version": "2024-08-06"},
            "sku": {"name": "GlobalStandard", "capacity": 50},
        },
        metrics={
            "processed_prompt_tokens": {"total": 41_280},
            "generated_tokens": {"total": 9_310},
            "token_transaction": {"total": 50_590},
        },
    )


def endpoint_metrics() -> Document:
    return measured(
        "aoai.endpoints",
        ONLINE_ENDPOINTS,
        "ws-assist/flow",
        timegrain="PT1M",
        namespace=ONLINE_ENDPOINTS,
        dimensions={"deployment": "blue", "status_code": "200"},
        metrics={"requests_per_minute": {"avg": 118.0}},
    )


def deployment() -> Document:
    return measured(
        "aoai.deployments",
        ACCOUNTS,
        "aoai-assist-sc",
        inventory={
            "account": {"kind": "OpenAI", "sku": {"name": "S0"}},
            "deployment": {
                "name": "assist-chat",
                "sku": {"name": "GlobalStandard", "capacity": 50},
                "properties": {
                    "model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"},
                    "provisioningState": "Succeeded",
                    "versionUpgradeOption": "OnceCurrentVersionExpired",
                    "rateLimits": [{"key": "token", "renewalPeriod": 60, "count": 50000}],
                },
            },
            "model": {"lifecycleStatus": "GenerallyAvailable", "deprecation": {"inference": "2027-06-30T00:00:00Z"}},
        },
    )


def dead_letter() -> Document:
    source = Source("example.servicebus.windows.net", "insights-logs", "$Default")
    encoder = StreamEncoder(source, DataStream("logs", "aoai.logs", "default"), (), preserve_original=False)
    cut = b'{"category":"RequestResponse","resultSignature":"200","prop'
    reject = Reject(cut, RejectReason.TRUNCATED, "the event ends within a record")
    _, document = encoder.reject(b"id", encoder.origin("3", Position("8192", 42, MOMENT)), 7, reject).splitlines()
    return json.loads(document)


def health() -> Document:
    counters = Counters(received=120_000, indexed=119_200, already_there=640, dead_lettered=2, in_flight=158)
    counters.events, counters.bulk_requests, counters.bulk_bytes = 5_460, 240, 98_304_000
    status = OutputStatus("default", counters, 262_144, 33_554_432, MOMENT.timestamp(), healthy=True)
    identity = Identity("collector-1", "0.1.0", "6a1f5d1e-0d3b-4a7c-9a3f-2f6c1f3f8a10")
    (document,) = build_documents([status], identity, "default", MOMENT)
    return document


WRITTEN = {
    "collector": health,
    "deadletter": dead_letter,
    "deployments": deployment,
    "endpoints_metrics": endpoint_metrics,
    "metrics": metrics,
}


@pytest.fixture
def store(
    elasticsearch_client: Elasticsearch, logs_pipeline: str, engine_namespace: str
) -> Callable[[Document], Document]:
    """Write a document to its data stream and read it back."""

    def write_and_read(document: Document) -> Document:
        parts = document["data_stream"] | {"namespace": engine_namespace}
        stream = f"{parts['type']}-{parts['dataset']}-{engine_namespace}"
        sent = {**document, "data_stream": parts}
        written = elasticsearch_client.index(index=stream, document=sent, op_type="create", refresh=True)
        return elasticsearch_client.get(index=written["_index"], id=written["_id"])["_source"]

    return write_and_read


def as_sample(stored: Document) -> str:
    stored["data_stream"]["namespace"] = "default"
    if "ingested" in stored["event"]:
        had = datetime.fromisoformat(stored["azure"].get("enqueued_time") or stored["@timestamp"])
        stored["event"]["ingested"] = (had + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    return json.dumps(stored, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("folder", sorted([*RECORDS, *WRITTEN]))
def test_the_sample_event_is_what_the_engine_stored(
    folder: str, store: Callable[[Document], Document], as_collected: Callable[..., Document]
) -> None:
    if folder in RECORDS:
        dataset, name, tags = RECORDS[folder]
        record = json.loads((CASES / name / "record.json").read_text())
        document = as_collected(json.dumps(record, ensure_ascii=False), dataset, tags)
    else:
        document = WRITTEN[folder]()
    sample = package_root() / "data_stream" / folder / "sample_event.json"
    stored = as_sample(store(document))
    if os.environ.get("AOAI_WRITE_SAMPLES"):
        sample.write_text(stored)
    assert sample.read_text() == stored, "run: AOAI_WRITE_SAMPLES=1 make test ARGS=tests/golden/test_sample_events.py"


def test_every_data_stream_has_a_sample_event() -> None:
    folders = {path.parent.name for path in package_root().glob("data_stream/*/manifest.yml")}
    assert folders == {*RECORDS, *WRITTEN}
