"""The dashboards of the package on a day of traffic, in a real browser: every panel is drawn, none is empty."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from elasticsearch import Elasticsearch
from playwright.sync_api import Page
from plugins.browser import OpenPage

from collector.assets.panels.model import Panel, TimeRange
from collector.preview.filled import FilledDashboard
from collector.preview.gathering import choose_dashboards, fill
from collector.preview.markup import name_panel
from collector.preview.page import write_page
from collector.scenario import Ledger

pytestmark = pytest.mark.engine


@pytest.fixture(scope="session")
def namespaces(
    scenario_namespace: str, readings_namespace: str, endpoints_namespace: str, upkeep_namespace: str
) -> list[str]:
    """Everything that the dashboards show of one day."""
    return [scenario_namespace, readings_namespace, endpoints_namespace, upkeep_namespace]


@pytest.fixture(scope="session")
def dashboards_of_a_day(
    elasticsearch_client: Elasticsearch, namespaces: list[str], ledger: Ledger
) -> list[FilledDashboard]:
    here = {"terms": {"data_stream.namespace": namespaces}}
    time_range = TimeRange(ledger.start, ledger.end - timedelta(milliseconds=1))
    return [fill(elasticsearch_client, each, time_range, filters=[here]) for each in choose_dashboards()]


@pytest.fixture
def page_file(dashboards_of_a_day: list[FilledDashboard], tmp_path: Path) -> Path:
    path = tmp_path / "dashboards.html"
    path.write_text(write_page(dashboards_of_a_day), encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1920, "dark")], ids=["narrow light", "wide dark"])
def test_every_panel_is_drawn(
    dashboards_of_a_day: list[FilledDashboard],
    page_file: Path,
    open_page: OpenPage,
    width: int,
    scheme: Literal["light", "dark"],
) -> None:
    opened = open_page(page_file, width=width, scheme=scheme)
    assert opened.messages == []
    panels = [(each.dashboard, filled.panel) for each in dashboards_of_a_day for filled in each.panels]
    assert [
        name for dashboard, panel in panels if not is_drawn(opened.page, panel, name := name_panel(dashboard, panel))
    ] == []


def is_drawn(page: Page, panel: Panel, name: str) -> bool:
    """Whether it shows something of the data, or, of a panel of links, each."""
    shown = page.locator(f"#{name}")
    match panel.kind:
        case "metric":
            return shown.locator("strong").inner_text() not in {"-", "0"}
        case "xy" | "pie":
            return shown.locator(":is(.mark-rect, .mark-line, .mark-arc) path").count() >= 1
        case "text":
            return shown.locator("a").count() == len(panel.text.splitlines())
        case _:
            return shown.locator("tbody tr").count() >= 1


def test_no_table_of_figures_is_wider_than_its_panel(page_file: Path, open_page: OpenPage) -> None:
    page = open_page(page_file, width=1280).page
    cut = page.locator('.panel[data-kind="table"]').evaluate_all(
        """panels => panels
            .filter((panel) => panel.querySelector(".rows").scrollWidth > panel.querySelector(".rows").clientWidth)
            .map((panel) => panel.id)"""
    )
    assert cut == []


def test_no_panel_cuts_off_its_question_or_its_figure(page_file: Path, open_page: OpenPage) -> None:
    page = open_page(page_file, width=1280).page
    cut = page.locator(".panel").evaluate_all(
        "panels => panels.filter((panel) => panel.scrollHeight > panel.clientHeight).map((panel) => panel.id)"
    )
    assert cut == []
    assert (
        page.locator(".panel h2").evaluate_all("titles => titles.filter((t) => t.scrollWidth > t.clientWidth).length")
        == 0
    )
