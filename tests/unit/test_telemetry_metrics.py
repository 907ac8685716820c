"""The table of numbers: its grammar, and that the page, the documents, the mapping and the docs follow from it."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from collector.assets.health_template import build_component_template
from collector.assets.sources import component_templates, templates
from collector.telemetry.counters import Counters
from collector.telemetry.documents import Identity, build_documents
from collector.telemetry.exposition import render
from collector.telemetry.metrics import SCOPES, WORKER, Kind, Metric, Scope
from collector.telemetry.reference import PAGE, render_page
from collector.telemetry.status import (
    DeadLetterStatus,
    GapStatus,
    OutputStatus,
    PartitionStatus,
    PollingStatus,
    ProcessStatus,
    Status,
    StreamStatus,
)

METRICS = [(scope, metric) for scope in SCOPES for metric in scope.metrics]
UNITS = {
    "bytes",
    "documents",
    "events",
    "items",
    "minutes",
    "partitions",
    "records",
    "requests",
    "resources",
    "seconds",
}
STATUSES: list[Status] = [
    ProcessStatus("1.2.3", 1000.0, 2.5, 4096),
    OutputStatus(
        "default",
        Counters(received=10, indexed=6, dead_lettered=1, in_flight=3),
        in_flight_bytes=300,
        in_flight_limit_bytes=1000,
        last_success_at=2000.5,
        healthy=True,
    ),
    DeadLetterStatus("default", 'odd "reason"\n', 1),
    StreamStatus("default", "logs", owned_partitions=4, last_success_at=None, healthy=False),
    PartitionStatus("default", "logs", "0", 3, 7, None, 0.5, 2, 1999.0, healthy=True),
    StreamStatus("default", "metrics", owned_partitions=None, last_success_at=1990.0, healthy=True),
    PollingStatus("default", "metrics", 6, 120.0, 30, 2, 1, 4),
    GapStatus("default", "metrics", "throttled", 5, 60, 7),
]


def leaves(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in document.items():
        found |= leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def documents() -> list[dict[str, Any]]:
    moment = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    return build_documents(STATUSES, Identity("host", "1.2.3", "start-1"), "default", moment)


@pytest.mark.parametrize(("scope", "metric"), METRICS, ids=lambda each: getattr(each, "name", None))
def test_a_name_says_unit_and_type(scope: Scope[Any], metric: Metric[Any]) -> None:
    name = re.fullmatch(r"(collector|process)(_[a-z]+)+?_(?P<unit>[a-z]+?)(?P<total>_total)?", metric.name)
    assert name is not None
    assert name["unit"] in UNITS | {"up"}
    assert (metric.kind is Kind.COUNTER) == bool(name["total"])
    assert metric.help.endswith(".")


def test_no_name_and_no_field_is_there_twice() -> None:
    assert len({metric.name for _, metric in METRICS}) == len(METRICS)
    assert len({metric.field for _, metric in METRICS}) == len(METRICS)


def test_labels_are_a_few_that_are_bounded() -> None:
    assert {label for scope in SCOPES for label in scope.labels} == {"output", "stream", "partition", "reason"}


def test_the_page_is_read_by_prometheus_own_readers_whatever_stands_in_a_label() -> None:
    plain, plain_type = render(STATUSES)
    families = {family.name: family for family in read_prometheus(plain.decode())}
    assert plain_type.startswith("text/plain; version=0.0.4")
    (sample,) = families["collector_dead_letter_reason_records"].samples
    assert (sample.labels["reason"], sample.value) == ('odd "reason"\n', 1)
    assert families["collector_received_records"].type == "counter"
    assert families["collector_in_flight_records"].type == "gauge"
    open_page, open_type = render(STATUSES, "application/openmetrics-text; version=1.0.0")
    assert open_type.startswith("application/openmetrics-text")
    assert {family.name for family in read_openmetrics(open_page.decode())} == families.keys()


def test_every_number_of_the_table_is_on_the_page() -> None:
    page = render(STATUSES)[0].decode()
    assert [metric.name for _, metric in METRICS if f"# HELP {metric.name} " not in page] == []


def test_what_is_not_known_is_on_no_page_and_in_no_document() -> None:
    page = render(STATUSES)[0].decode()
    assert "\ncollector_partition_lag_events{" in page
    assert "\ncollector_partition_checkpoint_lag_events{" not in page
    partition = next(each for each in documents() if each["metricset"]["name"] == "partition")
    assert "partition_checkpoint_lag" not in partition["aoai"]["collector"]


def test_documents_hold_the_numbers_of_the_page() -> None:
    output = next(each for each in documents() if each["metricset"]["name"] == "output")
    numbers = output["aoai"]["collector"]
    assert (numbers["received"], numbers["in_flight"]) == ({"records": 10, "events": 0}, {"records": 3, "bytes": 300})
    assert numbers["output"] == {"up": 1}
    assert output["labels"] == {"output": "default"}
    assert output["@timestamp"] == "2026-03-10T09:00:00.000Z"
    assert output["data_stream"] == {"type": "metrics", "dataset": "aoai.collector", "namespace": "default"}
    assert output["agent"]["ephemeral_id"] == "start-1"


def test_every_field_of_a_document_is_mapped() -> None:
    template: Any = build_component_template()
    text = str(leaves({"properties": template["template"]["mappings"]["properties"]}))
    mapped = {re.sub(r"properties\.", "", path).removesuffix(".type") for path in re.findall(r"'([^']+\.type)'", text)}
    sent = {field for document in documents() for field in leaves(document)}
    assert sent - mapped == set()
    assert {metric.field for _, metric in METRICS} <= mapped


def test_the_templates_are_installed_with_those_of_the_logs() -> None:
    assert "metrics-aoai.collector@package" in component_templates()
    assert templates()["metrics-aoai.collector"]["index_patterns"] == ["metrics-aoai.collector-*"]


def test_the_page_of_the_docs_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_page(), "run: python -m collector.telemetry.reference"


def test_alerts_name_numbers_that_exist() -> None:
    named = set(re.findall(r"collector_[a-z_]+[a-z]", PAGE.read_text(encoding="utf-8")))
    known = {metric.name for _, metric in METRICS} | {metric.name for metric in WORKER.metrics}
    assert named - known == set()
