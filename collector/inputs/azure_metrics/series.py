"""Answers of Azure as rows: for each minute, the values of all metrics of a group by their dimension values.

What is kept apart here:

- split and unsplit: a series without dimensions, in a group that is split, is the sum of the others and no row;
- zero and missing: 0 is a value; a point without any value is none;
- exactness: numbers are passed on as they came.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import attrgetter
from typing import Final

from collector.inputs.azure_metrics.planning import MetricGroup
from collector.inputs.azure_metrics.ports import MetricSeries, Number, Point, Series

type Dimensions = tuple[tuple[str, str], ...]
"""Names in Azure's spelling with their values, sorted by name."""
type Values = tuple[Number | None, ...]
"""One for each aggregation of the metric; at least one is not None."""
type Row = dict[int, Values]
"""The values of one minute and dimension set, by the index of their metric in the group."""
type Rows = dict[bytes, Row]
"""The rows of a minute by the keys of their dimension sets."""

KEY_BYTES: Final = 8


@dataclass(slots=True)
class Reading:
    """What Azure has for one resource and group over a span of minutes."""

    minutes: dict[int, Rows] = field(default_factory=dict[int, Rows])
    """Minutes that have a value."""
    dimensions: dict[bytes, Dimensions] = field(default_factory=dict[bytes, Dimensions])
    """The dimension sets by their keys."""
    points: int = 0
    """How many points the answers held, with and without a value."""
    errors: list[str] = field(default_factory=list[str])
    """Metrics that Azure could not answer for, with its code."""


def read(group: MetricGroup, answers: Iterable[MetricSeries], start: int, end: int) -> Reading:
    """Put the answers for one resource together; points outside the span are left out."""
    indices = {metric.name.lower(): index for index, metric in enumerate(group.metrics)}
    spellings = {name.lower(): name for name in group.dimensions}
    reading = Reading()
    for answer in answers:
        index = indices.get(answer.metric.lower())
        if answer.error is not None:
            reading.errors.append(f"{answer.metric}: {answer.error}")
        if index is None:
            continue
        values_of = _values_of([each.attribute for each in group.metrics[index].aggregations])
        for series in answer.series:
            reading.points += len(series.points)
            dimensions = _dimensions(series, spellings)
            if dimensions or not spellings:
                key = series_key(dimensions)
                reading.dimensions[key] = dimensions
                points = (point for point in series.points if start <= point.minute < end)
                _add(reading.minutes, key, index, values_of, points)
    return reading


def series_key(dimensions: Dimensions) -> bytes:
    """Return the short name of a dimension set."""
    named = "\0".join([part for pair in dimensions for part in pair])
    return blake2b(named.encode(), digest_size=KEY_BYTES).digest()


def _dimensions(series: Series, spellings: Mapping[str, str]) -> Dimensions:
    return tuple(sorted((spellings.get(name.lower(), name), value) for name, value in series.dimensions.items()))


def _values_of(attributes: list[str]) -> Callable[[Point], Values]:
    if len(attributes) == 1:
        single = attrgetter(attributes[0])
        return lambda point: (single(point),)
    return attrgetter(*attributes)


def _add(
    minutes: dict[int, Rows], key: bytes, index: int, values_of: Callable[[Point], Values], points: Iterable[Point]
) -> None:
    for point in points:
        values = values_of(point)
        if values.count(None) < len(values):
            rows = minutes.get(point.minute)
            if rows is None:
                rows = minutes[point.minute] = {}
            row = rows.get(key)
            if row is None:
                row = rows[key] = {}
            row[index] = values
