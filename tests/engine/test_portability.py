"""What the engine refuses is taken out, and only that; the results are what the engine accepts."""

import copy

import pytest
from elasticsearch import Elasticsearch

from collector.engine.portability import adapt_pipeline, adapt_template

TEMPLATE = {
    "index_patterns": ["logs-example-*"],
    "composed_of": ["present", "example@custom"],
    "ignore_missing_component_templates": ["example@custom"],
    "allow_auto_create": True,
    "deprecated": False,
    "priority": 200,
    "_meta": {"managed_by": "test"},
    "data_stream": {"hidden": False, "failure_store": False},
    "template": {
        "lifecycle": {"data_retention": "30d"},
        "data_stream_options": {"failure_store": {"enabled": True}},
        "settings": {
            "index": {
                "mode": "time_series",
                "routing_path": ["a"],
                "lifecycle": {"name": "logs"},
                "codec": "best_compression",
                "number_of_replicas": 1,
                "mapping": {"total_fields": {"limit": 2000, "ignore_dynamic_beyond_limit": True}},
            }
        },
        "mappings": {
            "dynamic": "runtime",
            "subobjects": False,
            "_source": {"mode": "synthetic"},
            "runtime": {"r": {"type": "keyword"}},
            "dynamic_templates": [
                {"strings": {"match_mapping_type": "string", "mapping": {"type": "keyword", "ignore_above": 1024}}},
                {"later": {"match_mapping_type": "long", "runtime": {"type": "long"}}},
            ],
            "properties": {
                "@timestamp": {"type": "date"},
                "a": {"type": "keyword", "time_series_dimension": True, "ignore_above": 1024},
                "b": {"type": "long", "time_series_metric": "gauge"},
                "c": {"type": "constant_keyword"},
                "d": {"type": "constant_keyword", "value": "x"},
                "e": {"type": "flattened", "ignore_above": 100, "depth_limit": 5},
                "f": {"type": "histogram"},
                "g": {"properties": {"h": {"type": "ip", "time_series_dimension": True}}},
                "i": {"type": "object", "subobjects": False, "dynamic": True},
                "j": {"type": "boolean", "ignore_malformed": True},
                "k": {"type": "passthrough", "priority": 10, "properties": {"l": {"type": "keyword"}}},
                "m": {"type": "keyword", "script": {"source": "emit('x')"}},
            },
        },
    },
}


@pytest.fixture
def adapted() -> dict:
    return adapt_template(TEMPLATE)


def test_a_template_is_not_changed_in_place() -> None:
    before = copy.deepcopy(TEMPLATE)
    adapt_template(TEMPLATE)
    assert before == TEMPLATE


def test_what_decides_where_a_template_applies_stays(adapted: dict) -> None:
    kept = {key: adapted[key] for key in ("index_patterns", "priority", "_meta", "data_stream")}
    assert kept == {
        "index_patterns": ["logs-example-*"],
        "priority": 200,
        "_meta": {"managed_by": "test"},
        "data_stream": {"hidden": False},
    }


def test_component_templates_that_may_be_missing_are_left_out(adapted: dict) -> None:
    assert adapted["composed_of"] == ["present"]


def test_settings_of_storage_and_retention_go_and_others_stay(adapted: dict) -> None:
    assert adapted["template"]["settings"] == {
        "index.codec": "best_compression",
        "index.mapping.total_fields.limit": 2000,
    }


def test_settings_are_recognised_however_they_are_nested() -> None:
    body = {
        "template": {"settings": {"index.lifecycle.name": "x", "lifecycle": {"name": "y"}, "refresh_interval": "5s"}}
    }
    assert adapt_template(body)["template"]["settings"] == {"index.refresh_interval": "5s"}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("a", {"type": "keyword", "ignore_above": 1024}),
        ("b", {"type": "long"}),
        ("c", {"type": "keyword"}),
        ("d", {"type": "constant_keyword", "value": "x"}),
        ("e", {"type": "flattened"}),
        ("f", {"type": "object", "enabled": False}),
        ("g", {"properties": {"h": {"type": "ip"}}}),
        ("i", {"type": "object", "dynamic": True}),
        ("j", {"type": "boolean"}),
        ("k", {"type": "object", "properties": {"l": {"type": "keyword"}}}),
        ("m", {"type": "keyword"}),
    ],
)
def test_a_field_keeps_what_decides_how_it_is_found(adapted: dict, field: str, expected: dict) -> None:
    assert adapted["template"]["mappings"]["properties"][field] == expected


def test_a_field_may_bear_the_name_of_a_refused_key() -> None:
    properties = {"lifecycle": {"type": "keyword"}, "script": {"properties": {"runtime": {"type": "keyword"}}}}
    body = {"template": {"mappings": {"properties": properties}}}
    assert adapt_template(body) == body


def test_dynamic_templates_that_make_runtime_fields_go(adapted: dict) -> None:
    assert [next(iter(rule)) for rule in adapted["template"]["mappings"]["dynamic_templates"]] == ["strings"]


def test_a_plain_template_stays_as_it_is() -> None:
    body = {"index_patterns": ["a-*"], "template": {"mappings": {"properties": {"a": {"type": "long"}}}}}
    assert adapt_template(body) == body


def test_a_component_template_is_adapted_alike() -> None:
    body = {"template": {"settings": {"index.lifecycle.name": "x"}, "lifecycle": {}}, "version": 3}
    assert adapt_template(body) == {"template": {"settings": {}}, "version": 3}


def test_a_pipeline_loses_its_bookkeeping_only() -> None:
    pipeline = {"description": "d", "version": 2, "processors": [{"set": {"field": "_meta", "value": 1}}]}
    assert adapt_pipeline({**pipeline, "_meta": {"by": "test"}, "deprecated": False}) == pipeline


@pytest.mark.engine
def test_the_engine_takes_an_adapted_template_and_makes_a_stream_of_it(
    elasticsearch_client: Elasticsearch, engine_namespace: str, engine_is_embedded: bool
) -> None:
    if not engine_is_embedded:
        pytest.skip("only the embedded engine needs adapted templates")
    name = f"logs-example-{engine_namespace}"
    body = {**adapt_template(TEMPLATE), "index_patterns": [name], "composed_of": []}
    elasticsearch_client.indices.put_index_template(name=name, **body)
    elasticsearch_client.indices.create_data_stream(name=name)
    assert elasticsearch_client.cluster.health(index=name, wait_for_status="green", timeout="20s")["status"] == "green"
    elasticsearch_client.indices.delete_data_stream(name=name)
    elasticsearch_client.indices.delete_index_template(name=name)


@pytest.mark.engine
def test_the_engine_takes_an_adapted_pipeline(elasticsearch_client: Elasticsearch, engine_namespace: str) -> None:
    name = f"engine-test-{engine_namespace}"
    pipeline = {"_meta": {"by": "test"}, "deprecated": False, "processors": [{"set": {"field": "a", "value": 1}}]}
    elasticsearch_client.ingest.put_pipeline(id=name, **adapt_pipeline(pipeline))
    assert elasticsearch_client.ingest.get_pipeline(id=name)[name]["processors"] == pipeline["processors"]
    elasticsearch_client.ingest.delete_pipeline(id=name)
