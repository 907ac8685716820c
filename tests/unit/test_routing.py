"""A record goes to the data set of its category, through the encoder and through processors alike."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from collector.assets.templates import LOG_DATASETS
from collector.delivery.processing import RecordProcessing
from collector.delivery.routing import DATASET_OF, routes_beside
from collector.events import DataStream, Position, Record, RepairedRecord, Source
from collector.output.elasticsearch.encoding import StreamEncoder
from collector.policy.processors import AddTags, DropEvent, Equals, Processor

SOURCE = Source("ns.servicebus.windows.net", "hub", "$Default")
POSITION = Position("4096", 42, datetime(2026, 3, 10, 9, 1, 6, tzinfo=UTC))
ID = b"A" * 22


def encoder(dataset: str = "aoai.logs", *tags: str) -> StreamEncoder:
    target = DataStream("logs", dataset, "prod")
    return StreamEncoder(SOURCE, target, tags, preserve_original=False, routes=routes_beside(dataset))


def record(category: object, *, repaired: bool = False) -> Record:
    text = json.dumps({"time": "2026-03-10T09:01:06Z", "category": category}, separators=(",", ":"))
    return RepairedRecord(text) if repaired else Record(text)


def targets(lines: bytes) -> tuple[str, dict[str, Any]]:
    action, document = (json.loads(line) for line in lines.splitlines())
    return action["create"]["_index"], document


def sent_to(category: object, dataset: str = "aoai.logs") -> str:
    made = encoder(dataset)
    index, document = targets(made.record(ID, made.origin("0", POSITION), record(category)))
    assert index == "logs-{dataset}-{namespace}".format(**document["data_stream"])
    assert document["event"]["dataset"] == document["data_stream"]["dataset"]
    return document["data_stream"]["dataset"]


@pytest.mark.parametrize(
    ("category", "dataset"),
    [
        ("Audit", "aoai.logs"),
        ("RequestResponse", "aoai.logs"),
        ("Trace", "aoai.logs"),
        ("AzureOpenAIRequestUsage", "aoai.logs"),
        ("ManagedNetworkEvent", "aoai.logs"),
        ("GatewayLogs", "aoai.gateway"),
        ("GatewayLlmLogs", "aoai.gateway"),
        ("GatewayMCPLogs", "aoai.gateway"),
        ("AmlOnlineEndpointTrafficLog", "aoai.endpoints"),
        ("AmlOnlineEndpointConsoleLog", "aoai.endpoints"),
        ("AmlOnlineEndpointEventLog", "aoai.endpoints"),
    ],
)
@pytest.mark.parametrize("default", ["aoai.logs", "aoai.gateway", "aoai.endpoints"])
def test_a_category_goes_to_its_data_set_whatever_the_streams_own(category: str, dataset: str, default: str) -> None:
    assert sent_to(category, default) == dataset


@pytest.mark.parametrize("category", ["GATEWAYLOGS", "gatewaylogs", "gatewayLogs"])
def test_the_case_of_a_category_does_not_matter(category: str) -> None:
    assert sent_to(category) == "aoai.gateway"


@pytest.mark.parametrize("category", ["FunctionAppLogs", "", None, 7, ["GatewayLogs"]])
def test_every_other_record_stays_in_the_streams_own_data_set(category: object) -> None:
    assert sent_to(category, "aoai.gateway") == "aoai.gateway"


def test_a_stream_to_another_packages_data_set_is_left_alone() -> None:
    assert sent_to("GatewayLogs", "azure_openai.logs") == "azure_openai.logs"


def test_every_routed_data_set_has_a_template_and_a_pipeline() -> None:
    assert set(DATASET_OF.values()) == {dataset.name for dataset in LOG_DATASETS if dataset.has_pipeline}


def test_a_routed_record_keeps_tags_and_says_that_it_was_repaired() -> None:
    made = encoder("aoai.logs", "forwarded")
    _, document = targets(made.record(ID, made.origin("0", POSITION), record("GatewayLogs", repaired=True)))
    assert document["tags"] == ["forwarded", "repaired"]


def test_processors_see_the_data_set_that_a_record_goes_to() -> None:
    made = encoder()
    gateway = Equals(((("data_stream", "dataset"), "aoai.gateway"),))
    processing = RecordProcessing(made, [Processor(AddTags(("tags",), ("gateway",)), gateway, {})])
    origin = made.origin("0", POSITION)
    documents = [targets(processing.encode(ID, origin, record(each)) or b"") for each in ("GatewayLogs", "Audit")]
    assert [index for index, _ in documents] == ["logs-aoai.gateway-prod", "logs-aoai.logs-prod"]
    assert [document.get("tags") for _, document in documents] == [["gateway"], None]


def test_a_data_set_can_be_dropped_by_its_name() -> None:
    made = encoder()
    gateway = Equals(((("data_stream", "dataset"), "aoai.gateway"),))
    processing = RecordProcessing(made, [Processor(DropEvent(), gateway, {})])
    origin = made.origin("0", POSITION)
    assert processing.encode(ID, origin, record("GatewayLogs")) is None
    assert processing.encode(ID, origin, record("Audit")) is not None
