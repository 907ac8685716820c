"""The reader between the Azure SDK's callbacks and delivery: whose lane an event enters when partitions come and go."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.eventhub import CloseReason
from azure.eventhub.amqp import AmqpMessageBodyType

from collector.delivery.budget import Budget
from collector.delivery.intake import Intake
from collector.events import DataStream, Source
from collector.inputs.event_hub.connection import StreamConnection
from collector.inputs.event_hub.prefetch import Prefetch
from collector.inputs.event_hub.reader import EventHubReader, PartitionGoneError
from collector.inputs.event_hub.recreation import CurrentCheckpoints
from collector.inputs.event_hub.trimming import Trimmer
from collector.output.elasticsearch.encoding import StreamEncoder
from collector.output.elasticsearch.items import Item, Load, unfold
from collector.telemetry.counters import Counters
from collector.telemetry.trouble import Trouble

SOURCE = Source("ns.servicebus.windows.net", "hub", "$Default")
BODY = json.dumps({"records": [{"category": "Audit"}]}).encode()
PATIENCE_S = 30


@dataclass
class Event:
    """An event as the SDK hands it out."""

    sequence_number: int
    body: bytes = BODY
    body_type: AmqpMessageBodyType = AmqpMessageBodyType.DATA
    enqueued_time: datetime = datetime(2026, 3, 10, 12, tzinfo=UTC)

    @property
    def offset(self) -> str:
        return str(self.sequence_number * 64)


@dataclass
class Partition:
    """A partition as the SDK names it in its callbacks."""

    partition_id: str = "0"
    fully_qualified_namespace: str = SOURCE.host
    eventhub_name: str = SOURCE.hub
    consumer_group: str = SOURCE.consumer_group


class Sdk:
    """Stands for the client: keeps the callbacks, so that a test can play the SDK's part."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.callbacks: dict[str, Any] = {}

    async def receive_batch(self, on_events: Any, **options: Any) -> None:
        self.callbacks = options | {"on_events": on_events}
        self.started.set()
        await asyncio.Event().wait()

    async def get_partition_properties(self, partition_id: str) -> dict[str, int]:
        assert partition_id == "0"
        return {"last_enqueued_sequence_number": -1}


class Bench:
    """A reader with room for one event at a time, whose items are settled by hand."""

    def __init__(self) -> None:
        self.sdk, self.items, self.checkpoints = Sdk(), list[Item](), list[int]()
        self.budget, self.partition = Budget(1), Partition()
        encoder = StreamEncoder(SOURCE, DataStream("logs", "aoai.logs", "default"), (), preserve_original=False)
        intake = Intake(SOURCE, encoder, self, self.budget, Counters())
        store: Any = self
        shown = CurrentCheckpoints(store)
        connection: Any = StreamConnection(self.sdk, self, SOURCE, None, Prefetch(2**20, 10), shown)
        self.trims = list[int]()
        trimmer = Trimmer(self.trims.append)
        self.reader = EventHubReader(
            connection, intake, Trouble("test"), checkpoint_interval=5, absent_limit=2**20, trimmer=trimmer
        )

    def add(self, load: Load) -> None:
        self.items += unfold([load])

    async def update_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.checkpoints.append(checkpoint["sequence_number"])

    async def claim(self) -> None:
        await self.sdk.callbacks["on_partition_initialize"](self.partition)

    async def lose(self) -> None:
        await self.sdk.callbacks["on_partition_close"](self.partition, CloseReason.OWNERSHIP_LOST)

    def hand_out(self, *numbers: int, body: bytes = BODY) -> asyncio.Task[None]:
        """Hand events out; the task is the SDK's, which awaits the callback."""
        events = [Event(number, body) for number in numbers]
        return asyncio.create_task(self.sdk.callbacks["on_events"](self.partition, events))

    async def wait_for_items(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.items) < count:  # noqa: ASYNC110 - only looking tells
                await asyncio.sleep(0)

    def settle(self, index: int) -> None:
        self.items[index].settle()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    reading = asyncio.create_task(made.reader.run(start_position="earliest", prefetch=10))
    await made.sdk.started.wait()
    yield made
    reading.cancel()
    await asyncio.wait([reading])


async def test_a_batch_that_waits_for_room_while_its_partition_is_claimed_anew_stays_out_of_the_new_lane(
    bench: Bench,
) -> None:
    await bench.claim()
    former = bench.hand_out(10, 11, 12)
    await bench.wait_for_items(1)
    await bench.lose()
    await bench.claim()
    present = bench.hand_out(5)
    bench.settle(0)
    await bench.wait_for_items(2)
    await asyncio.wait([former], timeout=PATIENCE_S)
    bench.settle(1)
    await present
    await bench.reader.checkpointer.flush()

    assert former.cancelled()
    assert (bench.checkpoints, len(bench.items)) == ([5], 2)


async def test_what_a_lost_partition_waited_for_comes_back(bench: Bench) -> None:
    await bench.claim()
    former = bench.hand_out(1, 2)
    await bench.wait_for_items(1)
    await bench.lose()
    await asyncio.wait([former], timeout=PATIENCE_S)
    bench.settle(0)

    assert bench.budget.taken == 0


async def test_events_of_a_partition_that_was_lost_are_refused(bench: Bench) -> None:
    await bench.claim()
    await bench.lose()
    with pytest.raises(PartitionGoneError):
        await bench.hand_out(1)

    assert bench.items == []


async def test_what_was_settled_is_written_before_a_partition_is_given_back(bench: Bench) -> None:
    await bench.claim()
    await bench.hand_out(1)
    bench.settle(0)
    await bench.lose()

    assert bench.checkpoints == [1]


async def test_what_settles_after_the_partition_was_lost_makes_no_checkpoint(bench: Bench) -> None:
    await bench.claim()
    await bench.hand_out(1)
    await bench.lose()
    await bench.claim()
    bench.settle(0)
    await bench.reader.checkpointer.flush()

    assert bench.checkpoints == []


async def test_a_paused_reader_takes_nothing_more_in(bench: Bench) -> None:
    await bench.claim()
    waiting = bench.hand_out(1, 2)
    await bench.wait_for_items(1)
    await bench.reader.pause()
    bench.settle(0)
    await bench.lose()
    await asyncio.wait([waiting], timeout=PATIENCE_S)

    assert (bench.checkpoints, len(bench.items), bench.budget.taken) == ([1], 1, 0)


async def test_a_pause_waits_until_an_event_that_is_half_in_is_in(bench: Bench) -> None:
    slices = json.dumps({"records": [{"text": "x" * 70_000}, {"text": "y" * 70_000}]}).encode()
    await bench.claim()
    taking_in = bench.hand_out(1, body=slices)
    await bench.wait_for_items(1)
    pausing = asyncio.create_task(bench.reader.pause())
    await asyncio.wait([pausing], timeout=0)
    assert (len(bench.items), pausing.done()) == (1, False)
    bench.settle(0)
    await asyncio.wait([pausing, taking_in], timeout=PATIENCE_S)

    assert (len(bench.items), pausing.done()) == (2, True)


async def test_memory_is_handed_back_after_an_event_that_needed_much_and_after_no_other(bench: Bench) -> None:
    await bench.claim()
    await bench.hand_out(0)
    assert bench.trims == []
    bench.settle(0)
    await bench.hand_out(1, body=gzip.compress(BODY))
    assert bench.trims == [0]
