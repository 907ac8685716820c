"""Sends the collector's own numbers to ``metrics-aoai.collector-*``, through the settings of one of its outputs.

Promise: they have a client of their own, so that they never wait for records and no record waits for them; they are in
no count of records. What cannot be sent is said and forgotten: the next interval tells the present state.
"""

import asyncio
import platform
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from elasticsearch import AsyncElasticsearch

from collector.telemetry.documents import DATASET, TYPE, Identity, build_documents
from collector.telemetry.status import Status
from collector.telemetry.trouble import Trouble

_LONGEST_REQUEST_SECONDS: Final = 10.0
_LAST_REQUEST_SECONDS: Final = 1.0
"""At the stop, of which the deadline is near."""
_MAX_REASON: Final = 300


def identify(version: str) -> Identity:
    """Return what tells this process from every other that sends such documents."""
    return Identity(platform.node(), version, str(uuid4()))


class HealthDocuments:
    """Sends what there is to tell, every interval."""

    def __init__(  # noqa: PLR0913 - what a sender is made of
        self,
        client_settings: dict[str, Any],
        statuses: Callable[[], Iterable[Status]],
        identity: Identity,
        *,
        namespace: str,
        interval: float,
        ready: Callable[[], bool],
        trouble: Trouble,
    ) -> None:
        """Take the keyword arguments of ``AsyncElasticsearch`` and whom to ask; nothing is sent until ``ready``."""
        self._client_settings = client_settings
        self._statuses = statuses
        self._namespace = namespace
        self._interval = interval
        self._ready = ready
        self._trouble = trouble
        self._identity = identity

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            if self._ready():
                await self.send(_LONGEST_REQUEST_SECONDS)

    async def send_last(self) -> None:
        """Send the final numbers, unless that did not work before or takes long."""
        if self._ready() and self._trouble.what is None:
            await self.send(_LAST_REQUEST_SECONDS)

    async def send(self, seconds: float) -> None:
        """Send the numbers of this moment, in that time or not at all."""
        documents = build_documents(self._statuses(), self._identity, self._namespace, datetime.now(UTC))
        action = {"create": {"_index": f"{TYPE}-{DATASET}-{self._namespace}"}}
        operations = [line for document in documents for line in (action, document)]
        try:
            async with asyncio.timeout(seconds), AsyncElasticsearch(**self._client_settings, max_retries=0) as client:
                answer = await client.bulk(operations=operations, filter_path="errors,items.*.error")
        except TimeoutError:
            self._report(f"no answer within {seconds:g} s")
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end more than this
            self._report(f"{type(error).__name__}: {error}"[:_MAX_REASON])
        else:
            self._read(answer.body)

    def _read(self, answer: dict[str, Any]) -> None:
        if not answer["errors"]:
            self._trouble.over()
            return
        error = next(each["create"]["error"] for each in answer["items"] if each.get("create"))
        self._report(f"{error['type']}: {error['reason']}")

    def _report(self, reason: str) -> None:
        self._trouble.report("the collector's own metrics cannot be sent", reason)
