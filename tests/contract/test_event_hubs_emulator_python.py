"""The Python SDK works with the emulator as it works with the service.

What is expected is what the SDK documents of Event Hubs: positions, properties, epochs, limits.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Protocol

import pytest
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, EventHubProducerClient, PartitionContext
from azure.eventhub.exceptions import ConnectError, EventHubError

from collector.emulators.event_hubs import EventHubsEmulator, Hub

HUB = "insights"
MEBIBYTE = 1024 * 1024


class SteppingClock(Protocol):
    """The emulator's clock."""

    now: datetime

    def advance(self, seconds: float) -> None: ...


type Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
type Detached = Callable[[str], bool]


class Inbox:
    """What a receiving client was handed."""

    def __init__(self) -> None:
        self.events: list[EventData] = []
        self.errors: list[Exception] = []

    async def on_event(self, _context: PartitionContext, event: EventData | None) -> None:
        if event is not None:
            self.events.append(event)

    async def on_error(self, _context: PartitionContext | None, error: Exception) -> None:
        self.errors.append(error)

    @property
    def bodies(self) -> list[bytes]:
        return [b"".join(event.body) for event in self.events]

    @property
    def numbers(self) -> list[int | None]:
        return [event.sequence_number for event in self.events]


@asynccontextmanager
async def receiving(emulator: EventHubsEmulator, **options: object) -> AsyncIterator[Inbox]:
    """Receive from partition 0 of the hub with a client of its own, while the block runs."""
    inbox = Inbox()
    group = str(options.pop("group", "$Default"))
    hub = str(options.pop("hub", HUB))
    client = EventHubConsumerClient.from_connection_string(
        emulator.connection_string(hub), group, retry_total=0, logging_enable=True
    )
    options = {"partition_id": "0", "starting_position": "-1", **options}
    async with client:
        task = asyncio.create_task(client.receive(inbox.on_event, on_error=inbox.on_error, **options))
        try:
            yield inbox
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def producing(emulator: EventHubsEmulator, hub: str = HUB) -> EventHubProducerClient:
    return EventHubProducerClient.from_connection_string(
        emulator.connection_string(hub), retry_total=0, logging_enable=True
    )


@pytest.fixture
def detached(caplog: pytest.LogCaptureFixture) -> Detached:
    """Tell whether a link was detached with a condition, by the SDK's trace: it hides refused readers from callers."""
    caplog.set_level(logging.DEBUG, "azure.eventhub")

    def find(condition: str) -> bool:
        return any("<- DetachFrame" in line and f"b'{condition}'" in line for line in caplog.messages)

    return find


class TestSending:
    async def test_an_event_arrives_as_it_was_sent(self, emulator: EventHubsEmulator, eventually: Eventually) -> None:
        event = EventData(b"\x00body\xff")
        event.properties = {"number": 42, "text": "é", "flag": True}
        event.message_id, event.correlation_id, event.content_type = "m1", "c1", "application/json"
        async with producing(emulator) as producer, receiving(emulator) as inbox:
            await producer.send_event(event, partition_id="0")
            await eventually(lambda: len(inbox.events) == 1)
        received = inbox.events[0]
        assert inbox.bodies == [b"\x00body\xff"]
        assert received.properties == {b"number": 42, b"text": "é".encode(), b"flag": True}
        assert (received.message_id, received.correlation_id) == ("m1", "c1")
        assert received.content_type == "application/json"

    async def test_the_events_of_a_batch_arrive_in_order(
        self, emulator: EventHubsEmulator, eventually: Eventually
    ) -> None:
        async with producing(emulator) as producer, receiving(emulator) as inbox:
            batch = await producer.create_batch(partition_id="0")
            for number in range(100):
                batch.add(EventData(f"event {number}"))
            await producer.send_batch(batch)
            await eventually(lambda: len(inbox.events) == 100)
        assert inbox.bodies == [f"event {number}".encode() for number in range(100)]
        assert inbox.numbers == list(range(100))

    async def test_events_of_one_key_go_to_one_partition_and_keep_it(
        self, emulator: EventHubsEmulator, eventually: Eventually
    ) -> None:
        async with producing(emulator) as producer:
            for _ in range(2):
                batch = await producer.create_batch(partition_key="tenant-1")
                batch.add(EventData(b"in a batch"))
                await producer.send_batch(batch)
            await producer.send_event(EventData(b"alone"), partition_key="tenant-1")
        lasts = {str(n): emulator.last_sequence_number(HUB, str(n)) for n in range(4)}
        assert sorted(lasts.values()) == [-1, -1, -1, 2]
        partition = max(lasts, key=lambda partition: lasts[partition])
        async with receiving(emulator, partition_id=partition) as inbox:
            await eventually(lambda: len(inbox.events) == 3)
        assert {event.partition_key for event in inbox.events} == {b"tenant-1"}

    async def test_events_without_a_key_take_turns_among_partitions(self, emulator: EventHubsEmulator) -> None:
        async with producing(emulator) as producer:
            for _ in range(8):
                await producer.send_event(EventData(b"x"))
        assert [emulator.last_sequence_number(HUB, str(n)) for n in range(4)] == [1, 1, 1, 1]

    async def test_a_producer_may_send_more_messages_than_its_first_credit(self, emulator: EventHubsEmulator) -> None:
        async with producing(emulator) as producer:
            for _ in range(1500):
                await producer.send_event(EventData(b"x"), partition_id="0")
        assert emulator.last_sequence_number(HUB, "0") == 1499

    async def test_a_batch_may_be_a_mebibyte(self, emulator: EventHubsEmulator, eventually: Eventually) -> None:
        body = bytes(range(256)) * 4090  # 1,047,040 bytes: with its properties just under the limit
        async with producing(emulator) as producer, receiving(emulator) as inbox:
            batch = await producer.create_batch(partition_id="0")
            assert batch.max_size_in_bytes == MEBIBYTE
            batch.add(EventData(body))
            await producer.send_batch(batch)
            await eventually(lambda: len(inbox.events) == 1)
        assert inbox.bodies == [body]

    async def test_more_than_a_mebibyte_is_refused_and_the_producer_goes_on(self, emulator: EventHubsEmulator) -> None:
        async with producing(emulator) as producer:
            with pytest.raises(EventHubError, match="exceeds the limit \\(1048576 bytes\\) currently allowed"):
                await producer.send_event(EventData(bytes(MEBIBYTE + 1)), partition_id="0")
            await producer.send_event(EventData(b"x"), partition_id="0")
        assert emulator.last_sequence_number(HUB, "0") == 0

    async def test_sending_to_a_hub_that_is_not_there_fails(self, emulator: EventHubsEmulator) -> None:
        async with producing(emulator, "nowhere") as producer:
            with pytest.raises(EventHubError, match="'nowhere' could not be found"):
                await producer.send_event(EventData(b"x"))


class TestPositions:
    @pytest.fixture(autouse=True)
    def five_events_ten_seconds_apart(self, emulator: EventHubsEmulator, clock: SteppingClock) -> None:
        for number in range(5):
            emulator.append(HUB, "0", b"event %d" % number)
            clock.advance(10)

    async def test_reading_begins_where_it_is_asked_to(
        self, emulator: EventHubsEmulator, eventually: Eventually, clock: SteppingClock
    ) -> None:
        async def read(count: int, group: str, position: object, *, inclusive: bool) -> list[int | None]:
            options = {"starting_position": position, "starting_position_inclusive": inclusive}
            async with receiving(emulator, group=group, **options) as inbox:
                await eventually(lambda: len(inbox.events) >= count)
            return inbox.numbers

        async with receiving(emulator) as everything:
            await eventually(lambda: len(everything.events) == 5)
        third_offset = everything.events[2].offset
        third_came = clock.now - timedelta(seconds=30)
        assert everything.numbers == [0, 1, 2, 3, 4]
        assert await asyncio.gather(
            read(2, "$Default", 2, inclusive=False),
            read(3, "$Default", 2, inclusive=True),
            read(2, "$Default", third_offset, inclusive=False),
            read(3, "$Default", third_offset, inclusive=True),
            read(2, "second", third_came, inclusive=False),
            read(3, "second", third_came, inclusive=True),
            read(5, "second", -1, inclusive=False),
        ) == [[3, 4], [2, 3, 4], [3, 4], [2, 3, 4], [3, 4], [2, 3, 4], [0, 1, 2, 3, 4]]

    async def test_reading_from_the_end_gets_only_what_comes_later(
        self, emulator: EventHubsEmulator, eventually: Eventually, detached: Detached
    ) -> None:
        async with receiving(emulator, starting_position="@latest", owner_level=1) as inbox:
            # The reader is in as soon as one with a lower epoch is kept out.
            async with receiving(emulator, owner_level=0):
                await eventually(lambda: detached("amqp:link:stolen"))
            emulator.append(HUB, "0", b"new")
            await eventually(lambda: bool(inbox.events))
        assert inbox.bodies == [b"new"]

    async def test_a_position_behind_the_end_is_refused(
        self, emulator: EventHubsEmulator, eventually: Eventually, detached: Detached, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with receiving(emulator, starting_position=99):
            await eventually(lambda: detached("com.microsoft:argument-error"))
        message = "The supplied sequence number '99' is invalid. The last sequence number in the system is '4'"
        assert message in caplog.text

    async def test_the_sdk_tells_nobody_that_a_position_was_refused(
        self, emulator: EventHubsEmulator, eventually: Eventually, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What a consumer must know: after its hub was created again, the SDK tries in silence for ever."""
        caplog.set_level(logging.DEBUG, "azure.eventhub")
        async with receiving(emulator, starting_position=99) as inbox:
            await eventually(lambda: sum("com.microsoft:argument-error" in line for line in caplog.messages) >= 2)
        assert not inbox.errors

    async def test_enqueued_times_and_offsets_are_those_of_the_service(
        self, emulator: EventHubsEmulator, eventually: Eventually, clock: SteppingClock
    ) -> None:
        async with receiving(emulator) as inbox:
            await eventually(lambda: len(inbox.events) == 5)
        assert [event.enqueued_time for event in inbox.events] == [
            clock.now - timedelta(seconds=seconds) for seconds in (50, 40, 30, 20, 10)
        ]
        offsets = [event.offset for event in inbox.events]
        assert all(isinstance(offset, str) for offset in offsets)
        assert offsets == sorted(set(offsets), key=int)


class TestProperties:
    async def test_a_hub_tells_its_partitions(self, emulator: EventHubsEmulator, clock: SteppingClock) -> None:
        async with producing(emulator) as producer:
            properties = await producer.get_eventhub_properties()
        assert properties == {
            "eventhub_name": HUB,
            "created_at": clock.now,
            "partition_ids": ["0", "1", "2", "3"],
        }

    async def test_an_empty_partition_says_so(self, emulator: EventHubsEmulator) -> None:
        async with producing(emulator) as producer:
            properties = await producer.get_partition_properties("3")
        assert properties["is_empty"]
        assert properties["last_enqueued_sequence_number"] == -1

    async def test_a_partition_tells_its_last_event(self, emulator: EventHubsEmulator, clock: SteppingClock) -> None:
        for _ in range(3):
            emulator.append(HUB, "1", b"x")
        async with producing(emulator) as producer:
            properties = await producer.get_partition_properties("1")
        assert not properties["is_empty"]
        assert properties["beginning_sequence_number"] == 0
        assert properties["last_enqueued_sequence_number"] == 2
        assert properties["last_enqueued_time_utc"] == clock.now

    async def test_a_partition_that_is_not_there_is_an_error(self, emulator: EventHubsEmulator) -> None:
        async with producing(emulator) as producer:
            with pytest.raises(ConnectError, match="could not be found"):
                await producer.get_partition_properties("9")

    async def test_events_carry_the_state_of_their_partition_when_asked(
        self, emulator: EventHubsEmulator, eventually: Eventually, clock: SteppingClock
    ) -> None:
        emulator.append(HUB, "0", b"first")
        emulator.append(HUB, "0", b"last")
        async with receiving(emulator, track_last_enqueued_event_properties=True) as inbox:
            await eventually(lambda: len(inbox.events) == 2)
        state = PartitionContext("", HUB, "$Default", "0")
        state._last_received_event = inbox.events[0]
        assert state.last_enqueued_event_properties == {
            "sequence_number": 1,
            "offset": inbox.events[1].offset,
            "enqueued_time": clock.now,
            "retrieval_time": clock.now,
        }


class TestReadership:
    async def test_a_reader_with_the_same_epoch_takes_the_partition_over(
        self, emulator: EventHubsEmulator, eventually: Eventually
    ) -> None:
        emulator.append(HUB, "0", b"x")
        async with receiving(emulator, owner_level=0) as older:
            await eventually(lambda: bool(older.events))
            async with receiving(emulator, owner_level=0) as newer:
                await eventually(lambda: bool(newer.events) and bool(older.errors))
                assert not newer.errors
        assert "New receiver" in str(older.errors[0])

    async def test_a_reader_with_a_lower_epoch_stays_out(
        self, emulator: EventHubsEmulator, eventually: Eventually, detached: Detached
    ) -> None:
        emulator.append(HUB, "0", b"x")
        async with receiving(emulator, owner_level=2) as higher:
            await eventually(lambda: bool(higher.events))
            async with receiving(emulator, owner_level=1) as lower:
                await eventually(lambda: detached("amqp:link:stolen"))
        assert not lower.events
        assert not higher.errors

    async def test_a_reader_without_an_epoch_stays_out_while_one_with_an_epoch_reads(
        self, emulator: EventHubsEmulator, eventually: Eventually, detached: Detached
    ) -> None:
        emulator.append(HUB, "0", b"x")
        async with receiving(emulator, owner_level=0) as with_epoch:
            await eventually(lambda: bool(with_epoch.events))
            async with receiving(emulator) as without:
                await eventually(lambda: detached("amqp:link:stolen"))
        assert not without.events
        assert not with_epoch.errors

    async def test_a_reader_with_an_epoch_puts_those_without_out(
        self, emulator: EventHubsEmulator, eventually: Eventually
    ) -> None:
        emulator.append(HUB, "0", b"x")
        async with receiving(emulator) as without:
            await eventually(lambda: bool(without.events))
            async with receiving(emulator, owner_level=0) as with_epoch:
                await eventually(lambda: bool(without.errors) and bool(with_epoch.events))

    async def test_consumer_groups_read_apart(self, emulator: EventHubsEmulator, eventually: Eventually) -> None:
        emulator.append(HUB, "0", b"x")
        async with receiving(emulator, owner_level=0) as one, receiving(emulator, group="Second") as two:
            await eventually(lambda: bool(one.events) and bool(two.events))

    async def test_the_sixth_reader_without_an_epoch_stays_out(
        self, emulator: EventHubsEmulator, eventually: Eventually, detached: Detached
    ) -> None:
        emulator.append(HUB, "0", b"x")
        async with (
            receiving(emulator) as r1,
            receiving(emulator) as r2,
            receiving(emulator) as r3,
            receiving(emulator) as r4,
            receiving(emulator) as r5,
        ):
            await eventually(lambda: all(reader.events for reader in (r1, r2, r3, r4, r5)))
            async with receiving(emulator) as sixth:
                await eventually(lambda: detached("amqp:resource-limit-exceeded"))
        assert not sixth.events

    async def test_an_unknown_consumer_group_is_refused(
        self, emulator: EventHubsEmulator, eventually: Eventually, detached: Detached
    ) -> None:
        async with receiving(emulator, group="nobody"):
            await eventually(lambda: detached("amqp:not-found"))


class TestVolume:
    async def test_many_small_events_keep_their_order(
        self, emulator: EventHubsEmulator, eventually: Eventually
    ) -> None:
        for number in range(20_000):
            emulator.append(HUB, "0", b"%d" % number)
        async with receiving(emulator) as inbox:
            await eventually(lambda: len(inbox.events) == 20_000)
        assert inbox.bodies == [b"%d" % number for number in range(20_000)]

    async def test_events_of_a_mebibyte_arrive_whole(self, emulator: EventHubsEmulator, eventually: Eventually) -> None:
        bodies = [bytes([number]) * MEBIBYTE for number in range(20)]
        for body in bodies:
            emulator.append(HUB, "0", body)
        async with receiving(emulator) as inbox:
            await eventually(lambda: len(inbox.events) == 20)
        assert inbox.bodies == bodies

    async def test_the_oldest_events_go_when_a_partition_is_full(self, eventually: Eventually) -> None:
        async with EventHubsEmulator([Hub("small", 1, retention_bytes=10_000)]) as emulator:
            for _ in range(100):
                emulator.append("small", "0", bytes(1000))
            async with receiving(emulator, hub="small") as inbox:
                await eventually(lambda: 99 in inbox.numbers)
        assert inbox.numbers == list(range(91, 100))  # nine events of 1,000 bytes and their annotations fit


class TestRecreation:
    async def test_a_hub_created_again_begins_again(self, emulator: EventHubsEmulator, eventually: Eventually) -> None:
        emulator.append(HUB, "0", b"old")
        emulator.append(HUB, "0", b"old")
        emulator.recreate(HUB)
        assert emulator.last_sequence_number(HUB, "0") == -1
        emulator.append(HUB, "0", b"new")
        async with receiving(emulator) as inbox:
            await eventually(lambda: bool(inbox.events))
        assert [(event.sequence_number, event.offset) for event in inbox.events] == [(0, "0")]
        assert inbox.bodies == [b"new"]

    async def test_readers_of_a_deleted_hub_are_told(self, emulator: EventHubsEmulator, eventually: Eventually) -> None:
        emulator.append(HUB, "0", b"x")
        async with receiving(emulator) as inbox:
            await eventually(lambda: bool(inbox.events))
            emulator.recreate(HUB)
            await eventually(lambda: bool(inbox.errors))
        assert "could not be found" in str(inbox.errors[0])

    async def test_a_position_of_the_old_hub_is_refused(
        self, emulator: EventHubsEmulator, eventually: Eventually, detached: Detached
    ) -> None:
        for _ in range(3):
            emulator.append(HUB, "0", b"x")
        async with receiving(emulator) as before:
            await eventually(lambda: len(before.events) == 3)
        emulator.recreate(HUB)
        async with receiving(emulator, starting_position=before.events[2].offset):
            await eventually(lambda: detached("com.microsoft:argument-error"))


@pytest.mark.parametrize("call", ["append", "last_sequence_number", "recreate"])
async def test_what_is_not_there_is_a_lookup_error(emulator: EventHubsEmulator, call: str) -> None:
    arguments = {"append": ("nowhere", "0", b""), "last_sequence_number": ("nowhere", "0"), "recreate": ("nowhere",)}
    with pytest.raises(LookupError, match="'nowhere' could not be found"):
        getattr(emulator, call)(*arguments[call])
