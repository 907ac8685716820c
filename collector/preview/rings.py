"""Shares of a whole as rings, by way of `altair`."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import altair as alt

from collector.assets.panels.model import PanelTable
from collector.preview.formatting import write_value
from collector.preview.theme import Palette, lighten

_NAME_PIXELS: Final = 150
_HOLE, _RIM = 0.5, 0.97
_GAP: Final = 0.01
_PALER: Final = 0.45
_RADIUS: Final = "min(width, height) / 2"


def draw_rings(table: PanelTable, palette: Palette) -> alt.LayerChart | None:
    """Return a ring for each breakdown, the first inside, each outer part over what it is part of; None without any."""
    parts = list(_list_parts(table))
    if not parts:
        return None
    levels = len(_breakdowns(table))
    colour = _colour(sorted(parts, key=lambda part: (part["first"], part["path"])), levels, palette)
    return alt.LayerChart(
        layer=[
            _draw_ring([part for part in parts if part["level"] == level], _HOLE + level * width, width, colour)
            for width in [(_RIM - _HOLE) / levels]
            for level in range(levels)
        ]
    )


def _colour(parts: Sequence[dict[str, Any]], levels: int, palette: Palette) -> alt.Color:
    """Give each outer part a lighter shade of what it is part of; in the legend it follows it."""
    shades = {
        part["path"]: lighten(palette.colour(part["kind"], part["root"]), _PALER * part["level"] / max(1, levels - 1))
        for part in parts
    }
    legend = alt.Legend(
        orient="right",
        title=None,
        labelLimit=_NAME_PIXELS,
        labelExpr="split(datum.label, ' / ').length > 1 ? '· ' + peek(split(datum.label, ' / ')) : datum.label",
        symbolType="square",
        symbolSize=80,
    )
    scale = alt.Scale(domain=list(shades), range=list(shades.values()))
    return alt.Color("path:N", scale=scale, sort=None, legend=legend)


def _draw_ring(parts: Sequence[dict[str, Any]], inner: float, width: float, colour: alt.Color) -> alt.Chart:
    return (
        alt.Chart(alt.Data(values=list(parts)))
        .mark_arc(
            innerRadius=alt.ExprRef(f"{_RADIUS} * {inner:.3f}"),
            outerRadius=alt.ExprRef(f"{_RADIUS} * {inner + width - _GAP:.3f}"),
        )
        .encode(
            theta=alt.Theta("value:Q", stack=True),
            order=alt.Order("order:Q"),
            color=colour,
            tooltip=[alt.Tooltip("path:N", title="of"), alt.Tooltip("text:N", title="value")],
        )
    )


def _list_parts(table: PanelTable) -> Iterator[dict[str, Any]]:
    """Yield the parts of all rings; those of one ring are in the order of the rings inside it."""
    breakdowns = _breakdowns(table)
    metric, form = next((index, each.format) for index, each in enumerate(table.columns) if each.role == "metric")
    rows = [(row, value) for row in table.rows if isinstance(value := row[metric], int | float) and value > 0]
    total = sum(value for _, value in rows)
    first = {str(row[breakdowns[0]]): place for place, (row, _) in reversed(list(enumerate(rows)))}
    for level in range(len(breakdowns)):
        sums: dict[tuple[str, ...], float] = {}
        for row, value in sorted(rows, key=lambda item: first[str(item[0][breakdowns[0]])]):
            path = tuple(str(row[index]) for index in breakdowns[: level + 1])
            sums[path] = sums.get(path, 0) + value
        for order, (path, value) in enumerate(sums.items()):
            yield {
                "level": level,
                "order": order,
                "first": first[path[0]],
                "kind": table.columns[breakdowns[0]].label,
                "root": path[0],
                "path": " / ".join(path),
                "value": value,
                "text": f"{write_value(value, form)} ({100 * value / total:.1f} %)",
            }


def _breakdowns(table: PanelTable) -> list[int]:
    return [index for index, column in enumerate(table.columns) if column.role == "breakdown"]
