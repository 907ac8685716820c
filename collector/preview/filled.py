"""What a dashboard showed at one moment: its panels with their tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.assets.panels.model import Dashboard, Panel, PanelTable, TimeRange


@dataclass(frozen=True, slots=True)
class FilledPanel:
    """A panel with what the engine answered; a `text` panel asks nothing and has an empty table."""

    panel: Panel
    table: PanelTable


@dataclass(frozen=True, slots=True)
class FilledDashboard:
    """A dashboard with all of its panels, for one time range."""

    dashboard: Dashboard
    time_range: TimeRange
    panels: Sequence[FilledPanel]
