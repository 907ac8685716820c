"""[Azure OpenAI] Overview counts requests once, of our documents and of those that Elastic's azure_openai package made.

The documents are written here as the two packages write them: Elastic's have a status only as Azure's text, and neither
a class of failure nor a word on whether they count.
"""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from collector.assets.panels.filters import select
from collector.assets.panels.model import Dashboard, PanelTable, TimeRange
from collector.assets.panels.reading import load_dashboards
from collector.assets.panels.running import run_panel

type Doc = dict[str, Any]

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
HOUR = TimeRange(START, START + timedelta(hours=1))
LONGS = ("http.response.status_code", "event.duration")


def ours(status: int, failure: str | None = None) -> Doc:
    """A document of a call as our pipelines leave it."""
    return {
        "data_stream.dataset": "aoai.logs",
        "azure.open_ai.category": "RequestResponse",
        "azure.open_ai.request_counted": True,
        "azure.open_ai.result_signature": str(status),
        "azure.open_ai.properties.model_deployment_name": "ours",
        "azure.open_ai.failure.class": failure,
        "azure.resource.name": "left",
        "http.response.status_code": status,
        "event.duration": 100_000_000,
    }


def elastics(status: int) -> Doc:
    """A document of a call as Elastic's pipelines leave it."""
    return {
        "data_stream.dataset": "azure_openai.logs",
        "azure.open_ai.category": "RequestResponse",
        "azure.open_ai.result_signature": str(status),
        "azure.open_ai.properties.model_deployment_name": "elastics",
        "azure.resource.name": "right",
        "event.duration": 300_000_000,
    }


COUNTED = [
    *[ours(200)] * 5,
    ours(429, "throttled"),
    ours(400, "client"),
    ours(401, "auth"),
    ours(503, "server"),
    # Our pipeline found what the status alone does not tell.
    ours(400, "content_filter"),
    ours(424, "server"),
    *[elastics(200)] * 4,
    elastics(429),
    elastics(403),
    elastics(404),
    *[elastics(500)] * 2,
]
NOT_COUNTED = [
    ours(200) | {"azure.open_ai.request_counted": False},
    ours(200) | {"azure.open_ai.category": "Audit", "azure.open_ai.request_counted": None},
    ours(200) | {"data_stream.dataset": "aoai.gateway", "azure.open_ai.category": "GatewayLogs"},
    elastics(200) | {"azure.open_ai.category": "Audit"},
    elastics(200) | {"azure.open_ai.category": "GatewayLogs"},
    elastics(200) | {"data_stream.dataset": "azure.activitylogs"},
]


@pytest.fixture(scope="module")
def overview(elasticsearch_client: Elasticsearch) -> Iterator[Dashboard]:
    """Overview, reading an index with the documents of this test."""
    name = f"overview-{uuid.uuid4().hex}"
    documents = [
        {"@timestamp": (START + timedelta(minutes=place + 1)).isoformat(), **doc}
        for place, doc in enumerate([*COUNTED, *NOT_COUNTED])
    ]
    fields = {field for doc in documents for field in doc} - {"@timestamp"}
    properties = {field: {"type": "long" if field in LONGS else "keyword"} for field in fields}
    mappings = {"properties": {**properties, "@timestamp": {"type": "date"}}}
    mappings["properties"]["azure.open_ai.request_counted"] = {"type": "boolean"}
    elasticsearch_client.indices.create(index=name, mappings=mappings)
    bulk(elasticsearch_client, ({"_index": name, "_source": doc} for doc in documents), refresh=True)
    (dashboard,) = [dashboard for dashboard in load_dashboards() if dashboard.id == "aoai-overview"]
    panels = tuple(
        replace(panel, layers=tuple(replace(layer, index=name) for layer in panel.layers)) for panel in dashboard.panels
    )
    yield replace(dashboard, panels=panels)
    elasticsearch_client.indices.delete(index=name)


def show(client: Elasticsearch, overview: Dashboard, name: str, **options: Any) -> PanelTable:
    (panel,) = [panel for panel in overview.panels if panel.id == name]
    return run_panel(client, overview, panel, HOUR, **options)


def test_requests_of_both_are_counted_once(elasticsearch_client: Elasticsearch, overview: Dashboard) -> None:
    ((requests, before),) = show(elasticsearch_client, overview, "requests").rows

    assert (requests, before) == (len(COUNTED), 0)


def test_errors_of_both_are_in_the_error_rate(elasticsearch_client: Elasticsearch, overview: Dashboard) -> None:
    assert show(elasticsearch_client, overview, "error-rate").rows == ((pytest.approx(11 / 20),),)


def test_throttled_requests_of_both_are_counted(elasticsearch_client: Elasticsearch, overview: Dashboard) -> None:
    assert show(elasticsearch_client, overview, "throttled").rows == ((2,),)


def test_each_error_of_both_is_in_one_class(elasticsearch_client: Elasticsearch, overview: Dashboard) -> None:
    rows = show(elasticsearch_client, overview, "errors-by-class").rows
    counts: dict[object, int] = {}
    for _, label, count, _ in rows:
        counts[label] = counts.get(label, 0) + (count if isinstance(count, int) else 0)

    assert {label: count for label, count in counts.items() if label is not None} == {
        "Throttled (429)": 2,
        "Server error (5xx)": 4,
        "Sign-in (401, 403)": 2,
        "Other client error (4xx)": 3,
    }


def test_deployments_of_both_have_their_latencies(elasticsearch_client: Elasticsearch, overview: Dashboard) -> None:
    rows = show(elasticsearch_client, overview, "deployments").rows

    assert [(name, count, p95) for name, count, _, _, p95, _ in rows] == [("ours", 11, 100), ("elastics", 9, 300)]


def test_a_control_narrows_the_documents_of_both(elasticsearch_client: Elasticsearch, overview: Dashboard) -> None:
    (resource,) = [control for control in overview.controls if control.title == "Resource"]

    ((requests, _),) = show(elasticsearch_client, overview, "requests", filters=[select(resource, ["right"])]).rows

    assert requests == 9
