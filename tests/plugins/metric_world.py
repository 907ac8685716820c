"""Azure Monitor and Elasticsearch in memory and in virtual time, written from the specification, with a ledger.

The world knows the final value of every point. Of the points, some show late, some never, some change after they have
shown; calls outside Azure's rules, beyond its limits or during a pause it asked for are counted as offences. The index
takes documents as ``create`` does and keeps only what is compared with the ledger. Nothing here uses the engine but
its ports.
"""

import random
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from collector.azure_monitor.metrics import Metric, load_metrics, property_name
from collector.inputs.azure_metrics.gaps import Gap, GapState
from collector.inputs.azure_metrics.ports import (
    Call,
    Document,
    MetricSeries,
    Number,
    Point,
    ResourceSeries,
    Series,
    Throttled,
    Unavailable,
)
from collector.inputs.azure_metrics.resources import Resource

ACCOUNTS = "Microsoft.CognitiveServices/accounts"
MORNING = 29_551_680
"""2026-03-10T00:00Z, in minutes."""
SETTLED_AFTER = 4 * 60
"""Minutes after which nothing changes any more, in Azure or in the index."""

type SeriesKey = tuple[str, frozenset[tuple[str, str]]]
"""A metric's name as a stock agent sends it, and its dimensions."""
type Value = tuple[Number | None, ...]
"""Total, average, minimum, maximum."""
type Version = tuple[float, Value]
"""From when on Azure shows a value."""


@dataclass(frozen=True)
class Odds:
    """How often something happens to a point, a minute or a call."""

    late: float = 0.05
    missing: float = 0.03
    restated: float = 0.01
    idle: float = 0.2
    """A series without traffic in a minute: Azure leaves it out."""
    empty_minute: float = 0.01
    """A resource and metric group without any value in a minute."""
    throttled: float = 0.002
    unavailable: float = 0.004


@dataclass
class Truth:
    """One minute of one resource."""

    versions: dict[str, dict[frozenset[tuple[str, str]], list[Version]]] = field(default_factory=dict)
    """By metric and dimensions."""
    finals: dict[SeriesKey, Value] = field(default_factory=dict)
    late: set[SeriesKey] = field(default_factory=set)
    restated: set[SeriesKey] = field(default_factory=set)


class MetricWorld:
    """Accounts with traffic, Azure Monitor in front of them."""

    def __init__(
        self,
        seed: int,
        resources: Sequence[Resource],
        metrics: Sequence[str],
        odds: Odds | None = None,
        calls_an_hour: int = 360_000,
    ) -> None:
        self.now = float(MORNING * 60)
        self.resources = {resource.key: resource for resource in resources}
        self.offences: list[str] = []
        self.calls: Counter[str] = Counter()
        self.down = False
        """Whether no call gets an answer."""
        self._most_calls = calls_an_hour
        self._random = random.Random(seed)
        self._odds = odds or Odds()
        self._metrics = {metric.name.lower(): metric for metric in load_metrics() if metric.name in metrics}
        self._truths: dict[int, dict[str, Truth]] = {}
        self._made = MORNING
        self._recent: dict[str, deque[float]] = {}
        self._paused: dict[tuple[str, str], float] = {}
        self._splits: dict[str, list[tuple[tuple[Metric, ...], list[dict[str, str]]]]] = {
            resource.key: list(self._series_of(resource)) for resource in resources
        }

    def pass_time(self, seconds: float) -> None:
        """Let time go by, and traffic happen."""
        self.now += seconds
        while (self._made + 1) * 60 <= self.now:
            self._truths[self._made] = {key: self._minute(key, self._made) for key in self.resources}
            self._made += 1

    def settled_minutes(self) -> list[int]:
        """Return the minutes that will not change any more."""
        return [minute for minute in self._truths if minute < self.now // 60 - SETTLED_AFTER]

    def take(self, minute: int) -> Mapping[str, Truth]:
        """Return the truth about a minute, by resource, and forget it."""
        return self._truths.pop(minute)

    def groups_without_value(self, truth: Truth) -> set[frozenset[str]]:
        """Return the sets of dimensions for which a minute has no value."""
        every = {frozenset(name.lower() for name in metric.dimensions) for metric in self._metrics.values()}
        return every - {frozenset(name for name, _ in dimensions) for _, dimensions in truth.finals}

    async def fetch(self, call: Call) -> Sequence[ResourceSeries]:
        """Answer as Azure does, once the call keeps its rules."""
        self._check(call)
        where = (call.subscription_id, call.region)
        if self.now < self._paused.get(where, 0.0):
            self.offences.append("a call during a pause that Azure asked for")
        if self.down or self._random.random() < self._odds.unavailable:
            raise Unavailable("HTTP 503")
        if self._random.random() < self._odds.throttled:
            pause = self._random.choice([7.0, 60.0, 309.0])
            self._paused[where] = self.now + pause
            raise Throttled(pause)
        return [ResourceSeries(id_.upper(), self._answers(call, id_.lower())) for id_ in call.resource_ids]

    def _check(self, call: Call) -> None:
        metrics = [self._metrics.get(name.lower()) for name in call.metrics]
        members = [self.resources.get(id_.lower()) for id_ in call.resource_ids]
        rules = {
            "50 resources": 1 <= len(members) <= 50 and None not in members,
            "one region": {each.region for each in members if each} == {call.region},
            "one subscription": {each.subscription_id for each in members if each} == {call.subscription_id},
            "one type": {each.type.lower() for each in members if each} == {call.namespace.lower()},
            "20 metrics": 1 <= len(metrics) <= 20 and None not in metrics,
            "known dimensions": all({*call.dimensions} <= {*each.dimensions} for each in metrics if each),
            "known aggregations": all({*call.aggregations} <= {*each.aggregations} for each in metrics if each),
            "a timespan": MORNING - 93 * 1440 <= call.start < call.end,
            "top with filter": (call.top is None) == (call.filter is None),
        }
        self.offences += [rule for rule, kept in rules.items() if not kept]
        self._count(call.subscription_id)

    def _count(self, subscription: str) -> None:
        self.calls[subscription] += 1
        recent = self._recent.setdefault(subscription, deque())
        recent.append(self.now)
        while recent[0] <= self.now - 3600:
            recent.popleft()
        if len(recent) > self._most_calls:
            self.offences.append(f"more than {self._most_calls} calls in an hour")

    def _answers(self, call: Call, resource: str) -> list[MetricSeries]:
        return [MetricSeries(name, self._series(call, resource, self._metrics[name.lower()])) for name in call.metrics]

    def _series(self, call: Call, resource: str, metric: Metric) -> list[Series]:
        shown: dict[frozenset[tuple[str, str]], dict[int, Value]] = {}
        for minute in range(call.start, min(call.end, self._made)):
            truth = self._truths.get(minute, {}).get(resource, Truth())
            for dimensions, versions in truth.versions.get(metric.name, {}).items():
                values = [value for since, value in versions if since <= self.now]
                if values:
                    shown.setdefault(dimensions, {})[minute] = values[-1]
        series = [
            Series(dict(dimensions), [_point(minute, values.get(minute)) for minute in range(call.start, call.end)])
            for dimensions, values in shown.items()
        ]
        return series[: call.top or 10]

    def _minute(self, resource: str, minute: int) -> Truth:
        truth = Truth()
        chance = self._random.random
        for metrics, splits in self._splits[resource]:
            if chance() < self._odds.empty_minute:
                continue
            for split in splits:
                dimensions = frozenset(split.items())
                if chance() >= self._odds.idle:
                    for metric in metrics:
                        self._point_of(truth, (metric.name, dimensions), metric, (minute + 1) * 60)
        return truth

    def _point_of(self, truth: Truth, key: SeriesKey, metric: Metric, ended: float) -> None:
        fate = self._random.random()
        value = self._value(metric)
        odds = self._odds
        if fate < odds.missing:
            return
        late = fate < odds.missing + odds.late
        versions = [(ended + (self._random.uniform(180, 1500) if late else self._random.uniform(0, 150)), value)]
        if late:
            truth.late.add(key)
        elif fate > 1 - odds.restated:
            truth.restated.add(key)
            versions.append((ended + self._random.uniform(240, 1500), self._value(metric)))
        name, dimensions = key
        truth.versions.setdefault(name, {})[dimensions] = versions
        truth.finals[key] = versions[-1][1]

    def _value(self, metric: Metric) -> Value:
        if "Total" in metric.aggregations:
            total = self._random.choice([0, 0.0, 1, 12.0, 2**53 + 1, self._random.randrange(100_000)])
            return (total, None, None, None)
        least, most = sorted((self._random.uniform(0, 900), self._random.uniform(0, 900)))
        return (None, (least + most) / 2, least, most)

    def _series_of(self, resource: Resource) -> Iterator[tuple[tuple[Metric, ...], list[dict[str, str]]]]:
        alike: dict[frozenset[str], list[Metric]] = {}
        for metric in self._metrics.values():
            alike.setdefault(frozenset(metric.dimensions), []).append(metric)
        for dimensions, metrics in alike.items():
            splits = [
                {
                    name.lower(): deployment if name == "ModelDeploymentName" else f"{name} {variant}"
                    for name in sorted(dimensions)
                }
                for deployment in sorted(resource.deployments)
                for variant in range(3)
            ]
            yield (
                tuple(metrics),
                [dict(each) for each in {frozenset(split.items()): split for split in splits}.values()],
            )


def _point(minute: int, value: Value | None) -> Point:
    total, average, minimum, maximum = value or (None, None, None, None)
    return Point(minute, total, average, minimum, maximum)


class CrashError(Exception):
    """The collector dies while it writes."""


class Index:
    """Elasticsearch, as far as ``create`` goes."""

    def __init__(self) -> None:
        self.doubles: list[str] = []
        self.crash_after: int | None = None
        """After how many more documents the collector dies."""
        self._ids: dict[int, set[str]] = {}
        self._values: dict[tuple[int, str], dict[SeriesKey, Value]] = {}
        self._names = {property_name(metric.name): metric.name for metric in load_metrics()}

    async def deliver(self, documents: Sequence[Document]) -> None:
        """Take documents whose ids are not there; the others stay as they are."""
        for document in documents:
            if self.crash_after is not None:
                self.crash_after -= 1
                if self.crash_after < 0:
                    raise CrashError
            self._create(document)

    def take(self, minute: int, resource: str) -> Mapping[SeriesKey, Value]:
        """Return the values of a minute, and forget them."""
        self._ids.pop(minute, None)
        return self._values.pop((minute, resource), {})

    def _create(self, document: Document) -> None:
        source: Mapping[str, object] = document.source
        minute = _minute_of(str(source["@timestamp"]))
        ids = self._ids.setdefault(minute, set())
        if document.id in ids:
            return
        ids.add(document.id)
        azure = _mapping(source["azure"])
        resource = str(_mapping(azure["resource"])["id"]).lower()
        dimensions = frozenset(
            (name.replace("_", ""), str(value)) for name, value in _mapping(azure["dimensions"]).items()
        )
        stored = self._values.setdefault((minute, resource), {})
        for name, values in _mapping(azure["metrics"]).items():
            key = (self._names[name], dimensions)
            if key in stored:
                self.doubles.append(f"{key} of minute {minute} is in two documents")
            found = _mapping(values)
            stored[key] = (found.get("total"), found.get("avg"), found.get("min"), found.get("max"))  # type: ignore[assignment]


class Shelf:
    """The store: what was saved survives the process."""

    def __init__(self) -> None:
        self.shards: dict[str, bytes] = {}
        self.settled: list[Gap] = []

    async def load(self) -> Mapping[str, bytes]:
        return dict(self.shards)

    async def save(self, shard: str, state: bytes, settled: Sequence[Gap]) -> None:
        self.shards[shard] = state
        self.settled += settled


class Listed:
    """The ledger, read minute by minute: open gaps, and what was declared lost."""

    def __init__(self, gaps: Sequence[Gap]) -> None:
        self._listed: dict[tuple[str, int], list[Gap]] = {}
        for gap in gaps:
            if gap.state is not GapState.CLOSED:
                for minute in range(gap.start, gap.end):
                    self._listed.setdefault((gap.resource, minute), []).append(gap)

    def of(self, resource: str, minute: int) -> list[Gap]:
        return self._listed.get((resource, minute), [])


def _minute_of(timestamp: str) -> int:
    return int(datetime.fromisoformat(timestamp).timestamp()) // 60


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value
