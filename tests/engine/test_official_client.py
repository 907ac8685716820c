"""The official client talks to the engine unmodified."""

from collections.abc import Iterator

import pytest
from elasticsearch import AsyncElasticsearch, Elasticsearch, NotFoundError

from collector.engine.portability import is_embedded

pytestmark = pytest.mark.engine

TIME = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def stream(elasticsearch_client: Elasticsearch, engine_namespace: str) -> Iterator[str]:
    """A data stream that a composable template describes and the first write will create."""
    name = f"logs-enginetest-{engine_namespace}"
    properties = {"@timestamp": {"type": "date"}, "took": {"type": "long"}, "labels": {"type": "flattened"}}
    elasticsearch_client.indices.put_index_template(
        name=name,
        index_patterns=[name],
        data_stream={},
        priority=500,
        template={"mappings": {"dynamic": "strict", "properties": properties}},
    )
    yield name
    elasticsearch_client.indices.delete_data_stream(name=name)
    elasticsearch_client.indices.delete_index_template(name=name)


def _create(client: Elasticsearch, stream: str, documents: dict[str, dict]) -> list[int]:
    operations: list[dict] = []
    for identifier, fields in documents.items():
        operations += [{"create": {"_id": identifier}}, {"@timestamp": TIME, **fields}]
    answer = client.bulk(
        index=stream, operations=operations, refresh=True, require_data_stream=True, list_executed_pipelines=False
    )
    return [item["create"]["status"] for item in answer["items"]]


def test_a_created_document_is_201(elasticsearch_client: Elasticsearch, stream: str) -> None:
    assert _create(elasticsearch_client, stream, {"a": {"took": 1}}) == [201]


def test_a_document_that_is_there_is_409(elasticsearch_client: Elasticsearch, stream: str) -> None:
    _create(elasticsearch_client, stream, {"a": {"took": 1}})
    assert _create(elasticsearch_client, stream, {"a": {"took": 1}, "b": {"took": 1}}) == [409, 201]


def test_a_document_that_does_not_fit_the_mapping_is_400(elasticsearch_client: Elasticsearch, stream: str) -> None:
    assert _create(elasticsearch_client, stream, {"a": {"took": "long"}, "b": {"other": 1}}) == [400, 400]


def test_the_first_write_creates_the_data_stream_with_a_hidden_backing_index(
    elasticsearch_client: Elasticsearch, stream: str
) -> None:
    _create(elasticsearch_client, stream, {"a": {}})
    (found,) = elasticsearch_client.indices.get_data_stream(name=stream)["data_streams"]
    assert found["indices"][0]["index_name"].startswith(".ds-")


def test_a_document_is_found_by_its_id(elasticsearch_client: Elasticsearch, stream: str) -> None:
    _create(elasticsearch_client, stream, {"a": {"labels": {"team": "red"}}})
    found = elasticsearch_client.search(index=stream, query={"ids": {"values": ["a"]}})
    assert [hit["_source"] for hit in found["hits"]["hits"]] == [{"@timestamp": TIME, "labels": {"team": "red"}}]


def test_a_flattened_field_is_searched_by_its_keys(elasticsearch_client: Elasticsearch, stream: str) -> None:
    _create(elasticsearch_client, stream, {"a": {"labels": {"team": "red"}}, "b": {"labels": {"team": "blue"}}})
    found = elasticsearch_client.search(index=stream, query={"term": {"labels.team": "red"}})
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["a"]


def test_percentiles_come_from_the_values(elasticsearch_client: Elasticsearch, stream: str) -> None:
    _create(elasticsearch_client, stream, {str(n): {"took": n} for n in range(1, 102)})
    answer = elasticsearch_client.search(
        index=stream, size=0, aggs={"p": {"percentiles": {"field": "took", "percents": [50]}}}
    )
    assert answer["aggregations"]["p"]["values"] == {"50.0": pytest.approx(51)}


def test_a_missing_pipeline_is_an_error_of_the_client(elasticsearch_client: Elasticsearch) -> None:
    with pytest.raises(NotFoundError):
        elasticsearch_client.ingest.get_pipeline(id="not-there")


async def test_the_engine_says_that_it_is_embedded(engine_url: str, engine_is_embedded: bool) -> None:
    async with AsyncElasticsearch(engine_url) as client:
        assert await is_embedded(client) is engine_is_embedded


def test_every_answer_of_the_embedded_engine_names_it(
    elasticsearch_client: Elasticsearch, engine_is_embedded: bool
) -> None:
    headers = elasticsearch_client.cluster.health().meta.headers
    assert headers.get("x-aoai-engine") == ("embedded" if engine_is_embedded else None)


def test_it_claims_no_version_below_the_oldest_supported(elasticsearch_client: Elasticsearch) -> None:
    major, minor, _ = elasticsearch_client.info()["version"]["number"].split(".")
    assert (int(major), int(minor)) >= (8, 16)
