"""Every pipeline takes every record: its own data set's, another one's, another service's, an unknown one's."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from collector.assets.files import read_pipelines
from collector.delivery.routing import DATASET_OF

type Document = dict[str, Any]
type ProcessAll = Callable[[list[Document]], list[Document]]

engine = pytest.mark.engine

DATASETS = ("aoai.logs", "aoai.gateway", "aoai.endpoints")
PROVIDERS = {
    "aoai.logs": "MICROSOFT.COGNITIVESERVICES/ACCOUNTS/A",
    "aoai.gateway": "MICROSOFT.APIMANAGEMENT/SERVICE/A",
    "aoai.endpoints": "MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/A/ONLINEENDPOINTS/B",
}
FOREIGN = ("FunctionAppLogs", "KubeAudit", "Administrative", "AmlComputeClusterEvent", "GatewayLogs2", "日本語", "")


def record(category: str, provider: str | None) -> Document:
    made = {"category": category, "time": "2026-03-10T09:00:00Z", "properties": {"note": {"inner": [1, "two"]}}}
    return {**made, "resourceId": f"/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/{provider}"} if provider else made


def spellings(category: str) -> list[str]:
    return [category, category.lower(), category.upper(), category[0].lower() + category[1:]]


def open_ai_of(made: list[Document]) -> list[Document]:
    return [document["azure"]["open_ai"] for document in made]


def test_the_pipelines_know_the_categories_that_the_collector_routes() -> None:
    (script,) = (each["script"] for each in read_pipelines()["shared", "envelope"]["processors"] if "script" in each)  # type: ignore[union-attr]
    known = {category for kinds in script["params"]["kinds"].values() for category in kinds}
    assert known == {category.lower() for category in DATASET_OF}


@engine
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_category_is_known_in_every_data_set_in_every_case(
    dataset: str, as_collected: Callable[..., Document], process_all: ProcessAll
) -> None:
    sent = [
        record(spelled, provider)
        for category, home in DATASET_OF.items()
        for spelled in spellings(category)
        for provider in (PROVIDERS[home], None)
    ]
    made = open_ai_of(process_all([as_collected(json.dumps(each), dataset) for each in sent]))
    assert [each["category"] for each in made] == [each["category"] for each in sent]
    assert {each["category_known"] for each in made} == {True}
    assert [each["raw"] for each in made] == [{"properties": {"note": {"inner": [1, "two"]}}}] * len(sent)


@engine
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_foreign_category_is_kept_and_no_request(
    dataset: str, as_collected: Callable[..., Document], process_all: ProcessAll
) -> None:
    homeless = [record(category, provider) for category in FOREIGN for provider in (*PROVIDERS.values(), None)]
    strangers = [
        record(category, provider)
        for category, home in DATASET_OF.items()
        for provider in PROVIDERS.values()
        if provider != PROVIDERS[home]
    ]
    sent = [*homeless, *strangers]
    made = process_all([as_collected(json.dumps(each), dataset) for each in sent])
    assert {document["event"]["kind"] for document in made} == {"event"}
    assert {document["data_stream"]["dataset"] for document in made} == {dataset}
    assert [each.get("category", "") for each in open_ai_of(made)] == [each["category"] for each in sent]
    assert {each["category_known"] for each in open_ai_of(made)} == {False}
    assert not [each for each in open_ai_of(made) if "request_counted" in each]
    assert [each["raw"]["properties"] for each in open_ai_of(made)] == [each["properties"] for each in sent]


@engine
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_request_counts_in_its_own_data_set_only(
    dataset: str, as_collected: Callable[..., Document], process_all: ProcessAll
) -> None:
    sent = [record(category, PROVIDERS[home]) for category, home in DATASET_OF.items()]
    made = open_ai_of(process_all([as_collected(json.dumps(each), dataset) for each in sent]))
    counted = [each["category"] for each in made if "request_counted" in each]
    assert {DATASET_OF[category] for category in counted} == {dataset}


@engine
def test_foreign_records_can_be_counted_by_category(
    as_collected: Callable[..., Document],
    send: Callable[..., list[Document]],
    elasticsearch_client: Elasticsearch,
    logs_pipeline: str,
    engine_namespace: str,
) -> None:
    categories = ["FunctionAppLogs"] * 3 + ["KubeAudit"] * 2 + ["Audit", "RequestResponse"]
    send([as_collected(json.dumps(record(category, None))) for category in categories], engine_namespace)
    answer = elasticsearch_client.search(
        index=f"logs-aoai.logs-{engine_namespace}",
        size=0,
        query={"term": {"azure.open_ai.category_known": False}},
        aggs={"categories": {"terms": {"field": "azure.open_ai.category"}}},
    )
    buckets = {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["categories"]["buckets"]}
    assert buckets == Counter(categories[:5])
