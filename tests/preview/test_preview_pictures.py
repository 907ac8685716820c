"""Pictures without a browser: what is in them, read from the SVG that they are made of."""

import struct
from xml.etree import ElementTree as ET

import pytest
from plugins.drawn import HOSTILE

from collector.preview.filled import FilledDashboard
from collector.preview.picture import draw_picture, draw_svg
from collector.preview.theme import DARK, LIGHT, Theme

NAMESPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def svg(drawn_dashboard: FilledDashboard) -> ET.Element:
    return ET.fromstring(draw_svg(drawn_dashboard, LIGHT))  # noqa: S314 - written by the project itself


def texts(svg: ET.Element) -> list[str]:
    return [text.text or "" for text in svg.iter(f"{NAMESPACE}text")]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_picture_is_a_png_of_the_width_asked_for(drawn_dashboard: FilledDashboard, theme: Theme) -> None:
    picture = draw_picture(drawn_dashboard, theme, width=1920)
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    assert width == 1920
    assert height == 66 + 30 * 28 + 16


def test_every_panel_has_its_title_its_question_and_its_figures(svg: ET.Element) -> None:
    drawn = texts(svg)
    for title in ("Requests", "By deployment", "Latency", "Models", "Deployments", "Recent errors", "About", "Blocked"):
        assert title in drawn
    assert {"12,345", "before 11,000", "No data in this time range.", "12.3 %", "Who does what?"} <= set(drawn)
    assert any(HOSTILE.startswith(text.rstrip("…")) for text in drawn if text.startswith("</script"))


def test_links_are_named_in_a_line(svg: ET.Element) -> None:
    assert "Here · Elsewhere · Manual · Trap" in [" ".join(text.split()) for text in texts(svg)]


def test_no_text_of_a_table_runs_into_the_next_one(svg: ET.Element) -> None:
    time, reason = (
        next(each for each in svg.iter(f"{NAMESPACE}text") if each.text == name) for name in ("Time", "Reason")
    )
    room = float(reason.get("x", "0")) - float(time.get("x", "0"))
    assert room >= len("2026-08-19 09:00:00") * 12 * 0.5
