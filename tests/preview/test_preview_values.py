"""How values are written, for people and on axes."""

from datetime import UTC, datetime, timedelta

import pytest
import vl_convert

from collector.assets.panels.model import Column, Format, Grid, Panel, PanelTable, TimeRange, Value
from collector.preview.charts import Drawing, draw_chart
from collector.preview.formatting import write_axis, write_value
from collector.preview.series import read_series
from collector.preview.theme import DARK, LIGHT, Palette, Theme

NOON = datetime(2026, 8, 19, 12, 0, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (12_345, Format(decimals=0), "12,345"),
        (12_345, Format(decimals=1, compact=True), "12.3K"),
        (999, Format(decimals=1, compact=True), "999"),
        (0.5, Format(decimals=1, compact=True), "0.5"),
        (7_200_000, Format(decimals=1, compact=True), "7.2M"),
        (1234.5678, Format(), "1,234.57"),
        (1234.5, Format(decimals=0, suffix=" ms"), "1,234 ms"),
        (0.0562, Format("percent", 2), "5.62 %"),
        (1, Format("percent", 1), "100.0 %"),
        (1_500, Format("bytes", 1), "1.5 kB"),
        (12, Format("bytes"), "12 B"),
        (0.25, Format("duration"), "250 ms"),
        (90, Format("duration", 1), "1.5 min"),
        (None, Format("percent", 2), "-"),
        ("chat-prod", Format("text"), "chat-prod"),
        (429, Format("text"), "429"),
        (NOON, Format(), "2026-08-19 12:00:07"),
    ],
)
def test_a_value_is_written_with_its_unit(value: Value, form: Format, text: str) -> None:
    assert write_value(value, form) == text


@pytest.mark.parametrize(
    ("form", "highest", "labels"),
    [
        (Format(decimals=0), 2_000, ["0", "1,000", "2,000"]),
        (Format(compact=True), 2_000_000, ["0", "1M", "2M"]),
        (Format(suffix=" ms"), 2_000, ["0 ms", "1,000 ms", "2,000 ms"]),
        (Format("percent", 1), 0.2, ["0 %", "10 %", "20 %"]),
        (Format("bytes"), 2_000, ["0 B", "1 kB", "2 kB"]),
        (Format("duration"), 2, ["0 ms", "1 s", "2 s"]),
    ],
    ids=["number", "compact", "suffix", "percent", "bytes", "duration"],
)
def test_an_axis_is_labelled_in_the_unit_of_its_values(form: Format, highest: float, labels: list[str]) -> None:
    axis = {"labelExpr": write_axis(form), "values": [0, highest / 2, highest], "labelOverlap": False}
    spec = {"data": {"values": [{"y": highest}]}, "mark": "bar", "encoding": {"y": {"field": "y", "axis": axis}}}
    spec["encoding"]["y"]["type"] = "quantitative"
    drawn = vl_convert.vegalite_to_svg(spec)
    assert [label for label in labels if f">{label}</text>" not in drawn] == []


def test_a_series_has_one_colour_in_all_panels_and_what_stands_for_the_rest_is_grey() -> None:
    palette = Palette()
    columns = (
        Column("time", "Time", "time"),
        Column("name", "Deployment", "breakdown"),
        Column("n", "Requests", "metric", mark="bar"),
    )
    first = PanelTable(columns, ((NOON, "Other", 3), (NOON, "a", 2), (NOON, "b", 1)), 60)
    second = PanelTable(columns, ((NOON, "b", 2), (NOON, "a", 1)), 60)
    one = {series.name: series.colour for series in read_series(first, palette, {})}
    two = {series.name: series.colour for series in read_series(second, palette, {})}
    assert list(one) == ["a", "b", "Other"]
    assert len(set(one.values())) == 3
    assert two == {"a": one["a"], "b": one["b"]}
    assert read_series(second, palette, {"a": "#123456"})[1].colour == "#123456"


def test_figures_that_have_the_same_parts_are_told_apart() -> None:
    figures = (Column("in", "Prompt", "metric", mark="bar"), Column("out", "Answer", "metric", mark="bar"))
    columns = (Column("time", "Time", "time"), Column("model", "Model", "breakdown"), *figures)
    table = PanelTable(columns, ((NOON, "o1", 1, 2), (NOON, "gpt-4o", 3, 4)), 60)
    series = read_series(table, Palette(), {})
    assert [each.name for each in series] == ["o1 / Prompt", "o1 / Answer", "gpt-4o / Prompt", "gpt-4o / Answer"]
    assert len({each.colour for each in series}) == 4


def test_a_line_breaks_where_a_bucket_is_missing_and_nowhere_else() -> None:
    columns = (Column("time", "Time", "time"), Column("p95", "p95", "metric", mark="line"))
    times = [NOON + timedelta(minutes=minute) for minute in (0, 1, 3)]
    (series,) = read_series(PanelTable(columns, tuple((at, 1.0) for at in times), 60), Palette(), {})
    assert [value for _, value in series.points] == [1.0, 1.0, None, 1.0]


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_stand_out_from_what_they_are_on(theme: Theme) -> None:
    for text in (theme.text, theme.subdued, theme.accent):
        for ground in (theme.panel, theme.page):
            darker, lighter = sorted((luminance(text), luminance(ground)))
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (text, ground)


@pytest.mark.parametrize(("names", "legends"), [(["chat"], True), (["chat", "deep"], True), ([None], False)])
def test_a_legend_names_a_deployment_also_where_there_is_only_one(names: list[str | None], legends: bool) -> None:
    panel = Panel("speed", "Speed", "How fast?", "xy", Grid(0, 0, 24, 12))
    columns = (
        Column("time", "Time", "time"),
        *([Column("deployment", "Deployment", "breakdown")] if any(names) else []),
        Column("speed", "Speed", "metric", mark="line"),
    )
    rows = tuple((NOON, *([name] if name else []), 1.0) for name in names)
    drawing = Drawing(TimeRange(NOON, NOON + timedelta(hours=1)), Palette())
    spec = draw_chart(panel, PanelTable(columns, rows, 1800), drawing)
    assert spec is not None
    assert ("'legend': None" not in str(spec)) is legends
