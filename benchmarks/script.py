"""The yardstick: what most people write first. 40 lines, no ids, no retries, no order; kept as plain as it is.

It takes an event at a time, as in the first sample of the SDK; with ``batches`` what is there, as in the second.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_bulk


def actions(events: list[EventData]) -> Iterator[dict[str, Any]]:
    """Turn events into bulk actions."""
    for event in events:
        for record in json.loads(event.body_as_str())["records"]:
            yield {
                "_op_type": "create",
                "_index": "logs-aoai.logs-default",
                "@timestamp": record["time"],
                "message": json.dumps(record),
            }


async def main(connection_string: str, hub: str, url: str, *batches: str) -> None:
    """Read the hub from its start and index what it holds."""
    elasticsearch = AsyncElasticsearch(url)

    async def on_event(_context: PartitionContext, event: EventData) -> None:
        await async_bulk(elasticsearch, actions([event]))

    async def on_event_batch(_context: PartitionContext, events: list[EventData]) -> None:
        await async_bulk(elasticsearch, actions(events))

    client = EventHubConsumerClient.from_connection_string(connection_string, "$Default", eventhub_name=hub)
    async with client:
        if batches:
            await client.receive_batch(on_event_batch, starting_position="-1")
        await client.receive(on_event, starting_position="-1")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
