"""The picture for the README."""

import io
import re
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from collector.demo.picture import draw_picture


@pytest.fixture
def picture() -> str:
    console = Console(record=True, width=40, file=io.StringIO(), force_terminal=False)
    console.print("   1,160  <0.1 %", style="green", highlight=False)
    return draw_picture(console)


def test_the_picture_is_well_formed(picture: str) -> None:
    assert ET.fromstring(picture).tag.endswith("svg")  # noqa: S314 - made here


def test_the_picture_fetches_nothing(picture: str) -> None:
    assert "url(" not in re.sub(r"url\(#", "", picture)


def test_a_text_starts_after_its_leading_blanks(picture: str) -> None:
    text = re.search(r'<text [^>]*x="([\d.]+)"[^>]*textLength="([\d.]+)"[^>]*>1,160', picture)
    assert text
    column = float(text[2]) / len("1,160  <0.1 %")
    assert float(text[1]) == pytest.approx(3 * column, abs=0.1)


def test_colours_are_drawn_although_the_console_was_no_terminal(picture: str) -> None:
    assert "fill: #98a84b" in picture  # the theme's green
