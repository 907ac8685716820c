"""The metric catalogue: ``metrics.yml`` as types, and the names that a stock Elastic Agent gives to what it sends."""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import yaml

_FILE: Final = Path(__file__).with_name("metrics.yml")


class Aggregation(StrEnum):
    """What Azure can compute of the samples of a minute; the words of its definitions and queries."""

    TOTAL = "Total"
    AVERAGE = "Average"
    MINIMUM = "Minimum"
    MAXIMUM = "Maximum"
    COUNT = "Count"

    @property
    def attribute(self) -> str:
        """What Azure's answers, and its SDK, call the value: ``total``, ``average`` and so on."""
        return self.lower()

    @property
    def suffix(self) -> str:
        """How Elastic ends the name of its field: ``total``, ``avg``, ``min``, ``max``, ``count``."""
        return _SUFFIXES[self]


_SUFFIXES: Final = {
    Aggregation.TOTAL: "total",
    Aggregation.AVERAGE: "avg",
    Aggregation.MINIMUM: "min",
    Aggregation.MAXIMUM: "max",
    Aggregation.COUNT: "count",
}


class Unit(StrEnum):
    """Azure's units."""

    COUNT = "Count"
    PERCENT = "Percent"
    MILLISECONDS = "MilliSeconds"
    BYTES = "Bytes"
    BYTES_PER_SECOND = "BytesPerSecond"
    COUNT_PER_SECOND = "CountPerSecond"


class GenAiField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The field of OpenTelemetry's conventions that has the same quantity."""

    field: str
    aggregation: Aggregation
    divisor: int = 1
    """By what Azure's value is divided: the conventions count time in seconds."""


class Metric(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One metric of one kind of resource."""

    family: str = ""
    namespace: str = ""
    """The metric namespace, which is the type of the resource."""
    name: str
    title: str
    unit: Unit
    aggregations: tuple[Aggregation, ...]
    """Those that are asked for and kept."""
    dimensions: tuple[str, ...]
    """What it can be split by, in Azure's spelling. The live definitions win over it."""
    field: str
    """The field of our documents below which ``total``, ``avg``, ``min``, ``max`` and ``count`` stand."""
    elastic: bool = False
    """Whether Elastic's ``azure_openai`` package exports the same field."""
    gen_ai: GenAiField | None = None
    exported: bool = True
    """Whether a diagnostic setting can export it."""
    deprecated: bool = False
    notes: str = ""


class _Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    family: str
    title: str
    namespace: str
    metrics: tuple[Metric, ...]
    notes: str = ""


class _Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    dimension_lists: Mapping[str, tuple[str, ...]]
    families: tuple[_Family, ...]


@cache
def load_metrics() -> tuple[Metric, ...]:
    """Return every metric of the catalogue, in its order."""
    catalogue = msgspec.convert(yaml.safe_load(_FILE.read_text(encoding="utf-8")), _Catalogue)
    lists = catalogue.dimension_lists
    return tuple(_complete(family, metric, lists) for family in catalogue.families for metric in family.metrics)


def metrics_of(namespace: str) -> tuple[Metric, ...]:
    """Return the metrics of a kind of resource; Azure writes namespaces in any case."""
    return tuple(metric for metric in load_metrics() if metric.namespace.lower() == namespace.lower())


def find_metric(namespace: str, name: str) -> Metric | None:
    """Return the metric of that name; None when the catalogue does not have it. Case is no difference."""
    return _by_name().get((namespace.lower(), name.lower()))


def canonical_dimension(namespace: str, name: str) -> str:
    """Return Azure's own spelling of a dimension, which answers give in lower case; an unknown one as it came."""
    return _spellings().get((namespace.lower(), name.lower()), name)


_SPELT: Final = re.compile(r"(?:[^A-Z_\W])([A-Z])[^A-Z]", re.ASCII)
_REPLACED: Final = ((" ", "_"), ("/", "_per_"), ("\\", "_"), ("_%_", "_pct_"), (":", "_"), ("_-_", "_"))


@cache
def property_name(name: str) -> str:
    """Return the key that a stock agent gives to a metric or dimension.

    It sets an underscore before a capital between two small letters, and of two that share a letter only before the
    first: ``AzureOpenAIRequests`` is ``azure_openairequests``, ``TimeToResponse`` is ``time_toresponse``. The rule is
    that of metricbeat's azure module (``managePropertyName``).
    """
    for found, replacement in _REPLACED:
        name = name.replace(found, replacement)
    spaced = _SPELT.sub(lambda match: f"{match[0][0]}_{match[0][1:]}", name)
    return "_".join(part.removeprefix("_").removesuffix("_") for part in spaced.split(".")).lower()


def _complete(family: _Family, metric: Metric, lists: Mapping[str, Sequence[str]]) -> Metric:
    dimensions = tuple(_expand(metric.dimensions, lists))
    return msgspec.structs.replace(metric, family=family.family, namespace=family.namespace, dimensions=dimensions)


def _expand(names: Sequence[str], lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name in names:
        if name.startswith("$"):
            yield from lists[name.removeprefix("$")]
        else:
            yield name


@cache
def _by_name() -> Mapping[tuple[str, str], Metric]:
    return {(metric.namespace.lower(), metric.name.lower()): metric for metric in load_metrics()}


@cache
def _spellings() -> Mapping[tuple[str, str], str]:
    return {(metric.namespace.lower(), name.lower()): name for metric in load_metrics() for name in metric.dimensions}
