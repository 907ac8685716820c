"""Writes the package's field files from the catalogue: ``python -m collector.assets.field_files``.

``integration/data_stream/NAME/fields/fields.yml`` in the form of package-spec ("Fields" of a data stream): the same
names, types and parameters as the mappings that ``setup`` installs.
"""

from pathlib import Path
from typing import Any, Final

import yaml

from collector.assets.catalogue import CatalogueField, FieldType, fields_of, stream_parts
from collector.assets.files import sources_root
from collector.assets.mappings import KEYWORD_IGNORE_ABOVE
from collector.assets.metric_fields import ENDPOINTS
from collector.assets.templates import DATASETS

HEADING: Final = (
    "# Generated from the catalogue by `python -m collector.assets.field_files`; change that, not this file.\n"
)
_NOTES: Final = ("unit", "metric_type")
_BY_FLEET: Final = {"ignore_malformed"}
"""Parameters that Fleet sets on its own, and a field file must not have."""


def folder_of(dataset: str) -> str:
    """The folder of a data set's data stream in the package; logs and metrics of endpoints need two."""
    _, name = stream_parts(dataset)
    return "endpoint_metrics" if dataset == ENDPOINTS else name.removeprefix("aoai.")


def render(dataset: str) -> str:
    """The field file of a data set: its fields by name."""
    entries = [_entry(field, dataset) for field in sorted(fields_of(dataset), key=lambda field: field.name)]
    return HEADING + yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=120)


def path_of(dataset: str) -> Path:
    """Where the file is, below the root of the checkout."""
    return Path("integration") / "data_stream" / folder_of(dataset) / "fields" / "fields.yml"


def _entry(field: CatalogueField, dataset: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": field.name, "type": str(field.type), "description": field.description}
    entry |= {note: value for note in _NOTES if (value := getattr(field, note))}
    constants = dict(zip(("data_stream.type", "data_stream.dataset"), stream_parts(dataset), strict=True))
    if field.name in constants:
        entry["value"] = constants[field.name]
    if field.type is FieldType.KEYWORD and field.mapping.get("index", True):
        entry["ignore_above"] = KEYWORD_IGNORE_ABOVE
    return entry | {key: value for key, value in field.mapping.items() if key not in _BY_FLEET}


def main() -> None:
    """Write the files into the checkout."""
    for dataset in DATASETS:
        path = sources_root() / path_of(dataset.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(dataset.name), encoding="utf-8")


if __name__ == "__main__":
    main()
