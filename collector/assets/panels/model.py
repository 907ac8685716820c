"""The words for a dashboard, its panels and the table that a panel shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

type Kind = Literal["metric", "xy", "pie", "table", "documents", "text"]
"""What a panel is: one figure, a chart with axes, shares of a whole, rows of figures or of documents, or Markdown."""

type Mark = Literal["line", "area", "bar"]
type Stacking = Literal["none", "stacked", "percentage"]
type Role = Literal["time", "breakdown", "metric"]
type Unit = Literal["number", "percent", "bytes", "duration", "date", "text"]
type Query = Mapping[str, Any]
"""A query as Elasticsearch takes it."""
type Value = datetime | str | float | int | bool | None


class UnknownPanelFeatureError(Exception):
    """A dashboard uses what the runner does not know. The message names the panel and the feature."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a value is written.

    `percent` is of a ratio (0.25 is 25 %), `duration` of seconds (0.25 is 250 ms), `date` a moment; `suffix` follows
    the number as it is, a unit or a currency. `compact` writes 12,300 as 12.3K. `decimals` of None leaves them to who
    draws.
    """

    unit: Unit = "number"
    decimals: int | None = None
    suffix: str = ""
    compact: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a panel's table.

    `time` columns hold the start of a bucket as an aware datetime in UTC, `breakdown` columns a text (of a `documents`
    panel the field as it is stored, several values joined by ", "), `metric` columns a number (a datetime where its
    unit is `date`), or None where Kibana draws nothing. `name` is unique in the table; `label` is for people.
    `mark`, `color` (`#rrggbb`) and `axis` say how a metric of an `xy` panel is drawn.
    """

    name: str
    label: str
    role: Role
    format: Format = Format()
    mark: Mark | None = None
    color: str | None = None
    axis: Literal["left", "right"] = "left"


@dataclass(frozen=True, slots=True)
class PanelTable:
    """What a panel shows, in the order in which it shows it.

    A row has a value for each column. A panel of several layers has the rows of each layer one after the other, with
    None in the metrics of the other layers. An `xy` panel without a row for a bucket has no data there.
    `interval_seconds` is the width of the time buckets, None where there are none.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    interval_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The time that a dashboard looks at: from `start` to `end`, both aware and both included, as in Kibana."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Grid:
    """Place and size on Kibana's grid, which is 48 columns wide; a row is 20 pixels high."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class Terms:
    """The top values of a field, by an aggregation (``order_by`` is its id) or, without one, by the alphabet."""

    id: str
    field: str
    size: int
    order_by: str | None
    descending: bool
    other: bool
    missing: bool


@dataclass(frozen=True, slots=True)
class Queries:
    """One bucket for each query, by its label; a document can be in several."""

    id: str
    queries: Mapping[str, Query]


@dataclass(frozen=True, slots=True)
class Times:
    """Buckets of equal width; ``interval`` is ``auto`` or a span such as ``30m``.

    ``empty_rows`` keeps buckets without documents, ``filled`` also those before the first document and after the last.
    """

    id: str
    field: str
    interval: str
    empty_rows: bool
    filled: bool = True


type Bucket = Terms | Queries | Times

type Operation = Literal["count", "sum", "average", "min", "max", "median", "unique_count", "percentile", "last_value"]


@dataclass(frozen=True, slots=True)
class Aggregation:
    """A figure that Elasticsearch finds for each bucket.

    ``field`` of None counts documents. ``shift`` is how far back to look: a span, or ``previous`` for the length of the
    time range. ``empty_as_null`` turns zero into no value. ``newest_by`` is the date that a last value is the last by.
    """

    id: str
    operation: Operation
    field: str | None = None
    query: Query | None = None
    shift: str | None = None
    percentile: float | None = None
    newest_by: str | None = None
    empty_as_null: bool = False


@dataclass(frozen=True, slots=True)
class Calculation:
    """A figure from others of the same row: TinyMath, in which a text is the id of another figure."""

    id: str
    ast: Mapping[str, Any] | str | float


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer of a panel asks of which index pattern.

    ``buckets`` go from the outermost to the innermost. ``columns`` are those that are shown, their names being the ids
    of buckets, aggregations and calculations. ``scales`` normalises a figure to so many seconds, by its id.
    """

    id: str
    index: str
    buckets: tuple[Bucket, ...]
    aggregations: tuple[Aggregation, ...]
    calculations: tuple[Calculation, ...]
    columns: tuple[Column, ...]
    scales: Mapping[str, float] = field(default_factory=dict[str, float])
    sort: tuple[str, bool] | None = None
    """The column by which a table is sorted, and whether the largest comes first."""


@dataclass(frozen=True, slots=True)
class ReferenceLine:
    """A line across an `xy` panel, at a value that the dashboard sets."""

    label: str
    value: float
    color: str | None = None
    axis: Literal["left", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Documents:
    """The newest documents of an index pattern, or the oldest; ``fields`` are the columns after the time."""

    index: str
    fields: tuple[str, ...]
    time_field: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel; its `description` is the question it answers. `text` is the Markdown of a `text` panel.

    Links to other dashboards are Markdown too: ``[label](#id-of-the-dashboard)``.

    `colors` are those of values of a breakdown (`#rrggbb` by value), where the dashboard chooses them.
    """

    id: str
    title: str
    description: str
    kind: Kind
    grid: Grid
    layers: tuple[Layer, ...] = ()
    reference_lines: tuple[ReferenceLine, ...] = ()
    documents: Documents | None = None
    filters: tuple[Query, ...] = ()
    stacking: Stacking = "none"
    colors: Mapping[str, str] = field(default_factory=dict[str, str])
    text: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A control above the dashboard that narrows it to values of a field."""

    id: str
    title: str
    field: str
    index: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard with what applies to all of its panels: `filters` are Elasticsearch queries that must all match."""

    id: str
    title: str
    description: str
    panels: tuple[Panel, ...]
    controls: tuple[Control, ...] = ()
    filters: tuple[Query, ...] = ()
