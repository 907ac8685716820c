"""D14 of the guarantees: an output that stalls at full input over 32 partitions costs bounded, flat memory.

Events of 20 KB, 256 KB and 1 MB, single records of 1 MB, bodies that inflate to 30 MiB, and several at once of hundreds
of thousands of records of 2 bytes, well-formed and broken. The hub is another process, and the memory is the kernel's
figure for the daemon. What arrives afterwards is held against what the hub was filled with.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from plugins.bulk_server import MAX_BODY, PRODUCT
from plugins.daemon import Daemon, Job
from plugins.full_hub import PARTITIONS, FullHub, full_hub
from plugins.http_server import listen

MIB = 1024 * 1024
LIMIT = 256 * MIB
SEED = 20261121
QUIET = 20
"""Scrapes in a row, 0.1 s apart, that must show nothing more taken in before the intake counts as stopped."""
_PLACE = re.compile(rb'"partition_id":"(\d+)".{0,400}?"sequence_number":(\d+)', re.DOTALL)


class StallingSink:
    """Answers ``_bulk`` like Elasticsearch when it is let to, and counts the documents of each event."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.documents: Counter[tuple[str, int]] = Counter()
        self._ids: set[bytes] = set()
        self.url = ""

    async def bulk(self, request: web.Request) -> web.Response:
        body = await request.read()
        await self.go_on.wait()
        lines = body.split(b"\n")
        items = [self._store(action, document) for action, document in zip(lines[:-1:2], lines[1::2], strict=True)]
        reply = b'{"errors":false,"took":1,"items":[' + b",".join(items) + b"]}"
        return web.Response(body=reply, content_type="application/json", headers=PRODUCT)

    def _store(self, action: bytes, document: bytes) -> bytes:
        if b'"_index":"logs-' not in action:
            return b'{"create":{"status":201}}'  # the daemon's own health
        name = action[-25:-3]
        if name in self._ids:
            return b'{"create":{"status":409,"error":{"type":"version_conflict_engine_exception"}}}'
        place = _PLACE.search(document)
        assert place is not None, document[:500]
        self._ids.add(name)
        self.documents[place[1].decode(), int(place[2])] += 1
        return b'{"create":{"status":201}}'

    async def introduce(self, _: web.Request) -> web.Response:
        return web.json_response({"version": {"number": "9.2.0", "build_flavor": "default"}}, headers=PRODUCT)

    async def refuse(self, _: web.Request) -> web.Response:
        """A key that may only write."""
        error = {"error": {"type": "security_exception", "reason": "may not"}, "status": 403}
        return web.json_response(error, status=403, headers=PRODUCT)


@asynccontextmanager
async def listening() -> AsyncIterator[StallingSink]:
    sink = StallingSink()
    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_post("/_bulk", sink.bulk)
    app.router.add_put("/_bulk", sink.bulk)
    app.router.add_get("/", sink.introduce)
    app.router.add_route("*", "/{path:.*}", sink.refuse)
    async with listen(app) as port:
        sink.url = f"http://127.0.0.1:{port}"
        try:
            yield sink
        finally:
            sink.go_on.set()


def memory(daemon: Daemon, figure: str) -> list[int]:
    """A figure of ``/proc/PID/status`` in bytes, of each of its processes: VmRSS now, VmHWM at its highest."""
    texts = [Path(f"/proc/{each}/status").read_text(encoding="ascii") for each in daemon.processes.values()]
    lines = [next(line for line in text.splitlines() if line.startswith(figure)) for text in texts]
    return [int(line.split()[1]) * 1024 for line in lines]


def highest(daemon: Daemon) -> int:
    """The most memory that any of its processes had; the limit holds for each."""
    return max(memory(daemon, "VmHWM"))


async def received(daemon: Daemon) -> float:
    return (await daemon.scrape()).value("collector_received_records_total")


async def wait_until_nothing_more_is_taken_in(daemon: Daemon) -> None:
    last, quiet = -1.0, 0
    while quiet < QUIET:
        now = await received(daemon)
        quiet = quiet + 1 if now == last and now > 0 else 0
        last = now
        await asyncio.sleep(0.1)


def rise_per_minute(samples: list[tuple[float, int]]) -> float:
    """The slope of the straight line that fits best, in bytes."""
    middle = sum(when for when, _ in samples) / len(samples), sum(size for _, size in samples) / len(samples)
    spread = sum((when - middle[0]) ** 2 for when, _ in samples)
    return 60 * sum((when - middle[0]) * (size - middle[1]) for when, size in samples) / spread


async def watch(daemon: Daemon, seconds: float) -> list[tuple[float, int]]:
    """Sample the memory for so long."""
    begun = time.monotonic()
    samples: list[tuple[float, int]] = []
    while (now := time.monotonic() - begun) < seconds:
        samples.append((now, sum(memory(daemon, "VmRSS"))))
        await asyncio.sleep(0.5)
    return samples


async def deliver_the_rest(daemon: Daemon, hub: FullHub, sink: StallingSink) -> None:
    while sum(sink.documents.values()) < hub.documents:
        assert daemon.process.returncode is None
        assert highest(daemon) <= LIMIT
        await asyncio.sleep(0.1)


@pytest.mark.timeout(3600)
async def test_memory_stays_bounded_while_the_output_stalls_and_nothing_is_lost(
    tmp_path: Path, full_size: bool, workers: int
) -> None:
    hostile, tiny, stall = (32, 300_000, 600.0) if full_size else (3, 100_000, 0.0)
    patience = asyncio.timeout(3000 if full_size else 120)
    async with patience, full_hub(seed=SEED, hostile=hostile, tiny=tiny) as hub, listening() as sink:
        job = Job(cast("Any", hub), "d14", tmp_path, sink.url, workers)
        job.write_policy(output={"backoff": {"init": "100ms", "max": "1s"}})
        daemon = await job.start()
        try:
            await daemon.wait_to_share(PARTITIONS)
            await wait_until_nothing_more_is_taken_in(daemon)
            stalled = await received(daemon)
            samples = await watch(daemon, stall)
            assert await received(daemon) == stalled, "something was taken in with no room for it"
            print(f"stalled at {stalled:.0f} records, VmHWM {highest(daemon) / MIB:.0f} MiB")  # noqa: T201
            assert highest(daemon) <= LIMIT
            if full_size:
                assert rise_per_minute(samples) < workers * MIB
            sink.go_on.set()
            released = time.monotonic()
            while await received(daemon) == stalled:  # noqa: ASYNC110 - only asking tells
                await asyncio.sleep(0.05)
            if full_size:
                assert time.monotonic() - released <= 5.0
            await deliver_the_rest(daemon, hub, sink)
            print(f"all delivered, VmHWM {highest(daemon) / MIB:.0f} MiB")  # noqa: T201
            assert await daemon.stop() == 0
        finally:
            await job.end()
        expected = {(name, number): count for name, each in hub.ledger.items() for number, count in each.items()}
        assert sink.documents == expected
        counts = daemon.last_counts
        assert (counts["events"], counts["received"]) == (len(expected), hub.documents)
