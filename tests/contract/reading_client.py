"""A client of the Python SDK that receives for as long as a test needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from azure.eventhub.aio import EventHubConsumerClient


@asynccontextmanager
async def at_work(client: EventHubConsumerClient, reader: Any, **options: Any) -> AsyncIterator[None]:
    """Hand batches from the hub's start to ``reader``, which is let go on at the end, and close the client."""
    task = asyncio.create_task(
        client.receive_batch(reader.handle, on_partition_initialize=reader.claimed, starting_position="-1", **options)
    )
    try:
        yield
    finally:
        reader.go_on.set()
        await client.close()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
