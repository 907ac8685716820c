"""Conformance tables: what Elasticsearch's reference says of each processor option that the shim adds.

They run on a real Elasticsearch as well, which is what proves the tables.
"""

from collections.abc import Iterator

import pytest
from elasticsearch import BadRequestError, Elasticsearch
from plugins.simulation import Simulation, SimulationError

pytestmark = pytest.mark.engine

SET = [
    ("copies a string", {"copy_from": "a"}, {"a": "x"}, {"a": "x", "t": "x"}),
    ("copies a number", {"copy_from": "a"}, {"a": 1.5}, {"a": 1.5, "t": 1.5}),
    ("copies a boolean", {"copy_from": "a"}, {"a": False}, {"a": False, "t": False}),
    ("copies a list", {"copy_from": "a"}, {"a": [1, 2]}, {"a": [1, 2], "t": [1, 2]}),
    ("copies an object", {"copy_from": "a"}, {"a": {"b": 1}}, {"a": {"b": 1}, "t": {"b": 1}}),
    ("copies from inside", {"copy_from": "a.b"}, {"a": {"b": 1}}, {"a": {"b": 1}, "t": 1}),
    ("overrides by default", {"copy_from": "a"}, {"a": 1, "t": 0}, {"a": 1, "t": 1}),
    ("keeps what is there", {"copy_from": "a", "override": False}, {"a": 1, "t": 0}, {"a": 1, "t": 0}),
    ("null counts as absent", {"copy_from": "a", "override": False}, {"a": 1, "t": None}, {"a": 1, "t": 1}),
    ("ignores an absent origin", {"copy_from": "a", "ignore_empty_value": True}, {"t": 0}, {"t": 0}),
    ("ignores a null origin", {"copy_from": "a", "ignore_empty_value": True}, {"a": None}, {"a": None}),
    ("ignores an empty origin", {"copy_from": "a", "ignore_empty_value": True}, {"a": ""}, {"a": ""}),
    ("copies null otherwise", {"copy_from": "a"}, {"a": None}, {"a": None, "t": None}),
    ("plain text is not escaped", {"value": "{{a}}", "media_type": "text/plain"}, {"a": 'q"'}, {"a": 'q"', "t": 'q"'}),
    (
        "JSON is escaped",
        {"value": "{{a}}", "media_type": "application/json"},
        {"a": 'q"'},
        {"a": 'q"', "t": 'q\\"'},
    ),
    (
        "a form value is encoded",
        {"value": "{{a}}", "media_type": "application/x-www-form-urlencoded"},
        {"a": "b c&d"},
        {"a": "b c&d", "t": "b+c%26d"},
    ),
]

KEEP = [
    ("one field", "a", {"a": 1, "b": 2}, {"a": 1}),
    ("a list of fields", ["a", "b"], {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2}),
    ("an object whole", ["a"], {"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1, "c": 2}}),
    ("a field inside", ["a.b"], {"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1}}),
    ("a field deep inside", ["a.b.c"], {"a": {"b": {"c": 1, "d": 2}, "e": 3}}, {"a": {"b": {"c": 1}}}),
    ("not what begins alike", ["ab"], {"ab": 1, "abc": 2, "a": 3}, {"ab": 1}),
    ("a template", ["{{name}}", "name"], {"name": "a", "a": 1, "b": 2}, {"name": "a", "a": 1}),
    ("an absent field", ["x"], {"a": 1}, {}),
]

GROK = [
    ("disabled", "disabled"),
    ("v1", "v1"),
]


@pytest.mark.parametrize(("options", "source", "expected"), [row[1:] for row in SET], ids=[row[0] for row in SET])
def test_set(simulation: Simulation, options: dict, source: dict, expected: dict) -> None:
    assert simulation.run([{"set": {"field": "t", **options}}], source) == expected


def test_set_gives_the_copy_a_life_of_its_own(simulation: Simulation) -> None:
    processors = [{"set": {"field": "t", "copy_from": "a"}}, {"set": {"field": "t.b", "value": 2}}]
    assert simulation.run(processors, {"a": {"b": 1}}) == {"a": {"b": 1}, "t": {"b": 2}}


def test_set_names_the_target_by_a_template(simulation: Simulation) -> None:
    processors = [{"set": {"field": "{{name}}", "copy_from": "a"}}]
    assert simulation.run(processors, {"name": "t", "a": 1}) == {"name": "t", "a": 1, "t": 1}


def test_set_fails_when_the_origin_is_absent(simulation: Simulation) -> None:
    with pytest.raises(SimulationError, match=r"field \[a\] not present"):
        simulation.run([{"set": {"field": "t", "copy_from": "a"}}], {})


def test_set_takes_either_a_value_or_an_origin(simulation: Simulation) -> None:
    with pytest.raises(BadRequestError, match="cannot set both `copy_from` and `value`"):
        simulation.run([{"set": {"field": "t", "copy_from": "a", "value": 1}}], {"a": 1})


@pytest.mark.parametrize(("keep", "source", "expected"), [row[1:] for row in KEEP], ids=[row[0] for row in KEEP])
def test_remove_keeps_only(simulation: Simulation, keep: str | list[str], source: dict, expected: dict) -> None:
    assert simulation.run([{"remove": {"keep": keep}}], source) == expected


def test_remove_takes_either_a_field_or_what_to_keep(simulation: Simulation) -> None:
    with pytest.raises(BadRequestError):
        simulation.run([{"remove": {"field": "a", "keep": "b"}}], {"a": 1})


@pytest.mark.parametrize("mode", [row[1] for row in GROK], ids=[row[0] for row in GROK])
def test_grok_takes_the_names_of_its_own_captures(simulation: Simulation, mode: str) -> None:
    processors = [{"grok": {"field": "a", "patterns": ["%{WORD:w} %{NUMBER:n:int}"], "ecs_compatibility": mode}}]
    assert simulation.run(processors, {"a": "hi 3"}) == {"a": "hi 3", "w": "hi", "n": 3}


def test_grok_refuses_another_mode(simulation: Simulation) -> None:
    with pytest.raises(BadRequestError):
        simulation.run([{"grok": {"field": "a", "patterns": ["%{WORD:w}"], "ecs_compatibility": "v9"}}], {"a": "x"})


@pytest.fixture
def called(elasticsearch_client: Elasticsearch, engine_namespace: str) -> Iterator[str]:
    """A pipeline to call, which marks the document."""
    name = f"engine-test-called-{engine_namespace}"
    elasticsearch_client.ingest.put_pipeline(id=name, processors=[{"set": {"field": "called", "value": True}}])
    yield name
    elasticsearch_client.ingest.delete_pipeline(id=name)


@pytest.mark.parametrize("ignore_missing", [True, False])
def test_a_pipeline_that_is_there_is_called(simulation: Simulation, called: str, ignore_missing: bool) -> None:
    call = {"name": called, "ignore_missing_pipeline": ignore_missing}
    processors = [{"pipeline": call}, {"set": {"field": "after", "value": 1}}]
    assert simulation.run(processors, {}) == {"called": True, "after": 1}


def test_a_pipeline_is_named_by_a_template(simulation: Simulation, called: str) -> None:
    processors = [{"pipeline": {"name": "{{n}}", "ignore_missing_pipeline": True}}]
    assert simulation.run(processors, {"n": called}) == {"n": called, "called": True}


def test_a_missing_pipeline_can_be_ignored(simulation: Simulation) -> None:
    processors = [
        {"pipeline": {"name": "no-such-pipeline", "ignore_missing_pipeline": True}},
        {"set": {"field": "after", "value": 1}},
    ]
    assert simulation.run(processors, {}) == {"after": 1}


@pytest.mark.parametrize("options", [{}, {"ignore_missing_pipeline": False}], ids=str)
def test_a_missing_pipeline_fails_otherwise(simulation: Simulation, options: dict) -> None:
    with pytest.raises(SimulationError, match=r"non-existent pipeline \[no-such-pipeline\]"):
        simulation.run([{"pipeline": {"name": "no-such-pipeline", **options}}], {})


def test_a_failure_inside_an_optional_pipeline_is_one_of_the_caller(
    simulation: Simulation, elasticsearch_client: Elasticsearch, called: str
) -> None:
    elasticsearch_client.ingest.put_pipeline(id=called, processors=[{"fail": {"message": "no"}}])
    call = {"name": called, "ignore_missing_pipeline": True}
    with pytest.raises(SimulationError, match="no"):
        simulation.run([{"pipeline": call}], {})
    assert simulation.run([{"pipeline": {**call, "ignore_failure": True}}], {"a": 1}) == {"a": 1}


def test_a_failure_names_processor_tag_and_pipeline(elasticsearch_client: Elasticsearch, engine_namespace: str) -> None:
    message = "{{{_ingest.on_failure_processor_type}}} {{{_ingest.on_failure_processor_tag}}} {{{_ingest.pipeline}}}"
    name = f"engine-test-{engine_namespace}"
    elasticsearch_client.ingest.put_pipeline(
        id=name,
        processors=[{"fail": {"tag": "fail_always", "message": "no"}}],
        on_failure=[{"set": {"field": "error.message", "value": message}}],
    )
    answer = elasticsearch_client.ingest.simulate(id=name, docs=[{"_source": {}}])
    elasticsearch_client.ingest.delete_pipeline(id=name)
    assert answer["docs"][0]["doc"]["_source"] == {"error": {"message": f"fail fail_always {name}"}}


def test_what_a_script_changed_before_it_failed_stays_changed(simulation: Simulation) -> None:
    failing = {"source": "ctx.a = params.new; ctx.b.missing.value = 1", "params": {"new": 2}, "ignore_failure": True}
    assert simulation.run([{"script": failing}], {"a": 1}) == {"a": 2}


def test_a_document_that_a_script_makes_hold_itself_is_refused(simulation: Simulation) -> None:
    with pytest.raises(SimulationError, match="self-referencing"):
        simulation.run([{"script": {"source": "ctx.a.b = ctx.a"}}], {"a": {}})


def test_a_script_that_does_not_compile_is_refused(simulation: Simulation) -> None:
    with pytest.raises(BadRequestError, match="compile error"):
        simulation.run([{"script": {"source": "ctx.a ="}}], {})
