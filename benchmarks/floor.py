"""The floor: Microsoft's SDK receives events and nothing is done with them; what a reader in Python cannot go below.

It tells the sink how many records came, once for 10,000 of them, which costs it next to nothing.
"""

import asyncio
import sys
from typing import Final

import aiohttp
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext

_EVENTS_AT_ONCE: Final = 300
_RECORDS_A_TELLING: Final = 10_000


async def main(connection_string: str, hub: str, url: str, per_event: int) -> None:
    """Receive until ended."""
    received = told = 0

    async with aiohttp.ClientSession(url) as sink:

        async def count(_context: PartitionContext, events: list[EventData]) -> None:
            nonlocal received, told
            received += len(events) * per_event
            if received - told >= _RECORDS_A_TELLING or not events:
                told, more = received, received - told
                await sink.post("/documents", json={"documents": more})

        client = EventHubConsumerClient.from_connection_string(connection_string, "$Default", eventhub_name=hub)
        async with client:
            await client.receive_batch(
                count, max_batch_size=_EVENTS_AT_ONCE, prefetch=_EVENTS_AT_ONCE, max_wait_time=1, starting_position="-1"
            )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
