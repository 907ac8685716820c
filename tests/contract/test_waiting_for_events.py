"""The seam to the Azure SDK that sleeps while nothing comes: whatever is to be noticed wakes it.

Here nobody looks by himself within the time of a test, unless the test says so. What does not wake a sleeper is missed.
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
from plugins.fault_proxy import FaultProxy

from collector.emulators.event_hubs import EventHubsEmulator
from collector.emulators.event_hubs import connection as emulated
from collector.inputs.event_hub import receiving
from collector.inputs.event_hub.prefetch import Prefetch
from collector.inputs.event_hub.receiving import BoundedReceiver, Openings, bound
from collector.output.backoff import Pauses

HUB = "insights"
PARTITIONS = ("0", "1", "2", "3")
MIB = 1024 * 1024
NEVER = 86_400.0

type Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture(autouse=True)
def nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "_LONGEST_WAIT", NEVER)
    monkeypatch.setattr(emulated, "IDLE_TIME_OUT_MS", 4 * NEVER * 1000)


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every receiver that was asked to read, once for each time."""
    asked: list[Any] = []
    original = BoundedReceiver._client_run_async

    async def run(receiver: Any, **options: Any) -> bool:
        asked.append(receiver)
        return await original(receiver, **options)

    monkeypatch.setattr(BoundedReceiver, "_client_run_async", run)
    return asked


class Reading:
    """A client and what it has handed over."""

    def __init__(self, client: EventHubConsumerClient, prefetch: Prefetch) -> None:
        self.client: Any = client
        self.prefetch = prefetch
        self.bodies: dict[str, list[bytes]] = {partition: [] for partition in PARTITIONS}
        self.calls_with_nothing: set[str] = set()
        self.left: list[str] = []
        self.errors: list[Exception] = []
        self.failure: Exception | None = None
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def handle(self, context: PartitionContext, events: Sequence[EventData]) -> None:
        await self.go_on.wait()
        if self.failure is not None:
            raise self.failure
        if not events:
            self.calls_with_nothing.add(context.partition_id)
        self.bodies[context.partition_id] += [b"".join(event.body) for event in events]
        self.prefetch.share(context.partition_id).taken(len(events))

    async def claimed(self, context: PartitionContext) -> None:
        self.prefetch.open(context.partition_id)

    async def closed(self, context: PartitionContext, _reason: object) -> None:
        self.left.append(context.partition_id)

    async def failed(self, _context: PartitionContext | None, error: Exception) -> None:
        self.errors.append(error)

    @property
    def consumers(self) -> list[Any]:
        processors = self.client._event_processors.values()
        return [consumer for processor in processors for consumer in processor._consumers.values()]

    def sleeps(self) -> bool:
        """Whether the two sides of each partition wait: for bytes, and for an event."""
        return len(self.consumers) == len(PARTITIONS) and all(map(_sleeps, self.consumers))

    def everywhere(self, bodies: list[bytes]) -> bool:
        return all(received == bodies for received in self.bodies.values())


def _sleeps(consumer: Any) -> bool:
    connection = consumer.running and consumer._handler._connection
    return connection and connection._transport.reader._waiter is not None and bool(consumer.arrived._waiters)


@asynccontextmanager
async def reading(
    emulator: EventHubsEmulator, *, port: int | None = None, share: int = MIB, **options: Any
) -> AsyncIterator[Reading]:
    text = emulator.connection_string().replace(str(emulator.port), str(port or emulator.port))
    client = EventHubConsumerClient.from_connection_string(
        text, "$Default", eventhub_name=HUB, load_balancing_interval=0.5
    )
    reader = Reading(client, Prefetch(share * len(PARTITIONS), 100))
    bound(client, reader.prefetch, Openings())
    told = {"on_partition_close": reader.closed, "on_error": reader.failed}
    async with at_work(client, reader, max_batch_size=100, prefetch=100, **told, **options):
        yield reader


def append(emulator: EventHubsEmulator, body: bytes) -> None:
    for partition in PARTITIONS:
        emulator.append(HUB, partition, body)


async def test_an_event_wakes_its_reader_which_did_nothing_until_then(
    emulator: EventHubsEmulator, eventually: Eventually, rounds: list[Any]
) -> None:
    async with reading(emulator) as reader:
        await eventually(reader.sleeps)
        before = len(rounds)
        for count in range(1, 4):
            append(emulator, b"event")
            await eventually(lambda so_far=[b"event"] * count: reader.everywhere(so_far) and reader.sleeps())

        assert len(rounds) == before


async def test_a_reader_with_a_full_share_is_woken_by_room(
    emulator: EventHubsEmulator, eventually: Eventually, rounds: list[Any]
) -> None:
    bodies = [bytes([number]) * (MIB // 4) for number in range(20)]
    async with reading(emulator) as reader:
        await eventually(reader.sleeps)
        reader.go_on.clear()
        for body in bodies:
            append(emulator, body)
        await eventually(lambda: all(reader.prefetch.share(each)._may_have_room._waiters for each in PARTITIONS))
        before = len(rounds)
        assert all(reader.prefetch.share(each).credit == 0 for each in PARTITIONS)
        reader.go_on.set()
        await eventually(lambda: reader.everywhere(bodies))

        assert len(rounds) == before


async def test_closing_wakes_every_sleeper(emulator: EventHubsEmulator, eventually: Eventually) -> None:
    others = asyncio.all_tasks()
    async with reading(emulator) as reader:
        await eventually(reader.sleeps)

    left = {task for task in asyncio.all_tasks() - others if "inputs/event_hub" in task.get_coro().cr_code.co_filename}
    assert not left
    assert sorted(reader.left) == [*PARTITIONS]


async def test_a_connection_that_breaks_is_noticed_and_opened_anew(
    emulator: EventHubsEmulator, eventually: Eventually
) -> None:
    async with FaultProxy(emulator.port) as way, reading(emulator, port=way.port) as reader:
        await eventually(reader.sleeps)
        before = {consumer._handler for consumer in reader.consumers}
        sockets = [receiver._connection._transport.writer.get_extra_info("socket") for receiver in before]
        way.cut()
        await eventually(lambda: reader.sleeps() and not before & {each._handler for each in reader.consumers})
        append(emulator, b"event")
        await eventually(lambda: reader.everywhere([b"event"]))

        assert [socket.fileno() for socket in sockets] == [-1] * len(PARTITIONS)


async def test_a_hub_that_is_down_is_asked_ever_less_often(
    emulator: EventHubsEmulator, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[Pauses, list[float]] = {}
    draw = Pauses.next

    def note(pauses: Pauses) -> float:
        pauses._random = lambda: 1.0
        drawn.setdefault(pauses, []).append(draw(pauses))
        return 0.0

    async with FaultProxy(emulator.port) as way, reading(emulator, port=way.port) as reader:
        await eventually(reader.sleeps)
        monkeypatch.setattr(Pauses, "next", note)
        await way.refuse()
        await eventually(lambda: len(drawn) == len(PARTITIONS) and all(len(each) >= 6 for each in drawn.values()))
        await way.listen()
        append(emulator, b"event")
        await eventually(lambda: reader.everywhere([b"event"]))

    assert [each[:6] for each in drawn.values()] == [[0.1, 0.2, 0.4, 0.8, 1.0, 1.0]] * len(PARTITIONS)


async def test_a_reader_whose_link_is_taken_is_told(emulator: EventHubsEmulator, eventually: Eventually) -> None:
    async with reading(emulator, owner_level=1) as reader:
        await eventually(reader.sleeps)
        async with reading(emulator, owner_level=2):
            await eventually(lambda: sorted(reader.left) == [*PARTITIONS])

    assert {getattr(error, "error", None) for error in reader.errors} == {"link:stolen"}


async def test_a_handler_that_fails_ends_the_reading_of_its_partition(
    emulator: EventHubsEmulator, eventually: Eventually
) -> None:
    async with reading(emulator) as reader:
        await eventually(reader.sleeps)
        reader.failure = RuntimeError("not now")
        append(emulator, b"event")
        await eventually(lambda: {*reader.left} == {*PARTITIONS})
        reader.failure = None  # the SDK claims them anew, and reads from the start

        await eventually(lambda: reader.everywhere([b"event"]))
    assert all(str(error) == "not now" for error in reader.errors)


async def test_who_asks_for_it_is_called_when_nothing_came_for_so_long(
    emulator: EventHubsEmulator, eventually: Eventually
) -> None:
    async with reading(emulator, max_wait_time=0.2) as reader:
        await eventually(lambda: reader.calls_with_nothing == {*PARTITIONS})
        append(emulator, b"event")

        await eventually(lambda: reader.everywhere([b"event"]))


async def test_an_idle_connection_is_kept_alive(
    emulator: EventHubsEmulator, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    heartbeats: list[Connection] = []
    original = Connection._outgoing_empty

    async def beat(connection: Connection) -> None:
        heartbeats.append(connection)
        await original(connection)

    monkeypatch.setattr(emulated, "IDLE_TIME_OUT_MS", 2000)
    monkeypatch.setattr(Connection, "_outgoing_empty", beat)
    async with reading(emulator) as reader:
        await eventually(reader.sleeps)
        idle = [consumer._handler._connection for consumer in reader.consumers]

        await eventually(lambda: all(connection in heartbeats for connection in idle))
