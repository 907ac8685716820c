"""Who polls and when: the reader's turns, with neighbours that a test holds in its hand."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError

from collector.inputs.azure_metrics.discovery import Found
from collector.inputs.azure_metrics.ports import Document, OvertakenError
from collector.inputs.azure_metrics.reader import MetricsReader
from collector.inputs.azure_metrics.refusals import Cause, refuse
from collector.inputs.azure_metrics.resources import Resource
from collector.inputs.azure_metrics.stocktaking import Stocktaking
from collector.policy.azure_resources import ONLINE_DEPLOYMENTS

ACCOUNT = Resource("/subscriptions/s/resourceGroups/g/providers/p/accounts/a", "p/accounts", "eastus")
BLUE = Resource("/subscriptions/s/resourceGroups/g/providers/p/deployments/blue", ONLINE_DEPLOYMENTS, "eastus")


class Neighbours:
    """Discovery, source, sink, targets, clients, poller and lease in one."""

    def __init__(self) -> None:
        self.rounds = 0
        self.loads = 0
        self.closed = 0
        self.released = 0
        self.in_doubt = False
        self.troubles = ()
        self.last_success_at = None
        self.reports: list[Exception] = []
        self.failure: Exception | None = None
        self.listing_failure: Exception | None = None
        self.lease_is_ours = True
        self.attempts = 0
        self.listings = 0

    @property
    def held(self) -> bool:
        return self.lease_is_ours

    async def acquire(self) -> bool:
        self.attempts += 1
        return self.lease_is_ours

    renew = acquire

    async def release(self) -> None:
        self.released += 1

    async def find(self) -> list[Found]:
        self.listings += 1
        if self.listing_failure is not None:
            raise self.listing_failure
        return [Found(ACCOUNT, {}), Found(BLUE, {"name": "blue"})]

    async def match(self, found: list[Found]) -> list[Found]:
        return found

    def aim(self, targets: object) -> None:
        pass

    async def load(self) -> None:
        self.loads += 1

    async def round(self) -> None:
        if self.failure is not None:
            raise self.failure
        self.rounds += 1

    async def close(self) -> None:
        self.closed += 1


class Shelf:
    """Takes the inventory, fails with it, or never comes to an end."""

    def __init__(self, failure: Exception | None = None, *, stuck: bool = False) -> None:
        self.in_doubt = False
        self.doubts: list[bool] = []
        self.failure = failure
        self.stuck = stuck
        self.deliveries = 0

    async def deliver(self, documents: Sequence[Document]) -> None:
        self.doubts.append(self.in_doubt)
        self.deliveries += len(documents)
        if self.failure is not None:
            raise self.failure
        if self.stuck:
            await asyncio.Event().wait()


@pytest.fixture
def neighbours() -> Neighbours:
    return Neighbours()


@pytest.fixture
async def start(neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., MetricsReader]]:
    """Start a reader whose pauses between attempts are too short to be waited for."""
    module = "collector.inputs.azure_metrics.reader"
    for name in ("ATTEMPT_SECONDS", "_SECONDS_BEFORE_ANOTHER_LISTING"):
        monkeypatch.setattr(f"{module}.{name}", 0.001)
    monkeypatch.setattr(f"{module}.Targets", lambda *_args, **_keys: neighbours)
    tasks: list[asyncio.Task[None]] = []
    pass_minutes = iter(range(0, 10**9, 60)).__next__

    def begin(*, shared: bool = False, inventory: Shelf | None = None) -> MetricsReader:
        it: Any = neighbours
        shelf: Any = inventory
        taking = Stocktaking(it, shelf, stream="metrics", interval=60, clock=pass_minutes) if inventory else None
        lease = it if shared else None
        reader = MetricsReader(
            "metrics",
            it,
            discovery=it,
            source=it,
            sink=it,
            make_poller=lambda: it,
            period=0.001,
            refresh=0.001,
            stocktaking=taking,
            lease=lease,
        )
        tasks.append(asyncio.create_task(reader.run()))
        return reader

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the reader tells nobody
            await asyncio.sleep(0.001)


async def test_it_polls_round_after_round_until_the_stop(
    neighbours: Neighbours, start: Callable[..., MetricsReader]
) -> None:
    reader = start()
    await until(lambda: neighbours.rounds > 2)
    await reader.pause()
    rounds = neighbours.rounds
    await reader.close()
    assert neighbours.rounds == rounds
    assert (neighbours.loads, reader.resources) == (1, 2)
    assert all(trouble.what is None for trouble in reader.troubles)


async def test_whoever_has_no_lease_asks_azure_nothing(
    neighbours: Neighbours, start: Callable[..., MetricsReader]
) -> None:
    neighbours.lease_is_ours = False
    reader = start(shared=True)
    await until(lambda: neighbours.attempts > 5)
    assert (neighbours.loads, neighbours.rounds, reader.poller) == (0, 0, None)
    neighbours.lease_is_ours = True
    await until(lambda: neighbours.rounds > 0)


async def test_a_lease_that_is_lost_ends_polling_and_the_next_turn_loads_anew(
    neighbours: Neighbours, start: Callable[..., MetricsReader]
) -> None:
    reader = start(shared=True)
    await until(lambda: neighbours.rounds > 0)
    neighbours.lease_is_ours = False
    await until(lambda: reader.poller is None)
    neighbours.lease_is_ours = True
    await until(lambda: neighbours.loads == 2)


async def test_a_collector_that_was_overtaken_begins_with_the_state_of_the_other(
    neighbours: Neighbours, start: Callable[..., MetricsReader]
) -> None:
    reader = start()
    await until(lambda: neighbours.rounds > 0)
    neighbours.failure = OvertakenError()
    await until(lambda: neighbours.loads > 1)
    neighbours.failure = None
    rounds = neighbours.rounds
    await until(lambda: neighbours.rounds > rounds)
    assert all(trouble.what is None for trouble in reader.troubles)


async def test_storage_that_fails_is_a_trouble_that_ends(
    neighbours: Neighbours, start: Callable[..., MetricsReader]
) -> None:
    reader = start()
    await until(lambda: neighbours.rounds > 0)
    neighbours.failure = ServiceRequestError("no storage")
    await until(lambda: any(trouble.grave for trouble in reader.troubles))
    neighbours.failure = None
    await until(lambda: all(trouble.what is None for trouble in reader.troubles))


async def test_a_listing_that_fails_is_tried_again(neighbours: Neighbours, start: Callable[..., MetricsReader]) -> None:
    neighbours.listing_failure = refuse(Cause.MISSING_ROLE)
    reader = start()
    await until(lambda: any("Monitoring Reader" in trouble.reason for trouble in reader.troubles))
    assert neighbours.rounds == 0
    neighbours.listing_failure = None
    await until(lambda: neighbours.rounds > 0)


async def test_an_answer_that_nobody_expected_ends_neither_listing_nor_polling(
    neighbours: Neighbours, start: Callable[..., MetricsReader]
) -> None:
    reader = start()
    await until(lambda: neighbours.rounds > 0)
    neighbours.listing_failure = KeyError("id")
    await until(lambda: any("KeyError" in trouble.reason for trouble in reader.troubles))
    rounds = neighbours.rounds
    await until(lambda: neighbours.rounds > rounds)
    neighbours.listing_failure = None
    await until(lambda: all(trouble.what is None for trouble in reader.troubles))


@pytest.mark.parametrize("stuck", [False, True], ids=["failing", "stuck"])
async def test_an_inventory_that_cannot_be_sent_stops_neither_listing_nor_polling(
    stuck: bool, neighbours: Neighbours, start: Callable[..., MetricsReader]
) -> None:
    shelf = Shelf(None if stuck else KeyError("odd"), stuck=stuck)
    reader = start(inventory=shelf)
    await until(lambda: shelf.deliveries > 0)
    rounds, listings = neighbours.rounds, neighbours.listings
    await until(lambda: neighbours.rounds > rounds + 2 and neighbours.listings > listings + 2)
    await until(lambda: shelf.stuck or shelf.deliveries > 2)
    await reader.pause()
    assert all(trouble.what is None for trouble in reader.troubles)


async def test_the_inventory_is_sent_after_each_listing_by_whoever_polls(
    neighbours: Neighbours, start: Callable[..., MetricsReader]
) -> None:
    neighbours.lease_is_ours = False
    shelf = Shelf()
    reader = start(shared=True, inventory=shelf)
    await until(lambda: neighbours.attempts > 5)
    assert shelf.deliveries == 0
    neighbours.lease_is_ours = True
    await until(lambda: shelf.deliveries > 2)
    assert shelf.doubts[:3] == [True, False, False]  # an earlier poller may have sent the first
    neighbours.lease_is_ours = False
    await until(lambda: reader.poller is None)
    sent = shelf.deliveries
    attempts = neighbours.attempts
    await until(lambda: neighbours.attempts > attempts + 5)
    assert shelf.deliveries == sent


async def test_the_stop_gives_the_lease_back_and_stores_where_everything_stands(
    neighbours: Neighbours, start: Callable[..., MetricsReader]
) -> None:
    reader = start(shared=True)
    await until(lambda: neighbours.rounds > 0)
    await reader.pause()
    await reader.close()
    assert neighbours.released == 1
    assert neighbours.closed == 2  # the poller's state, and the connections
