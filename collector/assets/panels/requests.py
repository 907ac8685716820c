"""The searches that a layer needs, as bodies for Elasticsearch."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, assert_never

from collector.assets.panels.intervals import choose_interval, histogram_interval
from collector.assets.panels.model import (
    Aggregation,
    Bucket,
    Layer,
    Queries,
    Query,
    Terms,
    TimeRange,
    Times,
    UnknownPanelFeatureError,
)

type Aggs = dict[str, Any]

BUCKETS: Final = "buckets"
"""The name of the aggregation that makes a level's buckets; figures go by their ids."""
MISSING: Final = "__missing__"
"""The key of the documents without the field, as Kibana has it."""
_SIMPLE: Final = {
    "sum": "sum",
    "average": "avg",
    "min": "min",
    "max": "max",
    "count": "value_count",
    "unique_count": "cardinality",
}
_MEDIAN: Final = 50.0


def build_aggs(layer: Layer, time_range: TimeRange, *, depth: int = 0) -> Aggs:
    """Build the aggregations of a layer from the bucket at ``depth`` inwards; figures are within the innermost."""
    if depth == len(layer.buckets):
        return build_figures(layer.aggregations)
    bucket = layer.buckets[depth]
    inner = build_aggs(layer, time_range, depth=depth + 1)
    if isinstance(bucket, Terms) and bucket.order_by is not None:
        inner = build_figures(one for one in layer.aggregations if one.id == bucket.order_by) | inner
    return {BUCKETS: _bucket(bucket, layer, time_range) | ({"aggs": inner} if inner else {})}


def build_figures(aggregations: Iterable[Aggregation]) -> Aggs:
    """Build the aggregations of figures; one that only counts the documents of its bucket needs none."""
    return {one.id: built for one in aggregations if (built := _figure(one)) is not None}


def build_others(layer: Layer, terms: Terms, keys: Sequence[str], time_range: TimeRange) -> Aggs:
    """Build the aggregation of what is in none of the top values, as Kibana's `_terms_other_bucket_helper.ts` does."""
    named = [key for key in keys if key != MISSING]
    others: dict[str, Any] = {"must_not": [{"match_phrase": {terms.field: key}} for key in named]}
    if not terms.missing or MISSING in keys:
        others["filter"] = [{"exists": {"field": terms.field}}]
    inner = build_aggs(layer, time_range, depth=1)
    return {BUCKETS: {"filter": {"bool": others}} | ({"aggs": inner} if inner else {})}


def build_query(time_range: TimeRange, filters: Iterable[Query], time_field: str = "@timestamp") -> Query:
    """Build the query of a search: the time range, both ends included, and all filters."""
    between = {"gte": _text(time_range.start), "lte": _text(time_range.end), "format": "strict_date_optional_time"}
    return {"bool": {"filter": [{"range": {time_field: between}}, *filters]}}


def _bucket(bucket: Bucket, layer: Layer, time_range: TimeRange) -> Aggs:
    match bucket:
        case Terms():
            terms: dict[str, Any] = {"field": bucket.field, "size": bucket.size, "order": _order(bucket, layer)}
            return {"terms": terms | ({"missing": MISSING} if bucket.missing else {})}
        case Queries():
            return {"filters": {"filters": dict(bucket.queries)}}
        case Times():
            return {"date_histogram": _histogram(bucket, time_range)}
        case _:
            assert_never(bucket)


def _order(terms: Terms, layer: Layer) -> dict[str, str]:
    direction = "desc" if terms.descending else "asc"
    if terms.order_by is None:
        return {"_key": direction}
    aggregation = next(one for one in layer.aggregations if one.id == terms.order_by)
    return {_path(aggregation): direction}


def _path(aggregation: Aggregation) -> str:
    if aggregation.field is None:
        return "_count" if aggregation.query is None else aggregation.id
    return _within(aggregation) if aggregation.query is None else f"{aggregation.id}>{_within(aggregation)}"


def _within(aggregation: Aggregation) -> str:
    percentile = _percentile(aggregation)
    return aggregation.id if percentile is None else f"{aggregation.id}.{percentile:g}"


def _histogram(times: Times, time_range: TimeRange) -> dict[str, Any]:
    interval: timedelta = choose_interval(times.interval, time_range)
    histogram: dict[str, Any] = {"field": times.field, "time_zone": "UTC", **histogram_interval(interval)}
    if not times.empty_rows:
        return {**histogram, "min_doc_count": 1}
    if not times.filled:
        return {**histogram, "min_doc_count": 0}
    bounds = {"min": _milliseconds(time_range.start), "max": _milliseconds(time_range.end)}
    return {**histogram, "min_doc_count": 0, "extended_bounds": bounds}


def _figure(aggregation: Aggregation) -> Aggs | None:
    figure = _unfiltered(aggregation)
    if aggregation.query is None:
        return figure
    inner = {} if figure is None else {"aggs": {aggregation.id: figure}}
    return {"filter": aggregation.query, **inner}


def _unfiltered(aggregation: Aggregation) -> Aggs | None:
    if aggregation.field is None:
        if aggregation.operation != "count":
            raise UnknownPanelFeatureError(f"{aggregation.operation} of no field")
        return None
    percentile = _percentile(aggregation)
    if percentile is not None:
        return {"percentiles": {"field": aggregation.field, "percents": [percentile]}}
    if aggregation.newest_by is not None:
        newest = {aggregation.newest_by: {"order": "desc"}}
        return {"top_hits": {"size": 1, "sort": [newest], "_source": False, "docvalue_fields": [aggregation.field]}}
    return {_SIMPLE[aggregation.operation]: {"field": aggregation.field}}


def _percentile(aggregation: Aggregation) -> float | None:
    return _MEDIAN if aggregation.operation == "median" else aggregation.percentile


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
