"""Runs a panel: asks the engine what Kibana would ask, and works out what Kibana would show.

Time is in UTC; Kibana takes the time zone of the browser, which only changes where days begin.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from elasticsearch import Elasticsearch

from collector.assets.panels.answers import EPOCH, Row
from collector.assets.panels.documents import run_documents
from collector.assets.panels.formula import Number, evaluate
from collector.assets.panels.intervals import choose_interval
from collector.assets.panels.model import (
    Column,
    Dashboard,
    Layer,
    Panel,
    PanelTable,
    Query,
    TimeRange,
    Times,
    UnknownPanelFeatureError,
    Value,
)
from collector.assets.panels.searching import find_rows


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
    rows = find_rows(client, layer, time_range, filters)
    calculated = [Row(row.labels, _calculate(layer, row.figures)) for row in rows]
    return _sort(layer, [_scale(layer, row, time_range) for row in calculated])


def _calculate(layer: Layer, figures: Mapping[str, Number | None]) -> dict[str, Number | None]:
    values = dict(figures)
    for calculation in layer.calculations:
        values[calculation.id] = evaluate(calculation.ast, values)
    return values


def _scale(layer: Layer, row: Row, time_range: TimeRange) -> Row:
    """Normalise figures to a unit of time. A bucket at an end of the time range counts only with what is inside."""
    if not layer.scales:
        return row
    starts = [label for label in row.labels if isinstance(label, datetime)]
    if len(starts) != 1:
        raise UnknownPanelFeatureError("a time scale without time on the axis")
    end = starts[0] + _width(layer, time_range)
    inside = (min(end, time_range.end) - max(starts[0], time_range.start)) / timedelta(seconds=1)
    scaled = {name: _divide(row.figures[name], inside / seconds) for name, seconds in layer.scales.items()}
    return Row(row.labels, {**row.figures, **scaled})


def _divide(value: Number | None, factor: float) -> Number | None:
    return None if value is None or factor == 0 else value / factor


def _sort(layer: Layer, rows: list[Row]) -> list[Row]:
    """Sort a table as it says; what has no value comes last."""
    if layer.sort is None:
        return rows
    name, descending = layer.sort
    filled = [row for row in rows if row.figures[name] is not None]
    empty = [row for row in rows if row.figures[name] is None]
    return [*sorted(filled, key=lambda row: row.figures[name] or 0, reverse=descending), *empty]


def _join(layers: Sequence[tuple[Layer, list[Row]]], time_range: TimeRange) -> PanelTable:
    """Put the rows of all layers under each other, in columns of all of them."""
    columns: dict[str, Column] = {}
    for layer, _ in layers:
        for column in layer.columns:
            if column.role == "metric" and column.name in columns:
                raise UnknownPanelFeatureError(f"two layers with a figure {column.name}")
            columns.setdefault(column.name, column)
    rows = [_row(layer, row, tuple(columns)) for layer, found in layers for row in found]
    return PanelTable(tuple(columns.values()), tuple(rows), _interval([layer for layer, _ in layers], time_range))


def _row(layer: Layer, row: Row, names: Sequence[str]) -> tuple[Value, ...]:
    dates = {column.name for column in layer.columns if column.format.unit == "date"}
    values: dict[str, Value] = {name: _date(value) if name in dates else value for name, value in row.figures.items()}
    values |= {bucket.id: label for bucket, label in zip(layer.buckets, row.labels, strict=True)}
    return tuple(values.get(name) for name in names)


def _date(value: Number | None) -> datetime | None:
    return None if value is None else EPOCH + timedelta(milliseconds=value)


def _interval(layers: Sequence[Layer], time_range: TimeRange) -> float | None:
    timed = [layer for layer in layers if any(isinstance(bucket, Times) for bucket in layer.buckets)]
    widths = {_width(layer, time_range) for layer in timed}
    if len(widths) > 1:
        raise UnknownPanelFeatureError("layers with buckets of different widths")
    return widths.pop() / timedelta(seconds=1) if widths else None


def _width(layer: Layer, time_range: TimeRange) -> timedelta:
    (times,) = [bucket for bucket in layer.buckets if isinstance(bucket, Times)]
    return choose_interval(times.interval, time_range)
