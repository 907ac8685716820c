"""The JavaScript and Go clients work with the emulator, and they and the collector go on from each other's checkpoints.

What is expected is what the vendors document of positions, properties and processors; the Python SDK reads what they
send, so that no client is judged by itself.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Protocol

import pytest
from azure.eventhub import EventData, TransportType
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext
from azure.storage.blob.aio import ContainerClient
from plugins.foreign_clients import ForeignClient

from collector.emulators.event_hubs import EventHubsEmulator, OperationKind
from collector.state.blob import FencedBlobCheckpointStore

HUB = "insights"
PARTITIONS = ("0", "1", "2", "3")
GROUPS = ("$Default", "second")
NAMESPACE = "localhost"
NEARLY_A_MEBIBYTE = 1024 * 1024 - 2048  # the rest is for the envelope of a batch
EVERYTHING = 1_000_000
WHOLE = list(range(10))
REST = WHOLE[6:]

type Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


class SteppingClock(Protocol):
    """The emulator's clock."""

    now: datetime

    def advance(self, seconds: float) -> None: ...


class Storage(Protocol):
    """The account that checkpoints are kept in."""

    connection_string: str


def ask(emulator: EventHubsEmulator, group: str = "$Default", **details: Any) -> dict[str, Any]:
    """A request of a foreign client; the namespace has no port in its name, as in Azure."""
    text = emulator.connection_string().replace(f":{emulator.port}", "")
    return {
        "connectionString": text,
        "endpoint": f"localhost:{emulator.port}",
        "hub": HUB,
        "group": group,
        **details,
    }


@asynccontextmanager
async def our_reader(
    emulator: EventHubsEmulator, store: FencedBlobCheckpointStore | None, group: str = "$Default", up_to: int = -1
) -> AsyncIterator[dict[str, list[EventData]]]:
    """Read with the Python SDK, over the collector's own store; store checkpoints up to a sequence number."""
    seen: dict[str, list[EventData]] = {partition: [] for partition in PARTITIONS}

    async def on_event(context: PartitionContext, event: EventData | None) -> None:
        assert event is not None
        assert event.sequence_number is not None
        if store is not None and event.sequence_number <= up_to:
            await context.update_checkpoint(event)
        seen[context.partition_id].append(event)

    client = EventHubConsumerClient.from_connection_string(
        ask(emulator)["connectionString"],
        group,
        eventhub_name=HUB,
        checkpoint_store=store,
        load_balancing_interval=0.5,
        custom_endpoint_address=f"sb://localhost:{emulator.port}",
        transport_type=TransportType.Amqp,
    )
    task = asyncio.create_task(client.receive(on_event, starting_position="-1"))
    try:
        yield seen
    finally:
        await client.close()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def our_store(storage: Storage, container: str) -> AsyncIterator[FencedBlobCheckpointStore]:
    store = FencedBlobCheckpointStore(ContainerClient.from_connection_string(storage.connection_string, container))
    await store.ensure_container()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def container(azurite: Storage) -> str:
    name = f"checkpoints-{uuid.uuid4()}"
    async with our_store(azurite, name):
        return name


def append_round(emulator: EventHubsEmulator, count: int) -> None:
    for partition in PARTITIONS:
        for number in range(count):
            emulator.append(HUB, partition, f"{partition} {number}".encode())


def numbers(events: list[EventData]) -> list[int | None]:
    return [event.sequence_number for event in events]


class TestSending:
    async def test_events_arrive_singly_in_batches_and_large(
        self, foreign_client: ForeignClient, emulator: EventHubsEmulator, eventually: Eventually
    ) -> None:
        batches = [
            {"partitionId": "0", "bodies": ["alone"]},
            {"partitionId": "1", "bodies": ["one", "two", "dr\u00e9i"]},
            {"partitionId": "2", "size": NEARLY_A_MEBIBYTE},
        ]
        await foreign_client.run("send", ask(emulator, batches=batches))
        async with our_reader(emulator, None) as seen:
            await eventually(lambda: sum(map(len, seen.values())) == 5)
        bodies = {partition: [b"".join(event.body) for event in events] for partition, events in seen.items()}
        assert bodies == {
            "0": [b"alone"],
            "1": [b"one", b"two", "dr\u00e9i".encode()],
            "2": [b"x" * NEARLY_A_MEBIBYTE],
            "3": [],
        }

    async def test_a_key_keeps_its_events_together_and_arrives_with_them(
        self, foreign_client: ForeignClient, emulator: EventHubsEmulator, eventually: Eventually
    ) -> None:
        batches = [{"partitionKey": f"resource {key}", "bodies": [f"{key} {n}"]} for n in range(2) for key in range(6)]
        await foreign_client.run("send", ask(emulator, batches=batches))
        async with our_reader(emulator, None) as seen:
            await eventually(lambda: sum(map(len, seen.values())) == 12)
        found = [
            (f"resource {b''.join(event.body).decode()[0]}", partition, event.partition_key)
            for partition, events in seen.items()
            for event in events
        ]
        assert all(key.encode() == seen_key for key, _, seen_key in found)
        assert len({(key, partition) for key, partition, _ in found}) == 6

    async def test_without_a_partition_events_are_spread(
        self, foreign_client: ForeignClient, emulator: EventHubsEmulator
    ) -> None:
        await foreign_client.run("send", ask(emulator, batches=[{"bodies": ["x"]}] * 4))
        assert [emulator.last_sequence_number(HUB, partition) for partition in PARTITIONS] == [0, 0, 0, 0]


class TestReceiving:
    """Partition 0 holds events 0 to 5, one a minute."""

    @pytest.fixture(autouse=True)
    def events(self, emulator: EventHubsEmulator, clock: SteppingClock) -> list[int]:
        times: list[int] = []
        for number in range(6):
            times.append(int(clock.now.timestamp() * 1000))
            emulator.append(HUB, "0", f"event {number}".encode())
            clock.advance(60)
        return times

    async def receive(
        self, client: ForeignClient, emulator: EventHubsEmulator, count: int, **position: Any
    ) -> list[dict[str, Any]]:
        return await client.run("receive", ask(emulator, partitionId="0", count=count, position=position))

    async def test_from_the_beginning(
        self, foreign_client: ForeignClient, emulator: EventHubsEmulator, events: list[int]
    ) -> None:
        answers = await self.receive(foreign_client, emulator, 6, earliest=True)
        assert [(answer["sequenceNumber"], answer["body"], answer["enqueued"]) for answer in answers] == [
            (number, f"event {number}", time) for number, time in enumerate(events)
        ]

    async def test_from_the_end(
        self, foreign_client: ForeignClient, emulator: EventHubsEmulator, eventually: Eventually
    ) -> None:
        request = ask(emulator, partitionId="0", count=1, position={"latest": True})
        async with foreign_client.start("receive", request) as program:
            await eventually(lambda: OperationKind.RECEIVE in {done.kind for done in emulator.journal})
            emulator.append(HUB, "0", b"new")
            await program.finish()
            assert [answer["body"] for answer in program.answers] == ["new"]

    @pytest.mark.parametrize(("inclusive", "first"), [(False, 3), (True, 2)])
    async def test_from_a_sequence_number(
        self, foreign_client: ForeignClient, emulator: EventHubsEmulator, inclusive: bool, first: int
    ) -> None:
        answers = await self.receive(foreign_client, emulator, 6 - first, sequenceNumber=2, inclusive=inclusive)
        assert [answer["sequenceNumber"] for answer in answers] == list(range(first, 6))

    async def test_from_an_offset_and_from_a_time(
        self, foreign_client: ForeignClient, emulator: EventHubsEmulator, events: list[int]
    ) -> None:
        offsets = [answer["offset"] for answer in await self.receive(foreign_client, emulator, 6, earliest=True)]
        behind = await self.receive(foreign_client, emulator, 3, offset=offsets[2], inclusive=False)
        assert [answer["sequenceNumber"] for answer in behind] == [3, 4, 5]
        later = await self.receive(foreign_client, emulator, 2, enqueuedAfter=events[3])
        assert [answer["sequenceNumber"] for answer in later] == [4, 5]

    async def test_a_large_event_arrives_whole(
        self, foreign_client: ForeignClient, emulator: EventHubsEmulator
    ) -> None:
        emulator.append(HUB, "0", b"x" * NEARLY_A_MEBIBYTE)
        answers = await self.receive(foreign_client, emulator, 1, sequenceNumber=5, inclusive=False)
        assert [answer["size"] for answer in answers] == [NEARLY_A_MEBIBYTE]

    async def test_properties_are_those_of_the_hub(
        self, foreign_client: ForeignClient, emulator: EventHubsEmulator, events: list[int]
    ) -> None:
        (answer,) = await foreign_client.run("properties", ask(emulator))
        assert answer["name"] == HUB
        assert [partition["id"] for partition in answer["partitions"]] == list(PARTITIONS)
        full, *empty = answer["partitions"]
        assert (full["first"], full["last"], full["lastEnqueued"], full["empty"]) == (0, 5, events[-1], False)
        assert all(partition["last"] == -1 and partition["empty"] for partition in empty)


@pytest.mark.azurite
class TestCheckpoints:
    """Ten events in each partition; the first reader stores checkpoints up to event 5, the second begins at 6."""

    async def test_two_processors_share_the_partitions(
        self,
        foreign_client: ForeignClient,
        emulator: EventHubsEmulator,
        azurite: Storage,
        container: str,
        eventually: Eventually,
    ) -> None:
        request = self.process(emulator, azurite, container, "$Default", EVERYTHING)
        append_round(emulator, 1)
        async with foreign_client.start("process", request) as first:
            await eventually(lambda: first.owned() == set(PARTITIONS))
            async with foreign_client.start("process", request) as second:
                await eventually(lambda: len(first.owned()) == len(second.owned()) == 2)
                assert first.owned() | second.owned() == set(PARTITIONS)
                append_round(emulator, 1)
                await eventually(lambda: all(self.has(1, partition, first, second) for partition in PARTITIONS))
                await second.finish()
            await eventually(lambda: first.owned() == set(PARTITIONS))
            await first.finish()

    @pytest.mark.parametrize("group", GROUPS)
    async def test_the_collector_goes_on_from_the_clients_checkpoints(  # noqa: PLR0913, PLR0917
        self,
        foreign_client: ForeignClient,
        emulator: EventHubsEmulator,
        azurite: Storage,
        container: str,
        eventually: Eventually,
        group: str,
    ) -> None:
        append_round(emulator, 10)
        async with foreign_client.start("process", self.process(emulator, azurite, container, group, 5)) as client:
            await eventually(lambda: client.received() == dict.fromkeys(PARTITIONS, WHOLE))
            await client.finish()
        async with our_store(azurite, container) as store, our_reader(emulator, store, group) as seen:
            await eventually(lambda: all(events and numbers(events)[-1] == 9 for events in seen.values()))
        assert {partition: numbers(events) for partition, events in seen.items()} == dict.fromkeys(PARTITIONS, REST)

    @pytest.mark.parametrize("group", GROUPS)
    async def test_the_client_goes_on_from_the_collectors_checkpoints(  # noqa: PLR0913, PLR0917
        self,
        foreign_client: ForeignClient,
        emulator: EventHubsEmulator,
        azurite: Storage,
        container: str,
        eventually: Eventually,
        group: str,
    ) -> None:
        append_round(emulator, 10)
        async with our_store(azurite, container) as store, our_reader(emulator, store, group, 5) as seen:
            await eventually(lambda: all(len(events) == 10 for events in seen.values()))
        request = self.process(emulator, azurite, container, group, -1)
        async with foreign_client.start("process", request) as client:
            # The Go client does not lower-case names: in this group it finds no checkpoint of any other SDK.
            finds_none = foreign_client.language == "go" and group != group.lower()
            await eventually(
                lambda: {p: n[-4:] for p, n in client.received().items()} == dict.fromkeys(PARTITIONS, REST)
            )
            await client.finish()
            assert client.received() == dict.fromkeys(PARTITIONS, WHOLE if finds_none else REST)

    def process(
        self, emulator: EventHubsEmulator, azurite: Storage, container: str, group: str, up_to: int
    ) -> dict[str, Any]:
        storage = azurite.connection_string
        return ask(emulator, group, storage=storage, container=container, checkpointUpTo=up_to)

    def has(self, number: int, partition: str, *programs: Any) -> bool:
        return any(number in program.received().get(partition, []) for program in programs)
