"""Two real consumers share a hub over a real Blob checkpoint store, and one takes over when the other leaves."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext
from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore
from azure.storage.blob.aio import ContainerClient

from collector.emulators.event_hubs import EventHubsEmulator

HUB = "Insights"  # names are found without regard to case, and checkpoints kept in lower case
PARTITIONS = ("0", "1", "2", "3")

pytestmark = pytest.mark.azurite

type Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


class Storage(Protocol):
    """The account the tests keep checkpoints in."""

    connection_string: str


class Worker:
    """A consumer that stores a checkpoint after each event and notes what it was handed."""

    def __init__(self, emulator: EventHubsEmulator, storage: Storage, container: str, seen: Counter[bytes]) -> None:
        self.partitions: set[str] = set()
        self._seen = seen
        self._store = BlobCheckpointStore.from_connection_string(storage.connection_string, container)
        self._client = EventHubConsumerClient.from_connection_string(
            emulator.connection_string(HUB),
            "$Default",
            checkpoint_store=self._store,
            load_balancing_interval=0.5,
        )
        self._task = asyncio.create_task(
            self._client.receive(
                self._on_event,
                on_partition_initialize=self._on_gain,
                on_partition_close=self._on_loss,
                starting_position="-1",
            )
        )

    async def stop(self) -> None:
        await self._client.close()
        await self._task
        await self._store.close()

    async def _on_event(self, context: PartitionContext, event: EventData | None) -> None:
        assert event is not None
        await context.update_checkpoint(event)
        self._seen[b"".join(event.body)] += 1  # after its checkpoint, so that what was seen is stored

    async def _on_gain(self, context: PartitionContext) -> None:
        self.partitions.add(context.partition_id)

    async def _on_loss(self, context: PartitionContext, _reason: object) -> None:
        self.partitions.discard(context.partition_id)


@pytest.fixture
async def container(azurite: Storage) -> str:
    name = f"checkpoints-{uuid.uuid4()}"
    async with ContainerClient.from_connection_string(azurite.connection_string, name) as client:
        await client.create_container()
    return name


def send_round(emulator: EventHubsEmulator, label: str) -> set[bytes]:
    """Append ten events to each partition; return their bodies."""
    bodies = {f"{label} {partition} {number}".encode(): partition for partition in PARTITIONS for number in range(10)}
    for body, partition in bodies.items():
        emulator.append(HUB, partition, body)
    return set(bodies)


async def test_two_consumers_share_partitions_and_hand_over(
    emulator: EventHubsEmulator, azurite: Storage, container: str, eventually: Eventually
) -> None:
    seen: Counter[bytes] = Counter()
    first = Worker(emulator, azurite, container, seen)
    await eventually(lambda: first.partitions == set(PARTITIONS))

    second = Worker(emulator, azurite, container, seen)
    await eventually(lambda: len(first.partitions) == len(second.partitions) == 2)
    assert first.partitions | second.partitions == set(PARTITIONS)
    shared = send_round(emulator, "shared")
    await eventually(lambda: shared <= seen.keys())

    await first.stop()
    await eventually(lambda: second.partitions == set(PARTITIONS))
    alone = send_round(emulator, "alone")
    await eventually(lambda: alone <= seen.keys())
    await second.stop()

    assert seen.keys() == shared | alone  # each at least once, and nothing else


async def test_the_blobs_left_behind_are_those_of_every_sdk(
    emulator: EventHubsEmulator, azurite: Storage, container: str, eventually: Eventually
) -> None:
    seen: Counter[bytes] = Counter()
    sent = send_round(emulator, "only")
    worker = Worker(emulator, azurite, container, seen)
    await eventually(lambda: sent <= seen.keys())
    await worker.stop()

    async with ContainerClient.from_connection_string(azurite.connection_string, container) as client:
        blobs = {blob.name: blob.metadata async for blob in client.list_blobs(include=["metadata"])}
    folder = f"localhost:{emulator.port}/insights/$default"  # the SDK keeps a port that the endpoint names
    assert set(blobs) == {
        f"{folder}/{kind}/{partition}" for kind in ("ownership", "checkpoint") for partition in PARTITIONS
    }
    for partition in PARTITIONS:
        ownership = blobs[f"{folder}/ownership/{partition}"]
        assert ownership.keys() == {"ownerid"}
        assert not ownership["ownerid"]  # released; a listing shows the empty value as none
        checkpoint = blobs[f"{folder}/checkpoint/{partition}"]
        assert checkpoint["sequencenumber"] == "9"
        assert int(checkpoint["offset"]) > 0
