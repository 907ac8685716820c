"""What the engine asks of others: metrics from Azure, a place for its state, a way into Elasticsearch.

Minutes are whole numbers: minutes since 1970 in UTC. A span of minutes holds its start and not its end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from collector.azure_monitor.metrics import Aggregation
from collector.inputs.azure_metrics.gaps import Gap

MINUTE: Final = 60
"""Seconds; the grain ``PT1M``."""

type Number = int | float
"""A value as Azure sent it: whole numbers of 64 bits stay exact when they are not made floats on the way."""


def moment(minute: int) -> datetime:
    """Return the start of a minute."""
    return datetime.fromtimestamp(minute * MINUTE, UTC)


@dataclass(frozen=True, slots=True)
class Call:
    """One question to Azure Monitor, within the limits of one request.

    The same for ``metrics:getBatch`` and, with a single resource, for the metrics of Resource Manager.
    """

    subscription_id: str
    region: str
    namespace: str
    resource_ids: tuple[str, ...]
    """Of one subscription, region and type; 50 at most, one for the API of a single resource."""
    metrics: tuple[str, ...]
    """Azure's names, 20 at most."""
    aggregations: tuple[Aggregation, ...]
    dimensions: tuple[str, ...]
    """All that the series are split by; empty for unsplit series."""
    start: int
    """The first minute."""
    end: int
    """The minute after the last."""

    @property
    def filter(self) -> str | None:
        """``filter`` of the request (``$filter`` for a single resource); None for unsplit series."""
        return " and ".join(f"{name} eq '*'" for name in self.dimensions) or None

    @property
    def top(self) -> int | None:
        """How many series Azure may return for a resource; its default of 10 loses the others without a word.

        It may only stand beside a filter.
        """
        return _EVERY_SERIES if self.dimensions else None

    @property
    def starts_at(self) -> datetime:
        """The start of the timespan."""
        return moment(self.start)

    @property
    def ends_at(self) -> datetime:
        """The end of the timespan, which Azure excludes."""
        return moment(self.end)


_EVERY_SERIES: Final = 2**31 - 1
"""The largest number that Azure takes."""


class Point(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The values of one minute; all None when Azure names the minute and has no value for it."""

    minute: int
    total: Number | None = None
    average: Number | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    count: Number | None = None


class Series(msgspec.Struct, frozen=True):
    """The points of one metric for one set of dimension values."""

    dimensions: Mapping[str, str]
    """As they came: names in lower case, values as they are."""
    points: Sequence[Point]


class MetricSeries(msgspec.Struct, frozen=True):
    """All series of one metric of one resource."""

    metric: str
    series: Sequence[Series]
    error: str | None = None
    """Azure's ``errorCode`` when it is not ``Success``."""


class ResourceSeries(msgspec.Struct, frozen=True):
    """What Azure answered for one resource. The source says which: the SDK's model has no resource id."""

    resource_id: str
    metrics: Sequence[MetricSeries]


class Refusal(StrEnum):
    """Why Azure will not answer a call, however often it is made."""

    LOGIN = "login"
    """No token: a wrong or expired secret, an unknown tenant or client."""
    ROLE = "role"
    """403, or 401 with a good token: the role is missing or has not spread yet."""
    NOT_FOUND = "not_found"
    """The resource or the subscription is not there."""
    QUERY = "query"
    """400: a metric, a dimension, an aggregation or a timespan that Azure does not take."""


class SourceError(Exception):
    """Azure gave no answer to a call."""


class Throttled(SourceError):  # noqa: N818 - named for what happened, as the others are
    """429, or 529 of the batch API."""

    def __init__(self, retry_after: float | None = None, detail: str = "") -> None:
        """Take the seconds to wait: those of ``Retry-After``, None when Azure named none."""
        super().__init__(detail or f"throttled, retry after {retry_after} s")
        self.retry_after = retry_after


class Refused(SourceError):  # noqa: N818 - as above
    """Azure will answer the same again until somebody changes something."""

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(detail or refusal.value)
        self.refusal = refusal


class Unavailable(SourceError):  # noqa: N818 - as above
    """5xx, no connection, no answer in time: it may work the next time."""


class MetricsSource(Protocol):
    """Azure Monitor."""

    async def fetch(self, call: Call) -> Sequence[ResourceSeries]:
        """Make one call, without retries of its own, and return an entry for each resource of it.

        Raises:
            Throttled: Azure asks for a pause.
            Refused: the call cannot succeed as things are.
            Unavailable: there was no answer.
        """
        ...


class OvertakenError(Exception):
    """Another collector polls now; whoever gets this stops at once."""


class CursorStore(Protocol):
    """Where the engine keeps how far it has come. What it stores is opaque to the store.

    State comes in shards, one for each subscription, region, namespace and group of metrics; a few hundred bytes for
    each resource in it.
    """

    async def load(self) -> Mapping[str, bytes]:
        """Return the newest state of every shard."""
        ...

    async def save(self, shard: str, state: bytes, settled: Sequence[Gap]) -> None:
        """Replace the state of a shard, and append gaps that are settled to the ledger, where they stay for 93 days.

        Durable when it returns. Both or neither; a store that cannot do that appends first.

        Raises:
            OvertakenError: another collector has written since we loaded.
        """
        ...


@dataclass(frozen=True, slots=True)
class Document:
    """One document for Elasticsearch, written with ``create``."""

    id: str
    """22 characters; the same resource, dimension set and minute give it again."""
    namespace: str
    """The metric namespace: it decides about the data set."""
    source: Mapping[str, object]
    """The body, in the shape of a stock agent's ``azure/metrics`` input."""


class DocumentSink(Protocol):
    """The way into Elasticsearch."""

    async def deliver(self, documents: Sequence[Document]) -> None:
        """Return when every document is settled: indexed, there already, dropped on purpose, or dead-lettered."""
        ...
