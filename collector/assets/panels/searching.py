"""Finds the rows of a layer: one search for each time that its figures look at, and one for the others of top values.

Kibana asks for all of it in one search (`time_splits.ts`); the rows are the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from elasticsearch import Elasticsearch

from collector.assets.panels.answers import OTHER_LABEL, Answer, Row, has_others, keys_of_terms, read_rows
from collector.assets.panels.formula import Number
from collector.assets.panels.intervals import choose_interval, parse_span
from collector.assets.panels.model import Layer, Query, Terms, TimeRange, Times, UnknownPanelFeatureError, Value
from collector.assets.panels.requests import build_aggs, build_others, build_query

_SEARCH: Final[Mapping[str, Any]] = {
    "size": 0,
    "track_total_hits": True,
    "ignore_unavailable": True,
    "allow_no_indices": True,
}


def find_rows(client: Elasticsearch, layer: Layer, time_range: TimeRange, filters: Sequence[Query]) -> list[Row]:
    """Find the rows of a layer, in the order in which it shows them.

    Raises:
        UnknownPanelFeatureError: a time shift that this runner does not know, or beside what it cannot shift.
        elasticsearch.ApiError: the engine refuses a search.
    """
    shifts = {one.shift: _span(one.shift, time_range) for one in layer.aggregations}
    if not any(shifts.values()):
        return list(_search(client, layer, time_range, filters))
    _refuse_what_cannot_shift(layer, time_range, shifts)
    nothing: Mapping[str, Number | None] = {one.id: None for one in layer.aggregations}
    found: dict[tuple[Value, ...], Mapping[str, Number | None]] = {}
    for shift, span in shifts.items():
        part = _part(layer, shift)
        looked_at = TimeRange(time_range.start - span, time_range.end - span)
        for row in _search(client, part, looked_at, filters):
            labels = tuple(label + span if isinstance(label, datetime) else label for label in row.labels)
            found[labels] = {**found.get(labels, nothing), **row.figures}
    return _in_order(found)


def _span(shift: str | None, time_range: TimeRange) -> timedelta:
    if shift is None:
        return timedelta()
    return time_range.end - time_range.start if shift == "previous" else parse_span(shift)


def _part(layer: Layer, shift: str | None) -> Layer:
    """Return the layer with the figures of one shift. Kibana fills the ends of the time range up only without any."""
    figures = tuple(one for one in layer.aggregations if one.shift == shift)
    buckets = tuple(replace(one, filled=False) if isinstance(one, Times) else one for one in layer.buckets)
    return replace(layer, aggregations=figures, buckets=buckets)


def _refuse_what_cannot_shift(layer: Layer, time_range: TimeRange, shifts: Mapping[str | None, timedelta]) -> None:
    if any(isinstance(bucket, Terms) for bucket in layer.buckets):
        raise UnknownPanelFeatureError("a time shift with top values")
    for bucket in layer.buckets:
        if isinstance(bucket, Times):
            interval = choose_interval(bucket.interval, time_range)
            if "previous" in shifts or any(span % interval for span in shifts.values()):
                raise UnknownPanelFeatureError(f"a time shift that is no multiple of the buckets of {interval}")


def _in_order(found: Mapping[tuple[Value, ...], Mapping[str, Number | None]]) -> list[Row]:
    """Sort rows: times by time, other labels as they came."""
    places: dict[Value, int] = {}
    for labels in found:
        for label in labels:
            places.setdefault(label, len(places))
    in_order = sorted(found, key=lambda labels: [one if isinstance(one, datetime) else places[one] for one in labels])
    return [Row(labels, found[labels]) for labels in in_order]


def _search(client: Elasticsearch, layer: Layer, time_range: TimeRange, filters: Sequence[Query]) -> Iterator[Row]:
    query = build_query(time_range, filters)
    answer = _ask(client, layer, query, build_aggs(layer, time_range))
    yield from read_rows(answer, layer)
    outermost = layer.buckets[0] if layer.buckets else None
    if isinstance(outermost, Terms) and outermost.other and has_others(answer):
        aggs = build_others(layer, outermost, keys_of_terms(answer), time_range)
        others: Answer = _ask(client, layer, query, aggs)["buckets"]
        if others["doc_count"]:
            yield from read_rows(others, layer, depth=1, labels=(OTHER_LABEL,))


def _ask(client: Elasticsearch, layer: Layer, query: Query, aggs: Mapping[str, Any]) -> Answer:
    """Search; the answer is like a bucket: its aggregations, and how many documents there are."""
    body = client.search(index=layer.index, query=query, aggs=aggs or None, **_SEARCH).body
    return {"doc_count": body["hits"]["total"]["value"], **body.get("aggregations", {})}
