"""Mappings, built from the catalogue."""

from collections.abc import Iterable
from typing import cast

from collector.assets.catalogue import CatalogueField, FieldType, fields_of, stream_parts
from collector.assets.files import Body

KEYWORD_IGNORE_ABOVE = 1024
"""Characters: 1,024 of at most 3 bytes stay far below Lucene's 32,766 bytes a term; Elastic's packages use the same."""

STRINGS_AS_KEYWORDS: Body = {
    "strings_as_keywords": {
        "match_mapping_type": "string",
        "mapping": {"type": "keyword", "ignore_above": KEYWORD_IGNORE_ABOVE},
    }
}

_CONSTANTS = ("data_stream.type", "data_stream.dataset")

UNKNOWN_METRICS: list[Body] = [
    {
        f"metrics_as_double_{kind}": {
            "match_mapping_type": kind,
            "path_match": "azure.metrics.*",
            "mapping": {"type": "double"},
        }
    }
    for kind in ("long", "double")
]
"""The first value of a metric that is whole must not make whole numbers of those after it."""


def build_mappings(dataset: str, *, dynamic: bool) -> Body:
    """The mappings of a data set, named as in the catalogue.

    ``dynamic`` lets fields appear that the catalogue does not name, as a sender's own ``agent.*`` and ``host.*``. With
    it, ``date_detection`` is off and strings become keywords, so that the first document does not decide a type by
    chance. Without it they are kept in the document and not searchable.
    """
    mappings: Body = {"date_detection": False, "properties": _properties(fields_of(dataset), dataset)}
    if dynamic:
        return {"dynamic": True, "dynamic_templates": [*UNKNOWN_METRICS, STRINGS_AS_KEYWORDS], **mappings}
    return {"dynamic": False, **mappings}


def _properties(fields: Iterable[CatalogueField], dataset: str) -> Body:
    """Objects within objects, from dotted names. A parent need not be listed; one that is comes before its fields."""
    root: Body = {}
    for field in sorted(fields, key=lambda field: field.name):
        *parents, leaf = field.name.split(".")
        level = root
        for parent in parents:
            level = _child(_child(level, parent), "properties")
        level[leaf] = {**_child(level, leaf), **_parameters(field, dataset)}
    return root


def _child(level: Body, key: str) -> Body:
    return cast("Body", level.setdefault(key, {}))


def _parameters(field: CatalogueField, dataset: str) -> Body:
    parameters: Body = {"type": str(field.type)}
    if field.type is FieldType.KEYWORD and field.mapping.get("index", True):
        parameters["ignore_above"] = KEYWORD_IGNORE_ABOVE
    constants = dict(zip(_CONSTANTS, stream_parts(dataset), strict=True))
    if field.name in constants:
        parameters["value"] = constants[field.name]
    if field.unit or field.metric_type:
        # Elasticsearch's own place for them: numbers that are no time series carry them as notes.
        parameters["meta"] = {key: value for key in ("unit", "metric_type") if (value := getattr(field, key))}
    return {**parameters, **field.mapping}
