"""The package's field files say the same as the mappings that setup installs."""

from typing import Any

import pytest
import yaml

from collector.assets import health_template
from collector.assets.field_files import FILE, folder_of
from collector.assets.files import package_root
from collector.assets.sources import component_templates
from collector.assets.templates import DATASETS

STREAMS = {dataset.stream: folder_of(dataset.name) for dataset in DATASETS} | {
    health_template.STREAM: health_template.FOLDER
}
SAID_BESIDE = {"name", "description", "unit", "metric_type"}
BY_FLEET = {"ignore_malformed"}

streams = pytest.mark.parametrize("stream", sorted(STREAMS))


def entries_of(stream: str) -> list[dict[str, Any]]:
    return yaml.safe_load((package_root() / "data_stream" / STREAMS[stream] / FILE).read_text())


def mappings_of(stream: str) -> dict[str, Any]:
    body: Any = component_templates()[f"{stream}@package"]
    return body["template"]["mappings"]


def mapped(stream: str, name: str) -> dict[str, Any]:
    level = mappings_of(stream)
    for part in name.split("."):
        level = level["properties"][part]
    return {key: value for key, value in level.items() if key not in {"properties", "meta", *BY_FLEET}}


@streams
def test_a_field_of_the_package_is_mapped_as_setup_maps_it(stream: str) -> None:
    entries = [entry for entry in entries_of(stream) if "object_type" not in entry]
    assert len(entries) > 10
    for entry in entries:
        said = {key: value for key, value in entry.items() if key not in SAID_BESIDE}
        if said["type"] == "group":
            said["type"] = "object"
        assert said == mapped(stream, entry["name"]), entry["name"]


@streams
def test_whole_numbers_below_an_open_object_become_doubles_as_setup_maps_them(stream: str) -> None:
    rules = {
        (rule["path_match"], rule["match_mapping_type"]): rule["mapping"]["type"]
        for named in mappings_of(stream).get("dynamic_templates", [])
        for rule in named.values()
        if "path_match" in rule
    }
    for entry in entries_of(stream):
        if "object_type" in entry:
            assert rules[entry["name"], entry["object_type_mapping_type"]] == entry["object_type"]


@streams
def test_no_field_of_setup_is_missing_in_the_package(stream: str) -> None:
    def leaves(properties: dict[str, Any], parent: str = "") -> set[str]:
        found: set[str] = set()
        for name, mapping in properties.items():
            inner = mapping.get("properties")
            found |= leaves(inner, f"{parent}{name}.") if inner else {f"{parent}{name}"}
        return found

    in_package = {entry["name"].removesuffix(".*") for entry in entries_of(stream)}
    assert leaves(mappings_of(stream)["properties"]) <= in_package


@streams
def test_what_every_data_stream_of_a_package_must_have_is_there(stream: str) -> None:
    types = {entry["name"]: entry["type"] for entry in entries_of(stream)}
    assert types["@timestamp"] == "date"
    assert {types[f"data_stream.{part}"] for part in ("type", "dataset", "namespace")} == {"constant_keyword"}
    assert len(types) <= 2048


def test_no_two_data_streams_share_a_folder() -> None:
    assert len(set(STREAMS.values())) == len(STREAMS)
