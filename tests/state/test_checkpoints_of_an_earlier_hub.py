"""A checkpoint is shown only for the hub that it was written for, whichever store keeps it and whoever wrote it."""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore
from azure.storage.blob.aio import ContainerClient
from plugins.azurite import Azurite

from collector.inputs.event_hub.recreation import CurrentCheckpoints
from collector.state.blob import FencedBlobCheckpointStore
from collector.state.sqlite import SqliteCheckpointStore

NAMES = {
    "fully_qualified_namespace": "ns.servicebus.windows.net",
    "eventhub_name": "hub",
    "consumer_group": "$Default",
}
BORN = datetime(2026, 3, 10, 9, 0, 0, 123_000, tzinfo=UTC)
LATER = BORN + timedelta(milliseconds=1)
END = 100
"""The last sequence number of every hub here: all checkpoints lie within it."""


class HubClient:
    """Tells of a hub what the Azure SDK's client tells."""

    def __init__(self, created_at: datetime) -> None:
        self.created_at = created_at

    async def get_eventhub_properties(self) -> dict[str, Any]:
        return {"created_at": self.created_at}

    async def get_partition_properties(self, _partition: str) -> dict[str, Any]:
        return {"last_enqueued_sequence_number": END}


class Reader:
    """What the SDK and the reader do with the checkpoints of partition 0."""

    def __init__(self, store: SqliteCheckpointStore | FencedBlobCheckpointStore) -> None:
        self.hub = HubClient(BORN)
        self.checkpoints = CurrentCheckpoints(store)
        self.checkpoints.look_at(cast("Any", self.hub))

    async def claim(self) -> int | None:
        """Claim the partition, and return the checkpoint from which the SDK reads on."""
        wanted = {**NAMES, "partition_id": "0", "owner_id": "me"}
        present = [dict(each) for each in await self.checkpoints.list_ownership(*NAMES.values())]
        assert list(await self.checkpoints.claim_ownership(present or [wanted]))
        shown = list(await self.checkpoints.list_checkpoints(*NAMES.values()))
        self.checkpoints.pin("0")
        return shown[0]["sequence_number"] if shown else None

    async def write(self, sequence_number: int) -> None:
        await self.checkpoints.update_checkpoint(checkpoint(sequence_number))


def checkpoint(sequence_number: int) -> dict[str, Any]:
    return NAMES | {"partition_id": "0", "offset": str(sequence_number * 64), "sequence_number": sequence_number}


@pytest.fixture
def local_store(tmp_path: Path) -> Iterator[SqliteCheckpointStore]:
    store = SqliteCheckpointStore(tmp_path)
    yield store
    store.close()


class Container:
    """A container of the test's own."""

    def __init__(self, azurite: Azurite) -> None:
        self.connection_string = azurite.connection_string
        self.name = f"c{uuid.uuid4().hex}"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[FencedBlobCheckpointStore]:
        client = ContainerClient.from_connection_string(self.connection_string, self.name)
        store = FencedBlobCheckpointStore(client)
        await store.ensure_container()
        try:
            yield store
        finally:
            await store.close()

    async def written_by_another_sdk(self, sequence_number: int) -> datetime:
        """Write a checkpoint as the SDK's own store does, and return when storage says that it was written."""
        async with BlobCheckpointStore.from_connection_string(self.connection_string, self.name) as theirs:
            await theirs.update_checkpoint(checkpoint(sequence_number))
        async with ContainerClient.from_connection_string(self.connection_string, self.name) as client:
            [written] = [blob.last_modified async for blob in client.list_blobs() if "/checkpoint/" in blob.name]
            return written


@pytest.fixture
def container(azurite: Azurite) -> Container:
    return Container(azurite)


@pytest.fixture(params=["local file", pytest.param("container", marks=pytest.mark.azurite)])
async def reader(request: pytest.FixtureRequest) -> AsyncIterator[Reader]:
    """A reader over either store."""
    if request.param == "local file":
        yield Reader(request.getfixturevalue("local_store"))
        return
    async with request.getfixturevalue("container").open() as store:
        yield Reader(store)


async def test_a_checkpoint_of_the_same_hub_is_shown(reader: Reader) -> None:
    assert await reader.claim() is None
    await reader.write(7)

    assert await reader.claim() == 7


@pytest.mark.parametrize("created_at", [LATER, BORN - timedelta(days=1)], ids=["later", "earlier"])
async def test_a_checkpoint_of_a_hub_with_another_time_of_creation_is_not_shown(
    reader: Reader, created_at: datetime
) -> None:
    await reader.claim()
    await reader.write(7)
    reader.hub.created_at = created_at

    assert await reader.claim() is None


async def test_the_new_hubs_checkpoints_replace_the_higher_ones_of_the_old_one(reader: Reader) -> None:
    await reader.claim()
    await reader.write(70)
    reader.hub.created_at = LATER
    await reader.claim()
    await reader.write(7)

    assert await reader.claim() == 7


async def test_a_reader_of_the_old_hub_does_not_write_the_new_hubs_time(reader: Reader) -> None:
    """Another partition was claimed after the hub was made anew; this one is still read from the old one."""
    await reader.claim()
    reader.hub.created_at = LATER
    await reader.checkpoints.list_checkpoints(*NAMES.values())
    await reader.write(7)

    assert await reader.claim() is None


async def test_a_checkpoint_beyond_the_end_is_not_shown(reader: Reader) -> None:
    await reader.claim()
    await reader.write(END + 1)

    assert await reader.claim() is None


SINCE_IT_WAS_WRITTEN = {
    "before": (-timedelta(days=1), 7),
    "in the same second": (timedelta(milliseconds=999), 7),
    "afterwards": (timedelta(seconds=1, milliseconds=1), None),
}


@pytest.mark.azurite
@pytest.mark.parametrize("created", SINCE_IT_WAS_WRITTEN)
async def test_another_sdks_checkpoint_is_shown_unless_the_hub_was_created_after_it_was_written(
    container: Container, created: str
) -> None:
    since, shown = SINCE_IT_WAS_WRITTEN[created]
    async with container.open() as store:
        reader = Reader(store)
        reader.hub.created_at = await container.written_by_another_sdk(7) + since

        assert await reader.claim() == shown


@pytest.mark.azurite
async def test_another_sdks_checkpoint_over_ours_does_not_keep_our_hubs_time(container: Container) -> None:
    async with container.open() as store:
        reader = Reader(store)
        await reader.claim()
        await reader.write(7)
        reader.hub.created_at = await container.written_by_another_sdk(8)

        assert await reader.claim() == 8


async def test_a_checkpoint_of_an_older_collector_in_the_local_file_is_told_by_its_partitions_end(
    local_store: SqliteCheckpointStore,
) -> None:
    await local_store.update_checkpoint(checkpoint(7))

    assert await Reader(local_store).claim() == 7
