"""The page in a real browser: drawn, silent, readable in light and dark, and reachable by keyboard."""

import re
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from playwright.sync_api import Page, expect
from plugins.browser import OpenedPage, OpenPage
from plugins.drawn import HOSTILE

from collector.preview.filled import FilledDashboard
from collector.preview.page import write_page
from collector.preview.theme import DARK, THEMES, Theme

CHARTS = ["bars", "line", "rings"]
MARKS = "#made-up-{} .chart svg :is(.mark-rect, .mark-line, .mark-symbol, .mark-arc) path"


@pytest.fixture(scope="module")
def page_file(drawn_dashboard: FilledDashboard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("preview") / "page.html"
    path.write_text(write_page([drawn_dashboard]), encoding="utf-8")
    return path


class Edges(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


def edges(page: Page, selector: str) -> Edges:
    box = page.locator(selector).bounding_box()
    assert box, selector
    return Edges(box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"])


@pytest.fixture
def opened(open_page: OpenPage, page_file: Path) -> OpenedPage:
    return open_page(page_file)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1920])
def test_every_chart_is_drawn_within_its_panel_and_nothing_is_said_or_fetched(
    open_page: OpenPage, page_file: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    opened = open_page(page_file, width=width, scheme=scheme)
    assert opened.messages == []
    assert [url for url in opened.requests if not url.startswith(("data:", "blob:"))] == [page_file.as_uri()]
    for name in CHARTS:
        assert opened.page.locator(MARKS.format(name)).count() > 0
        panel, chart = (edges(opened.page, f"#made-up-{name}{part}") for part in ("", " .chart svg"))
        assert panel.left <= chart.left < chart.right <= panel.right
        assert panel.top <= chart.top < chart.bottom <= panel.bottom
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_panel_has_its_title_its_question_and_its_figures(opened: OpenedPage) -> None:
    page = opened.page
    assert page.locator("#made-up-figure h2").inner_text() == "Requests"
    assert page.locator("#made-up-figure .question").inner_text() == "How many requests were there?"
    assert page.locator("#made-up-figure .figure").inner_text().split() == ["12,345", "before", "11,000"]
    assert page.locator("#made-up-rows tbody tr").all_inner_texts() == ["chat\t9\t12.3 %", "deep\t1\t-"]
    assert page.locator("#made-up-nothing .body").inner_text() == "No data in this time range."
    assert page.locator(".range").inner_text() == "2026-08-19 09:00 to 2026-08-19 11:00, all times in UTC"


def test_texts_from_data_stay_texts(opened: OpenedPage) -> None:
    assert opened.page.locator("#made-up-documents tbody td").nth(1).inner_text() == HOSTILE
    assert opened.page.locator("#made-up-words .rows p").all_inner_texts() == ["First.", HOSTILE]
    assert opened.page.locator("b").count() == 0


def test_a_line_across_a_chart_has_its_name_and_is_within_the_axis(opened: OpenedPage) -> None:
    limit = opened.page.locator("#made-up-line .mark-rule.role-mark line")
    assert limit.count() == 1
    assert opened.page.locator("#made-up-line .mark-text.role-mark text").all_text_contents() == ["Limit"]
    line, panel = (edges(opened.page, f"#made-up-line{part}") for part in (" .mark-rule.role-mark line", ""))
    drawn = edges(opened.page, "#made-up-line .mark-line path")
    assert panel.top < line.top < drawn.top


def test_links_lead_to_dashboards_of_the_page_and_to_the_web_only(opened: OpenedPage) -> None:
    links = opened.page.locator("#made-up-links .links")
    assert links.locator("li").all_inner_texts() == ["Here", "Elsewhere", "Manual", "Trap"]
    targets = links.locator("a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert targets == ["#made-up", "https://example.com/"]


def test_a_line_is_interrupted_where_there_is_no_data(opened: OpenedPage) -> None:
    path = opened.page.locator("#made-up-bars .mark-line path").first.get_attribute("d") or ""
    assert len(re.findall("M", path)) == 2
    path = opened.page.locator("#made-up-line .mark-line path").first.get_attribute("d") or ""
    assert len(re.findall("M", path)) == 1


@pytest.mark.parametrize("first", THEMES, ids=[theme.name for theme in THEMES])
def test_a_page_starts_in_the_colours_of_the_reader_s_system_and_can_be_switched(
    open_page: OpenPage, page_file: Path, first: Theme
) -> None:
    (second,) = (theme for theme in THEMES if theme is not first)
    page = open_page(page_file, scheme=first.name).page
    colour = "getComputedStyle(document.querySelector('.panel')).backgroundColor"
    red, green, blue = (int(first.panel[place : place + 2], 16) for place in (1, 3, 5))
    assert page.evaluate(colour) == f"rgb({red}, {green}, {blue})"
    label = page.locator("#made-up-bars .chart .role-axis-label text").first
    before = label.get_attribute("fill")
    page.get_by_role("button", name="Dark").click()
    page.wait_for_function("document.documentElement.dataset.drawn")
    assert page.locator("html").get_attribute("data-theme") == second.name
    assert (before, label.get_attribute("fill")) == (first.subdued, second.subdued)


def test_everything_can_be_reached_and_used_by_keyboard(opened: OpenedPage) -> None:
    page = opened.page
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.ariaLabel || document.activeElement.innerText"))
    buttons = [f"Table of {title}" for title in ("By deployment", "Latency", "Models")]
    tables = [f"{title}, table" for title in ("Deployments", "Recent errors")]
    assert [text.replace("\n", " ") for text in reached] == [
        "[Made up] All kinds",
        "Dark",
        *buttons,
        *tables,
        "About",
    ]

    table, chart = (page.locator(f"#made-up-line {part}") for part in (".rows", ".chart"))
    page.get_by_role("button", name="Table of Latency").focus()
    assert (table.is_visible(), chart.is_visible()) == (False, True)
    page.keyboard.press("Enter")
    assert (table.is_visible(), chart.is_visible()) == (True, False)
    assert table.locator("tbody tr").count() == 4
    page.keyboard.press("Enter")
    assert (table.is_visible(), chart.is_visible()) == (False, True)


def test_a_chart_that_was_away_while_the_colours_changed_comes_back_in_the_new_ones(opened: OpenedPage) -> None:
    page = opened.page
    button = page.get_by_role("button", name="Table of Latency")
    button.click()
    page.get_by_role("button", name="Dark").click()
    button.click()
    label = page.locator("#made-up-line .chart .role-axis-label text").first
    expect(label).to_have_attribute("fill", DARK.subdued)


def test_charts_say_what_they_are_to_who_does_not_see_them(opened: OpenedPage) -> None:
    labels = opened.page.locator("[role='graphics-document']").evaluate_all(
        "charts => charts.map((chart) => chart.ariaLabel)"
    )
    assert labels == [
        "By deployment. Who does what?",
        "Latency. How long does it take?",
        "Models. Which models are used?",
    ]
