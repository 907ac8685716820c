"""An event hub full of records, as a process of its own: ``python -m benchmarks.hub RECORDS PER_EVENT PARTITIONS``.

Prints the connection string once everything is in it, then serves until it is ended.
"""

import asyncio
import itertools
import random
import sys
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from benchmarks.bodies import compact
from collector.emulators.event_hubs import EventHubsEmulator, Hub

HUB: Final = "hub"
_DISTINCT_RECORDS: Final = 100_000
"""After so many the bodies repeat, which neither the ids (they are of positions) nor gzip's window of 32 KB notices."""
_RETENTION_BYTES: Final = 1 << 40
"""Nothing is ever dropped: a reader that finds the hub empty has read all of it."""
_TICKS: Final = 639087300000000000
_RESOURCE: Final = (
    "/SUBSCRIPTIONS/00000000-0000-4000-8000-000000000001/RESOURCEGROUPS/RG-BENCH/PROVIDERS/"
    "MICROSOFT.COGNITIVESERVICES/ACCOUNTS/AOAI-BENCH-"
)


def make_record(source: random.Random) -> dict[str, object]:
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


def make_bodies(per_event: int) -> Iterator[bytes]:
    """Yield events of so many records, without end."""
    source = random.Random(7)  # noqa: S311 - the same load in every run
    envelopes = ({"records": [make_record(source) for _ in range(per_event)]} for _ in itertools.count())
    distinct = max(_DISTINCT_RECORDS // per_event, 1)
    return itertools.cycle(compact(envelope).encode() for envelope in itertools.islice(envelopes, distinct))


async def main(records: int, per_event: int, partitions: int) -> None:
    """Fill the hub and serve it."""
    async with EventHubsEmulator([Hub(HUB, partitions, retention_bytes=_RETENTION_BYTES)]) as emulator:
        for number, body in enumerate(itertools.islice(make_bodies(per_event), records // per_event)):
            emulator.append(HUB, str(number % partitions), body)
        print(emulator.connection_string(), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*(int(text) for text in sys.argv[1:4])))
