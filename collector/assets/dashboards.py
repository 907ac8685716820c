"""Compiles ``dashboards/`` into the saved objects that the package ships in ``integration/kibana/``.

Promises: the same sources give the same bytes; what kb-dashboard leaves out or gets wrong is put right
(``dashboard_corrections``). The files have nested JSON as objects, as a package's source has it; an archive for Kibana
needs texts there, which ``encode_nested`` makes.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from collector.assets.dashboard_corrections import correct_dashboard
from collector.assets.errors import AssetError
from collector.assets.files import read_yaml_object, sources_root
from collector.assets.searches import build_search

type SavedObject = dict[str, Any]

_SEARCHES: Final = "searches.yml"
_TAGS: Final = "tags.yml"
# kb-dashboard makes up an author and a time; Kibana sets its own when it imports.
_MADE_UP: Final = ("created_at", "created_by", "updated_at", "updated_by", "version")
_NESTED: Final = ("panelsJSON", "optionsJSON")


def compile_dashboards(into: Path, sources: Path | None = None) -> tuple[Path, ...]:
    """Write dashboards, searches and tags under ``into``, the package's ``kibana`` folder; return what was written.

    Raises:
        AssetError: a source is not valid, or kb-dashboard is not installed.
    """
    root = sources or sources_root() / "dashboards"
    written: list[Path] = []
    for path in sorted(root.glob("*.yml")):
        if path.name == _TAGS:
            written.append(_write(into / _TAGS, path.read_text(encoding="utf-8")))
        elif path.name == _SEARCHES:
            source: SavedObject = read_yaml_object(path)
            written += [_write_object(into / "search", build_search(entry)) for entry in source["searches"]]
        else:
            written += [_write_object(into / "dashboard", dashboard) for dashboard in compile_file(path)]
    return tuple(written)


def compile_file(path: Path) -> list[SavedObject]:
    """Compile the dashboards of one YAML file.

    Raises:
        AssetError: the file is not valid, or kb-dashboard is not installed.
    """
    try:
        # Only who builds the package has it.
        from kb_dashboard_core.dashboard_compiler import (  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]
            load,
            render,
        )
    except ImportError as error:
        raise AssetError("dashboards are compiled by kb-dashboard-cli: install the development dependencies") from error
    source: SavedObject = read_yaml_object(path)
    try:
        rendered = [render(dashboard).model_dump(by_alias=True) for dashboard in load(str(path))]
    except ValueError as error:
        raise AssetError(f"{path.name}: {error}") from error
    pairs = zip(source["dashboards"], rendered, strict=True)
    additions = source.get("columns", {})
    return [correct_dashboard(_decode_nested(compiled), entry, additions) for entry, compiled in pairs]


def encode_nested(saved_object: Mapping[str, Any]) -> SavedObject:
    """Return the saved object with its nested JSON as texts, as Kibana and a built archive want it."""
    attributes: SavedObject = dict(saved_object["attributes"])
    attributes |= {key: _text(attributes[key]) for key in _NESTED if key in attributes}
    meta: SavedObject = dict(attributes["kibanaSavedObjectMeta"])
    meta["searchSourceJSON"] = _text(meta["searchSourceJSON"])
    return {**saved_object, "attributes": {**attributes, "kibanaSavedObjectMeta": meta}}


def _decode_nested(compiled: SavedObject) -> SavedObject:
    kept = {key: value for key, value in compiled.items() if key not in _MADE_UP}
    attributes: SavedObject = kept["attributes"]
    for key in _NESTED:
        attributes[key] = _object(attributes[key])
    meta: SavedObject = attributes["kibanaSavedObjectMeta"]
    meta["searchSourceJSON"] = _object(meta["searchSourceJSON"])
    return kept


def _object(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _write_object(folder: Path, saved_object: SavedObject) -> Path:
    text = json.dumps(saved_object, indent=4, ensure_ascii=False, sort_keys=True)
    return _write(folder / f"{saved_object['id']}.json", text + "\n")


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
