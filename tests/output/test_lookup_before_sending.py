"""Promise D6 at the output: what may be there already is looked up in every backing index that can hold it."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web
from output.delivery_rig import NOON, Build, Rig, body_of, record
from output.rolling_server import RollingServer, rolling
from plugins.bulk_server import BulkServer, refuse, reset_after_storing

from collector.delivery.acknowledgement import Lane
from collector.events import Position
from collector.output.elasticsearch.replay_window import ReplayWindow

RECORDS = 10
SIZE_OF_A_RECORD = len('{"n":0}')


@pytest.fixture
async def server() -> AsyncIterator[RollingServer]:
    async with rolling(RollingServer()) as server:
        yield server


@pytest.fixture
async def rig(server: RollingServer, build: Build) -> Rig:
    return build(server)


def begin_a_claim(rig: Rig, window: ReplayWindow) -> None:
    """Go on as the next reader of the partition does: from its start, with a lane of its own."""
    rig.lane = Lane("0", window)
    rig.counters.events = 0


async def feed_again(rig: Rig) -> None:
    """Hand out the first events once more, as the SDK may after a reconnect of its own."""
    for number in range(RECORDS):
        one = record(number)
        await rig.intake.accept(rig.lane, Position(str(number), number, NOON), body_of(one), [one])


async def test_what_an_earlier_reader_wrote_before_a_rollover_is_found_and_not_sent(
    rig: Rig, server: RollingServer
) -> None:
    rig.feed_records(RECORDS)
    await rig.settle()
    server.roll_over(NOON + timedelta(minutes=1))
    begin_a_claim(rig, ReplayWindow())
    sent = len(server.requests)
    rig.feed_records(RECORDS)
    await rig.settle()

    assert len(server.requests) == sent
    assert (rig.counters.already_there, rig.counters.found_by_lookup) == (RECORDS, RECORDS)
    assert [index for index, _ in server.looked_up] == [server.index(1), server.index(0)]


async def test_an_index_that_was_full_before_the_record_was_enqueued_is_not_asked(
    rig: Rig, server: RollingServer
) -> None:
    server.roll_over(NOON - timedelta(hours=3))
    server.roll_over(NOON - timedelta(hours=2))
    server.roll_over(NOON - timedelta(minutes=30))  # clocks may differ by more than that
    begin_a_claim(rig, ReplayWindow())
    rig.feed_records(RECORDS)
    await rig.settle()

    assert [index for index, _ in server.looked_up] == [server.index(3), server.index(2)]
    assert rig.counters.indexed == RECORDS


async def test_outside_the_window_nothing_is_asked(rig: Rig, server: RollingServer) -> None:
    window = ReplayWindow()
    window.end_at(3)
    begin_a_claim(rig, window)
    rig.feed_records(RECORDS)
    await rig.settle()
    rig.feed_records(RECORDS)
    await rig.settle()

    assert [len(ids) for _, ids in server.looked_up] == [4]
    assert not window.open


async def test_the_window_ends_when_more_was_nowhere_than_an_earlier_reader_can_have_had_under_way(
    rig: Rig, server: RollingServer
) -> None:
    window = ReplayWindow()
    window.end_at(10**6, absent_limit=2 * RECORDS * SIZE_OF_A_RECORD)
    begin_a_claim(rig, window)
    for _ in range(6):
        rig.feed_records(RECORDS)
        await rig.settle()

    assert len(server.looked_up) == 3
    assert rig.counters.indexed == 6 * RECORDS


async def test_a_request_without_an_answer_is_looked_up_before_it_is_sent_again(
    rig: Rig, server: RollingServer
) -> None:
    async def store_and_roll_over(bulk_server: BulkServer, request: web.Request) -> web.StreamResponse:
        response = await reset_after_storing(bulk_server, request)
        server.roll_over(NOON + timedelta(minutes=1))
        return response

    server.faults.append(store_and_roll_over)
    rig.feed_records(RECORDS)
    await rig.settle()

    assert set(server.copies().values()) == {1}
    assert (rig.counters.already_there, len(server.requests)) == (RECORDS, 1)


@pytest.mark.parametrize("status", [429, 403])
async def test_what_was_certainly_not_written_is_sent_again_without_a_look_up(
    rig: Rig, server: RollingServer, status: int
) -> None:
    server.faults.append(refuse(status))
    rig.feed_records(RECORDS)
    await rig.settle()

    assert (server.looked_up, rig.counters.indexed) == ([], RECORDS)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_look_up_that_fails_is_made_again_and_nothing_is_sent_before(
    rig: Rig, server: RollingServer, status: int
) -> None:
    rig.feed_records(RECORDS)
    await rig.settle()
    server.roll_over(NOON + timedelta(minutes=1))
    begin_a_claim(rig, ReplayWindow())
    server.refusals.extend([status] * 5)
    rig.feed_records(RECORDS)
    await rig.settle()

    assert set(server.copies().values()) == {1}
    assert rig.counters.failed_requests == 5


async def test_without_the_right_to_look_records_are_sent_unseen_and_that_is_said_once(
    rig: Rig, server: RollingServer, caplog: pytest.LogCaptureFixture
) -> None:
    begin_a_claim(rig, ReplayWindow())
    server.refusals.extend([403] * 5)
    for _ in range(3):
        rig.feed_records(RECORDS)
        await rig.settle()

    assert rig.counters.indexed == 3 * RECORDS
    assert len(server.refusals) == 4  # it is not asked again for a minute
    (said,) = [entry for entry in caplog.records if entry.levelno == logging.ERROR]
    assert "read and view_index_metadata" in vars(said)["error.message"]


async def test_what_is_unsent_of_a_lost_partition_is_looked_up_because_its_next_owner_writes_it(
    rig: Rig, server: RollingServer
) -> None:
    rig.feed_records(RECORDS)
    await rig.settle()
    server.roll_over(NOON + timedelta(minutes=1))
    begin_a_claim(rig, ReplayWindow.closed())
    rig.lane.revoke()
    rig.feed_records(RECORDS)
    await rig.settle()

    assert set(server.copies().values()) == {1}


async def test_an_event_that_comes_twice_in_one_session_is_written_once(rig: Rig, server: RollingServer) -> None:
    rig.feed_records(RECORDS)
    await feed_again(rig)  # while all of them are under way
    await rig.settle()
    assert (rig.counters.received, rig.counters.indexed) == (RECORDS, RECORDS)

    server.roll_over(NOON + timedelta(minutes=1))
    await feed_again(rig)  # when all of them are settled
    rig.counters.events = RECORDS
    await rig.settle()
    assert (rig.counters.received, rig.counters.already_there) == (2 * RECORDS, RECORDS)
    assert set(server.copies().values()) == {1}
