"""The event hub: partitions with sequence numbers, links that break and are stolen, events that come twice.

The Azure SDK above it is real: client, event processor, ownership manager. Only its AMQP link is modelled
(``azure.eventhub.aio.EventHubConsumer`` 5.15): after a reconnect it reads on from the last event that it handed out
and keeps what it had fetched ahead, so that those events come twice; it is taken away when another one opens.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from random import Random
from typing import Any, override

from azure.eventhub import EventData
from azure.eventhub._pyamqp.message import Message
from azure.eventhub.aio import EventHubConsumerClient
from azure.eventhub.exceptions import ConnectionLostError
from plugins.world.virtual_time import EPOCH, WORLD, running_process

from collector.inputs.event_hub.prefetch import Share

_BYTES_AN_EVENT = 64
"""Offsets are opaque: these are not the sequence numbers."""
_LONGEST_UNNOTICED = 12.0
"""Seconds for which a stale owner may go on; after ten it has looked at the ownerships again."""

Handler = Callable[[list[EventData]], Awaitable[None]]


class Hub:
    """The partitions of one hub and the links that read them."""

    def __init__(self, partitions: int, random: Random, note: Callable[..., None]) -> None:
        self.logs: dict[str, list[EventData]] = {str(number): [] for number in range(partitions)}
        self.down = False
        self.random = random
        self.note = note
        self.reader: dict[str, str] = {}
        """Partition -> the process whose link to it is the newest."""
        self._links: dict[str, list[Link]] = {partition: [] for partition in self.logs}

    def append(self, partition: str, body: bytes) -> None:
        log = self.logs[partition]
        annotations = {
            b"x-opt-sequence-number": len(log),
            b"x-opt-offset": str(len(log) * _BYTES_AN_EVENT).encode(),
            b"x-opt-enqueued-time": int((EPOCH + asyncio.get_running_loop().time()) * 1000),
        }
        log.append(EventData._from_message(Message(data=[body], message_annotations=annotations)))
        self.announce()

    def announce(self) -> None:
        """Let every link see what changed."""
        for link in [link for links in self._links.values() for link in links]:
            link.change()

    def enter(self, link: "Link") -> None:
        """Take the partition from the links of others, of which each notices in its own time.

        The service sends nothing more to those; what they have fetched is still handed out.
        """
        loop = asyncio.get_running_loop()
        self.reader[link.partition] = running_process().name
        for other in self._links[link.partition]:
            other.detached = True
            delay = self.random.choice((0.0, 1.0, _LONGEST_UNNOTICED)) * self.random.random()
            loop.call_later(delay, other.notice, context=WORLD)
        self._links[link.partition].append(link)

    def leave(self, link: "Link") -> None:
        self._links[link.partition].remove(link)

    def reconnect(self, partition: str) -> None:
        """Break the connection under the links of a partition."""
        for link in self._links[partition]:
            link.broken = True
        self.announce()


class Link:
    """Reads one partition for one collector, in two tasks as the SDK does: one fetches, one hands out."""

    def __init__(
        self, hub: Hub, partition: str, offset: str, find_share: Callable[[], Share], hand_out: Handler
    ) -> None:
        self.partition = partition
        self.broken = False
        self.detached = False
        self._hub = hub
        self._resume = self._next = 0 if offset == "-1" else int(offset) // _BYTES_AN_EVENT + 1
        self._find_share = find_share
        self._hand_out = hand_out
        self._fetched: deque[EventData] = deque()
        self._noticed = False
        self._open = False
        self._changed = asyncio.Event()

    def notice(self) -> None:
        """Let the collector know that the link is detached."""
        self._noticed = True
        self.change()

    async def receive(self, batch: bool, max_batch_size: int, max_wait_time: float | None) -> None:
        """Read until the link ends; as in the SDK, a batch that is being taken in then is waited for 1 s at most."""
        assert batch
        assert max_wait_time is None
        self._hub.enter(self)
        self._open = True
        self._share = self._find_share()
        tasks = [asyncio.create_task(self._give(max_batch_size)), asyncio.create_task(self._fetch())]
        try:
            await asyncio.gather(*tasks)
        finally:
            self._hub.leave(self)
            self._open = False
            for task in tasks:
                if not task.done():
                    await asyncio.wait([task], timeout=1)

    async def close(self) -> None: ...

    async def _give(self, most: int) -> None:
        random = self._hub.random
        while self._open:
            if not self._fetched:
                await self._changed.wait()
                continue
            count = random.randint(1, min(most, len(self._fetched)))
            events = [self._fetched.popleft() for _ in range(count)]
            self._resume = events[-1].sequence_number + 1
            await self._hand_out(events)
            self.change()  # the share has room

    async def _fetch(self) -> None:
        hub = self._hub
        try:
            while self._open:
                await asyncio.sleep(hub.random.random() * 0.05)
                if self._noticed or hub.down:
                    raise ConnectionLostError("the link is detached" if self._noticed else "the hub does not answer")
                if self.broken and not self.detached:
                    self.broken = False
                    self._next = self._resume
                    hub.note("hub", "a link of partition {} reads on from {}", self.partition, self._next)
                await self._fetch_some()
        finally:
            self._open = False
            self.change()

    async def _fetch_some(self) -> None:
        credit = 0 if self.detached else self._share.credit
        fresh = self._hub.logs[self.partition][self._next : self._next + credit]
        for event in fresh:
            self._share.received(len(event.body_as_str()))
        self._fetched.extend(fresh)
        self._next += len(fresh)
        if fresh:
            self.change()
        else:
            await self._changed.wait()

    def change(self) -> None:
        """Wake both tasks: there is something to read, or to notice."""
        self._changed.set()
        self._changed = asyncio.Event()


class HubClient(EventHubConsumerClient):
    """The SDK's client, with modelled links and modelled answers of the hub's management."""

    hub: Hub

    @override
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.hub = running_process().world.hub
        self.partitions = list(self.hub.logs)

    @override
    async def get_partition_ids(self) -> list[str]:
        await self._ask()
        return list(self.hub.logs)

    @override
    async def get_eventhub_properties(self) -> dict[str, Any]:
        await self._ask()
        return {"created_at": datetime.fromtimestamp(EPOCH, UTC), "partition_ids": list(self.hub.logs)}

    @override
    async def get_partition_properties(self, partition_id: str) -> dict[str, Any]:
        await self._ask()
        return {"id": partition_id, "last_enqueued_sequence_number": len(self.hub.logs[partition_id]) - 1}

    @override
    def _create_consumer(
        self, consumer_group: str, partition_id: str, event_position: Any, on_event_received: Any, **options: Any
    ) -> Any:
        prefetch = self._amqp_transport._prefetch  # what `receiving.bound` gave the client
        return Link(self.hub, partition_id, event_position, lambda: prefetch.share(partition_id), on_event_received)

    async def _ask(self) -> None:
        await asyncio.sleep(self.hub.random.random() * 0.05)
        if self.hub.down:
            raise ConnectionLostError("the hub does not answer")
