"""The package's field files, from the catalogue: ``integration/data_stream/NAME/fields/fields.yml``.

In the form of package-spec ("Fields" of a data stream): the same names, types and parameters as the mappings that
``setup`` installs. `aoai-collector build` writes them.
"""

from pathlib import PurePosixPath
from typing import Final

import yaml

from collector.assets.catalogue import CatalogueField, FieldType, fields_of, stream_parts
from collector.assets.files import Body
from collector.assets.mappings import KEYWORD_IGNORE_ABOVE
from collector.assets.metric_fields import ENDPOINTS

HEADING: Final = "# Built from the catalogue by `aoai-collector build`; change that, not this file.\n"
FILE: Final = PurePosixPath("fields") / "fields.yml"
"""Where it stands in the folder of a data stream."""
_NOTES: Final = ("unit", "metric_type")
_BY_FLEET: Final = {"ignore_malformed"}
"""Parameters that Fleet sets on its own, and a field file must not have."""


def folder_of(dataset: str) -> str:
    """The folder of a data set's data stream in the package.

    Logs and metrics of endpoints need two. Fleet looks for the streams of an input by data set alone and takes the
    first folder that has it, so the one whose logs an Elastic Agent can collect must come first.
    """
    _, name = stream_parts(dataset)
    return "endpoints_metrics" if dataset == ENDPOINTS else name.removeprefix("aoai.")


def field_entries(dataset: str) -> list[Body]:
    """The entries of a data set's field file, by name."""
    return [_entry(field, dataset) for field in sorted(fields_of(dataset), key=lambda field: field.name)]


def render(entries: list[Body], heading: str = HEADING) -> str:
    """A field file."""
    return heading + yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=120)


def _entry(field: CatalogueField, dataset: str) -> Body:
    entry: Body = {"name": field.name, "type": str(field.type), "description": field.description}
    entry |= {note: value for note in _NOTES if (value := getattr(field, note))}
    constants = dict(zip(("data_stream.type", "data_stream.dataset"), stream_parts(dataset), strict=True))
    if field.name in constants:
        entry["value"] = constants[field.name]
    if field.type is FieldType.KEYWORD and field.mapping.get("index", True):
        entry["ignore_above"] = KEYWORD_IGNORE_ABOVE
    if field.type is FieldType.OBJECT:
        entry |= _object_entry(field)
    return entry | {key: value for key, value in field.mapping.items() if key not in _BY_FLEET}


def _object_entry(field: CatalogueField) -> Body:
    """What is beside an object's name: package-spec has ``object`` for members of one type only.

    One that takes no unknown members is a group. Members of another are numbers; the first that is whole must not make
    whole numbers of those after it.
    """
    if field.mapping.get("dynamic") is False:
        return {"type": "group"}
    return {"name": f"{field.name}.*", "object_type": "double", "object_type_mapping_type": "long"}
