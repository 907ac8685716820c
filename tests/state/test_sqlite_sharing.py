"""The local store of several workers: one owner for a partition, and no checkpoint from a former one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.state.checkpoint_file import StateInUseError
from collector.state.ownership import StaleOwnerError
from collector.state.shared_folder import SharedFolder
from collector.state.sqlite import SqliteCheckpointStore
from collector.state.sqlite_sharing import SharedSqliteCheckpointStore

NAMES = {
    "fully_qualified_namespace": "ns.servicebus.windows.net",
    "eventhub_name": "hub",
    "consumer_group": "$Default",
}
FIRST, SECOND = 1, 2
HOUR_S = 3600.0

type Open = Callable[[int], SharedSqliteCheckpointStore]


def place(partition: str = "0") -> dict[str, Any]:
    return NAMES | {"partition_id": partition}


def checkpoint(sequence_number: int, partition: str = "0") -> dict[str, Any]:
    return place(partition) | {"offset": str(sequence_number * 64), "sequence_number": sequence_number}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[SharedFolder]:
    held = SharedFolder(tmp_path)
    yield held
    held.close()


@pytest.fixture
def open_store(folder: SharedFolder, tmp_path: Path) -> Iterator[Open]:
    """Opens the store as one of the workers of the folder does."""
    del folder
    opened: list[SharedSqliteCheckpointStore] = []

    def open_one(worker: int) -> SharedSqliteCheckpointStore:
        opened.append(SharedSqliteCheckpointStore(tmp_path, worker))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


async def owners(store: SharedSqliteCheckpointStore) -> dict[str, str]:
    return {each["partition_id"]: each["owner_id"] for each in await store.list_ownership(**NAMES)}


async def claim(store: SharedSqliteCheckpointStore, owner: str, partition: str = "0") -> bool:
    """Claim by what is listed now, as the SDK does; return whether it was granted."""
    listed = [each for each in await store.list_ownership(**NAMES) if each["partition_id"] == partition]
    wanted = (listed[0] if listed else place(partition)) | {"owner_id": owner}
    return bool(list(await store.claim_ownership([wanted])))


async def reached(store: SharedSqliteCheckpointStore) -> list[int]:
    return [each["sequence_number"] for each in await store.list_checkpoints(**NAMES)]


async def test_of_two_claims_of_a_free_partition_one_is_granted(open_store: Open) -> None:
    one, other = open_store(FIRST), open_store(SECOND)
    [granted] = await one.claim_ownership([place() | {"owner_id": "a"}])
    assert granted["etag"]
    assert not list(await other.claim_ownership([place() | {"owner_id": "b"}]))
    assert await owners(other) == {"0": "a"}


async def test_of_two_claims_of_an_owned_partition_that_saw_the_same_one_is_granted(open_store: Open) -> None:
    owner, one, other = open_store(FIRST), open_store(SECOND), open_store(3)
    await claim(owner, "a")
    [seen] = await one.list_ownership(**NAMES)
    assert list(await one.claim_ownership([seen | {"owner_id": "b"}]))
    assert not list(await other.claim_ownership([seen | {"owner_id": "c"}]))
    assert await owners(owner) == {"0": "b"}


async def test_who_lost_a_partition_cannot_write_its_checkpoint(open_store: Open) -> None:
    former, thief = open_store(FIRST), open_store(SECOND)
    await claim(former, "a")
    await former.update_checkpoint(checkpoint(5))
    await claim(thief, "b")
    with pytest.raises(StaleOwnerError):
        await former.update_checkpoint(checkpoint(9))
    assert await reached(thief) == [5]
    await thief.update_checkpoint(checkpoint(7))
    assert await reached(thief) == [7]


async def test_who_never_owned_a_partition_cannot_write_its_checkpoint(open_store: Open) -> None:
    with pytest.raises(StaleOwnerError):
        await open_store(FIRST).update_checkpoint(checkpoint(1))


async def test_what_a_worker_owned_is_free_once_its_end_is_told(folder: SharedFolder, open_store: Open) -> None:
    dead, living = open_store(FIRST), open_store(SECOND)
    await claim(dead, "a", "0")
    await claim(living, "b", "1")
    folder.free(FIRST)
    assert await owners(living) == {"0": "", "1": "b"}
    assert await claim(living, "b", "0")


async def test_what_is_released_is_free(open_store: Open) -> None:
    store = open_store(FIRST)
    for partition in ("0", "1"):
        await claim(store, "a", partition)
    await claim(store, "b", "2")
    store.release(["a"])
    assert await owners(store) == {"0": "", "1": "", "2": "b"}


async def test_a_claim_that_is_young_is_not_written_again_and_an_older_one_is(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(FIRST)
    await claim(store, "a")
    [before] = await store.list_ownership(**NAMES)
    assert await claim(store, "a")
    assert [each["etag"] for each in await store.list_ownership(**NAMES)] == [before["etag"]]
    later = before["last_modified_time"] + 11
    monkeypatch.setattr("collector.state.sqlite_sharing.time.time", lambda: later)
    await store.claim_ownership([before])
    assert [each["etag"] for each in await store.list_ownership(**NAMES)] != [before["etag"]]


async def test_a_clock_of_the_day_that_is_set_makes_no_claim_older(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(FIRST)
    await claim(store, "a")
    [before] = await store.list_ownership(**NAMES)
    now = before["last_modified_time"] + HOUR_S
    monkeypatch.setattr("collector.state.sqlite_sharing.time.time", lambda: now)
    [after] = await store.list_ownership(**NAMES)
    assert now - after["last_modified_time"] < HOUR_S / 2


async def test_former_owners_are_forgotten_and_checkpoints_are_kept_at_the_next_start(tmp_path: Path) -> None:
    folder = SharedFolder(tmp_path)
    store = SharedSqliteCheckpointStore(tmp_path, FIRST)
    await claim(store, "a")
    await store.update_checkpoint(checkpoint(5))
    store.close()
    folder.close()
    folder = SharedFolder(tmp_path)
    store = SharedSqliteCheckpointStore(tmp_path, FIRST)
    assert (await owners(store), await reached(store)) == ({}, [5])
    store.close()
    folder.close()


def test_a_folder_that_is_shared_is_nobody_elses_and_the_other_way_round(folder: SharedFolder, tmp_path: Path) -> None:
    with pytest.raises(StateInUseError):
        SqliteCheckpointStore(tmp_path)
    folder.close()
    alone = SqliteCheckpointStore(tmp_path)
    with pytest.raises(StateInUseError):
        SharedFolder(tmp_path)
    alone.close()
