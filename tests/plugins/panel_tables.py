"""The tables of panels, as tests read them, and what a ledger says of the same figures.

A test of a dashboard runs each panel by its title over the days that it wrote, and compares what a person would see.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from elasticsearch import Elasticsearch

from collector.assets.panels.model import Dashboard, Panel, PanelTable, TimeRange, Value
from collector.assets.panels.reading import load_dashboards
from collector.assets.panels.running import run_panel
from collector.scenario import Call

type Run = Callable[..., PanelTable]
type Row = Mapping[str, Value]
type Share = Callable[[Call], str]
type Times = dict[tuple[datetime, str], float]

A_MOMENT = timedelta(milliseconds=1)
"""Before the end of a day: Kibana's time ranges include both ends."""
HALF_HOUR = timedelta(minutes=30)
"""The width of Kibana's buckets over a day."""
COMPRESSION = 100
OTHER, MISSING = "Other", "(missing value)"
WITH_TOKEN_USAGE = "aoai-shop-eu"
"""The only account whose diagnostic setting has the records of token usage, which tell what came from the cache."""


def load_dashboard(name: str) -> Dashboard:
    """The dashboard of the package with this id."""
    (dashboard,) = [dashboard for dashboard in load_dashboards() if dashboard.id == name]
    return dashboard


def runner(client: Elasticsearch, dashboard: Dashboard, namespaces: Sequence[str], time_range: TimeRange) -> Run:
    """A function that runs a panel by its title and kind on the documents of namespaces.

    It looks at the time range, to just before its end, unless told another ``start`` or ``end``.
    """
    here = {"terms": {"data_stream.namespace": list(namespaces)}}

    def run(title: str, kind: str, *, start: datetime = time_range.start, end: datetime = time_range.end) -> PanelTable:
        panel = find(dashboard.panels, title, kind)
        return run_panel(client, dashboard, panel, TimeRange(start, end - A_MOMENT), filters=[here])

    return run


def find(panels: Iterable[Panel], title: str, kind: str) -> Panel:
    """The one panel of a title and kind."""
    (panel,) = [panel for panel in panels if (panel.title, panel.kind) == (title, kind)]
    return panel


def rows_of(table: PanelTable) -> list[Row]:
    """The rows by the labels of their columns, which are what a person sees."""
    labels = [column.label for column in table.columns]
    assert len(set(labels)) == len(labels)
    return [dict(zip(labels, row, strict=True)) for row in table.rows]


def figure(table: PanelTable) -> float:
    """The first figure of a panel that has one row."""
    (row,) = table.rows
    assert isinstance(row[0], int | float)
    return row[0]


def over_time(table: PanelTable, label: str, *, width: timedelta = HALF_HOUR) -> dict[datetime, float]:
    """A figure by bucket; buckets where nothing happened are left out."""
    assert table.interval_seconds == width.total_seconds()
    return {
        at: value
        for row in rows_of(table)
        if (value := row[label]) and isinstance(value, int | float) and isinstance(at := row["Time"], datetime)
    }


def split_over_time(table: PanelTable, label: str, split: str, *, width: timedelta = HALF_HOUR) -> Times:
    """A figure by bucket and name; what did not happen is left out."""
    assert table.interval_seconds == width.total_seconds()
    return {
        (at, str(row[split])): value
        for row in rows_of(table)
        if (value := row[label]) and isinstance(value, int | float) and isinstance(at := row["Time"], datetime)
    }


def bucket(at: datetime, width: timedelta = HALF_HOUR) -> datetime:
    """The start of the bucket that a moment of a day is in."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return at - (at - midnight) % width


def count_by[Key](calls: Iterable[Call], key: Callable[[Call], Key]) -> Counter[Key]:
    """How many calls have each key."""
    return Counter(key(call) for call in calls)


def group[Key](calls: Iterable[Call], key: Callable[[Call], Key]) -> dict[Key, list[Call]]:
    """The calls of each key."""
    groups: defaultdict[Key, list[Call]] = defaultdict(list)
    for call in calls:
        groups[key(call)].append(call)
    return dict(groups)


def top(calls: Sequence[Call], name: Share, size: int) -> set[str]:
    """The names that most calls have; a tie where the list ends would leave it to chance who is in it."""
    ranked = count_by(calls, name).most_common()
    assert len(ranked) <= size or ranked[size - 1][1] > ranked[size][1]
    return {each for each, _ in ranked[:size]}


def named(calls: Sequence[Call], name: Share, size: int) -> Share:
    """The name under which a panel shows a call: its own, or that of the rest."""
    shown = top(calls, name, size)
    return lambda call: name(call) if name(call) in shown else OTHER


def assert_percentile(shown: Value, percent: float, calls: Iterable[Call]) -> None:
    """The figure, in milliseconds, lies between the calls whose ranks are an error of the digest away."""
    values = sorted(call.duration_ns / 1e6 for call in calls)
    q = percent / 100
    error = 4 * q * (1 - q) / COMPRESSION
    low = max(0, math.floor((q - error) * len(values)) - 1)
    high = min(len(values) - 1, math.ceil((q + error) * len(values)))
    assert isinstance(shown, int | float)
    assert values[low] * (1 - 1e-9) <= shown <= values[high] * (1 + 1e-9)


def assert_near_percentile(shown: Value, percent: float, values: Iterable[float]) -> None:
    """The figure lies between values whose ranks are an error of the digest away, and two more since there are few.

    That is taken for 1 % of all ranks also near the ends: of many values that are the same, a digest merges some there.
    """
    ordered = sorted(values)
    q = percent / 100
    rank, error = q * (len(ordered) - 1), 1 / COMPRESSION * len(ordered) + 2
    low, high = max(0, math.floor(rank - error)), min(len(ordered) - 1, math.ceil(rank + error))
    assert isinstance(shown, int | float)
    assert ordered[low] * (1 - 1e-9) <= shown <= ordered[high] * (1 + 1e-9)
