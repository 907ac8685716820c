"""An event hub full of records, as a process of its own: ``python -m benchmarks.hub RECORDS PER_EVENT PARTITIONS``.

Prints the connection string once everything is in it, then serves until it is ended. With ``--sink`` the hub is never
empty: it stays so many records ahead of what has arrived there, and drops what is long delivered. With ``--rate`` so
many records a second are added.
"""

import argparse
import asyncio
import itertools
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

import aiohttp

from benchmarks.bodies import compact
from benchmarks.feeding import HUB, Feeder
from benchmarks.gateway import make_call
from collector.emulators.event_hubs import EventHubsEmulator, Hub

_DISTINCT_BYTES: Final = 80_000_000
"""After so many the bodies repeat, which neither the ids (they are of positions) nor gzip's window of 32 KB notices."""
_RETENTION_BYTES: Final = 1 << 40
"""Nothing is ever dropped: a reader that finds the hub empty has read all of it."""
_RETENTION_BYTES_OF_ENDLESS: Final = 1 << 29
"""Of a partition: far more than all that is ahead, so that nothing is dropped before it was read."""
_TICKS: Final = 639087300000000000
_RESOURCE: Final = (
    "/SUBSCRIPTIONS/00000000-0000-4000-8000-000000000001/RESOURCEGROUPS/RG-BENCH/PROVIDERS/"
    "MICROSOFT.COGNITIVESERVICES/ACCOUNTS/AOAI-BENCH-"
)


def make_record(source: random.Random) -> dict[str, Any]:
    """Return a RequestResponse record of about 800 bytes; what varies in life varies here, or gzip would flatter."""
    start = _TICKS + source.randrange(10**13)
    return {
        "Tenant": "eastus",
        "callerIpAddress": f"203.0.{source.randrange(256)}.***",
        "category": "RequestResponse",
        "correlationId": str(UUID(int=source.getrandbits(128))),
        "durationMs": source.randrange(20, 9000),
        "event": "ShoeboxCallResult",
        "location": "eastus",
        "operationName": "ChatCompletions_Create",
        "properties": compact(
            {
                "apiName": "Azure OpenAI API version 2024-10-21",
                "requestTime": start,
                "requestLength": source.randrange(100, 9000),
                "responseTime": start + source.randrange(10**8),
                "responseLength": source.randrange(100, 9000),
                "objectId": str(UUID(int=source.getrandbits(128))),
                "streamType": source.choice(("Streaming", "Non-Streaming")),
                "modelDeploymentName": source.choice(("chat-prod", "chat-dev", "embed-small", "img")),
                "modelName": "gpt-4o",
                "modelVersion": "2024-08-06",
            }
        ),
        "resourceId": _RESOURCE + str(source.randrange(20)),
        "resultSignature": source.choice(("200", "200", "200", "429")),
        "time": f"2026-03-10T09:{source.randrange(60):02}:{source.randrange(60):02}.8294150Z",
    }


KINDS: Final[Mapping[str, Callable[[random.Random], dict[str, Any]]]] = {"requests": make_record, "calls": make_call}
"""RequestResponse records of about 800 bytes, and records of a gateway with bodies of 8 KB."""


def make_bodies(per_event: int, kind: str = "requests") -> Iterator[bytes]:
    """Yield events of so many records, without end."""
    source = random.Random(7)  # noqa: S311 - the same load in every run
    size, distinct = 0, list[bytes]()
    while size < _DISTINCT_BYTES:
        body = compact({"records": [KINDS[kind](source) for _ in range(per_event)]}).encode()
        distinct.append(body)
        size += len(body)
        yield body
    yield from itertools.cycle(distinct)


async def main(options: argparse.Namespace) -> None:
    """Fill the hub and serve it."""
    endless = options.sink or options.rate
    retention = _RETENTION_BYTES_OF_ENDLESS if endless else _RETENTION_BYTES
    async with EventHubsEmulator([Hub(HUB, options.partitions, retention_bytes=retention)]) as emulator:
        bodies = make_bodies(options.per_event, options.kind)
        if not endless:  # made before anyone reads, since making them takes its time
            bodies = iter(list(itertools.islice(bodies, options.records // options.per_event)))
        feeder = Feeder(emulator, bodies, options.per_event, options.partitions)
        feeder.fill(options.records if options.first is None else options.first)
        print(emulator.connection_string(), flush=True)
        if options.rate:
            await feeder.pace(options.rate)
        elif options.sink:
            await _follow(feeder, options.records, options.sink)
        elif options.first is not None:
            await asyncio.to_thread(sys.stdin.readline)
            feeder.fill(options.records)
            await asyncio.Event().wait()
        else:
            await asyncio.Event().wait()


async def _follow(feeder: Feeder, records: int, sink: str) -> None:
    async with aiohttp.ClientSession(sink) as session:

        async def delivered() -> int:
            async with session.get("/documents") as reply:
                documents: int = (await reply.json())["documents"]
                return documents

        await feeder.keep_ahead(records, delivered)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hub", description=__doc__)
    for name in ("records", "per_event", "partitions"):
        parser.add_argument(name, type=int)
    parser.add_argument("--kind", choices=KINDS, default="requests", help="what the records are")
    parser.add_argument("--first", type=int, help="records that are there before a line comes in; without it, all")
    parser.add_argument("--sink", help="the sink's address")
    parser.add_argument("--rate", type=float, help="records a second")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main(_read_options()))
