"""Sends the inventory of one stream each time that its resources were listed: deployments, their models, quotas.

Promises: metrics never wait for it and never fail with it. What Azure refuses is said once, and the rest is sent. Each
deployment and quota has one document for each interval, whoever polls and however often it is listed; while
Elasticsearch takes nothing, intervals are left out.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from itertools import batched
from typing import Final

from collector.inputs.azure_metrics.clients import Json, MonitorClients
from collector.inputs.azure_metrics.discovery import Found
from collector.inputs.azure_metrics.inventory import Models, list_deployments, list_quotas
from collector.inputs.azure_metrics.lists import COGNITIVE_SERVICES, ResourceLists
from collector.inputs.azure_metrics.ports import MINUTE, Document
from collector.inputs.azure_metrics.refusals import RefusedByAzureError
from collector.inputs.azure_metrics.sink import ElasticsearchSink
from collector.policy.azure_resources import ACCOUNTS

logger = logging.getLogger(__name__)

_DOCUMENTS_AT_ONCE: Final = 500


class Stocktaking:
    """Makes the inventory of what was found, and sends it."""

    def __init__(
        self,
        clients: MonitorClients,
        sink: ElasticsearchSink,
        *,
        stream: str,
        interval: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`stream` is the name in the log; documents bear the beginning of their `interval`, in seconds."""
        self._lists = ResourceLists(clients)
        self._sink = sink
        self._stream = stream
        self._interval = interval
        self._clock = clock
        self._found: Sequence[Found] = ()
        self._news = asyncio.Event()
        self._refused: set[str] = set()
        self._minute = 0
        self._sent: set[str] = set()

    def note(self, found: Sequence[Found]) -> None:
        """Take over what was found; it is sent when what was found before has been."""
        self._found = found
        self._news.set()

    async def run(self) -> None:
        """Send what is noted from now on, until cancelled."""
        self._news.clear()
        self._sink.in_doubt = True  # an earlier poller may have sent this interval's
        while True:
            await self._news.wait()
            self._news.clear()
            found, self._found = self._found, ()
            try:
                await self.take(found)
                self._sink.in_doubt = False
            except Exception:
                logger.exception("the inventory is left out for a fault", extra={"stream": self._stream})

    async def take(self, found: Sequence[Found]) -> None:
        """Send what the interval lacks of the inventory; return when every document is settled."""
        minute = int(self._clock() // self._interval * self._interval) // MINUTE
        if minute != self._minute:
            self._minute, self._sent = minute, set()
        documents = [each for each in await self._list(found, minute) if each.id not in self._sent]
        for some in batched(documents, _DOCUMENTS_AT_ONCE):
            await self._sink.deliver(some)
            self._sent.update(each.id for each in some)

    async def _list(self, found: Sequence[Found], minute: int) -> list[Document]:
        """Ask for what discovery leaves out, and return all documents."""
        accounts = [each.resource for each in found if each.resource.type == ACCOUNTS]
        models, quotas = Models(), list[Document]()
        for subscription, region in sorted({(each.subscription_id, each.region) for each in accounts}):
            location = f"/subscriptions/{subscription}/providers/Microsoft.CognitiveServices/locations/{region}"
            models.add(region, await self._read(f"{location}/models"))
            quotas += list_quotas(subscription, region, await self._read(f"{location}/usages"), minute)
        return [*list_deployments(found, models, minute), *quotas]

    async def _read(self, path: str) -> list[Json]:
        """Return a list, or nothing when Azure refuses it."""
        try:
            entries = await self._lists.read(path, COGNITIVE_SERVICES)
        except RefusedByAzureError as error:
            if path not in self._refused:
                extra = {"stream": self._stream, "url.path": path, "error.message": str(error)}
                logger.warning("the inventory lacks what Azure does not say", extra=extra)
                self._refused.add(path)
            return []
        self._refused.discard(path)
        return entries
