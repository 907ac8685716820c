"""How much of its quotas a subscription has given to deployments, over a day.

`draw_quotas` is the ledger, `write_quotas` writes it as documents of the collector's poller.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from elasticsearch import Elasticsearch

from collector.demo.fleet import PRODUCTION, RESEARCH
from collector.events import DataStream
from collector.inputs.azure_metrics.inventory import list_quotas
from collector.inputs.azure_metrics.ports import Document
from collector.inputs.azure_metrics.sink import INVENTORY
from collector.scenario.metering import number_minute
from collector.scenario.writing import write_documents

_HOUR: Final = timedelta(hours=1)
_UNITS: Final = "Provisioned Managed Throughput Unit"
_LIMITS: Final = (
    (
        PRODUCTION,
        "eastus",
        "OpenAI.GlobalStandard.gpt-4o",
        "Tokens Per Minute (thousands) - gpt-4o - GlobalStandard",
        450,
    ),
    (PRODUCTION, "westeurope", "OpenAI.DataZoneStandard.gpt-4o", "Tokens Per Minute (thousands) - gpt-4o", 300),
    (RESEARCH, "swedencentral", "OpenAI.GlobalProvisionedManaged", _UNITS, 200),
    (RESEARCH, "swedencentral", "OpenAI.GlobalStandard.o1", "Tokens Per Minute (thousands) - o1 - GlobalStandard", 0),
)


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota at a moment: of which subscription and region, how much there is, and how much of it is given away.

    ``description`` is Azure's, with the unit. A quota of nothing is one that Azure lists and nobody has.
    """

    at: datetime
    subscription: str
    region: str
    name: str
    description: str
    limit: int
    given: int


def draw_quotas(seed: int, start: datetime, end: datetime) -> Sequence[Quota]:
    """Return every quota of each hour from ``start`` to before ``end``."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret
    moments = [start + number * _HOUR for number in range((end - start) // _HOUR)]
    return [Quota(at, *quota, given=dice.randint(0, quota[-1])) for at in moments for quota in _LIMITS]


def write_quotas(client: Elasticsearch, quotas: Sequence[Quota], namespace: str) -> None:
    """Write the documents to the stream of the inventory of a namespace, and refresh it.

    Raises:
        ScenarioRefusedError: a document was refused.
    """
    write_documents(client, DataStream("metrics", INVENTORY, namespace), _describe(quotas))


def _describe(quotas: Sequence[Quota]) -> Iterator[Document]:
    for quota in quotas:
        usage = {
            "name": {"value": quota.name, "localizedValue": quota.description},
            "unit": "Count",
            "currentValue": quota.given,
            "limit": quota.limit,
        }
        yield from list_quotas(quota.subscription, quota.region, [usage], number_minute(quota.at))
