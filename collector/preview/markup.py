"""Dashboards and panels as HTML. Every text is escaped here, whoever wrote it."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

from collector.assets.panels.model import Column, Dashboard, Panel, PanelTable, TimeRange, Value
from collector.preview.filled import FilledDashboard, FilledPanel
from collector.preview.formatting import write_value
from collector.preview.links import Link, read_links

_LONG: Final = 60
"""Letters from which on a text may go over several lines."""
CHARTS: Final = frozenset({"xy", "pie"})
"""Kinds of panels that are drawn."""
NOTHING: Final = "No data in this time range."


def write_dashboard(filled: FilledDashboard, charts: Sequence[str], shown: Collection[str]) -> str:
    """Return a dashboard as a section.

    Args:
        filled: the dashboard.
        charts: the names of panels that have one to draw.
        shown: the ids of the dashboards of the page, to which links can lead.
    """
    dashboard = filled.dashboard
    controls = ", ".join(control.title for control in dashboard.controls)
    narrowed = f" In Kibana it can be narrowed by {controls}." if controls else ""
    names = [name_panel(dashboard, each.panel) for each in filled.panels]
    panels = "\n".join(
        _write_panel(each, name, shown, has_chart=name in charts)
        for each, name in zip(filled.panels, names, strict=True)
    )
    return (
        f'<section id="{escape(dashboard.id)}" aria-labelledby="{escape(dashboard.id)}-title">\n'
        f'<h1 id="{escape(dashboard.id)}-title">{escape(dashboard.title)}</h1>\n'
        f'<p class="about">{escape(dashboard.description)}{escape(narrowed)}</p>\n'
        f'<p class="range">{escape(write_range(filled.time_range))}</p>\n'
        f'<div class="grid">\n{panels}\n</div>\n</section>'
    )


def name_panel(dashboard: Dashboard, panel: Panel) -> str:
    """Return the name of a panel within a page: two dashboards may call theirs the same."""
    return f"{dashboard.id}-{panel.id}"


def write_range(time_range: TimeRange) -> str:
    """Return the time range in words."""
    start, end = (at.astimezone(UTC) for at in (time_range.start, time_range.end))
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}, all times in UTC"


def list_figures(table: PanelTable) -> Iterator[tuple[str, str]]:
    """Yield label and value of the figures of a `metric` panel, the most important first."""
    row: Sequence[Value] = table.rows[0] if table.rows else [None] * len(table.columns)
    for column, value in zip(table.columns, row, strict=True):
        yield column.label, write_value(value, column.format)


def write_cell(value: Value, column: Column, interval: float | None) -> str:
    """Return a value of a table as a text; a bucket of whole minutes has no seconds."""
    if isinstance(value, datetime) and interval and interval % 60 == 0:
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
    return write_value(value, column.format)


def _write_panel(filled: FilledPanel, name: str, shown: Collection[str], *, has_chart: bool) -> str:
    panel, grid = filled.panel, filled.panel.grid
    name = escape(name)
    place = f"grid-area: {grid.y + 1} / {grid.x + 1} / span {grid.h} / span {grid.w}"
    switch = (
        f'<button type="button" data-panel="{name}" aria-pressed="false">Table'
        f'<span class="shown-for-readers"> of {escape(panel.title)}</span></button>'
        if has_chart
        else ""
    )
    return (
        f'<article class="panel" id="{name}" data-kind="{panel.kind}" style="{place}" aria-labelledby="{name}-title">'
        f'<div class="head"><h2 id="{name}-title">{escape(panel.title)}</h2>{switch}</div>'
        f'<p class="question">{escape(panel.description)}</p>'
        f'<div class="body">{_write_body(filled, name, shown, has_chart=has_chart)}</div></article>'
    )


def _write_body(filled: FilledPanel, name: str, shown: Collection[str], *, has_chart: bool) -> str:
    panel, table = filled.panel, filled.table
    if panel.kind == "text":
        links = read_links(panel.text)
        return _write_links(links, shown) if links else _write_text(panel)
    if panel.kind == "metric":
        return _write_figures(table)
    if not table.rows or (panel.kind in CHARTS and not has_chart):
        return f'<p class="empty">{NOTHING}</p>'
    hidden = " hidden" if has_chart else ""
    rows = (
        f'<div class="rows" tabindex="0" role="region" aria-label="{escape(panel.title)}, table"{hidden}>'
        f"{_write_table(table)}</div>"
    )
    return (f'<div class="chart" data-chart="{name}"></div>' if has_chart else "") + rows


def _write_text(panel: Panel) -> str:
    paragraphs = (part for part in panel.text.split("\n\n") if part.strip())
    body = "".join(f"<p>{escape(part)}</p>" for part in paragraphs)
    return f'<div class="rows" tabindex="0" role="region" aria-label="{escape(panel.title)}">{body}</div>'


def _write_links(links: Sequence[Link], shown: Collection[str]) -> str:
    items = "".join(f"<li>{_write_link(link, shown)}</li>" for link in links)
    return f'<ul class="links">{items}</ul>'


def _write_link(link: Link, shown: Collection[str]) -> str:
    """A dashboard that is not on the page cannot be gone to, and only addresses of the web are links."""
    if link.target.removeprefix("#") in shown or link.target.startswith("https://"):
        return f'<a href="{escape(link.target)}">{escape(link.label)}</a>'
    return escape(link.label)


def _write_figures(table: PanelTable) -> str:
    (label, value), *others = list_figures(table)
    beside = "".join(f"<span>{escape(name)} {escape(text)}</span>" for name, text in others)
    return f'<div class="figure"><strong aria-label="{escape(label)}">{escape(value)}</strong>{beside}</div>'


def _write_table(table: PanelTable) -> str:
    rows = [
        [write_cell(value, column, table.interval_seconds) for value, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    kinds = [_class(column, [row[index] for row in rows]) for index, column in enumerate(table.columns)]
    head = "".join(
        f'<th scope="col"{kind}>{_breakable(column.label)}</th>'
        for column, kind in zip(table.columns, kinds, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{_breakable(text)}</td>" for text, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _class(column: Column, texts: Sequence[str]) -> str:
    if column.role == "breakdown":
        return ' class="long"' if max(map(len, texts), default=0) > _LONG else ""
    return ' class="number"' if column.role == "metric" else ' class="time"'


def _breakable(name: str) -> str:
    """Let the name of a field or of an operation go over several lines."""
    return escape(name).replace(".", ".<wbr>").replace("_", "_<wbr>")
