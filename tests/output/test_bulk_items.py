"""Promise D7: each item of a mixed reply is in exactly one class, and only what may still succeed is sent again."""

from collections import Counter

import pytest
from output.delivery_rig import Build, Rig
from plugins.bulk_server import BulkServer, Reply, SentItem

MAPPING = {"type": "document_parsing_exception", "reason": "[1:2] failed to parse field [n]"}


class Script:
    """Replies by the sequence number of a record; some statuses only the first few times."""

    def __init__(self, *statuses: int, times: int = 1) -> None:
        self.statuses = statuses
        self.times = times
        self.seen: Counter[int] = Counter()

    def status_of(self, number: int) -> int:
        return self.statuses[number % len(self.statuses)]

    def __call__(self, item: SentItem) -> Reply | None:
        if item.is_dead_letter:
            return None
        status = self.status_of(item.sequence_number)
        self.seen[item.sequence_number] += 1
        if status == 201 or (status in {429, 500, 502, 503, 504, 299} and self.seen[item.sequence_number] > self.times):
            return None
        if status == 200:
            return {"status": 200, "result": "noop"}
        return {"status": status, "error": MAPPING if status == 400 else {"type": "some_exception", "reason": "so"}}


async def test_a_mixed_reply_of_1600_items_puts_each_into_one_class_and_sends_only_429_and_503_again(rig: Rig) -> None:
    rig.server.item_rule = script = Script(201, 409, 200, 400, 429, 503, 201, 201)
    rig.feed_records(1600)
    await rig.settle()

    counters = rig.counters
    assert (counters.indexed, counters.already_there) == (1000, 200)
    assert (counters.dropped, counters.dead_lettered) == (200, 200)
    again = {number for number, times in rig.server.times_sent().items() if times > 1}
    assert again == {number for number in range(1600) if script.status_of(number) in {429, 503}}
    assert [len(request) for request in rig.server.requests] == [1600, 600]
    assert len(rig.server.documents("logs-aoai.logs-default")) == 1000
    assert len(rig.server.documents("logs-aoai.deadletter-default")) == 200
    assert counters.dead_letter_reasons == {"document_parsing_exception": 200}


@pytest.mark.parametrize("status", [429, 502, 503, 504, 299])
async def test_what_may_still_succeed_is_sent_until_it_does(rig: Rig, status: int) -> None:
    rig.server.item_rule = Script(status, times=30)
    rig.feed_records(3)
    await rig.settle()

    assert (rig.counters.indexed, rig.server.times_sent()) == (3, {0: 31, 1: 31, 2: 31})


async def test_an_item_that_met_a_passing_500_is_indexed(rig: Rig) -> None:
    rig.server.item_rule = Script(500, times=2)
    rig.feed_records(2)
    await rig.settle()

    assert (rig.counters.indexed, rig.counters.dead_lettered) == (2, 0)


async def test_an_item_that_always_meets_a_500_becomes_a_dead_letter(rig: Rig) -> None:
    rig.server.item_rule = Script(500, 201, times=10**9)
    rig.feed_records(10)
    await rig.settle()

    assert (rig.counters.indexed, rig.counters.dead_lettered) == (5, 5)


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_stream_that_cannot_be_written_to_blocks_and_recovers(rig: Rig, status: int) -> None:
    rig.server.item_rule = Script(status)
    rig.feed_records(4)
    await rig.until(lambda: len(rig.server.requests) > 5)
    assert rig.trouble.what == "the data stream cannot be written to"
    assert (rig.counters.in_flight, rig.counters.settled) == (4, 0)

    rig.server.item_rule = lambda _: None
    await rig.settle()
    assert (rig.counters.indexed, rig.counters.dead_lettered, rig.trouble.what) == (4, 0, None)


async def test_a_document_in_the_failure_store_is_not_indexed_but_dead_lettered(rig: Rig) -> None:
    rig.server.item_rule = lambda item: {"status": 201, "failure_store": "used"} if item.sequence_number == 1 else None
    rig.feed_records(3)
    await rig.settle()

    assert (rig.counters.indexed, rig.counters.dead_lettered) == (2, 1)
    assert rig.counters.dead_letter_reasons == {"failure_store": 1}


async def test_a_replay_of_everything_adds_nothing_and_counts_as_already_there(rig: Rig, build: Build) -> None:
    rig.feed_records(100)
    await rig.settle()
    before = dict(rig.server.stored)
    again = build(rig.server)
    again.feed_records(100)
    await again.settle()

    assert (again.counters.already_there, again.counters.indexed) == (100, 0)
    assert rig.server.stored == before


async def test_many_bulks_under_way_at_once_settle_everything(bulk_server: BulkServer, build: Build) -> None:
    rig = build(bulk_server, workers=4, max_items=7)
    bulk_server.item_rule = Script(201, 429, 400, 503, 201)
    rig.feed_records(1000)
    await rig.settle()

    assert (rig.counters.indexed, rig.counters.dead_lettered) == (800, 200)
    assert len(bulk_server.stored) == 1000
