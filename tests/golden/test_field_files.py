"""The package's field files are those of the catalogue, and say the same as the mappings."""

from typing import Any

import pytest
import yaml

from collector.assets.field_files import path_of, render
from collector.assets.files import sources_root
from collector.assets.sources import component_templates
from collector.assets.templates import DATASETS, Dataset

SAID_BESIDE = {"name", "description", "unit", "metric_type"}
BY_FLEET = {"ignore_malformed"}


def entries_of(dataset: Dataset) -> list[dict[str, Any]]:
    return yaml.safe_load((sources_root() / path_of(dataset.name)).read_text())


def mapped(dataset: Dataset, name: str) -> dict[str, Any]:
    body: Any = component_templates()[f"{dataset.stream}@package"]
    level: dict[str, Any] = body["template"]["mappings"]
    for part in name.split("."):
        level = level["properties"][part]
    return {key: value for key, value in level.items() if key not in {"properties", "meta", *BY_FLEET}}


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_the_field_file_is_not_stale(dataset: Dataset) -> None:
    file = sources_root() / path_of(dataset.name)
    assert file.read_text() == render(dataset.name), "run: python -m collector.assets.field_files"


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_a_field_of_the_package_is_mapped_as_setup_maps_it(dataset: Dataset) -> None:
    entries = entries_of(dataset)
    assert len(entries) > 10
    for entry in entries:
        said = {key: value for key, value in entry.items() if key not in SAID_BESIDE}
        assert said == mapped(dataset, entry["name"]), entry["name"]


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_what_every_data_stream_of_a_package_must_have_is_there(dataset: Dataset) -> None:
    types = {entry["name"]: entry["type"] for entry in entries_of(dataset)}
    assert types["@timestamp"] == "date"
    assert {types[f"data_stream.{part}"] for part in ("type", "dataset", "namespace")} == {"constant_keyword"}
    assert len(types) <= 2048


def test_no_two_data_streams_share_a_file() -> None:
    assert len({path_of(dataset.name) for dataset in DATASETS}) == len(DATASETS)
