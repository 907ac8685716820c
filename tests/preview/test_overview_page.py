"""`[Azure OpenAI] Overview` on a day of traffic, in a real browser: every panel is drawn, none is empty."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from elasticsearch import Elasticsearch
from plugins.browser import OpenPage

from collector.assets.panels.model import TimeRange
from collector.preview.filled import FilledDashboard
from collector.preview.gathering import choose_dashboards, fill
from collector.preview.page import write_page
from collector.scenario import Ledger

pytestmark = pytest.mark.engine


@pytest.fixture(scope="session")
def overview_of_a_day(elasticsearch_client: Elasticsearch, scenario_namespace: str, ledger: Ledger) -> FilledDashboard:
    (overview,) = choose_dashboards(["aoai-overview"])
    here = {"term": {"data_stream.namespace": scenario_namespace}}
    time_range = TimeRange(ledger.start, ledger.end - timedelta(milliseconds=1))
    return fill(elasticsearch_client, overview, time_range, filters=[here])


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1920, "dark")], ids=["narrow light", "wide dark"])
def test_every_panel_of_overview_is_drawn(
    overview_of_a_day: FilledDashboard,
    open_page: OpenPage,
    tmp_path: Path,
    width: int,
    scheme: Literal["light", "dark"],
) -> None:
    path = tmp_path / "overview.html"
    path.write_text(write_page([overview_of_a_day]), encoding="utf-8")
    opened = open_page(path, width=width, scheme=scheme)
    assert opened.messages == []
    empty = []
    for filled in overview_of_a_day.panels:
        panel = opened.page.locator(f"#aoai-overview-{filled.panel.id}")
        match filled.panel.kind:
            case "metric":
                shown = panel.locator("strong").inner_text() not in {"-", "0"}
            case "xy" | "pie":
                shown = panel.locator(":is(.mark-rect, .mark-line, .mark-arc) path").count() >= 3
            case _:
                shown = panel.locator("tbody tr").count() >= 3
        if not shown:
            empty.append(filled.panel.title)
    assert empty == []


def test_no_panel_of_overview_cuts_off_its_question_or_its_figure(
    overview_of_a_day: FilledDashboard, open_page: OpenPage, tmp_path: Path
) -> None:
    path = tmp_path / "overview.html"
    path.write_text(write_page([overview_of_a_day]), encoding="utf-8")
    page = open_page(path, width=1280).page
    cut = page.locator(".panel").evaluate_all(
        "panels => panels.filter((panel) => panel.scrollHeight > panel.clientHeight).map((panel) => panel.id)"
    )
    assert cut == []
    assert (
        page.locator(".panel h2").evaluate_all("titles => titles.filter((t) => t.scrollWidth > t.clientWidth).length")
        == 0
    )
