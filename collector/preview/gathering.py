"""Asks an engine for what the dashboards of the package show."""

from collections.abc import Iterable, Sequence

from elasticsearch import Elasticsearch

from collector.assets.panels.model import Dashboard, Panel, PanelTable, Query, TimeRange, UnknownPanelFeatureError
from collector.assets.panels.reading import load_dashboards
from collector.assets.panels.running import run_panel
from collector.preview.filled import FilledDashboard, FilledPanel

_NO_TABLE = PanelTable((), ())


class UnknownDashboardError(Exception):
    """The package has no such dashboard, or none at all. The message names those that it has."""


def choose_dashboards(ids: Iterable[str] = ()) -> list[Dashboard]:
    """Return the dashboards of the package with these ids, all of them without any.

    Raises:
        UnknownDashboardError: one is not there, or there is none.
        UnknownPanelFeatureError: one uses what the runner does not know.
    """
    dashboards = {dashboard.id: dashboard for dashboard in load_dashboards()}
    if not dashboards:
        raise UnknownDashboardError("this installation has no dashboards")
    wanted = list(dict.fromkeys(ids)) or list(dashboards)
    for name in wanted:
        if name not in dashboards:
            raise UnknownDashboardError(f"there is no dashboard {name!r}; there are: {', '.join(dashboards)}")
    return [dashboards[name] for name in wanted]


def fill(
    client: Elasticsearch, dashboard: Dashboard, time_range: TimeRange, *, filters: Sequence[Query] = ()
) -> FilledDashboard:
    """Ask for every panel of a dashboard; ``filters`` narrow all of them.

    Raises:
        UnknownPanelFeatureError: a panel uses what the runner does not know.
        elasticsearch.ApiError: the engine refuses a search.
        elasticsearch.TransportError: it does not answer.
    """

    def ask(panel: Panel) -> PanelTable:
        if panel.kind == "text":
            return _NO_TABLE
        try:
            return run_panel(client, dashboard, panel, time_range, filters=filters)
        except UnknownPanelFeatureError as error:
            raise UnknownPanelFeatureError(f"{dashboard.title}, panel {panel.title!r}: {error}") from error

    return FilledDashboard(dashboard, time_range, [FilledPanel(panel, ask(panel)) for panel in dashboard.panels])
