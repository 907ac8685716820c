"""What there is in a subscription over a day: when models retire, and how much of provisioned throughput is in use.

`draw_use` and `list_stock` are the ledger, `write_estate` writes it as documents of the collector's poller. An incident
is a value like those of the traffic: it is known by its name.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from elasticsearch import Elasticsearch

from collector.azure_monitor.metrics import metrics_of
from collector.emulators.azure_monitor import Sample
from collector.emulators.azure_monitor.calls import Throughput
from collector.events import DataStream
from collector.inputs.azure_metrics.discovery import Found
from collector.inputs.azure_metrics.inventory import Models, list_deployments
from collector.inputs.azure_metrics.planning import group_metrics
from collector.inputs.azure_metrics.ports import Document
from collector.inputs.azure_metrics.sink import INVENTORY, METRICS
from collector.policy.azure_resources import ACCOUNTS
from collector.scenario.conditions import Incident, beside_calls, names_under_way
from collector.scenario.metering import account_of, measure, number_minute
from collector.scenario.world import PLACES, PROVISIONED, Place
from collector.scenario.writing import write_documents

FULL, RETIRING = "provisioned throughput used up", "retirement of a model announced"
FILLED: Final = PROVISIONED[0]
OLD: Final = next(place for place in PLACES if place.deployment.name == "faq-legacy")

_MINUTE, _HALF_AN_HOUR = timedelta(minutes=1), timedelta(minutes=30)
_METRIC: Final = "AzureOpenAIProvisionedManagedUtilizationV2"
_FAR, _NEAR = timedelta(days=400), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Use:
    """How much of the throughput of `FILLED` was in use in a minute, in percent."""

    minute: datetime
    percent: int


@dataclass(frozen=True, slots=True)
class Stock:
    """A deployment as it was listed at a moment, and when its model retires."""

    at: datetime
    place: Place
    retires: datetime


def fill_up(since: datetime, until: datetime) -> Incident:
    """Make the throughput of the provisioned deployment be used up."""
    return beside_calls(FULL, since, until)


def announce_retirement(since: datetime, until: datetime) -> Incident:
    """Make Azure say that the model of `OLD` retires in 30 days; at the end somebody has deployed a newer one."""
    return beside_calls(RETIRING, since, until)


def draw_use(seed: int, start: datetime, end: datetime, incidents: Sequence[Incident]) -> Sequence[Use]:
    """Return the minutes from ``start`` to before ``end``."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret
    minutes = (start + number * _MINUTE for number in range((end - start) // _MINUTE))
    return [
        Use(minute, dice.randint(97, 100) if FULL in names_under_way(minute, incidents) else dice.randint(15, 75))
        for minute in minutes
    ]


def list_stock(start: datetime, end: datetime, incidents: Sequence[Incident]) -> Sequence[Stock]:
    """Return what is listed from ``start`` to before ``end``, every half hour."""
    moments = [start + number * _HALF_AN_HOUR for number in range((end - start) // _HALF_AN_HOUR)]
    return [
        Stock(at, place, start + (_NEAR if place is OLD and RETIRING in names_under_way(at, incidents) else _FAR))
        for at in moments
        for place in PLACES
    ]


def write_estate(client: Elasticsearch, use: Sequence[Use], stock: Sequence[Stock], namespace: str) -> None:
    """Write the documents to the data streams of a namespace, and refresh them.

    Raises:
        ScenarioRefusedError: a document was refused.
    """
    write_documents(client, DataStream("metrics", METRICS, namespace), _meter(use))
    write_documents(client, DataStream("metrics", INVENTORY, namespace), _describe(stock))


def _meter(use: Sequence[Use]) -> Iterator[Document]:
    groups = group_metrics(metric for metric in metrics_of(ACCOUNTS) if metric.name == _METRIC)
    place, model = FILLED, FILLED.deployment.model
    for each in use:
        sample = Sample.counted(each.percent)
        observed = Throughput(
            place.resource.region, place.deployment.name, model.name, model.version, sample, active_tokens=0
        ).observe()
        yield from measure(account_of(place.resource.name), each.minute, groups, [observed])


def _describe(stock: Sequence[Stock]) -> Iterator[Document]:
    for each in stock:
        models = Models()
        place, named = each.place, _name_model(each.place)
        sku = {"name": place.sku, "deprecationDate": each.retires.strftime("%Y-%m-%dT00:00:00Z")}
        models.add(
            place.resource.region, [{"model": {**named, "lifecycleStatus": "GenerallyAvailable", "skus": [sku]}}]
        )
        deployment = {
            "name": place.deployment.name,
            "sku": {"name": place.sku, "capacity": place.capacity},
            "properties": {"model": named, "provisioningState": "Succeeded"},
        }
        found = Found(account_of(place.resource.name), {"kind": "OpenAI", "sku": {"name": "S0"}}, (deployment,))
        yield from list_deployments([found], models, number_minute(each.at))


def _name_model(place: Place) -> dict[str, str]:
    return {"format": "OpenAI", "name": place.deployment.model.name, "version": place.deployment.model.version}
