"""The local store: on disk at once, never backwards, one owner."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from collector.state.checkpoint_file import StateInUseError
from collector.state.sqlite import SqliteCheckpointStore

HOST, HUB, GROUP = "ns.servicebus.windows.net", "hub", "$Default"
PROCESS_LIMIT_S = 60


def checkpoint(sequence_number: int, partition: str = "0", **names: str) -> dict[str, Any]:
    return {
        "fully_qualified_namespace": HOST,
        "eventhub_name": HUB,
        "consumer_group": GROUP,
        "partition_id": partition,
        "offset": str(sequence_number * 64),
        "sequence_number": sequence_number,
    } | names


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteCheckpointStore]:
    made = SqliteCheckpointStore(tmp_path / "data")
    yield made
    made.close()


async def listed(store: SqliteCheckpointStore, *names: str) -> dict[str, tuple[str, int]]:
    found = await store.list_checkpoints(*(names or (HOST, HUB, GROUP)))
    return {entry["partition_id"]: (entry["offset"], entry["sequence_number"]) for entry in found}


async def test_a_checkpoint_is_listed_with_every_name_the_sdk_asks_for(store: SqliteCheckpointStore) -> None:
    await store.update_checkpoint(checkpoint(7))

    assert list(await store.list_checkpoints(HOST, HUB, GROUP)) == [checkpoint(7)]


async def test_checkpoints_survive_a_restart(store: SqliteCheckpointStore, tmp_path: Path) -> None:
    await store.update_checkpoint(checkpoint(7))
    store.close()
    again = SqliteCheckpointStore(tmp_path / "data")
    found = await listed(again)
    again.close()

    assert found == {"0": ("448", 7)}


async def test_the_time_of_the_hubs_creation_is_kept_with_a_checkpoint(store: SqliteCheckpointStore) -> None:
    stamped = checkpoint(7) | {"hub_created_ms": 1773133200123}
    await store.update_checkpoint(stamped)

    assert list(await store.list_checkpoints(HOST, HUB, GROUP)) == [stamped]


async def test_a_file_of_an_older_collector_is_read_on_and_written_to(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "checkpoints.sqlite", isolation_level=None)) as database:
        database.execute(
            "CREATE TABLE checkpoint (namespace TEXT NOT NULL, eventhub TEXT NOT NULL, consumer_group TEXT NOT NULL, "
            'partition_id TEXT NOT NULL, "offset" TEXT NOT NULL, sequence_number INTEGER NOT NULL, '
            "PRIMARY KEY (namespace, eventhub, consumer_group, partition_id)) WITHOUT ROWID"
        )
        database.execute("INSERT INTO checkpoint VALUES (?, ?, ?, '0', '448', 7)", (HOST, HUB, GROUP.lower()))
    for opened in range(2):
        with closing(SqliteCheckpointStore(tmp_path)) as store:
            assert await listed(store) == {"0": (str((7 + opened) * 64), 7 + opened)}
            await store.update_checkpoint(checkpoint(8 + opened) | {"hub_created_ms": opened})
    with closing(SqliteCheckpointStore(tmp_path)) as store:
        assert list(await store.list_checkpoints(HOST, HUB, GROUP)) == [checkpoint(9) | {"hub_created_ms": 1}]


async def test_a_checkpoint_never_moves_backwards(store: SqliteCheckpointStore) -> None:
    for number in (5, 9, 8, 9, 0):
        await store.update_checkpoint(checkpoint(number))

    assert await listed(store) == {"0": ("576", 9)}


async def test_partitions_groups_hubs_and_hosts_are_kept_apart(store: SqliteCheckpointStore) -> None:
    await store.update_checkpoint(checkpoint(1))
    await store.update_checkpoint(checkpoint(2, partition="1"))
    await store.update_checkpoint(checkpoint(3, consumer_group="other"))
    await store.update_checkpoint(checkpoint(4, eventhub_name="other"))
    await store.update_checkpoint(checkpoint(5, fully_qualified_namespace="other"))

    assert await listed(store) == {"0": ("64", 1), "1": ("128", 2)}
    assert await listed(store, HOST, HUB, "other") == {"0": ("192", 3)}
    assert await listed(store, HOST, "nobody's", GROUP) == {}


async def test_names_are_the_same_in_any_case(store: SqliteCheckpointStore) -> None:
    await store.update_checkpoint(checkpoint(1, eventhub_name="HUB", consumer_group="$DEFAULT"))
    await store.update_checkpoint(checkpoint(2, fully_qualified_namespace=HOST.upper()))

    assert await listed(store) == {"0": ("128", 2)}
    assert await listed(store, HOST.title(), "Hub", "$default") == {"0": ("128", 2)}


async def test_names_that_look_like_sql_are_only_names(store: SqliteCheckpointStore) -> None:
    name = "'; DROP TABLE checkpoint; --"
    await store.update_checkpoint(checkpoint(1, eventhub_name=name))

    assert await listed(store, HOST, name, GROUP) == {"0": ("64", 1)}


async def test_every_claim_is_granted_and_listed(store: SqliteCheckpointStore) -> None:
    wanted = {**checkpoint(0), "owner_id": "me"}
    [claimed] = await store.claim_ownership([wanted])
    [owned] = await store.list_ownership(HOST.upper(), HUB, GROUP)

    assert (claimed["owner_id"], owned["owner_id"], owned["partition_id"]) == ("me", "me", "0")
    assert await store.list_ownership(HOST, "other", GROUP) == []


def test_a_second_collector_on_the_same_folder_is_refused_with_advice(
    store: SqliteCheckpointStore, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    with pytest.raises(StateInUseError) as refused:
        SqliteCheckpointStore(folder)

    assert str(folder) in str(refused.value)
    assert "--data" in str(refused.value)


OPEN = "import sys; from pathlib import Path; from collector.state.sqlite import SqliteCheckpointStore as Store; "


def test_a_second_process_on_the_same_folder_is_refused(store: SqliteCheckpointStore, tmp_path: Path) -> None:
    code = OPEN + "Store(Path(sys.argv[1]))"
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "data")],
        capture_output=True,
        text=True,
        timeout=PROCESS_LIMIT_S,
        check=False,
    )

    assert ended.returncode != 0
    assert "StateInUseError: another collector works on" in ended.stderr


def write_and_die(folder: Path) -> int:
    """Write a checkpoint in a process that is killed right after; return how it ended."""
    code = OPEN + (
        "import asyncio, os, signal\n"
        f"asyncio.run(Store(Path(sys.argv[1])).update_checkpoint({checkpoint(7)!r}))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    return subprocess.run([sys.executable, "-c", code, str(folder)], timeout=PROCESS_LIMIT_S, check=False).returncode


async def test_a_checkpoint_survives_kill_9_right_after_it_was_written(tmp_path: Path) -> None:
    assert write_and_die(tmp_path) == -signal.SIGKILL
    store = SqliteCheckpointStore(tmp_path)
    found = await listed(store)
    store.close()

    assert found == {"0": ("448", 7)}


def test_the_folder_is_for_its_owner_only(store: SqliteCheckpointStore, tmp_path: Path) -> None:
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
