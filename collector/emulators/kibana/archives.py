"""Package archives: what Fleet checks in one before it installs it, and what is in it."""

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import yaml

from collector.emulators.kibana.errors import bad_request
from collector.emulators.kibana.instance import Instance, Licence

_NEEDED: Final = ("name", "version", "description", "title", "format_version", "owner")
_FOLDERS: Final = {
    "dashboard": "dashboard",
    "search": "search",
    "tag": "tag",
    "ml_module": "ml-module",
    "index_pattern": "index-pattern",
    "alerting_rule_template": "alerting_rule_template",
    "slo_template": "slo_template",
}
"""Folders below `kibana/`, and the type of saved object that belongs into each."""
_NEWEST_FOLDERS: Final = {"alerting_rule_template": (9, 2, 1), "slo_template": (9, 3)}
"""Folders that an older Kibana ignores."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of an input: its data set and its variables."""

    dataset: str
    input: str
    variables: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Package:
    """A package that passed the checks.

    Attributes:
        name: its name.
        version: its version.
        manifest: its manifest.
        streams: what its inputs can collect.
        saved_objects: what of Kibana it brings, as imports take it.
        assets: what of Elasticsearch it brings, as pairs of id and type.
    """

    name: str
    version: str
    manifest: Mapping[str, Any]
    streams: tuple[Stream, ...]
    saved_objects: tuple[dict[str, Any], ...]
    assets: tuple[tuple[str, str], ...]

    def variables_of(self, policy_template: str, kind: str) -> Mapping[str, Mapping[str, Any]] | None:
        """Return the variables of an input; None when there is no such input."""
        for template in self.manifest.get("policy_templates", ()):
            for each in template.get("inputs", ()) if template["name"] == policy_template else ():
                if each["type"] == kind:
                    return _by_name(each.get("vars"))
        return None

    @property
    def variables(self) -> Mapping[str, Mapping[str, Any]]:
        """The variables of the whole package."""
        return _by_name(self.manifest.get("vars"))

    @property
    def inputs(self) -> list[tuple[str, str]]:
        """Policy template and type of each input."""
        templates = self.manifest.get("policy_templates", ())
        return [(template["name"], each["type"]) for template in templates for each in template.get("inputs", ())]


def read_package(content: bytes, instance: Instance) -> Package:
    """Read an archive.

    Raises:
        RefusedError: Fleet would not install it.
    """
    files = _unpack(content)
    folder = _check_folder(files)
    manifest = _read_manifest(files, folder)
    _check_conditions(manifest, instance)
    streams: list[Stream] = []
    assets: list[tuple[str, str]] = []
    for path in sorted(files):
        parts = PurePosixPath(path).parts[1:]
        if len(parts) == len(("data_stream", "logs", "manifest.yml")) and parts[::2] == ("data_stream", "manifest.yml"):
            stream = yaml.safe_load(files[path])
            _check_stream(stream, path)
            dataset = stream.get("dataset", f"{manifest['name']}.{parts[1]}")
            assets.append((f"{stream['type']}-{dataset}", "index_template"))
            assets.append((f"{stream['type']}-{dataset}-{manifest['version']}", "ingest_pipeline"))
            streams += [
                Stream(dataset, each["input"], _by_name(each.get("vars"))) for each in stream.get("streams", ())
            ]
    saved = tuple(_read_saved_objects(files, folder, instance))
    return Package(manifest["name"], manifest["version"], manifest, tuple(streams), saved, tuple(assets))


def _unpack(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {each.filename: archive.read(each) for each in archive.infolist() if not each.is_dir()}
    except (zipfile.BadZipFile, OSError) as error:
        raise bad_request(
            f"Error during extraction of package: {error}. Assumed content type was application/zip"
        ) from None


def _check_folder(files: Mapping[str, bytes]) -> str:
    folders = {PurePosixPath(each).parts[0] for each in files}
    if len(folders) != 1:
        raise bad_request("Package contains more than one top-level directory.")
    return folders.pop()


def _read_manifest(files: Mapping[str, bytes], folder: str) -> Mapping[str, Any]:
    if f"{folder}/manifest.yml" not in files:
        raise bad_request("Package must contain a top-level manifest.yml file.")
    manifest = yaml.safe_load(files[f"{folder}/manifest.yml"])
    missing = [each for each in _NEEDED if each not in manifest]
    if missing:
        raise bad_request(f"Invalid top-level package manifest: one or more fields missing of {', '.join(missing)}.")
    if folder != f"{manifest['name']}-{manifest['version']}":
        raise bad_request(
            f"Name {manifest['name']} and version {manifest['version']} do not match top-level directory {folder}"
        )
    return manifest


def _check_stream(stream: Mapping[str, Any], path: str) -> None:
    if not stream.get("title") or not stream.get("type"):
        raise bad_request(f"Invalid manifest for data stream {path}: one or more fields missing of 'title', 'type'.")


def _check_conditions(manifest: Mapping[str, Any], instance: Instance) -> None:
    conditions = manifest.get("conditions", {})
    wanted = conditions.get("kibana", {}).get("version", "")
    if wanted and not any(_satisfies(instance.numbers, each.strip()) for each in wanted.split("||")):
        raise bad_request(
            f"{manifest['name']}-{manifest['version']} requires Kibana version {wanted}, this is {instance.version}"
        )
    subscription = conditions.get("elastic", {}).get("subscription", "basic")
    if not instance.licence.covers(Licence(subscription)):
        raise bad_request(f"Installation requires {subscription} license")


def _satisfies(numbers: tuple[int, ...], condition: str) -> bool:
    """Whether a version satisfies `^8.16.0`, the only form of conditions that is understood here."""
    found = re.fullmatch(r"\^(\d+)\.(\d+)\.(\d+)", condition)
    if not found:
        raise bad_request(f"the emulator does not understand the condition {condition!r}")
    least = tuple(int(each) for each in found.groups())
    return numbers >= least and numbers[0] == least[0]


def _read_saved_objects(files: Mapping[str, bytes], folder: str, instance: Instance) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted(files):
        parts = PurePosixPath(path).parts
        if parts[:2] != (folder, "kibana") or PurePosixPath(path).suffix != ".json":
            continue
        kind = _FOLDERS.get(parts[2])
        content = json.loads(files[path])
        if content["type"] == kind and instance.numbers >= _NEWEST_FOLDERS.get(parts[2], ()):
            found.append(content)
    return found


def _by_name(variables: Any) -> Mapping[str, Mapping[str, Any]]:
    return {str(each["name"]): each for each in variables or ()}
