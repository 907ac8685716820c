"""The seam to the Azure SDK that bounds prefetch by bytes: each of these fails when an SDK no longer goes that way.

What is held is counted in the SDK's own buffers, in bytes of bodies that the test has sent.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from azure.eventhub import EventData
from azure.eventhub._pyamqp.aio import Connection
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext
from contract.reading_client import at_work

from collector.emulators.event_hubs import EventHubsEmulator
from collector.emulators.event_hubs import connection as emulated
from collector.inputs.event_hub import receiving
from collector.inputs.event_hub.prefetch import Prefetch
from collector.inputs.event_hub.receiving import BoundedReceiver, Openings, bound

HUB = "insights"
PARTITIONS = ("0", "1", "2", "3")
KIB, MIB = 1024, 1024 * 1024
SHARE, EVENTS = 2 * MIB, 100
ROUNDS = 6

type Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


class Reading:
    """A reader whose handler waits until it is told to go on."""

    def __init__(self, client: EventHubConsumerClient) -> None:
        self.seen: dict[str, list[int | None]] = {partition: [] for partition in PARTITIONS}
        self.in_hand: dict[str, int] = dict.fromkeys(PARTITIONS, 0)
        self.go_on = asyncio.Event()
        self.prefetch = Prefetch(SHARE * len(PARTITIONS), EVENTS)
        self._client: Any = client

    async def claimed(self, context: PartitionContext) -> None:
        self.prefetch.open(context.partition_id)

    async def handle(self, context: PartitionContext, events: Sequence[EventData]) -> None:
        share, partition = self.prefetch.share(context.partition_id), context.partition_id
        self.in_hand[partition] = sum(len(b"".join(event.body)) for event in events)
        await self.go_on.wait()
        self.in_hand[partition] = 0
        self.seen[partition] += [event.sequence_number for event in events]
        share.taken(len(events))

    @property
    def consumers(self) -> dict[str, Any]:
        """The SDK's consumers, one a partition."""
        processors = self._client._event_processors.values()
        return {partition: consumer for each in processors for partition, consumer in each._consumers.items()}

    def held(self, partition: str) -> int:
        """Bytes of bodies that wait in the SDK's buffer or in the handler."""
        buffered = self.consumers[partition]._message_buffer
        return self.in_hand[partition] + sum(len(part) for message in buffered for part in message.data)

    def everywhere(self, condition: Callable[[str], bool]) -> bool:
        return len(self.consumers) == len(PARTITIONS) and all(map(condition, PARTITIONS))


@asynccontextmanager
async def reading(emulator: EventHubsEmulator) -> AsyncIterator[Reading]:
    client = EventHubConsumerClient.from_connection_string(
        emulator.connection_string(), "$Default", eventhub_name=HUB, load_balancing_interval=0.5
    )
    reader = Reading(client)
    bound(client, reader.prefetch, Openings())
    async with at_work(client, reader, max_batch_size=EVENTS, prefetch=EVENTS):
        yield reader


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often the SDK has let each partition read so far; as often as it does by itself."""
    counted: dict[str, int] = {}
    original = BoundedReceiver._client_run_async

    async def run(receiver: Any, **options: Any) -> bool:
        partition = receiver._name.rpartition("partition")[2]
        counted[partition] = counted.get(partition, 0) + 1
        return await original(receiver, **options)

    monkeypatch.setattr(BoundedReceiver, "_client_run_async", run)
    monkeypatch.setattr(receiving, "_LONGEST_WAIT", 0.0)
    return counted


def append(emulator: EventHubsEmulator, count: int, size: int) -> None:
    for partition in PARTITIONS:
        for _ in range(count):
            emulator.append(HUB, partition, bytes(size))


async def let_the_sdk_read_on(rounds: dict[str, int], eventually: Eventually) -> None:
    before = dict(rounds)
    await eventually(lambda: all(rounds[each] >= before[each] + ROUNDS for each in PARTITIONS))


@pytest.mark.parametrize("size", [20 * KIB, MIB - KIB])
async def test_a_handler_that_waits_stops_the_reading_at_its_share(
    emulator: EventHubsEmulator, eventually: Eventually, rounds: dict[str, int], size: int
) -> None:
    append(emulator, 20 * MIB // size, size)
    async with reading(emulator) as reader:
        await eventually(lambda: reader.everywhere(lambda each: reader.prefetch.share(each).credit == 0))
        await let_the_sdk_read_on(rounds, eventually)

        assert reader.everywhere(lambda each: size <= reader.held(each) <= SHARE + size)


async def test_large_events_after_small_ones_do_not_pour_in_on_the_credit_of_the_small_ones(
    emulator: EventHubsEmulator, eventually: Eventually, rounds: dict[str, int]
) -> None:
    append(emulator, 300, 100)
    async with reading(emulator) as reader:
        reader.go_on.set()
        await eventually(lambda: reader.everywhere(lambda each: len(reader.seen[each]) == 300))
        reader.go_on.clear()
        append(emulator, 20, MIB - KIB)
        await eventually(lambda: reader.everywhere(lambda each: reader.prefetch.share(each).credit == 0))
        await let_the_sdk_read_on(rounds, eventually)

        assert reader.everywhere(lambda each: reader.held(each) <= SHARE + MIB)


async def test_small_events_come_in_as_large_a_number_as_the_policy_allows(
    emulator: EventHubsEmulator, eventually: Eventually
) -> None:
    append(emulator, 1000, 100)
    async with reading(emulator) as reader:
        reader.go_on.set()
        await eventually(lambda: reader.everywhere(lambda each: len(reader.seen[each]) >= 500))
        reader.go_on.clear()
        append(emulator, 1000, 100)

        await eventually(lambda: reader.everywhere(lambda each: len(reader.prefetch.share(each).sizes) == EVENTS))


async def test_when_the_handler_goes_on_every_event_comes_once_and_in_order(
    emulator: EventHubsEmulator, eventually: Eventually, rounds: dict[str, int]
) -> None:
    for size in (100, 300 * KIB, MIB - KIB, 10 * KIB):
        append(emulator, 12, size)
    async with reading(emulator) as reader:
        await eventually(lambda: reader.everywhere(lambda each: reader.prefetch.share(each).credit == 0))
        await let_the_sdk_read_on(rounds, eventually)
        reader.go_on.set()
        await eventually(lambda: reader.everywhere(lambda each: len(reader.seen[each]) >= 48))
        await let_the_sdk_read_on(rounds, eventually)

        assert reader.seen == {partition: list(range(48)) for partition in PARTITIONS}


async def test_a_connection_with_a_full_share_is_kept_alive(
    emulator: EventHubsEmulator, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    heartbeats: list[Connection] = []
    original = Connection._outgoing_empty

    async def beat(connection: Connection) -> None:
        heartbeats.append(connection)
        await original(connection)

    monkeypatch.setattr(emulated, "IDLE_TIME_OUT_MS", 2000)
    monkeypatch.setattr(Connection, "_outgoing_empty", beat)
    append(emulator, 30, 256 * KIB)
    async with reading(emulator) as reader:
        await eventually(lambda: reader.everywhere(lambda each: reader.prefetch.share(each).credit == 0))
        full = [consumer._handler._connection for consumer in reader.consumers.values()]
        heartbeats.clear()

        await eventually(lambda: all(connection in heartbeats for connection in full))


async def test_the_sdk_keeps_nothing_of_the_events_that_were_handled(
    emulator: EventHubsEmulator, eventually: Eventually, rounds: dict[str, int]
) -> None:
    """It keeps a delivery tag for each event, for ever, unless it is told not to."""
    append(emulator, 1000, 100)
    async with reading(emulator) as reader:
        reader.go_on.set()
        await eventually(lambda: reader.everywhere(lambda each: len(reader.seen[each]) == 1000))
        await let_the_sdk_read_on(rounds, eventually)
        kept = [consumer._handler._link._received_delivery_tags for consumer in reader.consumers.values()]

        assert kept == [set(), set(), set(), set()]
