"""D8 of the guarantees: a minute of 429 loses nothing, costs few requests, and is over seconds after it ends.

The figures are rates, so they are counted in virtual time: the output and the official client are real, and the server
is a node of that client in an event loop whose clock moves only when nothing is left to do. Then the real daemon meets
a real storm, and the engine is held against the ledger.
"""

import asyncio
import json
import logging
import selectors
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, ClassVar, override

import pytest
from aiohttp import web
from elastic_transport import ApiResponseMeta, BaseAsyncNode, HttpHeaders
from elastic_transport._node import NodeApiResponse
from isal import igzip
from plugins.bulk_gate import BulkGate, refusal
from plugins.bulk_server import SentItem, parse
from plugins.daemon import Documents, Job
from plugins.feeding import feed, lost_and_extra

from collector.output.elasticsearch.items import Item
from collector.output.elasticsearch.output import BulkSettings, ElasticsearchOutput
from collector.policy.elasticsearch import Backoff
from collector.telemetry.counters import Counters
from collector.telemetry.trouble import Trouble

STORM = (60.0, 120.0)
END = 180.0
PER_BULK = 10
LATENCY = 0.3
DEFAULTS = Backoff()


class SkippingSelector(selectors.DefaultSelector):
    """Waits for nothing: the time for which it should have waited is over at once."""

    now = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout is not None:
            self.now += timeout
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose clock moves only when nothing is left to do."""

    def __init__(self) -> None:
        self._skipping = SkippingSelector()
        super().__init__(self._skipping)

    @override
    def time(self) -> float:
        return self._skipping.now


class Weather:
    """A server that takes a bulk in 300 ms, and refuses everything in a storm; the log of what it was asked."""

    def __init__(self, whole: bool, retry_after: float | None = None) -> None:
        self.whole = whole
        self.retry_after = retry_after
        self.arrivals: list[float] = []
        self.indexed_at: dict[str, float] = {}
        self.doubled = 0

    async def answer(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        now = asyncio.get_running_loop().time()
        self.arrivals.append(now)
        items = parse(igzip.decompress(body))
        if STORM[0] <= now < STORM[1]:
            await asyncio.sleep(0.01)
            wait = {} if self.retry_after is None else {"retry-after": str(int(self.retry_after))}
            if self.whole:
                return 429, wait, b'{"error":{"type":"circuit_breaking_exception","reason":"full"}}'
            return 200, wait, self.reply(items, 429)
        await asyncio.sleep(LATENCY)
        for item in items:
            self.doubled += item.id in self.indexed_at
            self.indexed_at[item.id] = asyncio.get_running_loop().time()
        return 200, {}, self.reply(items, 201)

    def reply(self, items: list[SentItem], status: int) -> bytes:
        return json.dumps({"items": [{"create": {"status": status}} for _ in items]}).encode()

    def requests(self, start: float, end: float) -> int:
        return sum(start <= each < end for each in self.arrivals)

    def indexed(self, start: float, end: float) -> int:
        return sum(start <= each < end for each in self.indexed_at.values())


class Node(BaseAsyncNode):
    """Hands a request to the weather instead of a socket."""

    weather: ClassVar[Weather]

    @override
    async def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: Any = None,
    ) -> Any:
        status, more, answer = await self.weather.answer(body or b"")
        told = HttpHeaders({"x-elastic-product": "Elasticsearch", "content-type": "application/json"} | more)
        return NodeApiResponse(ApiResponseMeta(status, "1.1", told, 0.0, self.config), answer)

    @override
    async def close(self) -> None: ...


@asynccontextmanager
async def feeding(weather: Weather, workers: int, folder: Path) -> AsyncGenerator[list[str]]:
    """An output that is kept busy: as many bulks are always waiting as it can send at once."""
    settings = BulkSettings(
        max_items=PER_BULK,
        max_bytes=10**9,
        max_age=1.0,
        workers=workers,
        compression_level=1,
        backoff_initial=DEFAULTS.init.total_seconds(),
        backoff_longest=DEFAULTS.max.total_seconds(),
    )
    node = type("NodeOfThisTest", (Node,), {"weather": weather})
    client = {"hosts": ["http://virtual:9200"], "node_class": node}
    output = ElasticsearchOutput(
        client, settings, dead_letter_file=folder / "letters", counters=Counters(), trouble=Trouble("output")
    )
    output.start()
    fed: list[str] = []
    room = asyncio.Semaphore(2 * workers * PER_BULK)

    async def feed_on() -> None:
        while True:
            await room.acquire()
            fed.append(f"id-{len(fed)}")
            action = json.dumps({"create": {"_index": "logs-aoai.logs-default", "_id": fed[-1]}})
            output.add(Item(f"{action}\n{{}}\n".encode(), room.release))

    feeder = asyncio.create_task(feed_on())
    yield fed
    feeder.cancel()
    assert await output.drain(60)
    await output.close()


@pytest.fixture(autouse=True)
def only_errors_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A storm in virtual time says more than a failure needs."""
    caplog.set_level(logging.ERROR, "collector")


def simulate(main: Coroutine[Any, Any, None], seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.output.elasticsearch.output.random.random", Random(seed).random)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("whole", [True, False], ids=["whole requests", "every item"])
def test_a_storm_of_a_minute_costs_under_a_tenth_of_the_requests_and_is_over_within_10_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, whole: bool, workers: int, seed: int
) -> None:
    weather = Weather(whole)

    async def run() -> None:
        async with feeding(weather, workers, tmp_path) as fed:
            await asyncio.sleep(END)
        assert (set(fed) - weather.indexed_at.keys(), weather.doubled) == (set(), 0)

    simulate(run(), seed, monkeypatch)
    normal_requests, normal_records = weather.requests(0, 60), weather.indexed(30, 40) / 10
    assert normal_requests > 0.9 * workers * 60 / LATENCY
    # Those under way when it began are not of the storm's rate: one a worker.
    assert weather.requests(*STORM) <= 0.1 * normal_requests
    # Over the 10 s that begin at most 10 s after the storm, as much as over any 10 s before it.
    assert weather.indexed(STORM[1] + 10, STORM[1] + 20) / 10 >= 0.9 * normal_records


@pytest.mark.parametrize("seed", range(2))
def test_a_server_that_names_a_time_is_asked_no_sooner(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: int
) -> None:
    weather = Weather(whole=True, retry_after=20)

    async def run() -> None:
        async with feeding(weather, 4, tmp_path):
            await asyncio.sleep(END)

    simulate(run(), seed, monkeypatch)
    asked = [each for each in weather.arrivals if STORM[0] <= each < STORM[1]]
    first, later = asked[:4], asked[4:]  # four were under way
    assert first[-1] < STORM[0] + 1
    moments = [first[-1], *later]
    gaps = [after - before for before, after in pairwise(moments)]
    assert all(20 <= gap <= 20 + 8 for gap in gaps)
    assert len(asked) <= 4 + 60 / 20


@pytest.mark.timeout(600)
async def test_the_daemon_in_a_storm_loses_nothing_and_asks_rarely(
    job: Job, documents: Documents, full_size: bool
) -> None:
    """The storm ends by the number of requests it has cost, so that no machine's speed decides."""
    refused = 30 if full_size else 4
    async with BulkGate(job.url) as gate:
        job.write_policy(
            output={"hosts": [gate.url], "bulk_max_size": 50} | ({} if full_size else {"backoff": {"max": "1s"}})
        )
        daemon = await job.start()
        fed = feed(job.hub, events=40, per_event=25)
        await documents.wait_for("aoai.logs", len(fed))
        before = len(gate.requests)
        begun = asyncio.get_running_loop().time()
        gate.request_rule = lambda _: refusal(web.HTTPTooManyRequests.status_code)
        fed |= feed(job.hub, events=80, per_event=25)
        await gate.wait_for_requests(before + refused)
        assert await documents.count("aoai.logs") == 1000
        gate.request_rule = lambda _: None
        minutes = int((asyncio.get_running_loop().time() - begun) / 60)
        await documents.wait_for("aoai.logs", len(fed))
        assert await daemon.stop() == 0

    assert await lost_and_extra(documents, fed) == (0, 0)
    assert daemon.last_counts["indexed"] == len(fed)
    said = len(daemon.said("Elasticsearch asks to wait"))
    assert 1 <= said <= (1 + minutes) * job.workers  # by each once, and again every minute
