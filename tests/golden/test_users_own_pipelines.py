"""What a user puts into pipelines of their own happens to documents, and nothing of ours has to be edited for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from collector.assets.hooks import PRICES_PIPELINE, custom_pipeline
from collector.assets.templates import pipeline_id

pytestmark = pytest.mark.engine

METRICS = "metrics-aoai.metrics"


@contextmanager
def own_pipeline(client: Elasticsearch, name: str, processor: dict[str, Any]) -> Iterator[None]:
    client.ingest.put_pipeline(id=name, processors=[processor])
    try:
        yield
    finally:
        client.ingest.delete_pipeline(id=name)


def ingest(client: Elasticsearch, dataset: str, source: dict[str, Any]) -> dict[str, Any]:
    """The document that the installed pipeline makes."""
    (doc,) = client.ingest.simulate(id=pipeline_id(dataset), docs=[{"_source": source}])["docs"]
    return doc["doc"]["_source"]


def minute_of_tokens() -> dict[str, Any]:
    """A minute of a deployment as the collector's poller writes it, with a million tokens of prompts."""
    return {
        "@timestamp": "2026-11-21T10:00:00.000Z",
        "event": {"module": "azure", "dataset": "aoai.metrics"},
        "data_stream": {"type": "metrics", "dataset": "aoai.metrics", "namespace": "default"},
        "azure": {
            "namespace": "Microsoft.CognitiveServices/accounts",
            "dimensions": {"model_name": "gpt-4o", "model_version": "2024-11-20", "model_deployment_name": "chat"},
            "metrics": {"processed_prompt_tokens": {"total": 1_000_000}},
        },
    }


@pytest.mark.usefixtures("logs_pipeline")
def test_the_budget_of_a_day_is_on_each_priced_minute(elasticsearch_client: Elasticsearch) -> None:
    prices = {"set": {"field": "_tmp.prices", "value": {"daily_budget": 120, "currency": "EUR"}}}
    with own_pipeline(elasticsearch_client, PRICES_PIPELINE, prices):
        cost = ingest(elasticsearch_client, METRICS, minute_of_tokens())["azure"]["open_ai"]["cost"]
    assert (cost["daily_budget"], cost["currency"], cost["total"]) == (120, "EUR", 2.5)


@pytest.mark.usefixtures("logs_pipeline")
def test_the_price_of_a_units_hour_is_on_each_minute_of_a_provisioned_deployment(
    elasticsearch_client: Elasticsearch,
) -> None:
    prices = {"set": {"field": "_tmp.prices", "value": {"unit_hour": 1.25, "daily_budget": 120}}}
    minute = minute_of_tokens()
    minute["azure"]["deployment"] = {"name": "chat", "sku": {"name": "ProvisionedManaged", "capacity": 50}}
    with own_pipeline(elasticsearch_client, PRICES_PIPELINE, prices):
        hourly = ingest(elasticsearch_client, METRICS, minute)["azure"]["open_ai"]["cost"]
        by_token = ingest(elasticsearch_client, METRICS, minute_of_tokens())["azure"]["open_ai"]["cost"]
    assert (hourly["unit_hour"], hourly["pay_as_you_go"]) == (1.25, 2.5)
    assert "daily_budget" not in hourly
    assert "unit_hour" not in by_token


@pytest.mark.usefixtures("logs_pipeline")
@pytest.mark.parametrize("prices", [{}, {"daily_budget": "plenty"}, {"daily_budget": None}], ids=str)
def test_without_a_budget_there_is_none(elasticsearch_client: Elasticsearch, prices: dict[str, Any]) -> None:
    with own_pipeline(elasticsearch_client, PRICES_PIPELINE, {"set": {"field": "_tmp.prices", "value": prices}}):
        cost = ingest(elasticsearch_client, METRICS, minute_of_tokens())["azure"]["open_ai"]["cost"]
    assert "daily_budget" not in cost
    assert cost["total"] == 2.5


@pytest.mark.usefixtures("logs_pipeline")
def test_the_pipeline_of_a_data_set_still_sees_the_original(elasticsearch_client: Elasticsearch) -> None:
    mark = {"set": {"field": "labels.seen", "copy_from": "event.original"}}
    with own_pipeline(elasticsearch_client, custom_pipeline("aoai.logs"), mark):
        document = ingest(elasticsearch_client, "aoai.logs", {"message": '{"category":"Audit"}'})
    assert document["labels"]["seen"] == '{"category":"Audit"}'
    assert "original" not in document["event"]
