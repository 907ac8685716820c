"""From a panel's table to series: what is drawn in one colour under one name of the legend."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.assets.panels.model import Column, Mark, PanelTable, Value
from collector.preview.theme import REST_NAMES, Palette

type Point = tuple[Value, float | None]
"""Where on the axis, and how much; None interrupts a line."""


@dataclass(frozen=True, slots=True)
class Series:
    """One name of the legend. `column` says how its values are drawn and written."""

    name: str
    colour: str
    column: Column
    points: tuple[Point, ...]

    @property
    def mark(self) -> Mark:
        """How it is drawn."""
        return self.column.mark or "bar"


def read_series(table: PanelTable, palette: Palette, chosen: Mapping[str, str]) -> list[Series]:
    """Return the series of a chart with axes, in the order of the table; what stands for the rest comes last.

    Colours by name that the dashboard has `chosen` go before those of the palette.
    """
    places = sorted(
        (index for index, column in enumerate(table.columns) if column.role != "metric"),
        key=lambda index: table.columns[index].role != "time",
    )
    metrics = [(index, column) for index, column in enumerate(table.columns) if column.role == "metric"]
    kind = " / ".join(table.columns[index].label for index in places[1:])
    parted = {
        column.name
        for row in table.rows
        for index, column in metrics
        if row[index] is not None and any(row[each] is not None for each in places[1:])
    }
    found: dict[tuple[str, str], tuple[Column, list[Point]]] = {}
    for row in table.rows:
        for index, column in metrics:
            value = row[index]
            if isinstance(value, int | float):
                name = _name(column, [row[each] for each in places[1:]], alone=len(parted) <= 1)
                found.setdefault((column.name, name), (column, []))[1].append((row[places[0]], value))
    series = [
        Series(
            name,
            chosen.get(name) or _own_colour(column, name) or palette.colour(kind, name),
            column,
            tuple(_interrupt(column, points, table.interval_seconds)),
        )
        for (_, name), (column, points) in found.items()
    ]
    return sorted(series, key=lambda each: each.name in REST_NAMES)


def _name(column: Column, values: Sequence[Value], *, alone: bool) -> str:
    """Name a part by what it is part of; of several figures with parts, also by its figure."""
    said = [str(value) for value in values if value is not None]
    return " / ".join(said if said and alone else [*said, column.label])


def _own_colour(column: Column, name: str) -> str | None:
    """A metric's own colour is for the metric as a whole, not for parts of it."""
    return column.color if name == column.label else None


def _interrupt(column: Column, points: Sequence[Point], interval: float | None) -> Iterator[Point]:
    """Yield the points, and a break where a line would run over buckets that have no data."""
    before: datetime | None = None
    for place, value in points:
        if column.mark == "line" and interval and isinstance(place, datetime):
            if before is not None and (place - before).total_seconds() > interval:
                yield before + timedelta(seconds=interval), None
            before = place
        yield place, value
