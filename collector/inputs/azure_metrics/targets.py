"""What a stream polls now: its resources, and the metrics that each of them has by its live definitions.

Promises: definitions are asked for once a day and kind of resource, not once a resource; metrics that Azure offers and
the catalogue lacks, and those that it lacks itself, are said once.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from collector.inputs.azure_metrics.clients import MonitorClients
from collector.inputs.azure_metrics.discovery import Found
from collector.inputs.azure_metrics.planning import Offer, Target, compare
from collector.inputs.azure_metrics.refusals import RefusedByAzureError
from collector.inputs.azure_metrics.resources import Resource
from collector.inputs.azure_metrics.single import list_definitions

logger = logging.getLogger(__name__)

_DAY_SECONDS: Final = 86_400.0
"""Azure adds metrics some times a year, and throttles requests for definitions sooner than others."""

type _Kind = tuple[str, str, str, str]


class Targets:
    """Matches resources with what can be asked of them."""

    def __init__(self, clients: MonitorClients, stream: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`stream` is the name in the log."""
        self._clients = clients
        self._stream = stream
        self._clock = clock
        self._offers: dict[_Kind, tuple[float, Offer]] = {}
        self._told: set[tuple[str, tuple[str, ...], tuple[str, ...]]] = set()
        self.reports: list[RefusedByAzureError] = []
        """Why the definitions of some kinds are not known."""

    async def match(self, found: Iterable[Found]) -> Sequence[Target]:
        """Return what to poll; resources whose definitions nobody knows yet are left out, until the next time."""
        self.reports = []
        failed: set[_Kind] = set()
        targets: list[Target] = []
        for each in found:
            kind = _kind_of(each.resource)
            if kind in failed:
                continue
            try:
                offer = await self._find_offer(each.resource, kind)
            except RefusedByAzureError as error:
                self.reports.append(error)
                failed.add(kind)
            else:
                targets.append(Target(each.resource, offer.groups))
        return targets

    async def _find_offer(self, resource: Resource, kind: _Kind) -> Offer:
        known = self._offers.get(kind)
        if known is not None and self._clock() < known[0] + _DAY_SECONDS:
            return known[1]
        try:
            definitions = await list_definitions(self._clients, resource)
        except RefusedByAzureError:
            if known is None:
                raise
            return known[1]
        offer = compare(resource.type, definitions)
        self._offers[kind] = self._clock(), offer
        self._tell(resource, offer)
        return offer

    def _tell(self, resource: Resource, offer: Offer) -> None:
        news = (resource.type, offer.unknown, offer.missing)
        if news in self._told or not (offer.unknown or offer.missing):
            return
        self._told.add(news)
        logger.info(
            "metrics differ from the catalogue: what Azure offers beside it is not read, what it does not offer is "
            "skipped",
            extra={
                "stream": self._stream,
                "azure.namespace": resource.type,
                "cloud.region": resource.region,
                "offered": list(offer.unknown),
                "skipped": list(offer.missing),
            },
        )


def _kind_of(resource: Resource) -> _Kind:
    """Resources of one kind in one region have the same metrics."""
    return resource.subscription_id, resource.region, resource.type, resource.kind.lower()
