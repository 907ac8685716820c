"""Reads one stream of metrics: who polls, what is polled, and round after round until the stop.

    lease ours? ──> state of the last poller ──> list resources ──> rounds, every period
        ^                                            every refresh_list_interval,      │
        │                                            then their inventory              │
        └──────────────── lost, or another has written ────────────────────────────────┘

Promises: nothing that Azure, storage or Elasticsearch does ends it; what is wrong is in its troubles. Whoever is not
the poller waits, and polls within a minute after the poller is gone.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol, cast

from azure.core.exceptions import AzureError

from collector.inputs.azure_metrics.clients import MonitorClients
from collector.inputs.azure_metrics.discovery import Discovery, Found
from collector.inputs.azure_metrics.polling import Poller
from collector.inputs.azure_metrics.ports import OvertakenError
from collector.inputs.azure_metrics.refusals import RefusedByAzureError
from collector.inputs.azure_metrics.sink import ElasticsearchSink
from collector.inputs.azure_metrics.source import AzureMonitor
from collector.inputs.azure_metrics.stocktaking import Stocktaking
from collector.inputs.azure_metrics.targets import Targets
from collector.state.blob_lease import ATTEMPT_SECONDS
from collector.state.refusals import ContainerUnusableError
from collector.telemetry.trouble import Trouble

logger = logging.getLogger(__name__)

_SECONDS_BEFORE_ANOTHER_LISTING: Final = 60.0
"""After one that found nothing: roles are given and secrets mended meanwhile."""


class Lease(Protocol):
    """The right to poll."""

    @property
    def held(self) -> bool:
        """Whether it is ours, as far as this machine can know."""
        ...

    async def acquire(self) -> bool:
        """Try once; return whether it is ours now."""
        ...

    async def renew(self) -> bool:
        """Keep it; return whether it is ours still."""
        ...

    async def release(self) -> None:
        """Give it back."""
        ...


class MetricsReader:
    """Polls one stream of the policy."""

    def __init__(  # noqa: PLR0913 - what a stream is made of
        self,
        stream: str,
        clients: MonitorClients,
        *,
        discovery: Discovery,
        source: AzureMonitor,
        sink: ElasticsearchSink,
        make_poller: Callable[[], Poller],
        period: float,
        refresh: float,
        stocktaking: Stocktaking | None = None,
        prepare: Callable[[], Awaitable[None]] | None = None,
        lease: Lease | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Times are in seconds.

        Without `stocktaking` no inventory is sent. `prepare` must succeed before the first turn; without a `lease`
        nobody else polls.
        """
        self._stream = stream
        self._clients = clients
        self._discovery = discovery
        self._source = source
        self._sink = sink
        self._make_poller = make_poller
        self._period = period
        self._refresh = refresh
        self._stocktaking = stocktaking
        self._prepare = prepare
        self._lease = lease
        self._clock = clock
        self._targets = Targets(clients, stream, clock=clock)
        self._stopping = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._ended = asyncio.Event()
        self._ended.set()
        self._listing = Trouble(f"stream {stream} resources")
        self._state = Trouble(f"stream {stream} state")
        self.poller: Poller | None = None
        """The poller at work; None while another collector polls, or before the first listing."""
        self.resources = 0
        """How many resources are polled."""

    @property
    def troubles(self) -> Sequence[Trouble]:
        """What can be wrong."""
        return self._listing, self._state, *self._source.troubles

    @property
    def last_success_at(self) -> float | None:
        """When metrics came last, in seconds since 1970."""
        return self._source.last_success_at

    async def run(self) -> None:
        """Read until `pause`, or until cancelled."""
        self._ended.clear()
        try:
            await self._take_turns()
        finally:
            self._ended.set()

    async def _take_turns(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._take_turn()
            except OvertakenError:
                logger.info("another collector polls now", extra={"stream": self._stream})
            except (ContainerUnusableError, AzureError, sqlite3.Error) as error:
                self._state.report("where metrics stand cannot be read or stored", _describe(error), grave=True)
            except Exception as error:
                logger.exception("polling begins anew after a fault", extra={"stream": self._stream})
                self._state.report("polling begins anew after a fault", _describe(error), grave=True)
            if not self._stopping.is_set():
                self.poller = None
                await self._rest(ATTEMPT_SECONDS)

    async def pause(self) -> None:
        """Begin no further round; return when the one under way is over."""
        self._stopping.set()
        await self._at_rest.wait()

    async def close(self) -> None:
        """Store where everything stands, give the lease back, close every connection; `run` must be at its end."""
        await self._ended.wait()
        poller, self.poller = self.poller, None
        if poller is not None and (self._lease is None or self._lease.held):
            with suppress(OvertakenError):
                await poller.close()
        if self._lease is not None:
            with suppress(AzureError):
                await self._lease.release()
        await self._clients.close()

    async def _take_turn(self) -> None:
        """Poll if the lease is free, for as long as it is ours."""
        if self._prepare is not None:
            await self._prepare()
            self._prepare = None
        if self._lease is None:
            await self._poll()
            return
        if not await self._lease.acquire():
            self._state.over()
            return
        polling = asyncio.create_task(self._poll())
        try:
            while not polling.done() and await self._lease.renew():
                await asyncio.wait([polling], timeout=ATTEMPT_SECONDS)
            if polling.done():
                polling.result()
            elif not self._stopping.is_set():
                raise OvertakenError
        finally:
            polling.cancel()
            await asyncio.wait([polling])

    async def _poll(self) -> None:
        """Poll until the stop: list resources, then ask for what is due, period by period."""
        poller = self._make_poller()
        await poller.load()
        self._state.over()
        self.resources = 0
        self._sink.in_doubt = True
        self.poller = poller
        beside = [asyncio.create_task(each) for each in self._works_beside(poller)]
        try:
            while not self._stopping.is_set():
                began = self._clock()
                if self.resources:
                    await self._make_round(poller)
                await self._rest(max(0.0, self._period - (self._clock() - began)) if self.resources else 1.0)
        finally:
            for each in beside:
                each.cancel()
            await asyncio.wait(beside)

    def _works_beside(self, poller: Poller) -> Iterator[Coroutine[Any, Any, None]]:
        if self._stocktaking is not None:
            yield self._stocktaking.run()
        yield self._keep_listing(poller)

    async def _make_round(self, poller: Poller) -> None:
        self._at_rest.clear()
        try:
            await poller.round()
        except* OvertakenError as overtaken:
            raise OvertakenError(*overtaken.exceptions[0].args) from overtaken
        except* (AzureError, sqlite3.Error) as errors:
            self._state.report("where metrics stand cannot be stored", _describe(errors), grave=True)
        else:
            self._state.over()
            self._sink.in_doubt = False
        finally:
            self._at_rest.set()

    async def _keep_listing(self, poller: Poller) -> None:
        """List resources again and again, beside the rounds."""
        while True:
            began = self._clock()
            try:
                listed = await self._list(poller)
            except Exception as error:
                logger.exception("resources cannot be listed for a fault", extra={"stream": self._stream})
                self._listing.report("some resources cannot be polled", _describe(error), grave=True)
                listed = False
            pause = self._refresh if listed else min(_SECONDS_BEFORE_ANOTHER_LISTING, self._refresh)
            await asyncio.sleep(max(0.0, pause - (self._clock() - began)))

    async def _list(self, poller: Poller) -> bool:
        """Aim the poller at what there is now; return whether everything could be listed."""
        try:
            found = await self._discovery.find()
        except RefusedByAzureError as error:
            self._listing.report("no resources to poll", str(error), grave=error.grave)
            return False
        if self._stocktaking is not None:
            self._stocktaking.note(found)
        targets = await self._targets.match(found)
        reports = [*self._discovery.reports, *self._targets.reports]
        if reports:
            worst = min(reports, key=lambda report: not report.grave)
            self._listing.report("some resources cannot be polled", str(worst), grave=worst.grave)
        else:
            self._listing.over()
        if targets:
            poller.aim(targets)
            self._announce(found, len(targets))
        return not reports

    def _announce(self, found: Sequence[Found], count: int) -> None:
        if count != self.resources:
            regions = sorted({each.resource.region for each in found})
            extra = {"stream": self._stream, "resources": count, "regions": regions}
            logger.info("resources to poll", extra=extra)
        self.resources = count

    async def _rest(self, seconds: float) -> None:
        """Sleep, but not past the stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


def _describe(error: Exception) -> str:
    while isinstance(error, ExceptionGroup):
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
