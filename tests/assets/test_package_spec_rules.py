"""The rules of package-spec that our package could break, so that it cannot slip between two runs of its validator.

Source: elastic/package-spec 3.6.6, `spec/integration/**` for files and keys, `code/go/internal/validator/semantic/` for
what schemas cannot say; the codes (SVR00006, ...) are its own. The list is ours. When the validator itself was run last
is in docs/package.md.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from plugins.fields_of_documents import leaves

from collector import __version__
from collector.assets.files import package_root

type Object = dict[str, Any]

ROOT = package_root()
FOLDERS = sorted(path.name for path in (ROOT / "data_stream").iterdir() if path.is_dir())
PIPELINES = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("data_stream/*/elasticsearch/ingest_pipeline/*"))
SAVED_OBJECTS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("kibana/*/*.json"))

TOP_LEVEL = {"_dev", "agent", "changelog.yml", "data_stream", "docs", "elasticsearch", "img", "kibana", "manifest.yml"}
TOP_LEVEL |= {"LICENSE.txt", "NOTICE.txt", "validation.yml"}
IN_DATA_STREAM = {"_dev", "agent", "elasticsearch", "fields", "lifecycle.yml", "manifest.yml", "routing_rules.yml"}
IN_DATA_STREAM |= {"sample_event.json"}
STREAM_TYPES = {"logs", "metrics"}
VARIABLE_TYPES = {"bool", "email", "integer", "password", "select", "text", "textarea", "time_zone", "url", "yaml"}
"""Those of package-spec that Kibana 8.16 knows: ``duration`` came later."""
SECRET_NAMES = re.compile(r"access_key|api_key|passphrase|password|secret|token")
RESERVED_VARIABLES = {"use_apm", "data_stream.dataset"}
PROCESSORS = {"append", "convert", "date", "dissect", "drop", "fail", "fingerprint", "foreach", "geoip", "grok", "gsub"}
PROCESSORS |= {"json", "kv", "lowercase", "pipeline", "remove", "rename", "script", "set", "sort", "split", "trim"}
PROCESSORS |= {"uppercase", "user_agent"}
FAILURE_PARTS = ("on_failure_processor_type", "on_failure_processor_tag", "on_failure_message", "pipeline")
FIELD_TYPES = {"boolean", "constant_keyword", "date", "double", "flattened", "geo_point", "group", "ip", "keyword"}
FIELD_TYPES |= {"long", "match_only_text", "object"}
FIELD_KEYS = {"name", "type", "description", "value", "ignore_above", "unit", "metric_type", "dynamic", "object_type"}
FIELD_KEYS |= {"object_type_mapping_type", "index", "doc_values"}
UNITS = {"byte", "percent", "d", "h", "m", "s", "ms", "micros", "nanos"}
NUMBERS = {"long", "double"}
CHANGES = {"breaking-change", "bugfix", "enhancement", "deprecation"}
TAGGED = {"dashboard", "search", "lens", "map", "visualization", "index_pattern", "ml_module"}
TAGGED |= {"alerting_rule_template", "slo_template"}
SEMVER = re.compile(r"\d+\.\d+\.\d+(-(beta|rc|preview|next|SNAPSHOT)\d*)?")

data_streams = pytest.mark.parametrize("folder", FOLDERS)
pipelines = pytest.mark.parametrize("path", PIPELINES)
saved_objects = pytest.mark.parametrize("path", SAVED_OBJECTS)


def read_yaml(path: str | Path) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


def manifest_of(folder: str) -> Object:
    return read_yaml(f"data_stream/{folder}/manifest.yml")


def fields_of(folder: str) -> list[Object]:
    return [field for path in (ROOT / f"data_stream/{folder}/fields").iterdir() for field in read_yaml(path)]


def processors_of(processors: list[Object]) -> Iterator[tuple[str, Object]]:
    for processor in processors:
        ((kind, parameters),) = processor.items()
        yield kind, parameters
        yield from processors_of(parameters.get("on_failure", []))


def inputs() -> list[Object]:
    return [each for template in read_yaml("manifest.yml")["policy_templates"] for each in template["inputs"]]


def all_variables() -> list[tuple[str, list[Object]]]:
    """The variables that a person sees beside each other, by where they stand."""
    of_streams = [
        (f"{folder} {stream['input']}", stream.get("vars", []))
        for folder in FOLDERS
        for stream in manifest_of(folder).get("streams", [])
    ]
    of_inputs = [(each["type"], each["vars"]) for each in inputs()]
    return [("package", read_yaml("manifest.yml")["vars"]), *of_inputs, *of_streams]


# The package


def test_there_is_nothing_in_the_package_that_has_no_place_there() -> None:
    assert {path.name for path in ROOT.iterdir()} <= TOP_LEVEL
    for folder in FOLDERS:
        assert {path.name for path in (ROOT / "data_stream" / folder).iterdir()} <= IN_DATA_STREAM


def test_no_rule_is_waived() -> None:
    assert not (ROOT / "validation.yml").exists()


def test_the_manifest_has_what_a_package_must_have() -> None:
    manifest = read_yaml("manifest.yml")
    assert re.fullmatch(r"3\.(?:[6-9]|\d\d)\.\d+", manifest["format_version"])
    assert re.fullmatch(r"[a-z0-9_]+", manifest["name"])
    assert SEMVER.fullmatch(manifest["version"])
    assert manifest["version"] == __version__
    assert manifest["type"] == "integration"
    assert all(manifest[key] for key in ("title", "description"))
    assert re.fullmatch(r"[\w-]+(/[\w-]+)?", manifest["owner"]["github"])
    assert manifest["owner"]["type"] == "community"
    assert manifest["source"]["license"] == "Apache-2.0"
    assert (ROOT / "LICENSE.txt").read_bytes() == (ROOT.parent / "LICENSE").read_bytes()


def test_pictures_that_the_manifest_names_are_there() -> None:
    manifest = read_yaml("manifest.yml")
    pictures = [*manifest["icons"], *manifest.get("screenshots", [])]
    named = {picture["src"] for picture in pictures}
    assert all(picture["title"] for picture in pictures)
    assert {f"/img/{path.name}" for path in (ROOT / "img").iterdir()} == named


def test_the_newest_change_is_of_this_version() -> None:
    entries = read_yaml("changelog.yml")
    assert entries[0]["version"] == __version__
    versions = [tuple(map(int, entry["version"].split("-")[0].split("."))) for entry in entries]
    assert versions == sorted(set(versions), reverse=True)
    for change in (change for entry in entries for change in entry["changes"]):
        assert change.keys() == {"description", "type", "link"}
        assert change["type"] in CHANGES
        assert change["link"].startswith("https://")


def test_the_package_stays_within_the_limits_of_size() -> None:
    files = [path for path in ROOT.rglob("*") if path.is_file()]
    assert len(files) <= 65_535
    assert sum(path.stat().st_size for path in files) <= 250_000_000
    assert max(path.stat().st_size for path in files if path.suffix in {".yml", ".md", ".hbs"}) <= 5_000_000


def test_the_page_tells_of_every_data_stream_and_of_all_that_kibana_gets() -> None:
    page = (ROOT / "docs" / "README.md").read_text()
    assert "{{" not in page
    for folder in FOLDERS:
        manifest = manifest_of(folder)
        assert f"`{manifest['type']}-{manifest['dataset']}-*`" in page
        for field in fields_of(folder):
            assert f"| {field['name']} |" in page
    for path in SAVED_OBJECTS:
        attributes = json.loads((ROOT / path).read_text())["attributes"]
        assert (attributes.get("title") or attributes["name"]) in page


# Inputs and variables


def test_every_policy_template_has_a_name_of_its_own_and_names_every_data_stream() -> None:
    templates = read_yaml("manifest.yml")["policy_templates"]
    names = [template["name"] for template in templates]
    assert len(set(names)) == len(names)
    assert [template["data_streams"] for template in templates] == [FOLDERS] * len(templates)


def test_every_stream_has_its_input_and_its_template_and_every_input_a_stream() -> None:
    used: set[str] = set()
    for folder in FOLDERS:
        for stream in manifest_of(folder).get("streams", []):
            assert stream["title"]
            assert stream["description"]
            assert (ROOT / "data_stream" / folder / "agent" / "stream" / stream["template_path"]).is_file()
            used.add(stream["input"])
    assert used == {each["type"] for each in inputs()}


@pytest.mark.parametrize(("place", "variables"), all_variables(), ids=lambda value: value if type(value) is str else "")
def test_a_variable_is_one_that_fleet_can_ask_for(place: str, variables: list[Object]) -> None:
    names = [variable["name"] for variable in variables]
    assert len(names) == len(set(names)), place
    assert not RESERVED_VARIABLES & set(names)
    for variable in variables:
        name = variable["name"]
        assert variable["type"] in VARIABLE_TYPES, name
        assert all(key in variable for key in ("title", "description", "multi", "required", "show_user")), name
        options = [option["value"] for option in variable.get("options", [])]
        assert bool(options) == (variable["type"] == "select"), name
        assert not options or variable["default"] in options, name
        assert (variable.get("secret") is True) == (variable["type"] == "password"), name
        if SECRET_NAMES.search(name):
            assert "secret" in variable, name
        assert "default" not in variable or (type(variable["default"]) is list) == variable["multi"], name


def test_a_variable_of_a_stream_hides_none_of_its_input() -> None:
    of_package = {variable["name"] for variable in read_yaml("manifest.yml")["vars"]}
    of_inputs = {each["type"]: {variable["name"] for variable in each["vars"]} for each in inputs()}
    for folder in FOLDERS:
        for stream in manifest_of(folder).get("streams", []):
            own = {variable["name"] for variable in stream.get("vars", ())}
            assert not own & (of_inputs[stream["input"]] | of_package), folder


# Data streams


@data_streams
def test_a_data_stream_has_a_name_a_type_and_fields(folder: str) -> None:
    manifest = manifest_of(folder)
    assert re.fullmatch(r"[a-z0-9][a-z0-9_]+[a-z0-9]", folder)
    assert folder != "integration"
    assert manifest["title"]
    assert manifest["type"] in STREAM_TYPES
    values = {field["name"]: field.get("value") for field in fields_of(folder)}
    assert (values["data_stream.type"], values["data_stream.dataset"]) == (manifest["type"], manifest["dataset"])


def test_an_agents_stream_is_found_by_its_data_set() -> None:
    """Fleet looks for it by data set alone, in the order of the archive: the first folder must have it."""
    first: dict[str, str] = {}
    for folder in FOLDERS:
        first.setdefault(manifest_of(folder)["dataset"], folder)
    collected = {folder for folder in FOLDERS if "streams" in manifest_of(folder)}
    assert collected <= set(first.values())


@data_streams
def test_a_life_cycle_policy_has_the_name_that_fleet_gives_it(folder: str) -> None:
    manifest = manifest_of(folder)
    policies = {path.stem for path in (ROOT / "data_stream" / folder / "elasticsearch" / "ilm").glob("*.json")}
    named = {f"{manifest['type']}-aoai.{folder}-{stem}" for stem in policies}
    assert named == ({manifest["ilm_policy"]} if "ilm_policy" in manifest else set())


@data_streams
def test_a_retention_is_the_same_with_and_without_a_life_cycle_policy(folder: str) -> None:
    path = ROOT / "data_stream" / folder / "lifecycle.yml"
    policies = list((ROOT / "data_stream" / folder / "elasticsearch" / "ilm").glob("*.json"))
    assert path.exists() == bool(policies)
    for policy in policies:
        phases = json.loads(policy.read_text())["policy"]["phases"]
        assert read_yaml(path) == {"data_retention": phases["delete"]["min_age"]}
        assert "rollover" in phases["hot"]["actions"]


@data_streams
def test_a_field_is_declared_once_and_as_its_type_allows(folder: str) -> None:
    fields = fields_of(folder)
    assert [name for name, count in Counter(field["name"] for field in fields).items() if count > 1] == []
    assert len(fields) <= 2048
    for field in fields:
        name, kind = field["name"], field["type"]
        assert re.fullmatch(r"[-*_/@A-Za-z0-9]+(\.[-*_/@A-Za-z0-9]+)*", name)
        assert field.keys() <= FIELD_KEYS, name
        assert kind in FIELD_TYPES, name
        assert field["description"], name
        assert ("object_type" in field) == (kind == "object"), name
        assert field.get("unit", "s") in UNITS, name
        assert "metric_type" not in field or (kind in NUMBERS and field["metric_type"] in {"gauge", "counter"}), name


@data_streams
def test_a_sample_event_is_of_its_data_stream_and_holds_declared_fields_only(folder: str) -> None:
    event = json.loads((ROOT / "data_stream" / folder / "sample_event.json").read_text())
    manifest = manifest_of(folder)
    assert event["data_stream"]["type"] == manifest["type"]
    assert event["data_stream"]["dataset"] == manifest["dataset"]
    declared = {field["name"] for field in fields_of(folder)}
    flattened = tuple(f"{field['name']}." for field in fields_of(folder) if field["type"] == "flattened")
    assert [name for name, _ in leaves(event) if name not in declared and not name.startswith(flattened)] == []


# Pipelines


@pipelines
def test_a_pipeline_is_yaml_that_starts_with_three_dashes(path: str) -> None:
    assert path.endswith(".yml")
    assert (ROOT / path).read_text().startswith("---\n")
    assert read_yaml(path).keys() <= {"description", "processors", "on_failure"}


@pipelines
def test_every_processor_is_allowed_and_has_a_tag_of_its_own(path: str) -> None:
    """SVR00006."""
    body = read_yaml(path)
    for part in ("processors", "on_failure"):
        found = list(processors_of(body[part]))
        assert {kind for kind, _ in found} <= PROCESSORS
        tags = [parameters.get("tag") for _, parameters in found]
        assert None not in tags
        assert len(tags) == len(set(tags))


@pipelines
def test_a_failure_is_marked_and_told_with_its_whole_story(path: str) -> None:
    """SVR00008 and SVR00009."""
    handlers = [(kind, p.get("field"), p.get("value")) for kind, p in processors_of(read_yaml(path)["on_failure"])]
    assert ("set", "event.kind", "pipeline_error") in handlers
    (message,) = (value for kind, field, value in handlers if kind in {"set", "append"} and field == "error.message")
    assert all(f"_ingest.{part}" in message for part in FAILURE_PARTS)


@pipelines
def test_the_message_becomes_the_original_only_when_there_is_none(path: str) -> None:
    """JSE00001."""
    processors = [(kind, p) for kind, p in processors_of(read_yaml(path)["processors"]) if p.get("field") == "message"]
    renames = [p for kind, p in processors if kind == "rename" and p["target_field"] == "event.original"]
    removes = [p for kind, p in processors if kind == "remove"]
    assert [p["if"] for p in renames] == ["ctx.event?.original == null"] * len(renames)
    for remove in removes if renames else []:
        assert (remove["if"], remove["ignore_missing"]) == ("ctx.event?.original != null", True)
    assert len(removes) >= len(renames)


@pipelines
def test_a_pipeline_that_is_called_lies_beside_its_caller(path: str) -> None:
    text = (ROOT / path).read_text()
    for called in re.findall(r'\{\{ IngestPipeline "([\w-]+)" \}\}', text):
        assert (ROOT / path).with_name(f"{called}.yml").is_file(), called
    names = [p["name"] for kind, p in processors_of(read_yaml(path)["processors"]) if kind == "pipeline"]
    assert all(name.startswith("{{ IngestPipeline ") or name.endswith("@custom") for name in names)


# Kibana


def test_there_are_dashboards_and_searches() -> None:
    assert {Path(path).parent.name for path in SAVED_OBJECTS} >= {"dashboard", "search"}


@saved_objects
def test_a_saved_object_is_called_by_its_id(path: str) -> None:
    saved = json.loads((ROOT / path).read_text())
    folder, name = Path(path).parent.name, Path(path).stem
    assert saved["id"] == name
    assert name.startswith("aoai-")
    assert not name.endswith("-ecs")
    assert saved["type"] == ("ml-module" if folder == "ml_module" else folder)


@saved_objects
def test_a_saved_object_refers_to_data_views_and_to_objects_of_the_package(path: str) -> None:
    """SVR00003 and SVR00004."""
    saved = json.loads((ROOT / path).read_text())
    for reference in saved.get("references", []):
        assert all(type(reference[key]) is str for key in ("id", "type", "name"))
        if reference["type"] == "index-pattern":
            assert reference["id"] in {"logs-*", "metrics-*"}
            continue
        assert reference["type"] not in {"lens", "map", "visualization"}
        assert (ROOT / "kibana" / reference["type"] / f"{reference['id']}.json").is_file()


@pytest.mark.parametrize("path", [path for path in SAVED_OBJECTS if path.startswith("kibana/dashboard/")])
def test_a_dashboard_is_filtered_and_made_of_panels_of_today(path: str) -> None:
    """SVR00001 and SVR00002; no legacy visualisation since 3.0.0."""
    attributes = json.loads((ROOT / path).read_text())["attributes"]
    nested = attributes["kibanaSavedObjectMeta"]["searchSourceJSON"]
    assert (json.loads(nested) if type(nested) is str else nested)["filter"]
    panels = attributes["panelsJSON"]
    assert {panel["type"] for panel in (json.loads(panels) if type(panels) is str else panels)} <= {
        "lens",
        "links",
        "search",
        "DASHBOARD_MARKDOWN",
    }


def test_tags_are_given_once_and_to_something() -> None:
    """SVR00007."""
    tags = read_yaml("kibana/tags.yml")
    assert len({tag["text"] for tag in tags}) == len(tags)
    ids = {Path(path).stem for path in SAVED_OBJECTS}
    for tag in tags:
        assert set(tag.get("asset_types", [])) <= TAGGED
        assert set(tag.get("asset_ids", [])) <= ids
        assert tag.get("asset_types") or tag.get("asset_ids")
