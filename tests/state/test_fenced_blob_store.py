"""The Blob store over Azurite: the SDKs' own layout, and writes that a stale owner cannot make."""

import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore
from azure.storage.blob.aio import ContainerClient
from plugins.azurite import Azurite

from collector.state.blob import FencedBlobCheckpointStore
from collector.state.ownership import StaleOwnerError

pytestmark = pytest.mark.azurite

NAMES = {
    "fully_qualified_namespace": "NS.servicebus.windows.net",
    "eventhub_name": "Hub",
    "consumer_group": "$Default",
}
BLOB = "ns.servicebus.windows.net/hub/$default/checkpoint/0"


def checkpoint(sequence_number: int) -> dict[str, Any]:
    return NAMES | {"partition_id": "0", "offset": str(sequence_number * 64), "sequence_number": sequence_number}


class Storage:
    """A container of the test's own, and the stores of several collectors in it, whose clock the test sets."""

    def __init__(self, azurite: Azurite, stack: AsyncExitStack) -> None:
        self.name = f"c{uuid.uuid4().hex}"
        self.now = 0.0
        self._azurite = azurite
        self._stack = stack

    async def container(self) -> ContainerClient:
        client = ContainerClient.from_connection_string(self._azurite.connection_string, self.name)
        return await self._stack.enter_async_context(client)

    async def collector(self) -> FencedBlobCheckpointStore:
        store = FencedBlobCheckpointStore(await self.container(), lambda: self.now)
        await store.ensure_container()
        return store

    async def owner(self, name: str) -> FencedBlobCheckpointStore:
        """A collector that has claimed the partition and read its checkpoint, as the SDK does."""
        store = await self.collector()
        await take_over(store, name)
        return store

    async def owner_and_version(self) -> tuple[str, str]:
        """Who owns the partition, and the ETag of that entry."""
        blob = (await self.container()).get_blob_client(BLOB.replace("/checkpoint/", "/ownership/"))
        properties = await blob.get_blob_properties()
        return properties.metadata["ownerid"], properties.etag

    async def metadata(self) -> dict[str, str]:
        properties = await (await self.container()).get_blob_client(BLOB).get_blob_properties()
        return properties.metadata


async def take_over(store: FencedBlobCheckpointStore, owner: str) -> None:
    present = {entry["partition_id"]: entry for entry in await store.list_ownership(*NAMES.values())}
    [claimed] = await store.claim_ownership([{**NAMES, "partition_id": "0", **present.get("0", {}), "owner_id": owner}])
    assert claimed["owner_id"] == owner
    await store.list_checkpoints(*NAMES.values())


@pytest.fixture
async def storage(azurite: Azurite) -> AsyncIterator[Storage]:
    async with AsyncExitStack() as stack:
        yield Storage(azurite, stack)


async def test_the_container_is_created_and_may_be_there_already(storage: Storage) -> None:
    await storage.collector()
    await storage.collector()

    assert await (await storage.container()).exists()


async def test_the_layout_is_the_sdks_own(storage: Storage) -> None:
    await (await storage.owner("me")).update_checkpoint(checkpoint(7))
    blob = (await storage.container()).get_blob_client(BLOB)
    content = await (await blob.download_blob()).readall()

    assert (await storage.metadata(), content) == ({"offset": "448", "sequencenumber": "7"}, b"")


async def test_the_sdks_own_store_reads_what_ours_wrote(storage: Storage, azurite: Azurite) -> None:
    await (await storage.owner("me")).update_checkpoint(checkpoint(7))
    async with BlobCheckpointStore.from_connection_string(azurite.connection_string, storage.name) as theirs:
        [found] = await theirs.list_checkpoints(*NAMES.values())

    assert (found["offset"], found["sequence_number"], found["partition_id"]) == ("448", 7, "0")


async def test_ours_goes_on_from_what_the_sdks_own_store_wrote(storage: Storage, azurite: Azurite) -> None:
    await storage.collector()
    async with BlobCheckpointStore.from_connection_string(azurite.connection_string, storage.name) as theirs:
        await theirs.update_checkpoint(checkpoint(7))
    ours = await storage.owner("me")
    await ours.update_checkpoint(checkpoint(8))
    [found] = await ours.list_checkpoints(*NAMES.values())

    assert {key: found[key] for key in checkpoint(8)} == checkpoint(8)


async def test_the_time_of_the_hubs_creation_is_kept_with_a_checkpoint_and_the_sdks_pass_over_it(
    storage: Storage, azurite: Azurite
) -> None:
    ours = await storage.owner("me")
    await ours.update_checkpoint(checkpoint(7) | {"hub_created_ms": 1773133200123})
    async with BlobCheckpointStore.from_connection_string(azurite.connection_string, storage.name) as theirs:
        [as_they_see_it] = await theirs.list_checkpoints(*NAMES.values())
    [found] = await ours.list_checkpoints(*NAMES.values())

    assert (await storage.metadata())["hubcreatedms"] == "1773133200123"
    assert (as_they_see_it["offset"], as_they_see_it["sequence_number"]) == ("448", 7)
    assert found["hub_created_ms"] == 1773133200123


async def test_a_checkpoint_never_moves_backwards(storage: Storage) -> None:
    ours = await storage.owner("me")
    for number in (5, 9, 8, 9, 0):
        await ours.update_checkpoint(checkpoint(number))

    assert (await storage.metadata())["sequencenumber"] == "9"


async def test_a_restarted_owner_does_not_move_it_backwards_either(storage: Storage) -> None:
    await (await storage.owner("me")).update_checkpoint(checkpoint(9))
    await (await storage.owner("me again")).update_checkpoint(checkpoint(3))

    assert (await storage.metadata())["sequencenumber"] == "9"


@pytest.mark.parametrize("number", [3, 9, 99])
async def test_a_stale_owner_can_neither_lower_nor_raise_it(storage: Storage, number: int) -> None:
    stale = await storage.owner("stale")
    await stale.update_checkpoint(checkpoint(2))
    present = await storage.owner("present")
    await present.update_checkpoint(checkpoint(10))
    with pytest.raises(StaleOwnerError):
        await stale.update_checkpoint(checkpoint(number))

    assert (await storage.metadata())["sequencenumber"] == "10"


async def test_a_stale_owner_without_a_former_checkpoint_cannot_write_over_another(storage: Storage) -> None:
    stale = await storage.owner("stale")
    present = await storage.owner("present")
    await present.update_checkpoint(checkpoint(10))
    with pytest.raises(StaleOwnerError):
        await stale.update_checkpoint(checkpoint(11))

    assert (await storage.metadata())["sequencenumber"] == "10"


@pytest.mark.parametrize("late", [4, 12])
async def test_a_former_owner_that_writes_once_more_does_not_lock_the_new_one_out(storage: Storage, late: int) -> None:
    former = await storage.owner("former")
    await former.update_checkpoint(checkpoint(2))
    present = await storage.owner("present")
    await former.update_checkpoint(checkpoint(late))
    await present.update_checkpoint(checkpoint(10))
    assert (await storage.metadata())["sequencenumber"] == str(max(late, 10))

    await present.update_checkpoint(checkpoint(20))
    assert (await storage.metadata())["sequencenumber"] == "20"


async def test_a_former_owner_that_writes_the_first_checkpoint_does_not_lock_the_new_one_out(storage: Storage) -> None:
    former, present = await storage.owner("former"), await storage.owner("present")
    await former.update_checkpoint(checkpoint(2))
    await present.update_checkpoint(checkpoint(10))

    assert (await storage.metadata())["sequencenumber"] == "10"


async def test_a_checkpoint_that_someone_deleted_is_written_again(storage: Storage) -> None:
    ours = await storage.owner("me")
    await ours.update_checkpoint(checkpoint(2))
    await (await storage.container()).delete_blob(BLOB)
    await ours.update_checkpoint(checkpoint(3))

    assert (await storage.metadata())["sequencenumber"] == "3"


async def test_a_collector_that_owns_nothing_cannot_write_over_a_checkpoint(storage: Storage) -> None:
    await (await storage.owner("owner")).update_checkpoint(checkpoint(2))
    stranger = await storage.collector()
    with pytest.raises(StaleOwnerError):
        await stranger.update_checkpoint(checkpoint(3))


async def test_two_that_take_the_partition_from_each_other_never_set_it_back(storage: Storage) -> None:
    one, other = await storage.owner("one"), await storage.owner("other")
    highest = 0
    for number in range(1, 20):
        owner, loser = (one, other) if number % 2 else (other, one)
        await take_over(owner, f"owner {number}")
        await owner.update_checkpoint(checkpoint(number * 10))
        with suppress(StaleOwnerError):
            await loser.update_checkpoint(checkpoint(number * 10 - 5))
        stored = int((await storage.metadata())["sequencenumber"])
        assert stored == number * 10 > highest
        highest = stored


async def test_an_ownership_is_renewed_every_10_s_however_often_the_sdk_asks(storage: Storage) -> None:
    ours = await storage.owner("me")
    claimed = await storage.owner_and_version()
    storage.now = 9.9
    await take_over(ours, "me")
    assert await storage.owner_and_version() == claimed
    storage.now = 10.0
    await take_over(ours, "me")

    renewed = await storage.owner_and_version()
    assert (renewed[0], renewed != claimed) == ("me", True)


async def test_a_partition_that_another_took_a_moment_ago_is_claimed_by_a_write(storage: Storage) -> None:
    ours = await storage.owner("me")
    await storage.owner("other")
    await take_over(ours, "me")

    assert (await storage.owner_and_version())[0] == "me"


async def test_a_claim_with_an_entry_that_is_out_of_date_fails(storage: Storage) -> None:
    ours = await storage.owner("me")
    listed = list(await ours.list_ownership(*NAMES.values()))
    await storage.owner("other")
    storage.now = 10.0

    assert list(await ours.claim_ownership(listed)) == []
    assert (await storage.owner_and_version())[0] == "other"


async def test_a_release_gives_back_what_was_renewed_a_moment_ago(storage: Storage) -> None:
    ours = await storage.owner("me")
    await ours.release()

    assert (await storage.owner_and_version())[0] == ""


async def test_a_release_leaves_what_another_has_taken(storage: Storage) -> None:
    ours = await storage.owner("me")
    await storage.owner("other")
    await ours.release()

    assert (await storage.owner_and_version())[0] == "other"


async def test_who_has_released_a_partition_cannot_write_over_what_another_program_wrote(
    storage: Storage, azurite: Azurite
) -> None:
    ours = await storage.owner("me")
    await ours.update_checkpoint(checkpoint(2))
    await ours.release()
    async with BlobCheckpointStore.from_connection_string(azurite.connection_string, storage.name) as theirs:
        await theirs.update_checkpoint(checkpoint(9))
    with pytest.raises(StaleOwnerError):
        await ours.update_checkpoint(checkpoint(11))

    assert (await storage.metadata())["sequencenumber"] == "9"


@pytest.mark.parametrize("hours", [-1, 0, 1])
async def test_the_age_of_a_claim_does_not_depend_on_this_machines_clock(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The SDK compares ``last_modified_time`` with ``time.time()``."""
    await storage.owner("someone")
    onlooker = await storage.collector()
    real = time.time
    monkeypatch.setattr("collector.state.blob.time.time", lambda: real() + hours * 3600)
    [listed] = await onlooker.list_ownership(*NAMES.values())

    assert -2 < time.time() - listed["last_modified_time"] < 60
