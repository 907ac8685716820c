"""The way in: counts, ids, and the bytes that come back when an event is done."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.delivery.acknowledgement import Lane, SettledTwiceError
from collector.delivery.budget import Budget
from collector.delivery.intake import Intake
from collector.events import (
    DataStream,
    Entry,
    Position,
    Record,
    RecordTexts,
    Reject,
    RejectReason,
    RepairedRecord,
    Source,
)
from collector.output.elasticsearch.encoding import StreamEncoder
from collector.output.elasticsearch.items import Item, Load, unfold
from collector.telemetry.counters import Counters

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SOURCE = Source("ns.servicebus.windows.net", "hub", "$Default")
A, B = Record('{"n":1}'), RepairedRecord('{"n":2}')
BAD = Reject(b"{", RejectReason.TRUNCATED, "it ends")


class Bench:
    """An intake whose items are settled by hand."""

    def __init__(self, limit: int = 100_000) -> None:
        self.items: list[Item] = []
        self.loads: list[Load] = []
        self.counters, self.budget, self.lane = Counters(), Budget(limit), Lane("0")
        encoder = StreamEncoder(SOURCE, DataStream("logs", "aoai.logs", "default"), (), preserve_original=False)
        self.intake = Intake(SOURCE, encoder, self, self.budget, self.counters)

    def add(self, load: Load) -> None:
        self.loads.append(load)
        self.items += unfold([load])

    async def take(self, *entries: Entry, number: int = 1, size: int = 100, lane: Lane | None = None) -> None:
        await self.intake.reserve(size)
        await self.intake.accept(lane or self.lane, Position(str(number), number, NOON), bytes(size), entries)

    async def take_texts(self, *texts: str) -> None:
        body = f'{{"records":[{",".join(texts)}]}}'.encode()
        await self.intake.reserve(len(body))
        await self.intake.accept(self.lane, Position("1", 1, NOON), body, RecordTexts(texts))

    def ids(self) -> list[str]:
        return [json.loads(item.lines.partition(b"\n")[0])["create"]["_id"] for item in self.items]


async def test_every_piece_of_an_event_becomes_one_item_with_an_id_of_its_own() -> None:
    bench = Bench()
    await bench.take(A, BAD, A, B)

    assert len(set(bench.ids())) == len(bench.items) == 4
    assert [item.dead_letter_reason for item in bench.items] == [None, "truncated", None, None]


async def test_the_same_event_read_again_makes_the_same_items() -> None:
    first, second = Bench(), Bench()
    for bench in (first, second):
        await bench.take(A, BAD, B)

    assert [item.lines for item in first.items] == [item.lines for item in second.items]


async def test_ids_are_made_from_the_bytes_as_received_whatever_became_of_them() -> None:
    first, repaired, other = Bench(), Bench(), Bench()
    await first.take(Record(B.text))
    await repaired.take(B)
    await other.take(B, size=99)

    assert first.ids() == repaired.ids() != other.ids()


async def test_what_comes_in_is_counted() -> None:
    bench = Bench()
    await bench.take(A, BAD, B)
    await bench.take(number=2)

    counters = bench.counters
    assert (counters.events, counters.empty_events) == (2, 1)
    assert (counters.received, counters.in_flight, counters.repaired) == (3, 3, 1)
    assert counters.balanced


async def test_the_bytes_come_back_when_the_last_record_is_settled_and_not_before() -> None:
    bench = Bench()
    await bench.take(A, B, size=70)
    taken = bench.budget.taken
    bench.items[0].settle()
    assert bench.budget.taken == taken >= 70

    bench.items[1].settle()
    assert bench.budget.taken == 0


async def test_a_small_body_of_many_records_takes_the_room_of_its_documents() -> None:
    bench = Bench()
    await bench.take(*[A] * 50, size=10)
    documents = sum(len(item.lines) for item in bench.items)
    assert documents <= bench.budget.taken <= 3 * documents
    for item in bench.items:
        item.settle()
    assert bench.budget.taken == 0


TINY = [Record(f'{{"n":{number}}}') for number in range(1000)]


async def test_an_event_larger_than_the_budget_comes_in_slices_as_there_is_room() -> None:
    bench, whole = Bench(), Bench(limit=10**9)
    await whole.take(*TINY)
    taking_in = asyncio.create_task(bench.take(*TINY))
    most, settled = 0, 0
    while not (taking_in.done() and settled == len(bench.items)):
        await asyncio.sleep(0)
        most = max(most, bench.budget.taken)
        assert bench.lane.prefix is None
        if settled < len(bench.items):
            bench.items[settled].settle()
            settled += 1
    await taking_in

    assert most <= 200_000  # twice the budget: what was let in for its body turned out to be larger once
    assert [item.lines for item in bench.items] == [item.lines for item in whole.items]
    assert (bench.budget.taken, bench.budget.records, bench.lane.unsettled_records) == (0, 0, 0)
    assert bench.lane.prefix is not None


@given(st.lists(st.integers(0, 40_000) | st.integers(0, 400), max_size=300))
def test_records_of_a_large_event_come_in_slices_of_bounded_size_and_all_in_order(lengths: list[int]) -> None:
    bench = Bench(limit=10**9)
    texts = [f'{{"n":{number},"t":"{"a" * length}"}}' for number, length in enumerate(lengths)]
    asyncio.run(bench.take_texts(*texts))

    documents = [json.loads(item.lines.splitlines()[1]) for item in bench.items]
    assert [document["message"] for document in documents] == texts
    assert len(set(bench.ids())) == len(texts)
    assert all(len(load.lines) <= 80 * 1024 for load in bench.loads if load.count > 1)
    for item in bench.items:
        item.settle()
    assert (bench.budget.taken, bench.budget.records, bench.lane.unsettled_records) == (0, 0, 0)


async def test_while_a_slice_waits_nothing_of_its_event_is_held_that_others_could_wait_for() -> None:
    """Or as many events as the budget holds bodies of would wait for each other, for ever."""
    bench = Bench()
    lanes = [Lane(str(number)) for number in range(4)]
    tasks = [asyncio.create_task(bench.take(*TINY, lane=lane, size=25_000)) for lane in lanes]
    settled = 0
    while not (all(task.done() for task in tasks) and settled == len(bench.items)):
        await asyncio.sleep(0)
        for item in bench.items[settled:]:
            item.settle()
            settled += 1

    assert settled == 4 * len(TINY)
    assert [lane.prefix is not None for lane in lanes] == [True] * 4


async def test_when_the_partition_is_lost_while_a_slice_waits_the_rest_stays_out() -> None:
    bench = Bench()
    taking_in = asyncio.create_task(bench.take(*TINY))
    await asyncio.sleep(0)
    came = len(bench.items)
    assert 0 < came < len(TINY)
    bench.lane.revoke()
    for item in list(bench.items):
        item.settle()
    await taking_in

    assert (len(bench.items), bench.budget.taken, bench.lane.checkpoint_due) == (came, 0, None)


async def test_documents_that_grow_in_writing_are_counted_as_large_as_they_are() -> None:
    bench = Bench(limit=10**9)
    await bench.take(Reject(b"\0" * 10_000, RejectReason.INVALID_JSON, "no"), size=10_000)

    assert bench.budget.taken >= len(bench.items[0].lines) > 50_000


async def test_a_record_settled_twice_is_told_even_while_others_of_its_event_are_not() -> None:
    bench = Bench(limit=10**9)
    await bench.take(*TINY)
    of_one_slice = bench.items[0].settle
    for _ in range(sum(item.settle == of_one_slice for item in bench.items)):
        of_one_slice()
    with pytest.raises(SettledTwiceError):
        of_one_slice()

    assert bench.lane.prefix is None


async def test_an_event_without_records_holds_no_bytes_and_moves_the_prefix() -> None:
    bench = Bench()
    await bench.take(number=7)

    assert bench.budget.taken == 0
    assert bench.lane.prefix is not None
    assert bench.lane.prefix.sequence_number == 7


async def test_room_that_is_forgone_comes_back() -> None:
    bench = Bench()
    await bench.intake.reserve(400)
    bench.intake.forgo(400)

    assert bench.budget.taken == 0


COUNTS = st.integers(0, 10**6)


@given(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_accounts_balance_exactly_when_each_record_has_one_fate(
    indexed: int, there: int, dropped: int, dead: int, flying: int
) -> None:
    total = indexed + there + dropped + dead + flying
    fates = {"indexed": indexed, "already_there": there, "dropped": dropped, "dead_lettered": dead}

    assert Counters(received=total, in_flight=flying, **fates).balanced
    assert not Counters(received=total + 1, in_flight=flying, **fates).balanced
    assert Counters(**fates).settled == total - flying
