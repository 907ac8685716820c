"""Promise D2: a checkpoint never passes the first unsettled record, whatever the order of settling."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.delivery.acknowledgement import EventTicket, Lane, SettledTwiceError
from collector.events import Position

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ORDERS = 12_000


def at(sequence_number: int) -> Position:
    return Position(str(sequence_number * 64), sequence_number, NOON)


def ignore() -> None: ...


class LaneModel:
    """The lane as the promise describes it, as plainly as can be."""

    def __init__(self, records_of_events: list[tuple[int, int]]) -> None:
        self.events = records_of_events
        self.unsettled = [records for _, records in records_of_events]
        self.entered = 0

    def prefix(self) -> int | None:
        """The highest sequence number that was ever behind no unsettled record, counted in the order of entering."""
        done = []
        for (sequence_number, _), left in zip(self.events[: self.entered], self.unsettled, strict=False):
            if left:
                break
            done.append(sequence_number)
        return max(done, default=None)


def run_random_order(seed: int) -> None:
    chance = random.Random(seed)
    sequence_number, events = 0, []
    for _ in range(chance.randint(1, 7)):
        again = chance.random() < 0.2 and sequence_number > 0
        sequence_number = max(0, sequence_number - chance.randint(0, 2)) if again else sequence_number + 1
        events.append((sequence_number, chance.choice([0, 1, 1, 2, 3, 5])))
    model, lane, tickets = LaneModel(events), Lane("0"), list[EventTicket]()
    pending: list[int] = []
    seen = list[int]()
    while model.entered < len(events) or pending:
        if model.entered < len(events) and (not pending or chance.random() < 0.5):
            number, records = events[model.entered]
            tickets.append(lane.open(at(number), records, ignore))
            pending += [model.entered] * records
            model.entered += 1
        else:
            event = pending.pop(chance.randrange(len(pending)))
            tickets[event].settle()
            model.unsettled[event] -= 1
        found = lane.prefix.sequence_number if lane.prefix else None
        assert found == model.prefix(), f"seed {seed}"
        if found is not None:
            seen.append(found)
    assert seen == sorted(seen), f"seed {seed}: the checkpoint moved backwards"
    assert seen[-1] == max(number for number, _ in events), f"seed {seed}"
    assert lane.unsettled_records == 0, f"seed {seed}"


def test_no_random_order_of_settling_lets_the_prefix_pass_an_unsettled_record() -> None:
    for seed in range(ORDERS):
        run_random_order(seed)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_prefix_ends_at_the_last_event_when_all_is_settled(records: list[int], chance: random.Random) -> None:
    lane = Lane("0")
    settles = [
        ticket.settle
        for number, count in enumerate(records)
        for ticket in [lane.open(at(number), count, ignore)]
        for _ in range(count)
    ]
    chance.shuffle(settles)
    for settle in settles:
        settle()

    assert lane.prefix == at(len(records) - 1)


def test_an_event_is_done_only_when_its_last_record_is_settled() -> None:
    lane = Lane("0")
    ticket = lane.open(at(1), 3, ignore)
    ticket.settle()
    ticket.settle()
    assert (ticket.done, lane.prefix) == (False, None)

    ticket.settle()
    assert (ticket.done, lane.prefix) == (True, at(1))


def test_an_event_whose_records_come_in_steps_is_done_only_when_they_have_all_come() -> None:
    lane = Lane("0")
    ticket = lane.begin(at(1))
    ticket.expect(1)
    ticket.settle()
    ticket.expect(2)
    ticket.settle()
    ticket.settle()
    assert (ticket.done, lane.prefix, lane.unsettled_records) == (False, None, 0)

    ticket.close()
    assert (ticket.done, lane.prefix) == (True, at(1))


def test_the_last_record_may_be_settled_after_all_have_come() -> None:
    lane = Lane("0")
    ticket = lane.begin(at(1))
    ticket.expect(1)
    ticket.close()
    assert (ticket.done, lane.prefix) == (False, None)

    ticket.settle()
    assert (ticket.done, lane.prefix) == (True, at(1))


def test_a_later_event_waits_for_an_earlier_one() -> None:
    lane = Lane("0")
    first, second = lane.open(at(1), 1, ignore), lane.open(at(2), 1, ignore)
    second.settle()
    assert lane.prefix is None

    first.settle()
    assert lane.prefix == at(2)


def test_an_empty_event_behind_an_unsettled_one_waits_too() -> None:
    lane = Lane("0")
    first = lane.open(at(1), 1, ignore)
    lane.open(at(2), 0, ignore)
    assert lane.prefix is None

    first.settle()
    assert lane.prefix == at(2)


def test_an_event_delivered_again_never_sets_the_prefix_back() -> None:
    lane = Lane("0")
    for number in (1, 2, 1):
        lane.open(at(number), 1, ignore).settle()

    assert lane.prefix == at(2)


@pytest.mark.parametrize("records", [0, 1, 2])
def test_settling_more_often_than_there_are_records_raises(records: int) -> None:
    ticket = Lane("0").open(at(1), records, ignore)
    for _ in range(records):
        ticket.settle()

    with pytest.raises(SettledTwiceError):
        ticket.settle()


@pytest.mark.parametrize("records", [0, 1, 3])
def test_the_end_of_an_event_is_said_exactly_once(records: int) -> None:
    ends: list[int] = []
    ticket = Lane("0").open(at(1), records, lambda: ends.append(1))
    for _ in range(records):
        assert ends == []
        ticket.settle()

    assert ends == [1]


def test_a_checkpoint_is_due_until_it_is_written_and_again_when_the_prefix_moves() -> None:
    lane, first = Lane("0"), at(1)
    assert lane.checkpoint_due is None
    lane.open(first, 0, ignore)
    assert lane.checkpoint_due is first
    lane.checkpoint_written(first)
    assert lane.checkpoint_due is None
    lane.open(at(2), 0, ignore)
    assert lane.checkpoint_due == at(2)


def test_a_revoked_lane_never_has_a_checkpoint_due() -> None:
    lane = Lane("0")
    ticket = lane.open(at(1), 1, ignore)
    lane.revoke()
    ticket.settle()
    lane.open(at(2), 0, ignore)

    assert (lane.revoked, lane.checkpoint_due) == (True, None)
