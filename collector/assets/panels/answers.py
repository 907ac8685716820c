"""Turns Elasticsearch's answer to a layer's search into rows of labels and figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from collector.assets.panels.formula import Number
from collector.assets.panels.model import (
    Aggregation,
    Bucket,
    Layer,
    Queries,
    Terms,
    Times,
    UnknownPanelFeatureError,
    Value,
)
from collector.assets.panels.requests import BUCKETS, MISSING

type Answer = Mapping[str, Any]

OTHER_LABEL: Final = "Other"
_MISSING_LABEL: Final = "(missing value)"
_EMPTY_LABEL: Final = "(empty)"
_ZERO_WHEN_ABSENT: Final = frozenset({"sum", "unique_count"})
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""From which Elasticsearch counts the milliseconds of a date."""


@dataclass(frozen=True, slots=True)
class Row:
    """The labels of a row's buckets, from the outermost inwards, and the figures found for it, by id."""

    labels: tuple[Value, ...]
    figures: Mapping[str, Number | None]


def read_rows(answer: Answer, layer: Layer, *, depth: int = 0, labels: tuple[Value, ...] = ()) -> Iterator[Row]:
    """Read the rows of a layer; ``answer`` holds the aggregations of the bucket at ``depth``."""
    if depth == len(layer.buckets):
        yield Row(labels, {one.id: _figure(answer, one) for one in layer.aggregations})
        return
    bucket = layer.buckets[depth]
    for label, inner in _read_buckets(answer.get(BUCKETS, {}), bucket):
        yield from read_rows(inner, layer, depth=depth + 1, labels=(*labels, label))


def keys_of_terms(answer: Answer) -> list[str]:
    """Return the keys of the outermost buckets as they are."""
    return [_key(bucket) for bucket in answer.get(BUCKETS, {}).get("buckets", [])]


def has_others(answer: Answer) -> bool:
    """Tell whether the outermost terms left documents out."""
    return bool(answer.get(BUCKETS, {}).get("sum_other_doc_count"))


def _read_buckets(answer: Answer, bucket: Bucket) -> Iterator[tuple[Value, Answer]]:
    found: Any = answer.get("buckets", ())
    match bucket:
        case Queries():
            for label in bucket.queries:
                if found:
                    yield label, found[label]
        case Times():
            for one in found:
                yield EPOCH + timedelta(milliseconds=one["key"]), one
        case Terms():
            for one in found:
                yield _label(_key(one), bucket), one


def _key(bucket: Answer) -> str:
    return str(bucket.get("key_as_string", bucket["key"]))


def _label(key: str, terms: Terms) -> str:
    if key == MISSING and terms.missing:
        return _MISSING_LABEL
    return key or _EMPTY_LABEL


def _figure(answer: Answer, aggregation: Aggregation) -> Number | None:
    inner: Answer | None = answer
    if aggregation.query is not None:
        inner = answer.get(aggregation.id)
    value = None if inner is None else _value(inner, aggregation)
    return None if value == 0 and aggregation.empty_as_null else value


def _value(inner: Answer, aggregation: Aggregation) -> Number | None:
    if aggregation.field is None:
        return inner["doc_count"]
    found: Answer = inner.get(aggregation.id, {})
    if "values" in found:
        (value,) = found["values"].values()
        return value
    if "hits" in found:
        return _last_value(found["hits"]["hits"], aggregation)
    return found.get("value", 0 if aggregation.operation in _ZERO_WHEN_ABSENT else None)


def _last_value(hits: Sequence[Answer], aggregation: Aggregation) -> Number | None:
    values: list[object] = [value for hit in hits for value in hit.get("fields", {}).get(aggregation.field, ())]
    if not values:
        return None
    first = values[0]
    if len(values) > 1 or not isinstance(first, int | float):
        raise UnknownPanelFeatureError(f"the last value of {aggregation.field}, which is not one number")
    return first
