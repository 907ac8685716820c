"""The page: all dashboards in one file that asks the network for nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from string import Template

import vl_convert

from collector.preview.charts import VEGA_LITE, Drawing, Spec, draw_chart
from collector.preview.filled import FilledDashboard
from collector.preview.markup import CHARTS, name_panel, write_dashboard
from collector.preview.theme import FONT, THEMES, Palette, chart_config


def write_page(dashboards: Sequence[FilledDashboard]) -> str:
    """Return the HTML of a page with these dashboards, one below the other."""
    specs = [_draw_charts(each) for each in dashboards]
    shown = [each.dashboard.id for each in dashboards]
    sections = [write_dashboard(each, list(charts), shown) for each, charts in zip(dashboards, specs, strict=True)]
    links = [f'<a href="#{escape(each.dashboard.id)}">{escape(each.dashboard.title)}</a>' for each in dashboards]
    return Template(_read("page.html")).substitute(
        title=escape(_write_title(dashboards)),
        style=_write_style(),
        links=" ".join(links),
        dashboards="\n".join(sections),
        charts=_embed({name: spec for charts in specs for name, spec in charts.items()}),
        themes=_embed({theme.name: chart_config(theme) for theme in THEMES}),
        libraries=_libraries(),
        script=_read("page.js"),
    )


def _write_title(dashboards: Sequence[FilledDashboard]) -> str:
    first, more = dashboards[0].dashboard.title, len(dashboards) - 1
    return f"{first} and {more} more" if more else first


def _draw_charts(filled: FilledDashboard) -> dict[str, Spec]:
    drawing = Drawing(filled.time_range, Palette())
    charts = {
        name_panel(filled.dashboard, each.panel): draw_chart(each.panel, each.table, drawing)
        for each in filled.panels
        if each.panel.kind in CHARTS
    }
    return {name: chart for name, chart in charts.items() if chart is not None}


def _write_style() -> str:
    colours = {f"{theme.name}_{part}": colour for theme in THEMES for part, colour in asdict(theme).items()}
    return Template(_read("page.css")).substitute(colours, font=FONT)


def _embed(value: Mapping[str, object]) -> str:
    """Return JSON that no text in it can end: without `<` there is no end of a script."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _libraries() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, out of `vl-convert`."""
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", VEGA_LITE)
    return bundle.replace("</script", "<\\/script")


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
