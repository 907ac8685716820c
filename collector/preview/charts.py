"""Panels with axes as Vega-Lite, by way of `altair`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

import altair as alt

from collector.assets.panels.model import Format, Mark, Panel, PanelTable, TimeRange
from collector.preview.formatting import write_axis, write_value
from collector.preview.rings import draw_rings
from collector.preview.series import Series, read_series
from collector.preview.theme import Palette

type Spec = dict[str, Any]
type Size = tuple[int, int]
"""Width and height in pixels."""

VEGA_LITE: Final = alt.SCHEMA_VERSION.rpartition(".")[0]
"""The version of Vega-Lite that the charts are for."""

_MINUTE: Final = 60_000
_DAY: Final = 24 * 60 * _MINUTE
_STEPS: Final = (
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(days * _DAY for days in (1, 2, 7, 14, 30, 90, 365)),
)
"""From tick to tick of time, in milliseconds."""
_BAR_GAP: Final = 0.08
_TICKS_OF_AMOUNTS, _TICKS_OF_TIME = 5, 9
_NAME_PIXELS: Final = 150
# A legend's names stand in columns: as many as fit a page of 1280 pixels.
_GRID_PIXELS, _LETTER_PIXELS, _SYMBOL_PIXELS = 24, 7, 26
_STACKS: Final[dict[str, Literal["zero", "normalize"] | None]] = {
    "stacked": "zero",
    "percentage": "normalize",
    "none": None,
}
_SHARES: Final = Format("percent")
_MARKS: Final[tuple[Mark, ...]] = ("bar", "area", "line")
"""From the back to the front."""
_LIMIT_COLOUR: Final = "#CC5642"
"""Of a line across a chart that has no colour of its own."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a chart is drawn for: the range of its time axis, the colours of its dashboard, its size if that is fixed.

    Without a size it fills what it is put into.
    """

    time_range: TimeRange
    palette: Palette
    size: Size | None = None


@dataclass(frozen=True, slots=True)
class _Side:
    """Series that share one axis of amounts, with what they need to be drawn."""

    panel: Panel
    interval: float | None
    series: Sequence[Series]
    orient: Literal["left", "right"]
    colour: alt.Color
    time_range: TimeRange


def draw_chart(panel: Panel, table: PanelTable, drawing: Drawing) -> Spec | None:
    """Return the chart of an `xy` or `pie` panel as Vega-Lite; None where there is nothing to draw."""
    chart = draw_rings(table, drawing.palette) if panel.kind == "pie" else _draw_axes(panel, table, drawing)
    if chart is None:
        return None
    width, height = drawing.size or ("container", "container")
    spec = chart.properties(description=f"{panel.title}. {panel.description}").to_dict()
    spec.pop("config", None)  # the page and the picture set their theme's
    return spec | {"width": width, "height": height, "autosize": {"type": "fit", "contains": "padding"}}


def _draw_axes(panel: Panel, table: PanelTable, drawing: Drawing) -> alt.LayerChart | None:
    series = read_series(table, drawing.palette, panel.colors)
    if not series:
        return None
    colour = _colour(series, panel)
    side = _Side(panel, table.interval_seconds, series, "left", colour, drawing.time_range)
    left, right = ([each for each in series if each.column.axis == where] for where in ("left", "right"))
    sides = [
        *([_draw_side(replace(side, series=left))] if left else []),
        *([_draw_side(replace(side, series=right, orient="right"))] if right else []),
    ]
    amounts = alt.ScaleResolveMap(y="independent" if len(sides) > 1 else "shared")
    return alt.LayerChart(layer=sides, resolve=alt.Resolve(scale=amounts))


def _draw_side(side: _Side) -> alt.LayerChart:
    groups = [[each for each in side.series if each.mark == mark] for mark in _MARKS]
    marks = [_draw_marks(replace(side, series=group), group[0].mark) for group in groups if group]
    return alt.LayerChart(layer=[*marks, *_draw_limits(side)])


def _draw_limits(side: _Side) -> Iterator[alt.Chart]:
    """Draw the lines across the chart, which the axis of amounts includes; a name is below its line."""
    for line in side.panel.reference_lines:
        if line.axis != side.orient:
            continue
        chart = alt.Chart(alt.Data(values=[{"value": line.value, "label": line.label}]))
        chart = chart.encode(y=alt.Y("value:Q", axis=_axis(side, None), scale=alt.Scale(zero=True)))
        colour = line.color or _LIMIT_COLOUR
        yield chart.mark_rule(color=colour, strokeWidth=2)
        name = chart.mark_text(color=colour, align="right", baseline="top", dx=-4, dy=4)
        yield name.encode(x=alt.XValue("width"), text=alt.Text("label:N"))


def _draw_marks(side: _Side, mark: Mark) -> alt.Chart:
    chart = _place(_mark(alt.Chart(alt.Data(values=list(_list_points(side)))), mark), side, mark)
    return chart.encode(
        color=side.colour,
        order=alt.Order("order:Q"),
        tooltip=[alt.Tooltip("at:N", title="at"), alt.Tooltip("text:N", title="value"), alt.Tooltip("series:N")],
    )


def _mark(chart: alt.Chart, mark: Mark) -> alt.Chart:
    match mark:
        case "bar":
            return chart.mark_bar(orient="vertical")
        case "area":
            return chart.mark_area(opacity=0.7)
        case "line":
            return chart.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=10))


def _place(chart: alt.Chart, side: _Side, mark: Mark) -> alt.Chart:
    """Lay out amounts over time or over names."""
    stack = None if mark == "line" else _STACKS[side.panel.stacking]
    chart = chart.encode(y=alt.Y("value:Q", axis=_axis(side, stack), stack=stack, scale=_scale(side.series)))
    if side.interval is None:
        return chart.encode(x=alt.X("x:N", sort=None, axis=alt.Axis(title=None, labelAngle=0, labelLimit=160)))
    chart = chart.encode(x=_time_axis(side.time_range))
    return chart.encode(x2="end:Q") if mark == "bar" else chart


def _axis(side: _Side, stack: Literal["zero", "normalize"] | None) -> alt.Axis:
    return alt.Axis(
        orient=side.orient,
        title=None,
        labelExpr=write_axis(_SHARES if stack == "normalize" else side.series[0].column.format),
        tickCount=_TICKS_OF_AMOUNTS,
        grid=side.orient == "left",
        domain=False,
        ticks=False,
    )


def _scale(series: Sequence[Series]) -> alt.Scale:
    """Start at zero; where all is zero, leave it at the bottom."""
    values = [value for each in series for _, value in each.points if value is not None]
    return alt.Scale(zero=True) if any(values) else alt.Scale(domain=[0, 1])


def _time_axis(time_range: TimeRange) -> alt.X:
    """Return an axis of milliseconds that reads as UTC: Vega's own axes of time would be those of the reader's zone."""
    start, end = _epoch_ms(time_range.start), _epoch_ms(time_range.end)
    step = next((step for step in _STEPS if (end - start) / step <= _TICKS_OF_TIME), _STEPS[-1])
    form = "%H:%M" if step < _DAY else "%d %b"
    ticks = list(range(-(-start // step) * step, end + 1, step))
    axis = alt.Axis(
        title=None, values=ticks, labelExpr=f"utcFormat(datum.value, '{form}')", grid=False, labelOverlap=True
    )
    return alt.X("x:Q", axis=axis, scale=alt.Scale(domain=[start, end], nice=False, zero=False, clamp=True))


def _colour(series: Sequence[Series], panel: Panel) -> alt.Color:
    """Return the one colour scale of a chart; without a legend where a title says all, which names no deployment."""
    longest = min(_NAME_PIXELS, max(len(each.name) for each in series) * _LETTER_PIXELS)
    legend = alt.Legend(
        orient="bottom",
        title=None,
        columns=max(1, panel.grid.w * _GRID_PIXELS // (longest + _SYMBOL_PIXELS)),
        labelLimit=_NAME_PIXELS,
        symbolType="square",
        symbolSize=80,
    )
    is_named = len(series) > 1 or series[0].name != series[0].column.label
    scale = alt.Scale(domain=[each.name for each in series], range=[each.colour for each in series])
    return alt.Color("series:N", scale=scale, sort=None, legend=legend if is_named else None)


def _list_points(side: _Side) -> Iterator[dict[str, Any]]:
    width = 0 if side.interval is None else round(side.interval * 1000 * (1 - _BAR_GAP))
    for order, each in enumerate(side.series):
        for place, value in each.points:
            text = write_value(value, each.column.format)
            point: dict[str, Any] = {"series": each.name, "order": order, "value": value, "text": text}
            if isinstance(place, datetime):
                start = _epoch_ms(place)
                yield point | {"x": start, "end": start + width, "at": f"{place.astimezone(UTC):%Y-%m-%d %H:%M} UTC"}
            else:
                yield point | {"x": str(place), "at": str(place)}


def _epoch_ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
