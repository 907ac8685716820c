"""The catalogue of fields: one entry for every field of every document."""

from collections import Counter
from enum import StrEnum
from functools import cache

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from collector.assets.errors import AssetError
from collector.assets.files import read_catalogue
from collector.assets.metric_fields import metric_entries


class Origin(StrEnum):
    """Who named a field."""

    ECS = "ecs"
    OTEL = "otel"
    ELASTIC = "elastic"
    OURS = "ours"


class Privacy(StrEnum):
    """What a field can tell about a person; decides who may read it and how long it is kept."""

    OPERATIONAL = "operational"
    IDENTITY = "identity"
    CONTENT = "content"


class FieldType(StrEnum):
    """The mapping types in use; each exists on every Elasticsearch from 8.16."""

    BOOLEAN = "boolean"
    CONSTANT_KEYWORD = "constant_keyword"
    DATE = "date"
    DOUBLE = "double"
    FLATTENED = "flattened"
    GEO_POINT = "geo_point"
    IP = "ip"
    KEYWORD = "keyword"
    LONG = "long"
    MATCH_ONLY_TEXT = "match_only_text"
    OBJECT = "object"


class CatalogueField(BaseModel):
    """One field: its name, what it means and how it is mapped.

    ``datasets`` are those whose documents can have it; those of metrics have ``metrics-`` in front. ``unit`` and
    ``metric_type`` are Elasticsearch's own words. ``source`` names Azure's column or metric, or several columns in the
    order in which they are tried. ``mapping`` holds parameters
    beside the type. Objects and ``flattened`` fields have no example.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[@a-z][a-z0-9_@.]*$")
    type: FieldType
    description: str = Field(min_length=1)
    origin: Origin
    datasets: tuple[str, ...] = Field(min_length=1)
    source: str | None = None
    unit: str | None = None
    metric_type: str | None = None
    mapping: dict[str, bool | int | str] = Field(default_factory=dict)
    privacy: Privacy
    example: str | int | float | bool | dict[str, float] | None = None


@cache
def load_catalogue() -> tuple[CatalogueField, ...]:
    """All fields in the order of the file, then those of Azure Monitor's metrics.

    Raises:
        AssetError: an entry is wrong, or a name is there twice.
    """
    try:
        fields = TypeAdapter(tuple[CatalogueField, ...]).validate_python([*read_catalogue(), *metric_entries()])
    except ValidationError as error:
        raise AssetError(f"catalogue/fields.yml: {error}") from error
    doubled = [name for name, count in Counter(field.name for field in fields).items() if count > 1]
    if doubled:
        raise AssetError(f"catalogue/fields.yml: more than once: {', '.join(doubled)}")
    return fields


def fields_of(dataset: str) -> tuple[CatalogueField, ...]:
    """The fields that documents of a data set can have."""
    return tuple(field for field in load_catalogue() if dataset in field.datasets)


def stream_parts(dataset: str) -> tuple[str, str]:
    """Type and data set of the data stream that the catalogue means: ``aoai.logs`` is one of logs."""
    return ("metrics", dataset.removeprefix("metrics-")) if dataset.startswith("metrics-") else ("logs", dataset)
