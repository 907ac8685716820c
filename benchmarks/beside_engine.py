"""The case of the real engine: the daemon and the embedded engine with the package's pipelines on the same processors.

First the hub is never empty, so that the engine sets the rate: what share of the CPU is the daemon's? Then the hub gets
70 % of that rate: how long does a record take? This process is the hub, and asks for the documents.
"""

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

import aiohttp
from elasticsearch import AsyncElasticsearch

from benchmarks.bodies import compact
from benchmarks.effort import Effort
from benchmarks.feeding import HUB, Feeder
from benchmarks.hub import make_bodies, make_record
from benchmarks.measuring import BenchmarkError
from benchmarks.processes import cpu_seconds
from benchmarks.subjects import daemon
from benchmarks.verdicts import Verdict
from collector.assets.installation import install
from collector.delivery.identity import EventIds, record_id
from collector.emulators.event_hubs import EventHubsEmulator, Hub
from collector.engine import EmbeddedEngine
from collector.events import Source
from collector.output.elasticsearch.encoding import iso
from collector.policy import EventHubConnectionString

_FULL_JIT: Final = ("-XX:TieredStopAtLevel=4",)
"""The JVM's own default; the demo and the tests go without the optimising compiler."""
_HEAP: Final = "1g"
_PER_EVENT: Final = 25
_PARTITIONS: Final = 4
_AHEAD: Final = 40_000
_LOAD: Final = 0.7
_TRIES: Final = 3
"""A machine that slows down makes a load of more than that; then both parts are measured again."""
_SECONDS_BEHIND: Final = 1.0
"""Of load that may be under way at the end beside what was at the beginning; with more, the engine did not keep up."""
_WINDOWS: Final = 5
"""Parts of the time at the full rate; the median of them counts."""
_SECONDS_BETWEEN_SAMPLES: Final = 0.25
_SECONDS_BETWEEN_LOOKS: Final = 0.02
_PATIENCE_SECONDS: Final = 180.0
_STREAM: Final = "logs-aoai.logs-default"


@dataclass(frozen=True, slots=True)
class Site:
    """All that runs: hub, daemon and engine."""

    emulator: EventHubsEmulator
    feeder: Feeder
    session: aiohttp.ClientSession
    daemon: int
    """The daemon's process id."""
    engine: int

    async def indexed(self) -> int:
        """Return how many documents were indexed; 0 while the data stream is not there."""
        async with self.session.get(f"/{_STREAM}/_stats/indexing") as reply:
            if reply.status != 200:  # noqa: PLR2004 - HTTP's own number
                return 0
            answer = await reply.json()
            indexed: int = answer["_all"]["primaries"]["indexing"]["index_total"]
            return indexed

    async def wait_for(self, documents: int) -> None:
        """Wait until so many were indexed.

        Raises:
            BenchmarkError: they were not.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while await self.indexed() < documents:  # noqa: ASYNC110 - the engine tells nobody
                    await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
                return
        raise BenchmarkError(f"{documents} documents were not indexed within {_PATIENCE_SECONDS:.0f} s")


@dataclass(frozen=True, slots=True)
class FullRate:
    """What the engine takes, and what that costs."""

    records_a_second: float
    share: float
    """Of the processor time of daemon and engine, the daemon's."""
    share_of_machine: float
    """Of all the processor time that the machine had."""


def measure_beside_engine(effort: Effort) -> Sequence[Verdict]:
    """Run both parts."""
    return asyncio.run(_measure(effort.engine_seconds))


async def _measure(seconds: float) -> Sequence[Verdict]:
    async with _set_up() as site:
        async with _meanwhile(site.feeder.keep_ahead(_AHEAD, site.indexed)):
            await site.wait_for(_PER_EVENT)
            await asyncio.sleep(seconds)  # for the compiler of the JVM
        for _ in range(_TRIES):
            windows = await _measure_windows(site, seconds)
            rate = median(window.records_a_second for window in windows)
            latencies, behind = await _measure_latencies(site, _LOAD * rate, seconds)
            print(f"engine: {rate:,.0f} records a second, {behind:.1f} s behind at {_LOAD:.0%}", file=sys.stderr)
            if behind <= _SECONDS_BEHIND:
                break
    return [*_judge_shares(windows), *_judge_latencies(latencies)]


async def _measure_windows(site: Site, seconds: float) -> list[FullRate]:
    """Let the engine set the rate, and take it window by window."""
    async with _meanwhile(site.feeder.keep_ahead(_AHEAD, site.indexed)):
        await asyncio.sleep(seconds / _WINDOWS)
        return [await _measure_full_rate(site, seconds / _WINDOWS) for _ in range(_WINDOWS)]


async def _measure_latencies(site: Site, load: float, seconds: float) -> tuple[list[float], float]:
    """Return the latencies at a load, and by how many seconds of it the engine fell behind meanwhile."""
    await site.wait_for(site.feeder.records)
    async with _meanwhile(site.feeder.pace(load)):
        await asyncio.sleep(seconds / _WINDOWS)
        before = site.feeder.records - await site.indexed()
        latencies = await _sample_latency(site, seconds)
        return latencies, (site.feeder.records - await site.indexed() - before) / load


def _judge_shares(windows: Sequence[FullRate]) -> Sequence[Verdict]:
    rate = median(window.records_a_second for window in windows)
    share = median(window.share for window in windows) * 100
    of_machine = median(window.share_of_machine for window in windows) * 100
    return [
        Verdict("engine", "records a second, full rate", rate, runs=len(windows)),
        Verdict("engine", "% of the CPU of both is the daemon's", share, most=15, runs=len(windows)),
        Verdict("engine", "% of the machine is the daemon's", of_machine, runs=len(windows)),
    ]


def _judge_latencies(latencies: Sequence[float]) -> Sequence[Verdict]:
    cuts = quantiles(latencies, n=100)
    return [
        Verdict("engine", "ms from hub to indexed, p50", cuts[49] * 1000, most=300, runs=len(latencies)),
        Verdict("engine", "ms from hub to indexed, p95", cuts[94] * 1000, most=2000, runs=len(latencies)),
    ]


@asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do something else at the same time, and end it then."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _set_up() -> AsyncIterator[Site]:
    """Start all, with the package's assets in the engine and nothing in the hub."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedEngine(heap=_HEAP, jvm_options=_FULL_JIT) as engine:
        async with AsyncElasticsearch(engine.url, request_timeout=60) as client:
            await install(client)
        async with EventHubsEmulator([Hub(HUB, _PARTITIONS)]) as emulator, aiohttp.ClientSession(engine.url) as session:
            feeder = Feeder(emulator, make_bodies(_PER_EVENT), _PER_EVENT, _PARTITIONS)
            command = daemon(emulator.connection_string(), engine.url, Path(folder))
            process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
            try:
                yield Site(emulator, feeder, session, process.pid, engine.pid or 0)
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


async def _measure_full_rate(site: Site, seconds: float) -> FullRate:
    begun, documents = time.monotonic(), await site.indexed()
    before = [cpu_seconds(pid) for pid in (site.daemon, site.engine)]
    await asyncio.sleep(seconds)
    passed, more = time.monotonic() - begun, await site.indexed() - documents
    ours, engines = (cpu_seconds(pid) - was for pid, was in zip((site.daemon, site.engine), before, strict=True))
    return FullRate(more / passed, ours / (ours + engines), ours / (passed * (os.cpu_count() or 1)))


async def _sample_latency(site: Site, seconds: float) -> list[float]:
    """Append a record now and then among the others, and return how long each took."""
    source = random.Random(11)  # noqa: S311 - the same load in every run
    index = await _find_write_index(site.session)
    async with asyncio.TaskGroup() as group:
        samples: list[asyncio.Task[float]] = []
        for number in range(max(int(seconds / _SECONDS_BETWEEN_SAMPLES), 2)):
            partition = str(number % _PARTITIONS)
            samples.append(group.create_task(_time_one(site, index, partition, make_record(source))))
            await asyncio.sleep(_SECONDS_BETWEEN_SAMPLES)
    return [sample.result() for sample in samples]


async def _time_one(site: Site, index: str, partition: str, record: dict[str, object]) -> float:
    """Return the seconds from the append of one record until the engine has it."""
    begun = time.monotonic()
    body = compact({"records": [record]}).encode()
    now = datetime.now(UTC)
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)  # Event Hubs counts milliseconds
    number = site.emulator.append(HUB, partition, body, enqueued_time=at)
    host = EventHubConnectionString.parse(site.emulator.connection_string()).host
    event_id = EventIds(Source(host, HUB, "$Default"), partition).event_id(number, iso(at), body)
    path = f"/{index}/_doc/{record_id(event_id, 0).decode()}?_source=false"
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            async with site.session.get(path) as reply:
                if (await reply.json()).get("found"):
                    return time.monotonic() - begun
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


async def _find_write_index(session: aiohttp.ClientSession) -> str:
    async with session.get(f"/_data_stream/{_STREAM}") as reply:
        name: str = (await reply.json())["data_streams"][0]["indices"][-1]["index_name"]
        return name
