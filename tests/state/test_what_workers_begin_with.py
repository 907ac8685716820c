"""Workers that begin together share the partitions out at once, and take none from each other.

Who claims what is decided by the Azure SDK's own balancing, on the real stores.
"""

from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, closing
from itertools import pairwise, permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from azure.eventhub import LoadBalancingStrategy
from azure.eventhub.aio._eventprocessor._ownership_manager import OwnershipManager
from azure.storage.blob.aio import ContainerClient
from plugins.azurite import Azurite

from collector.inputs.event_hub.beginning import Beginning, Part
from collector.inputs.event_hub.recreation import CurrentCheckpoints
from collector.state.blob import FencedBlobCheckpointStore
from collector.state.shared_folder import SharedFolder
from collector.state.sqlite_sharing import SharedSqliteCheckpointStore

HOST, HUB, GROUP = "ns.servicebus.windows.net", "hub", "$Default"
EXPIRY_S = 40.0
AFTER_THE_BEGINNING = 21.0
STRANGER = 9


class TellingHub:
    """Tells of a hub what the SDK asks before it claims."""

    def __init__(self, partitions: int) -> None:
        self.partitions = [str(number) for number in range(partitions)]
        self.eventhub_name = HUB
        self._address = SimpleNamespace(hostname=HOST)

    async def get_partition_ids(self) -> list[str]:
        return self.partitions


def manage(
    store: SharedSqliteCheckpointStore | FencedBlobCheckpointStore, beginning: Beginning | None, partitions: int
) -> OwnershipManager:
    """Return what the SDK makes for each process that reads a hub."""
    hub: Any = TellingHub(partitions)
    shown = CurrentCheckpoints(store, beginning)
    shown.look_at(hub)
    return OwnershipManager(hub, GROUP, uuid4().hex, shown, EXPIRY_S, LoadBalancingStrategy.GREEDY, None)


class Balance:
    """Workers of one data folder, each with the SDK's own manager of ownerships."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.held = SharedFolder(folder)
        self._folder = folder
        self.stores: list[SharedSqliteCheckpointStore] = []

    def open(self, number: int, workers: int, partitions: int) -> OwnershipManager:
        """Begin one of several workers, or a collector that runs alone."""
        store = SharedSqliteCheckpointStore(self._folder, number)
        self.stores.append(store)
        beginning = Beginning(Part(number, workers), lambda: self.now) if workers > 1 else None
        return manage(store, beginning, partitions)

    def close(self) -> None:
        for store in self.stores:
            store.close()
        self.held.close()


@pytest.fixture
def balance(tmp_path: Path) -> Iterator[Balance]:
    with closing(Balance(tmp_path)) as opened:
        yield opened


def sizes(shares: Sequence[list[str]]) -> list[int]:
    return sorted(len(each) for each in shares)


@pytest.mark.parametrize(
    ("workers", "partitions", "expected"),
    [(2, 4, [2, 2]), (2, 1, [0, 1]), (2, 5, [2, 3]), (3, 32, [10, 11, 11]), (4, 32, [8] * 4), (4, 2, [0, 0, 1, 1])],
)
async def test_after_one_look_each_has_its_part_whoever_looks_first_and_further_looks_change_nothing(
    tmp_path: Path, workers: int, partitions: int, expected: list[int]
) -> None:
    for number, order in enumerate(permutations(range(workers))):
        rounds: list[list[list[str]]] = []
        with closing(Balance(tmp_path / str(number))) as balance:
            managers = [balance.open(worker + 1, workers, partitions) for worker in range(workers)]
            for _ in range(3):
                shares = {worker: sorted(await managers[worker].claim_ownership()) for worker in order}
                rounds.append([shares[worker] for worker in range(workers)])
        assert sizes(rounds[0]) == expected
        assert {each for share in rounds[0] for each in share} == {str(each) for each in range(partitions)}
        assert all(before == after for before, after in pairwise(rounds))


async def test_a_worker_that_looks_while_another_is_still_claiming_takes_nothing_of_its_part(balance: Balance) -> None:
    second = balance.open(2, 2, 4)
    claim = {"fully_qualified_namespace": HOST, "eventhub_name": HUB, "consumer_group": GROUP, "partition_id": "0"}
    await balance.stores[0].claim_ownership([claim | {"owner_id": "the first"}])
    assert sorted(await second.claim_ownership()) == ["1", "3"]


async def test_what_a_worker_that_never_came_would_have_read_is_read_by_the_others_after_the_beginning(
    balance: Balance,
) -> None:
    first, second = balance.open(1, 3, 6), balance.open(2, 3, 6)
    assert sizes([await first.claim_ownership(), await second.claim_ownership()]) == [2, 2]
    balance.now = AFTER_THE_BEGINNING
    await first.claim_ownership()
    assert sizes([await second.claim_ownership(), await first.claim_ownership()]) == [3, 3]


async def test_what_a_worker_leaves_behind_is_read_on_at_once(balance: Balance) -> None:
    first, second = balance.open(1, 2, 4), balance.open(2, 2, 4)
    assert sizes([await first.claim_ownership(), await second.claim_ownership()]) == [2, 2]
    await first.claim_ownership()
    balance.held.free(2)
    assert len(await first.claim_ownership()) == 4


async def test_a_worker_that_is_begun_anew_takes_its_share_back(balance: Balance) -> None:
    first = balance.open(1, 2, 4)
    await first.claim_ownership()
    balance.now = AFTER_THE_BEGINNING
    assert len(await first.claim_ownership()) == 4
    successor = balance.open(2, 2, 4)
    for _ in range(2):  # the SDK takes one at a time
        await successor.claim_ownership()
    assert sizes([await first.claim_ownership(), await successor.claim_ownership()]) == [2, 2]


async def test_what_a_stranger_gives_back_meanwhile_is_read_on_at_once(balance: Balance) -> None:
    stranger = balance.open(STRANGER, 1, 4)
    assert len(await stranger.claim_ownership()) == 4
    first, second = balance.open(1, 2, 4), balance.open(2, 2, 4)
    assert [len(await each.claim_ownership()) for each in (first, second)] == [1, 1]
    balance.held.free(STRANGER)
    assert [len(await each.claim_ownership()) for each in (first, second)] == [2, 2]


@pytest.mark.azurite
async def test_what_former_workers_have_given_back_is_divided_too(azurite: Azurite) -> None:
    """In a container an entry stays behind, without a name."""
    name = f"c{uuid4().hex}"
    for _ in range(2):
        async with AsyncExitStack() as stack:
            stores: list[FencedBlobCheckpointStore] = []
            for _ in range(2):
                client = ContainerClient.from_connection_string(azurite.connection_string, name)
                stores.append(FencedBlobCheckpointStore(await stack.enter_async_context(client)))
                await stores[-1].ensure_container()
            workers = [manage(store, Beginning(Part(number, 2)), 4) for number, store in enumerate(stores, start=1)]
            assert [sorted(await each.claim_ownership()) for each in workers] == [["0", "2"], ["1", "3"]]
            for store in stores:
                await store.release()
