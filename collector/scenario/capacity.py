"""What only Azure Monitor tells of a day: how full provisioned deployments are, how fast they are, what spills over.

`draw_readings` is the ledger, `write_readings` writes it as documents of the collector's poller. Readings are of their
own dice and not of the calls of a day: nobody has published how Azure works out a utilisation.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from elasticsearch import Elasticsearch

from collector.azure_monitor.metrics import metrics_of
from collector.emulators.azure_monitor import Observation, Sample
from collector.events import DataStream
from collector.inputs.azure_metrics.planning import MetricGroup, group_metrics
from collector.inputs.azure_metrics.ports import Document
from collector.inputs.azure_metrics.sink import METRICS
from collector.policy.azure_resources import ACCOUNTS
from collector.scenario.metering import account_of, measure
from collector.scenario.world import PROVISIONED, Place
from collector.scenario.writing import write_documents

_STEP: Final = timedelta(minutes=5)


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
    write_documents(client, DataStream("metrics", METRICS, namespace), _list_documents(readings))


def _list_documents(readings: Sequence[Reading]) -> Iterator[Document]:
    for reading in readings:
        observed = Observation(_name(reading), {name: pick(reading) for name, pick in _SAMPLES.items()})
        yield from measure(account_of(reading.place.resource.name), reading.minute, _groups(), [observed])


def _sample(spread: Spread) -> Sample:
    return Sample(spread.mean, 1, spread.least, spread.most)


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


_SAMPLES: Final[Mapping[str, Callable[[Reading], Sample]]] = {
    "AzureOpenAIProvisionedManagedUtilizationV2": lambda reading: _sample(reading.utilization),
    "AzureOpenAITimeToResponse": lambda reading: _sample(reading.first_token),
    "AzureOpenAINormalizedTBTInMS": lambda reading: _sample(reading.between_tokens),
    "AzureOpenAITokenPerSecond": lambda reading: _sample(reading.speed),
    "AzureOpenAIContextTokensCacheMatchRate": lambda reading: _sample(reading.cached),
    "ActiveTokens": lambda reading: Sample.counted(reading.active_tokens),
    "AzureOpenAIRequests": lambda reading: Sample.counted(reading.spilled),
}
"""What each metric has of a reading."""
