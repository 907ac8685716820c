"""Checkpoints of the Go SDK, whose paths keep their capital letters: read as a fallback, never written."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from azure.storage.blob.aio import ContainerClient
from plugins.azurite import Azurite

from collector.state.blob import FencedBlobCheckpointStore

pytestmark = pytest.mark.azurite

NAMES = {
    "fully_qualified_namespace": "ns.servicebus.windows.net",
    "eventhub_name": "insights-logs",
    "consumer_group": "$Default",
}
OURS = "ns.servicebus.windows.net/insights-logs/$default/checkpoint"
GO = "NS.servicebus.windows.net/Insights-Logs/$Default/checkpoint"


@pytest.fixture
async def container(azurite: Azurite) -> AsyncIterator[ContainerClient]:
    async with ContainerClient.from_connection_string(azurite.connection_string, f"c{uuid4().hex}") as client:
        await client.create_container()
        yield client


async def put(container: ContainerClient, path: str, **metadata: str) -> None:
    await container.upload_blob(path, b"", metadata=metadata)


async def offsets(container: ContainerClient) -> dict[str, str]:
    """The offset of each partition, as a collector that has just claimed them reads it."""
    found = await FencedBlobCheckpointStore(container).list_checkpoints(*NAMES.values())
    return {each["partition_id"]: each["offset"] for each in found}


def checkpoint(partition: str, number: int) -> dict[str, Any]:
    return NAMES | {"partition_id": partition, "offset": str(number * 64), "sequence_number": number}


async def test_the_go_spelling_counts_where_our_path_has_no_checkpoint(container: ContainerClient) -> None:
    await put(container, f"{GO}/0", offset="640", sequencenumber="10")
    await put(container, f"{GO}/1", offset="704", sequencenumber="11")
    await put(container, f"{OURS}/1", offset="64", sequencenumber="1")
    assert await offsets(container) == {"0": "640", "1": "64"}


async def test_metadata_names_may_have_capital_letters(container: ContainerClient) -> None:
    await put(container, f"{GO}/0", Offset="640", Sequencenumber="10")
    assert await offsets(container) == {"0": "640"}


async def test_of_two_spellings_the_later_position_counts(container: ContainerClient) -> None:
    await put(container, f"{GO}/0", offset="640", sequencenumber="10")
    await put(container, f"{GO.replace('NS', 'Ns')}/0", offset="1280", sequencenumber="20")
    assert await offsets(container) == {"0": "1280"}


@pytest.mark.parametrize(
    "path",
    [
        GO.replace("Insights-Logs", "Insights-Logs-2"),
        GO.replace("$Default", "Other"),
        GO.replace("checkpoint", "ownership"),
        f"Copy/{GO}",
    ],
)
async def test_what_belongs_to_another_reader_is_left_aside(container: ContainerClient, path: str) -> None:
    await put(container, f"{path}/0", offset="640", sequencenumber="10")
    assert await offsets(container) == {}


async def test_a_checkpoint_without_an_offset_is_left_aside(container: ContainerClient) -> None:
    await put(container, f"{GO}/0", sequencenumber="10")
    assert await offsets(container) == {}


async def test_the_next_checkpoint_goes_to_our_path_and_counts_from_then_on(container: ContainerClient) -> None:
    await put(container, f"{GO}/0", offset="640", sequencenumber="10")
    store = FencedBlobCheckpointStore(container)
    await store.list_checkpoints(*NAMES.values())
    await store.update_checkpoint(checkpoint("0", 12))
    ours = await container.get_blob_client(f"{OURS}/0").get_blob_properties()
    theirs = await container.get_blob_client(f"{GO}/0").get_blob_properties()
    assert (ours.metadata["sequencenumber"], theirs.metadata["sequencenumber"]) == ("12", "10")
    assert await offsets(container) == {"0": "768"}
