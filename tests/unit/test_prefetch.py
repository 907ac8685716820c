"""Promise D14, before the budget: what partitions fetch ahead follows bytes, and never stops at nothing."""

import random

import pytest

from collector.inputs.event_hub.prefetch import Prefetch, Share

KIB, MIB = 1024, 1024 * 1024
EVENTS = 300


def shares(partitions: int, most_bytes: int = 32 * MIB) -> list[Share]:
    prefetch = Prefetch(most_bytes, EVENTS)
    for number in range(partitions):
        prefetch.open(str(number))
    return [prefetch.share(str(number)) for number in range(partitions)]


def receive_all(share: Share, sizes: list[int]) -> None:
    """Receive and take events of these sizes, as many at a time as the share asks for."""
    left = list(sizes)
    while left:
        asked = share.credit
        batch, left = left[:asked], left[asked:]
        for size in batch:
            share.received(size)
        share.taken(len(batch))


def test_a_partition_of_which_nothing_is_known_asks_for_what_fits_at_the_largest_size() -> None:
    assert shares(1)[0].credit == 32
    assert shares(32)[0].credit == 1
    assert shares(100)[0].credit == 1


def test_small_events_bring_a_share_to_its_full_number_within_a_few_rounds() -> None:
    [share, *_] = shares(32)
    asked: list[int] = []
    for _ in range(8):
        asked.append(share.credit)
        receive_all(share, [300] * share.credit)

    assert asked == sorted(asked)
    assert asked[-1] > 200


def test_one_large_event_makes_the_share_careful_at_once() -> None:
    [share, *_] = shares(32)
    receive_all(share, [300] * 1000)
    share.received(MIB)
    share.taken(1)

    assert share.credit == 1


def test_what_is_held_is_asked_for_no_second_time() -> None:
    [share] = shares(1, most_bytes=1 * MIB)
    receive_all(share, [60 * KIB] * 100)
    asked = share.credit
    for _ in range(asked - 2):
        share.received(60 * KIB)

    assert share.credit == 2


def test_a_full_share_asks_for_nothing_until_something_is_taken() -> None:
    [share] = shares(1, most_bytes=1 * MIB)
    share.received(MIB)
    assert share.credit == 0
    share.taken(1)

    assert share.credit == 1


def test_the_number_of_events_is_bounded_too() -> None:
    [share] = shares(1)
    receive_all(share, [1] * 1000)
    for _ in range(EVENTS):
        share.received(1)

    assert share.credit == 0


def test_a_share_smaller_than_one_event_still_lets_one_through_at_a_time() -> None:
    [share, *_] = shares(1000)
    receive_all(share, [MIB] * 3)
    assert share.credit == 1
    share.received(MIB)

    assert share.credit == 0


def test_a_partition_that_is_left_leaves_its_share_to_the_others() -> None:
    prefetch = Prefetch(32 * MIB, EVENTS)
    prefetch.open("0")
    prefetch.open("1")
    prefetch.share("1").received(20 * MIB)
    assert prefetch.share("0").credit == 16
    prefetch.close("1")

    assert (prefetch.share("0").credit, prefetch.held) == (32, 0)


@pytest.mark.parametrize("seed", range(20))
def test_any_mixture_of_sizes_holds_no_more_than_the_share_and_what_was_asked_for_by_surprise(seed: int) -> None:
    """Reading stops at a full share, so that one event is all it can be exceeded by."""
    chance = random.Random(seed)
    [share, *_] = shares(32)
    held: list[int] = []
    for _ in range(2000):
        if share.credit and chance.random() < 0.7:
            size = chance.choice([10, 800, 20 * KIB, 256 * KIB, MIB - 5 * KIB])
            share.received(size)
            held.append(size)
        elif held:
            taken = chance.randint(1, len(held))
            share.taken(taken)
            del held[:taken]
        assert sum(held) <= share.held <= 2 * MIB
    share.taken(len(held))

    assert share.held == 0
