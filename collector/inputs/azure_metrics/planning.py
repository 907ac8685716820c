"""Which calls to make: metrics in groups of equal dimensions, resources in lots that one call can name.

Split and unsplit series are never asked for together: every metric is split by all its dimensions, and a metric that
has none makes a group of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Final

import msgspec

from collector.azure_monitor.metrics import Aggregation, Metric, canonical_dimension, metrics_of, property_name
from collector.inputs.azure_metrics.ports import Call
from collector.inputs.azure_metrics.resources import Resource

RESOURCES_A_CALL: Final = 50
"""Azure's limit for ``metrics:getBatch``."""
METRICS_A_CALL: Final = 20
"""Azure refuses more names in one call; not on the reference page, but kept by Elastic's agent too."""
_UNSPLIT: Final = "unsplit"


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric as the live definitions of a resource have it."""

    name: str
    dimensions: tuple[str, ...]
    aggregations: frozenset[Aggregation]
    """``supportedAggregationTypes``, without ``None``."""


@dataclass(frozen=True, slots=True)
class Question:
    """The metrics of a group that one call can name, and what it asks of each."""

    metrics: tuple[str, ...]
    aggregations: tuple[Aggregation, ...]


@dataclass(frozen=True, slots=True)
class MetricGroup:
    """Metrics of one namespace that are split by the same dimensions: the columns of one kind of document."""

    namespace: str
    dimensions: tuple[str, ...]
    """In Azure's spelling, sorted."""
    metrics: tuple[Metric, ...]
    questions: tuple[Question, ...]
    key: str = field(init=False)
    """What names the group in ids, cursors and the ledger: the same dimensions, the same key."""
    shape: str = field(init=False, repr=False)
    """What is asked for: groups of the same shape are asked for together."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", "+".join(property_name(name) for name in self.dimensions) or _UNSPLIT)
        object.__setattr__(self, "shape", repr((self.namespace, self.dimensions, self.questions)))


@dataclass(frozen=True, slots=True)
class Target:
    """A resource, and what is asked about it."""

    resource: Resource
    groups: tuple[MetricGroup, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """What the definitions of a resource leave of the catalogue."""

    groups: tuple[MetricGroup, ...]
    missing: tuple[str, ...]
    """Metrics of the catalogue that are not offered; they are not asked for."""
    unknown: tuple[str, ...]
    """Metrics that are offered and not in the catalogue."""


def compare(namespace: str, definitions: Iterable[Definition]) -> Offer:
    """Match the catalogue with the live definitions; where they differ, those are right."""
    live = {definition.name.lower(): definition for definition in definitions}
    known = metrics_of(namespace)
    offered = [metric for metric in known if metric.name.lower() in live]
    names = {metric.name.lower() for metric in known}
    return Offer(
        groups=group_metrics(offered, live.values()),
        missing=tuple(metric.name for metric in known if metric.name.lower() not in live),
        unknown=tuple(definition.name for name, definition in live.items() if name not in names),
    )


def group_metrics(metrics: Iterable[Metric], definitions: Iterable[Definition] = ()) -> tuple[MetricGroup, ...]:
    """Put together what is split alike; without a definition a metric is as the catalogue has it."""
    live = {definition.name.lower(): definition for definition in definitions}
    alike: dict[tuple[str, ...], list[_Offered]] = {}
    for metric in metrics:
        offered = _offered(metric, live.get(metric.name.lower()))
        alike.setdefault(offered.metric.dimensions, []).append(offered)
    return tuple(
        MetricGroup(
            namespace=members[0].metric.namespace,
            dimensions=dimensions,
            metrics=tuple(member.metric for member in members),
            questions=tuple(_questions(members)),
        )
        for dimensions, members in sorted(alike.items())
    )


@dataclass(frozen=True, slots=True)
class Want:
    """The minutes that are wanted of one resource and group."""

    resource: Resource
    group: MetricGroup
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Lot:
    """Resources that are asked the same, together: one call for each question of the group."""

    resources: tuple[Resource, ...]
    group: MetricGroup
    start: int
    end: int

    @property
    def subscription_id(self) -> str:
        """The subscription of all its resources."""
        return self.resources[0].subscription_id

    @property
    def region(self) -> str:
        """The region of all its resources."""
        return self.resources[0].region

    @property
    def shard(self) -> str:
        """The shard of state that its resources are in."""
        return shard_of(self.resources[0], self.group)

    def calls(self) -> Iterator[Call]:
        """Yield the calls that answer for the lot together."""
        for question in self.group.questions:
            yield Call(
                subscription_id=self.subscription_id,
                region=self.region,
                namespace=self.group.namespace,
                resource_ids=tuple(resource.id for resource in self.resources),
                metrics=question.metrics,
                aggregations=question.aggregations,
                dimensions=self.group.dimensions,
                start=self.start,
                end=self.end,
            )

    def halves(self) -> tuple["Lot", "Lot"]:
        """Divide a lot of several resources."""
        middle = len(self.resources) // 2
        first, second = self.resources[:middle], self.resources[middle:]
        return Lot(first, self.group, self.start, self.end), Lot(second, self.group, self.start, self.end)


def shard_of(resource: Resource, group: MetricGroup) -> str:
    """Return the name of the shard that keeps the cursor of a resource and group."""
    return f"{resource.subscription_id}/{resource.region}/{group.namespace.lower()}/{group.key}"


def plan(wants: Iterable[Want], largest: Callable[[Want], int]) -> list[Lot]:
    """Make lots of resources of one subscription, region and group that are asked for the same minutes.

    ``largest`` tells how many resources a lot may have. The oldest minutes come first.
    """
    alike: dict[tuple[str, str, int, int], list[Want]] = {}
    for want in wants:
        key = (shard_of(want.resource, want.group), want.group.shape, want.start, want.end)
        alike.setdefault(key, []).append(want)
    lots = [_lot(together) for members in alike.values() for together in batched(members, largest(members[0]))]
    return sorted(lots, key=lambda lot: (lot.start, lot.end))


def _lot(wants: Sequence[Want]) -> Lot:
    first = wants[0]
    return Lot(tuple(want.resource for want in wants), first.group, first.start, first.end)


@dataclass(frozen=True, slots=True)
class _Offered:
    metric: Metric
    supported: frozenset[Aggregation]


def _offered(metric: Metric, definition: Definition | None) -> _Offered:
    dimensions, supported = metric.dimensions, frozenset(metric.aggregations)
    kept = metric.aggregations
    if definition is not None:
        dimensions = tuple(canonical_dimension(metric.namespace, name) for name in definition.dimensions)
        supported = definition.aggregations
        kept = tuple(each for each in kept if each in supported) or tuple(sorted(supported))
    ordered = tuple(sorted(dimensions))
    return _Offered(msgspec.structs.replace(metric, dimensions=ordered, aggregations=kept), supported)


def _questions(members: Sequence[_Offered]) -> Iterator[Question]:
    """Fill calls greedily: a call names the aggregations of all its metrics, so each of them must have them all."""
    calls: list[list[_Offered]] = []
    for member in members:
        for call in calls:
            if len(call) < METRICS_A_CALL and _go_together([*call, member]):
                call.append(member)
                break
        else:
            calls.append([member])
    for call in calls:
        asked = _asked(call)
        ordered = tuple(each for each in Aggregation if each in asked)
        yield Question(tuple(member.metric.name for member in call), ordered)


def _go_together(members: Iterable[_Offered]) -> bool:
    members = list(members)
    asked = _asked(members)
    return all(asked <= member.supported for member in members)


def _asked(members: Iterable[_Offered]) -> frozenset[Aggregation]:
    return frozenset(each for member in members for each in member.metric.aggregations)
