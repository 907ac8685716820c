"""The catalogue, the mappings built from it, and its page."""

from typing import Any

import pytest

from collector.assets.catalogue import load_catalogue
from collector.assets.fields_page import render
from collector.assets.files import sources_root
from collector.assets.sources import component_templates, templates

METRICS = ("metrics-aoai.metrics", "metrics-aoai.endpoints", "metrics-aoai.deployments")
DATASETS = ("aoai.logs", "aoai.gateway", "aoai.endpoints", "aoai.deadletter", *METRICS)


def stream_of(dataset: str) -> str:
    return dataset if dataset in METRICS else f"logs-{dataset}"


def mappings_of(dataset: str) -> dict[str, Any]:
    body: dict[str, Any] = component_templates()[f"{stream_of(dataset)}@package"]
    return body["template"]["mappings"]


def mapped(dataset: str, name: str) -> dict[str, Any]:
    field = mappings_of(dataset)
    for part in name.split("."):
        field = field["properties"][part]
    return field


def test_the_page_of_fields_is_not_stale() -> None:
    page = sources_root() / "docs" / "fields.md"
    assert page.read_text() == render(), "run: python -m collector.assets.fields_page"


def test_the_catalogue_knows_only_our_data_sets() -> None:
    assert {dataset for field in load_catalogue() for dataset in field.datasets} == set(DATASETS)


def test_every_field_that_has_values_shows_an_example() -> None:
    without = [field.name for field in load_catalogue() if field.example is None]
    kinds = {field.name: field.type for field in load_catalogue()}
    assert {kinds[name] for name in without} <= {"object", "flattened"}, without


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_field_of_the_catalogue_is_mapped_with_its_type(dataset: str) -> None:
    for field in load_catalogue():
        if dataset in field.datasets and field.type != "object":
            assert mapped(dataset, field.name)["type"] == field.type


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_data_stream_fields_are_constant(dataset: str) -> None:
    kinds = {part: mapped(dataset, f"data_stream.{part}")["type"] for part in ("type", "dataset", "namespace")}
    assert set(kinds.values()) == {"constant_keyword"}
    named = [mapped(dataset, f"data_stream.{part}")["value"] for part in ("type", "dataset")]
    assert "-".join(named) == stream_of(dataset)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_long_text_is_refused_by_no_keyword(dataset: str) -> None:
    for field in load_catalogue():
        if dataset in field.datasets and field.type in {"keyword", "flattened"}:
            parameters = mapped(dataset, field.name)
            # Lucene's 32,766 bytes a term, at up to three bytes a UTF-16 unit; a key path adds up to 7,680 bytes.
            assert parameters.get("index") is False or parameters["ignore_above"] * 3 + 7_680 <= 32_766


def test_nothing_below_azure_open_ai_is_mapped_by_chance() -> None:
    assert mapped("aoai.logs", "azure.open_ai")["dynamic"] is False


def test_the_timestamp_is_never_ignored() -> None:
    assert mapped("aoai.logs", "@timestamp")["ignore_malformed"] is False


def test_our_templates_win_over_fleets() -> None:
    assert all(body["priority"] > 200 for body in templates().values())  # type: ignore[operator]


def test_only_our_own_component_template_has_to_be_there() -> None:
    for stream, body in templates().items():
        needed = set(body["composed_of"]) - set(body["ignore_missing_component_templates"])  # type: ignore[call-overload]
        assert needed == {f"{stream}@package"}


def test_the_users_component_templates_are_referred_to_and_never_shipped() -> None:
    assert not [name for name in component_templates() if name.endswith("@custom")]
    assert "logs-aoai.logs@custom" in templates()["logs-aoai.logs"]["composed_of"]  # type: ignore[operator]
