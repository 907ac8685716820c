"""A dashboard as one picture, without a browser: SVG put together here, made PNG by `vl-convert`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import Final

import vl_convert

from collector.assets.panels.model import Column, Grid, Panel, PanelTable
from collector.preview.charts import VEGA_LITE, Drawing, draw_chart
from collector.preview.filled import FilledDashboard, FilledPanel
from collector.preview.links import read_links
from collector.preview.markup import NOTHING, list_figures, write_cell, write_range
from collector.preview.theme import FONT, Palette, Theme, chart_config

_MARGIN, _HEAD = 16, 66
_COLUMNS, _ROW, _GAP = 48, 20, 8
_PADDING: Final = 10
_LETTER: Final = 0.56
"""The mean width of a letter, in parts of the size of its font: SVG does not measure texts."""
_SMALL, _USUAL, _TITLE, _FIGURE = 11, 12, 20, 26
_LINE_OF_TABLE, _LINE_OF_HEAD = 20, 14


@dataclass(frozen=True, slots=True)
class _Box:
    """A rectangle of the picture, in pixels."""

    x: float
    y: float
    width: float
    height: float

    def shrink(self, top: float, side: float = 0) -> "_Box":
        """Return what is left of it below `top`, with `side` less at the other edges."""
        return _Box(self.x + side, self.y + top, self.width - 2 * side, self.height - top - side)


def draw_picture(filled: FilledDashboard, theme: Theme, *, width: int = 1280) -> bytes:
    """Return a dashboard as PNG, so many pixels wide and as high as it needs.

    What does not fit a table's panel is left out, and the last line says so.
    """
    return vl_convert.svg_to_png(draw_svg(filled, theme, width=width))


def draw_svg(filled: FilledDashboard, theme: Theme, *, width: int = 1280) -> str:
    """Return the same as SVG."""
    drawing = Drawing(filled.time_range, Palette())
    rows = max((each.panel.grid.y + each.panel.grid.h for each in filled.panels), default=0)
    height = _HEAD + rows * (_ROW + _GAP) + _MARGIN
    parts = [
        f'<rect width="{width}" height="{height}" fill="{theme.page}"/>',
        _text(_MARGIN, 32, filled.dashboard.title, theme.text, _TITLE, bold=True),
        _text(_MARGIN, 52, write_range(filled.time_range), theme.subdued, _USUAL),
    ]
    for each in filled.panels:
        parts += _draw_panel(each, _place(each.panel.grid, width), theme, drawing)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{escape(FONT)}">' + "".join(parts) + "</svg>"


def _place(grid: Grid, width: int) -> _Box:
    column = (width - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) / _COLUMNS
    return _Box(
        _MARGIN + grid.x * (column + _GAP),
        _HEAD + grid.y * (_ROW + _GAP),
        grid.w * (column + _GAP) - _GAP,
        grid.h * (_ROW + _GAP) - _GAP,
    )


def _draw_panel(filled: FilledPanel, box: _Box, theme: Theme, drawing: Drawing) -> Iterator[str]:
    panel = filled.panel
    yield (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="6"'
        f' fill="{theme.panel}" stroke="{theme.border}"/>'
    )
    yield _text(box.x + _PADDING, box.y + 19, panel.title, theme.text, _USUAL, bold=True)
    question = wrap(panel.description, _letters(box.width - 2 * _PADDING, _SMALL))
    for number, line in enumerate(question):
        yield _text(box.x + _PADDING, box.y + 34 + number * 14, line, theme.subdued, _SMALL)
    yield from _draw_body(filled, box.shrink(28 + 14 * len(question), _PADDING), theme, drawing)


def _draw_body(filled: FilledPanel, box: _Box, theme: Theme, drawing: Drawing) -> Iterator[str]:
    panel, table = filled.panel, filled.table
    match panel.kind:
        case "metric":
            yield from _draw_figures(table, box, theme)
        case "text":
            words = "  ·  ".join(link.label for link in read_links(panel.text)) or panel.text
            for number, line in enumerate(wrap(words, _letters(box.width, _USUAL))):
                yield _text(box.x, box.y + 16 + number * 16, line, theme.text, _USUAL)
        case _ if not table.rows:
            yield _text(box.x, box.y + 16, NOTHING, theme.subdued, _USUAL)
        case "table" | "documents":
            yield from _draw_table(table, box, theme)
        case "xy" | "pie":
            yield _draw_chart(panel, table, box, theme, drawing)


def _draw_figures(table: PanelTable, box: _Box, theme: Theme) -> Iterator[str]:
    (_, value), *others = list_figures(table)
    yield _text(box.x, box.y + _FIGURE, value, theme.text, _FIGURE, bold=True)
    beside = ", ".join(f"{label} {text}" for label, text in others)
    yield _text(box.x, box.y + _FIGURE + 20, beside, theme.subdued, _USUAL)


def _draw_chart(panel: Panel, table: PanelTable, box: _Box, theme: Theme, drawing: Drawing) -> str:
    sized = Drawing(drawing.time_range, drawing.palette, (round(box.width), round(box.height)))
    spec = draw_chart(panel, table, sized)
    if spec is None:
        return _text(box.x, box.y + 16, NOTHING, theme.subdued, _USUAL)
    drawn = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, config=chart_config(theme))
    return drawn.replace("<svg ", f'<svg x="{box.x:.1f}" y="{box.y:.1f}" ', 1)


def _draw_table(table: PanelTable, box: _Box, theme: Theme) -> Iterator[str]:
    cells = [
        [write_cell(value, column, table.interval_seconds) for value, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    widths = _share_out(table.columns, cells, box.width)
    numbers = [column.role == "metric" for column in table.columns]
    heads = [
        _break(column.label, _letters(width - _PADDING, _SMALL))
        for column, width in zip(table.columns, widths, strict=True)
    ]
    deepest = max(map(len, heads))
    y = box.y + 12
    for level in range(deepest):
        line = [head[level] if level < len(head) else "" for head in heads]
        yield from _draw_line(
            line, widths, numbers, _Box(box.x, y + level * _LINE_OF_HEAD, box.width, 0), theme.subdued
        )
    y += deepest * _LINE_OF_HEAD + 4
    fitting = max(1, int((box.y + box.height - y) // _LINE_OF_TABLE))
    shown = cells if len(cells) <= fitting else cells[: fitting - 1]
    for row in shown:
        yield f'<path d="M{box.x:.1f} {y - 14:.1f}h{box.width:.1f}" stroke="{theme.grid}"/>'
        yield from _draw_line(row, widths, numbers, _Box(box.x, y, box.width, 0), theme.text)
        y += _LINE_OF_TABLE
    if len(shown) < len(cells):
        yield _text(box.x, y, f"and {len(cells) - len(shown)} more", theme.subdued, _SMALL)


def _draw_line(
    texts: Sequence[str], widths: Sequence[float], numbers: Sequence[bool], box: _Box, colour: str
) -> Iterator[str]:
    x = box.x
    for text, width, number in zip(texts, widths, numbers, strict=True):
        place, anchor = (x + width - _PADDING, "end") if number else (x, "start")
        yield _text(place, box.y, _cut(text, _letters(width - _PADDING, _SMALL)), colour, _SMALL, anchor=anchor)
        x += width


def _share_out(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: float) -> list[float]:
    """Divide a width between columns: times and figures get what they need, texts share what is left."""
    texts = [[*_break(column.label, 1), *(row[index] for row in rows)] for index, column in enumerate(columns)]
    needed = [max(map(len, column)) * _LETTER * _SMALL + _PADDING + 1 for column in texts]
    widths = [0.0] * len(needed)
    left = width
    order = sorted(range(len(needed)), key=lambda index: (columns[index].role == "breakdown", needed[index]))
    for place, index in enumerate(order):
        whole = columns[index].role != "breakdown"
        widths[index] = needed[index] if whole else min(needed[index], left / (len(needed) - place))
        left -= widths[index]
    return [each + left / len(widths) for each in widths]


def _break(heading: str, letters: int) -> list[str]:
    """Break a heading where a word or a part of a field's name ends, into lines of so many letters if that goes."""
    lines = [""]
    for part in re.findall(r"[^ ._]*[ ._]?", heading):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > letters:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]


def _letters(width: float, size: float) -> int:
    """How many letters of a size fit."""
    return max(1, int(width / (size * _LETTER)))


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: max(1, letters - 1)] + "…"


def _text(  # noqa: PLR0913 - where, what, how
    x: float, y: float, text: str, colour: str, size: int, *, bold: bool = False, anchor: str = "start"
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{weight}>'
        f"{escape(text)}</text>"
    )
