"""Runs a panel: asks the engine what Kibana would ask, and works out what Kibana would show.

Time is in UTC; Kibana takes the time zone of the browser, which only changes where days begin.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from elasticsearch import Elasticsearch

from collector.assets.panels.answers import OTHER_LABEL, Answer, Row, has_others, keys_of_terms, read_rows
from collector.assets.panels.documents import run_documents
from collector.assets.panels.formula import Number, evaluate
from collector.assets.panels.intervals import choose_interval
from collector.assets.panels.model import (
    Column,
    Dashboard,
    Layer,
    Panel,
    PanelTable,
    Queries,
    Query,
    Terms,
    TimeRange,
    Times,
    UnknownPanelFeatureError,
    Value,
)
from collector.assets.panels.requests import build_aggs, build_others, build_query, figures_by_shift, shift_back

_SEARCH: Final[Mapping[str, Any]] = {
    "size": 0,
    "track_total_hits": True,
    "ignore_unavailable": True,
    "allow_no_indices": True,
}


def run_panel(
    client: Elasticsearch,
    dashboard: Dashboard,
    panel: Panel,
    time_range: TimeRange,
    *,
    filters: Sequence[Query] = (),
) -> PanelTable:
    """Return what a panel shows of a time range; ``filters`` are those of controls and whatever else narrows it.

    Raises:
        UnknownPanelFeatureError: the panel uses what this runner does not know.
        elasticsearch.ApiError: the engine refuses a search.
    """
    narrowed = (*dashboard.filters, *panel.filters, *filters)
    if panel.documents is not None:
        return run_documents(client, panel.documents, time_range, narrowed)
    layers = [(layer, _run_layer(client, layer, time_range, narrowed)) for layer in panel.layers]
    return _join(layers, time_range)


def _run_layer(client: Elasticsearch, layer: Layer, time_range: TimeRange, filters: Sequence[Query]) -> list[Row]:
    by_shift = figures_by_shift(layer.aggregations)
    if len(by_shift) > 1 and any(not isinstance(bucket, Queries) for bucket in layer.buckets):
        raise UnknownPanelFeatureError("a time shift with top values or time on the axis")
    rows: dict[tuple[Value, ...], dict[str, Number | None]] = {}
    for shift, aggregations in by_shift.items():
        looked_at = time_range if shift is None else shift_back(time_range, shift)
        part = replace(layer, aggregations=aggregations)
        for row in _search(client, part, looked_at, filters):
            rows.setdefault(row.labels, {}).update(row.figures)
    calculated = [Row(labels, _calculate(layer, figures)) for labels, figures in rows.items()]
    return [_scale(layer, row, time_range) for row in calculated]


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


def _calculate(layer: Layer, figures: Mapping[str, Number | None]) -> dict[str, Number | None]:
    values = dict(figures)
    for calculation in layer.calculations:
        values[calculation.id] = evaluate(calculation.ast, values)
    return values


def _scale(layer: Layer, row: Row, time_range: TimeRange) -> Row:
    """Normalise figures to a unit of time. A bucket at an end of the time range counts only with what is inside."""
    if not layer.scales:
        return row
    position, times = _times(layer)
    start = row.labels[position]
    if not isinstance(start, datetime):
        raise UnknownPanelFeatureError("a time scale without time on the axis")
    end = start + choose_interval(times.interval, time_range)
    inside = (min(end, time_range.end) - max(start, time_range.start)) / timedelta(seconds=1)
    scaled = {name: _divide(row.figures[name], inside / seconds) for name, seconds in layer.scales.items()}
    return Row(row.labels, {**row.figures, **scaled})


def _times(layer: Layer) -> tuple[int, Times]:
    for position, bucket in enumerate(layer.buckets):
        if isinstance(bucket, Times):
            return position, bucket
    raise UnknownPanelFeatureError("a time scale without time on the axis")


def _divide(value: Number | None, factor: float) -> Number | None:
    return None if value is None or factor == 0 else value / factor


def _join(layers: Sequence[tuple[Layer, list[Row]]], time_range: TimeRange) -> PanelTable:
    """Put the rows of all layers under each other, in columns of all of them."""
    columns: dict[str, Column] = {}
    for layer, _ in layers:
        for column in layer.columns:
            if column.role == "metric" and column.name in columns:
                raise UnknownPanelFeatureError(f"two layers with a figure {column.name}")
            columns.setdefault(column.name, column)
    rows = [_row(layer, row, tuple(columns)) for layer, found in layers for row in _sort(layer, found)]
    return PanelTable(tuple(columns.values()), tuple(rows), _interval(layers, time_range))


def _row(layer: Layer, row: Row, names: Sequence[str]) -> tuple[Value, ...]:
    values: dict[str, Value] = {**row.figures}
    values |= {bucket.id: label for bucket, label in zip(layer.buckets, row.labels, strict=True)}
    return tuple(values.get(name) for name in names)


def _sort(layer: Layer, rows: list[Row]) -> list[Row]:
    """Sort a table as it says; what has no value comes last."""
    if layer.sort is None:
        return rows
    name, descending = layer.sort
    filled = [row for row in rows if row.figures.get(name) is not None]
    empty = [row for row in rows if row.figures.get(name) is None]
    return [*sorted(filled, key=lambda row: row.figures[name] or 0, reverse=descending), *empty]


def _interval(layers: Sequence[tuple[Layer, list[Row]]], time_range: TimeRange) -> float | None:
    times = [bucket for layer, _ in layers for bucket in layer.buckets if isinstance(bucket, Times)]
    widths = {choose_interval(one.interval, time_range) for one in times}
    if len(widths) > 1:
        raise UnknownPanelFeatureError("layers with buckets of different widths")
    return widths.pop() / timedelta(seconds=1) if widths else None
