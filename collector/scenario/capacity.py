"""What only Azure Monitor tells of a day: how full provisioned deployments are, how fast they are, what spills over.

`draw_readings` is the ledger, `write_readings` writes it as documents of the collector's poller. Readings are of their
own dice and not of the calls of a day: nobody has published how Azure works out a utilisation.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from elasticsearch import Elasticsearch

from collector.azure_monitor.metrics import Aggregation, metrics_of
from collector.inputs.azure_metrics.documents import build
from collector.inputs.azure_metrics.planning import MetricGroup, group_metrics
from collector.inputs.azure_metrics.ports import Document
from collector.inputs.azure_metrics.resources import Deployment, Resource
from collector.inputs.azure_metrics.series import Row
from collector.policy.azure_resources import ACCOUNTS
from collector.scenario.world import PLACES, Place
from collector.scenario.writing import ScenarioRefusedError

PROVISIONED: Final = tuple(place for place in PLACES if "Provisioned" in place.sku)

_STEP: Final = timedelta(minutes=5)
_MINUTE: Final = timedelta(minutes=1)
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Spread:
    """The least, the mean and the most of the samples of a minute."""

    least: float
    mean: float
    most: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A minute of a provisioned deployment.

    Attributes:
        minute: its start.
        place: the deployment.
        utilization: how much of the throughput was in use, in percent.
        first_token: milliseconds until an answer began.
        between_tokens: milliseconds from a token to the next.
        speed: tokens a second.
        cached: the share of prompt tokens that came from the cache, in percent.
        active_tokens: tokens of prompts and answers less those from the cache.
        spilled: calls that a standard deployment took over, answered with 200; no call of a ledger is among them.
    """

    minute: datetime
    place: Place
    utilization: Spread
    first_token: Spread
    between_tokens: Spread
    speed: Spread
    cached: Spread
    active_tokens: int
    spilled: int


def draw_readings(seed: int, start: datetime, end: datetime) -> Sequence[Reading]:
    """Return a minute in five from ``start`` to before ``end``, of each provisioned deployment."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret
    minutes = [start + number * _STEP for number in range((end - start) // _STEP)]
    return [
        Reading(
            minute=minute,
            place=place,
            utilization=_draw_spread(dice, 20, 90),
            first_token=_draw_spread(dice, 180, 900),
            between_tokens=_draw_spread(dice, 8, 40),
            speed=_draw_spread(dice, 30, 110),
            cached=_draw_spread(dice, 0, 60),
            active_tokens=dice.randrange(2_000, 60_000),
            spilled=dice.choice((0, 0, 0, 1, 2)),
        )
        for minute in minutes
        for place in PROVISIONED
    ]


def write_readings(client: Elasticsearch, readings: Sequence[Reading], namespace: str) -> None:
    """Write the documents to the stream of metrics of a namespace, and refresh it.

    Raises:
        ScenarioRefusedError: a document was refused.
    """
    shared = {
        "data_stream": {"type": "metrics", "dataset": "aoai.metrics", "namespace": namespace},
        "event": {"module": "azure", "dataset": "aoai.metrics"},
    }
    operations: list[Mapping[str, Any]] = []
    for document in _list_documents(readings):
        operations += [{"create": {"_id": document.id}}, {**document.source, **shared}]
    answer = client.bulk(index=f"metrics-aoai.metrics-{namespace}", operations=operations, refresh=True)
    if answer["errors"]:
        raise ScenarioRefusedError(str(next(item for item in answer["items"] if "error" in item["create"])))


def _list_documents(readings: Sequence[Reading]) -> Iterator[Document]:
    for reading in readings:
        names = _name(reading)
        for group in _groups():
            row: Row = {
                index: tuple(_SAMPLES[metric.name](reading)[each] for each in metric.aggregations)
                for index, metric in enumerate(group.metrics)
            }
            dimensions = tuple((name, names[name]) for name in group.dimensions)
            yield from build(_account(reading.place), group, (reading.minute - _EPOCH) // _MINUTE, [(dimensions, row)])


def _aggregate(spread: Spread) -> dict[Aggregation, float]:
    return {
        Aggregation.MINIMUM: spread.least,
        Aggregation.AVERAGE: spread.mean,
        Aggregation.MAXIMUM: spread.most,
    }


def _count(amount: int) -> Mapping[Aggregation, float]:
    return {**_aggregate(Spread(amount, amount, amount)), Aggregation.TOTAL: amount}


def _name(reading: Reading) -> dict[str, str]:
    model = reading.place.deployment.model
    return {
        "ApiName": "Azure OpenAI API version 2024-10-21",
        "OperationName": model.operation,
        "Region": reading.place.resource.region,
        "StreamType": "Streaming",
        "ModelDeploymentName": reading.place.deployment.name,
        "ModelName": model.name,
        "ModelVersion": model.version,
        "StatusCode": "200",
        "IsSpillover": "True",
        "ServiceTierRequest": "default",
        "ServiceTierResponse": "default",
    }


def _draw_spread(dice: random.Random, low: int, high: int) -> Spread:
    least, mean, most = sorted(dice.uniform(low, high) for _ in range(3))
    return Spread(round(least, 2), round(mean, 2), round(most, 2))


@cache
def _groups() -> tuple[MetricGroup, ...]:
    return group_metrics(metric for metric in metrics_of(ACCOUNTS) if metric.name in _SAMPLES)


@cache
def _account(place: Place) -> Resource:
    model = place.deployment.model
    known = Deployment(place.deployment.name, model.name, model.version, place.sku, place.capacity)
    deployments = {place.deployment.name.lower(): known}
    return Resource(place.resource.id, ACCOUNTS, place.resource.region, kind="OpenAI", deployments=deployments)


_SAMPLES: Final[Mapping[str, Callable[[Reading], Mapping[Aggregation, float]]]] = {
    "AzureOpenAIProvisionedManagedUtilizationV2": lambda reading: _aggregate(reading.utilization),
    "AzureOpenAITimeToResponse": lambda reading: _aggregate(reading.first_token),
    "AzureOpenAINormalizedTBTInMS": lambda reading: _aggregate(reading.between_tokens),
    "AzureOpenAITokenPerSecond": lambda reading: _aggregate(reading.speed),
    "AzureOpenAIContextTokensCacheMatchRate": lambda reading: _aggregate(reading.cached),
    "ActiveTokens": lambda reading: _count(reading.active_tokens),
    "AzureOpenAIRequests": lambda reading: _count(reading.spilled),
}
"""What each metric has of a reading."""
