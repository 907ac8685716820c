"""The Elasticsearch output as the rest of the collector sees it."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.output.backoff import Pauses, Throttle
from collector.output.dead_letter import DeadLetterFile
from collector.output.elasticsearch.batching import BulkBuilder, Loads
from collector.output.elasticsearch.client import BulkClient
from collector.output.elasticsearch.items import Load
from collector.output.elasticsearch.lookup import Lookup
from collector.output.elasticsearch.sending import Sender
from collector.telemetry.counters import Counters
from collector.telemetry.trouble import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkSettings:
    """How bulk requests are made; the reasons for the defaults stand in the policy's reference."""

    max_items: int
    max_bytes: int
    max_age: float
    """Seconds."""
    workers: int
    """Bulk requests under way at once."""
    compression_level: int
    backoff_initial: float
    backoff_longest: float


class ElasticsearchOutput:
    """Delivers items through bulk requests."""

    def __init__(
        self,
        client_settings: dict[str, Any],
        settings: BulkSettings,
        *,
        dead_letter_file: Path,
        counters: Counters,
        trouble: Trouble,
    ) -> None:
        """Take the keyword arguments of ``AsyncElasticsearch`` and how to use it."""
        self._settings = settings
        self._client = BulkClient(client_settings, compression_level=settings.compression_level)
        self._counters = counters
        self._trouble = trouble
        self._file = DeadLetterFile(dead_letter_file)
        self._throttle = Throttle(self._pauses())
        self._lookup = Lookup(self._client, counters, Trouble("look-up of what is there"))
        self._bulks: asyncio.Queue[Loads] = asyncio.Queue()
        self._builder = BulkBuilder(
            self._bulks.put_nowait,
            max_items=settings.max_items,
            max_bytes=settings.max_bytes,
            max_age=settings.max_age,
        )
        self._workers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start the workers."""
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._settings.workers)]

    def add(self, load: Load) -> None:
        """Take documents over; never blocks."""
        self._builder.add(load)

    async def drain(self, seconds: float) -> bool:
        """Send what was added so far; return whether all of it was settled in that time."""
        self._builder.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._bulks.join(), seconds)
            return True
        return False

    async def close(self) -> None:
        """Stop at once; items that are not settled stay so, and a restart reads them again."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._client.close()

    async def failed(self) -> BaseException:
        """Wait until a worker dies, which only a fault of ours can cause, and return why."""
        done, _ = await asyncio.wait(self._workers, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).exception() or RuntimeError("a bulk worker ended")

    async def _work(self) -> None:
        sender = Sender(
            self._client,
            self._lookup,
            self._throttle,
            self._pauses(),
            self._file,
            counters=self._counters,
            trouble=self._trouble,
            set_aside=self._bulks.put_nowait,
        )
        while True:
            await sender.deliver(await self._bulks.get())
            self._bulks.task_done()

    def _pauses(self) -> Pauses:
        return Pauses(self._settings.backoff_initial, self._settings.backoff_longest, random.random)
