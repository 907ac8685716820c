"""A dashboard with a panel of each kind and figures written out here, for whatever draws it.

Fixture ``drawn_dashboard``: two hours of it, with texts that try to be HTML.
"""

from datetime import UTC, datetime, timedelta

import pytest

from collector.assets.panels.model import (
    Column,
    Control,
    Dashboard,
    Format,
    Grid,
    Panel,
    PanelTable,
    ReferenceLine,
    TimeRange,
)
from collector.preview.filled import FilledDashboard, FilledPanel

START = datetime(2026, 8, 19, 9, tzinfo=UTC)
HALF_HOURS = [START + number * timedelta(minutes=30) for number in range(4)]
HOSTILE = "</script><script>alert(1)</script><b>&amp;"
LIMIT = ReferenceLine("Limit", 3000.0, "#CC5642")
LINKS = "- [Here](#made-up)\n- [Elsewhere](#not-here)\n- [Manual](https://example.com/)\n- [Trap](javascript:alert(1))"
COUNT = Format(decimals=0)

TIME = Column("time", "Time", "time")
DEPLOYMENT = Column("deployment", "Deployment", "breakdown", Format("text"))
MODEL = Column("model", "Model", "breakdown", Format("text"))
REQUESTS = Column("requests", "Requests", "metric", COUNT, mark="bar")
RATE = Column("rate", "Error rate", "metric", Format("percent", 1), mark="line", color="#69707D", axis="right")
P95 = Column("p95", "p95", "metric", Format(decimals=0, suffix=" ms"), mark="line")
REASON = Column("reason", "Reason", "breakdown", Format("text"))


def bars() -> PanelTable:
    """Bars of two deployments, and a line that is interrupted for one bucket."""
    split = [(at, name, 3.0 + number, None) for number, at in enumerate(HALF_HOURS) for name in ("chat", HOSTILE)]
    line = [(at, None, None, 0.25) for at in (HALF_HOURS[0], HALF_HOURS[1], HALF_HOURS[3])]
    return PanelTable((TIME, DEPLOYMENT, REQUESTS, RATE), (*split, *line), 1800)


TABLES: dict[str, tuple[Panel, PanelTable]] = {
    "figure": (
        Panel("figure", "Requests", "How many requests were there?", "metric", Grid(0, 0, 12, 6)),
        PanelTable((REQUESTS, Column("before", "before", "metric", COUNT)), ((12_345, 11_000),)),
    ),
    "bars": (
        Panel("bars", "By deployment", "Who does what?", "xy", Grid(0, 6, 24, 12), stacking="stacked"),
        bars(),
    ),
    "line": (
        Panel("line", "Latency", "How long does it take?", "xy", Grid(24, 6, 24, 12), reference_lines=(LIMIT,)),
        PanelTable((TIME, P95), tuple((at, 1200.0) for at in HALF_HOURS), 1800),
    ),
    "rings": (
        Panel("rings", "Models", "Which models are used?", "pie", Grid(0, 18, 16, 12)),
        PanelTable((MODEL, DEPLOYMENT, REQUESTS), (("gpt-4o", "chat", 6), ("gpt-4o", "assist", 3), ("o1", "deep", 1))),
    ),
    "rows": (
        Panel("rows", "Deployments", "Which one fails?", "table", Grid(16, 18, 16, 12)),
        PanelTable((DEPLOYMENT, REQUESTS, RATE), (("chat", 9, 0.1234), ("deep", 1, None))),
    ),
    "documents": (
        Panel("documents", "Recent errors", "What failed?", "documents", Grid(32, 18, 16, 12)),
        PanelTable((TIME, REASON), ((START, HOSTILE),)),
    ),
    "words": (
        Panel("words", "About", "", "text", Grid(12, 0, 12, 6), text=f"First.\n\n{HOSTILE}"),
        PanelTable((), ()),
    ),
    "links": (
        Panel("links", "Elsewhere", "Where else?", "text", Grid(36, 0, 12, 6), text=LINKS),
        PanelTable((), ()),
    ),
    "nothing": (
        Panel("nothing", "Blocked", "How many were blocked?", "xy", Grid(24, 0, 12, 6)),
        PanelTable((TIME, REQUESTS), (), 1800),
    ),
}


@pytest.fixture(scope="session")
def drawn_dashboard() -> FilledDashboard:
    """A dashboard with a panel of each kind."""
    panels = tuple(panel for panel, _ in TABLES.values())
    dashboard = Dashboard(
        "made-up", "[Made up] All kinds", "Is it drawn?", panels, (Control("c", "Model", "gen_ai.response.model", "x"),)
    )
    filled = tuple(FilledPanel(panel, table) for panel, table in TABLES.values())
    return FilledDashboard(dashboard, TimeRange(START, START + timedelta(hours=2)), filled)
