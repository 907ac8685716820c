"""When a checkpoint is written, over a real lane and a store that can be told to fail."""

import asyncio
from datetime import UTC, datetime

from collector.delivery.checkpointing import Checkpointer
from collector.events import Position
from collector.state.ownership import StaleOwnerError

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def at(sequence_number: int) -> Position:
    return Position(str(sequence_number), sequence_number, NOON)


def ignore() -> None: ...


class Store:
    """Notes what is written; fails as often as told."""

    def __init__(self, *failures: Exception) -> None:
        self.written: list[tuple[str, int]] = []
        self.failures = list(failures)

    async def write(self, partition: str, position: Position) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.written.append((partition, position.sequence_number))


def checkpointer(store: Store, interval: float = 5.0) -> Checkpointer:
    return Checkpointer(store.write, interval=interval)


async def test_nothing_is_written_when_nothing_moved() -> None:
    store = Store()
    keeper = checkpointer(store)
    lane = keeper.open_lane("0")
    await keeper.flush()
    lane.open(at(1), 0, ignore)
    await keeper.flush()
    await keeper.flush()

    assert store.written == [("0", 1)]


async def test_nothing_is_written_for_an_event_with_an_unsettled_record() -> None:
    store = Store()
    keeper = checkpointer(store)
    keeper.open_lane("0").open(at(1), 1, ignore)
    await keeper.flush()

    assert store.written == []


async def test_one_write_covers_all_that_moved_since_the_last() -> None:
    store = Store()
    keeper = checkpointer(store)
    lane = keeper.open_lane("0")
    for number in range(100):
        lane.open(at(number), 0, ignore)
    await keeper.flush()

    assert store.written == [("0", 99)]


async def test_a_failed_write_stays_due() -> None:
    store = Store(OSError("no space left"), TimeoutError())
    keeper = checkpointer(store)
    keeper.open_lane("0").open(at(1), 0, ignore)
    for _ in range(3):
        await keeper.flush()

    assert store.written == [("0", 1)]


async def test_one_partition_that_fails_does_not_hold_up_another() -> None:
    store = Store(OSError("unreachable"))
    keeper = checkpointer(store)
    for partition in ("0", "1"):
        keeper.open_lane(partition).open(at(1), 0, ignore)
    await keeper.flush()

    assert store.written == [("1", 1)]


async def test_a_write_that_hangs_is_given_up_stays_due_and_holds_up_no_other() -> None:
    store, hangs = Store(), [True]

    async def write(partition: str, position: Position) -> None:
        if partition == "0" and hangs:
            hangs.clear()
            await asyncio.Event().wait()
        await store.write(partition, position)

    keeper = Checkpointer(write, interval=5, longest_write=0)
    for partition in ("0", "1"):
        keeper.open_lane(partition).open(at(1), 0, ignore)
    await keeper.flush()
    assert store.written == [("1", 1)]
    await keeper.flush()

    assert store.written == [("1", 1), ("0", 1)]


async def test_a_stale_owner_loses_the_lane_and_writes_no_more() -> None:
    store = Store(StaleOwnerError())
    keeper = checkpointer(store)
    lane = keeper.open_lane("0")
    lane.open(at(1), 0, ignore)
    await keeper.flush()
    lane.open(at(2), 0, ignore)
    await keeper.flush()

    assert (store.written, lane.revoked, keeper.lane("0")) == ([], True, None)


async def test_a_partition_claimed_again_begins_afresh() -> None:
    store = Store()
    keeper = checkpointer(store)
    former = keeper.open_lane("0")
    ticket = former.open(at(9), 1, ignore)
    present = keeper.open_lane("0")
    present.open(at(5), 0, ignore)
    ticket.settle()
    await keeper.flush()

    assert (store.written, former.revoked, present.revoked) == ([("0", 5)], True, False)


async def test_a_late_refusal_of_a_former_lane_leaves_the_new_one_alone() -> None:
    written, answer = asyncio.Event(), asyncio.Event()

    async def write(_: str, position: Position) -> None:
        if position == at(1):
            written.set()
            await answer.wait()
            raise StaleOwnerError

    keeper = Checkpointer(write, interval=5)
    keeper.open_lane("0").open(at(1), 0, ignore)
    flush = asyncio.create_task(keeper.flush())
    await written.wait()
    present = keeper.open_lane("0")
    answer.set()
    await flush

    assert keeper.lane("0") is present
    assert not present.revoked


async def test_what_moves_during_a_write_is_due_afterwards() -> None:
    store = Store()
    keeper: Checkpointer

    async def write(partition: str, position: Position) -> None:
        if position == at(1):
            lane.open(at(2), 0, ignore)
        await store.write(partition, position)

    keeper = Checkpointer(write, interval=5)
    lane = keeper.open_lane("0")
    lane.open(at(1), 0, ignore)
    await keeper.flush()
    await keeper.flush()

    assert store.written == [("0", 1), ("0", 2)]


async def test_run_writes_by_itself_until_it_is_cancelled() -> None:
    written = asyncio.Event()

    async def write(_: str, __: Position) -> None:
        written.set()

    keeper = Checkpointer(write, interval=0)
    keeper.open_lane("0").open(at(1), 0, ignore)
    running = asyncio.create_task(keeper.run())
    await asyncio.wait_for(written.wait(), 10)
    running.cancel()
    await asyncio.wait([running])

    assert running.cancelled()
