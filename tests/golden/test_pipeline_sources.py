"""Rules that every pipeline source keeps, so that it runs everywhere and can be built into an Elastic package."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from collector.assets.files import read_functions, read_pipelines, sources_root
from collector.assets.pipelines import pipelines_of
from collector.assets.sources import pipelines
from collector.assets.templates import DATASETS, Dataset, pipeline_id

type Processor = tuple[str, dict[str, Any]]

SOURCES = read_pipelines()

PORTABLE = {
    *("append", "convert", "date", "dissect", "drop", "fail", "fingerprint", "foreach", "grok", "gsub", "json"),
    *("lowercase", "pipeline", "remove", "rename", "script", "set", "split", "trim", "uppercase", "user_agent"),
}
"""Processors that Elasticsearch 8.16, 9.x and the embedded engine have alike."""

LONGEST_FUNCTION = 80
"""Lines."""
CALLED = 2
"""Its definition and a call."""

ERROR_MESSAGE_PARTS = (
    "_ingest.on_failure_processor_type",
    "_ingest.on_failure_processor_tag",
    "_ingest.on_failure_message",
    "_ingest.pipeline",
)


def walk(processors: list[dict[str, Any]]) -> Iterator[Processor]:
    for processor in processors:
        ((kind, parameters),) = processor.items()
        yield kind, parameters
        yield from walk(parameters.get("on_failure", []))


def all_processors(source: dict[str, Any]) -> list[Processor]:
    return [*walk(source["processors"]), *walk(source["on_failure"])]


@pytest.fixture(params=sorted(SOURCES), ids=".".join)
def source(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SOURCES[request.param]


def test_every_data_set_that_passes_a_pipeline_has_one() -> None:
    for dataset in DATASETS:
        assert (pipeline_id(dataset.name) in pipelines()) is dataset.has_pipeline


def test_every_processor_has_a_tag_of_its_own(source: dict[str, Any]) -> None:
    tags = Counter(parameters.get("tag") for _, parameters in all_processors(source))
    assert None not in tags
    assert max(tags.values()) == 1


def test_a_tag_is_the_processors_verb_and_a_field(source: dict[str, Any]) -> None:
    for kind, parameters in all_processors(source):
        assert re.fullmatch(rf"{kind}_[a-z][a-z_]*", parameters["tag"])


def test_only_processors_that_every_engine_has_are_used(source: dict[str, Any]) -> None:
    assert {kind for kind, _ in all_processors(source)} <= PORTABLE


def test_the_condition_stands_before_the_parameters(source: dict[str, Any]) -> None:
    for _, parameters in all_processors(source):
        keys = [key for key in parameters if key not in {"tag", "description"}]
        assert "if" not in keys[1:]


def test_a_failure_marks_the_document_as_a_pipeline_error(source: dict[str, Any]) -> None:
    handler = [
        (kind, parameters.get("field"), parameters.get("value")) for kind, parameters in walk(source["on_failure"])
    ]
    assert ("set", "event.kind", "pipeline_error") in handler


def test_a_failure_message_names_processor_tag_reason_and_pipeline(source: dict[str, Any]) -> None:
    (message,) = (p["value"] for _, p in walk(source["on_failure"]) if p.get("field") == "error.message")
    assert all(part in message for part in ERROR_MESSAGE_PARTS)


def test_all_failure_handlers_begin_alike() -> None:
    first, *others = [source["on_failure"][:3] for source in SOURCES.values()]
    assert all(other == first for other in others)


def test_the_message_becomes_the_original_only_when_there_is_none() -> None:
    processors = list(walk(SOURCES["shared", "parse"]["processors"]))
    (index,) = (i for i, (kind, p) in enumerate(processors) if (kind, p.get("field")) == ("rename", "message"))
    rename, (kind, remove) = processors[index][1], processors[index + 1]
    assert (rename["target_field"], rename["if"]) == ("event.original", "ctx.event?.original == null")
    assert (kind, remove["field"], remove["if"]) == ("remove", "message", "ctx.event?.original != null")
    assert remove["ignore_missing"] is True


def test_every_shared_pipeline_is_called_by_some_data_set() -> None:
    called = {stem for dataset in DATASETS if dataset.has_pipeline for stem in pipelines_of(dataset.name)}
    assert {stem for folder, stem in SOURCES if folder == "shared"} <= called


def test_a_pipeline_stands_before_the_one_that_calls_it() -> None:
    ids = list(pipelines())
    for place, body in enumerate(pipelines().values()):
        for kind, parameters in walk(body["processors"]):  # type: ignore[arg-type]
            theirs = parameters.get("ignore_missing_pipeline", False)
            assert kind != "pipeline" or theirs or ids.index(parameters["name"]) < place


def functions() -> list[tuple[str, str]]:
    """The functions of the scripts by name, with their sources."""
    blocks = read_functions().split("\n\n")
    found = [(re.search(r"^\w+(?:\[\])? (\w+)\(", block, re.MULTILINE), block) for block in blocks]
    return [(match[1], block) for match, block in found if match]


def test_a_function_of_the_scripts_has_a_name_of_its_own_and_is_short() -> None:
    assert [name for name, number in Counter(name for name, _ in functions()).items() if number > 1] == []
    assert [name for name, block in functions() if block.count("\n") > LONGEST_FUNCTION] == []


def test_every_function_of_the_scripts_is_called() -> None:
    scripts = [parameters.get("source", "") for body in SOURCES.values() for _, parameters in all_processors(body)]
    texts = "\n".join([*scripts, *(block for _, block in functions())])
    assert [name for name, _ in functions() if len(re.findall(rf"\b{name}\(", texts)) < CALLED] == []


def test_a_source_is_a_yaml_document_of_its_own() -> None:
    for path in (sources_root() / "ingest-pipelines").glob("*/*.yml"):
        assert path.read_text().startswith("---\n")


@pytest.mark.parametrize("dataset", [dataset for dataset in DATASETS if dataset.has_pipeline])
def test_the_users_own_pipeline_runs_before_the_original_is_removed(dataset: Dataset) -> None:
    body = pipelines()[pipeline_id(dataset.name)]
    processors = [parameters for _, parameters in walk(body["processors"])]  # type: ignore[arg-type]
    assert [parameters["tag"] for parameters in processors[-2:]] == ["pipeline_custom", "pipeline_clean"]
    assert processors[-2]["name"] == f"{dataset.stream}@custom"
