"""Pauses grow, are jittered, respect what the server asks for, and end early when a neighbour gets through."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.output.backoff import Backoff, Recovery

DRAWS = st.floats(0, 1, exclude_max=True)


def backoff(random: Callable[[], float] = lambda: 0.5, recovery: Recovery | None = None) -> Backoff:
    return Backoff(1.0, 60.0, random, recovery or Recovery())


def longest_pauses(random: Callable[[], float], count: int) -> list[float]:
    pauses = backoff(random)
    return [pauses.next_pause()[1] for _ in range(count)]


async def settle_tasks() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_pause_doubles_until_the_longest() -> None:
    assert longest_pauses(lambda: 1.0, 9) == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(st.lists(DRAWS, min_size=9, max_size=9))
def test_every_pause_lies_in_the_upper_half_of_its_step(draws: list[float]) -> None:
    drawn = iter(draws)
    pauses = longest_pauses(lambda: next(drawn), len(draws))

    for step, pause in zip([1, 2, 4, 8, 16, 32, 60, 60, 60], pauses, strict=True):
        assert step / 2 <= pause <= step


def test_two_senders_do_not_return_together() -> None:
    assert longest_pauses(lambda: 0.1, 5) != longest_pauses(lambda: 0.9, 5)


@given(DRAWS, st.integers(0, 10), st.floats(0, 1000))
def test_no_pause_is_shorter_than_the_server_asks_for(draw: float, failures: int, asked: float) -> None:
    pauses = backoff(lambda: draw)
    for _ in range(failures):
        pauses.next_pause()
    least, most = pauses.next_pause(asked)

    assert (least, most >= asked) == (asked, True)


@given(DRAWS, st.integers(0, 10))
def test_the_shortest_pause_is_never_more_than_the_longest(draw: float, failures: int) -> None:
    pauses = backoff(lambda: draw)
    for _ in range(failures):
        pauses.next_pause()
    least, most = pauses.next_pause()

    assert 0.5 <= least <= most


def test_a_success_begins_with_the_shortest_pause_again() -> None:
    pauses = backoff(lambda: 1.0)
    for _ in range(5):
        pauses.next_pause()
    pauses.success()

    assert pauses.next_pause()[1] == 1.0


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Lets no sleep last, and notes how long it would have."""
    seconds: list[float] = []
    sleep = asyncio.sleep

    async def note(delay: float) -> None:
        if delay:
            seconds.append(delay)
        await sleep(0)

    monkeypatch.setattr("asyncio.sleep", note)
    return seconds


async def test_a_sender_that_pauses_returns_when_a_neighbour_gets_through(slept: list[float]) -> None:
    recovery = Recovery()
    waiting, neighbour = backoff(lambda: 1.0, recovery), backoff(lambda: 1.0, recovery)
    for _ in range(7):
        waiting.next_pause()
    pausing = asyncio.create_task(waiting.pause())
    await settle_tasks()
    assert not pausing.done()  # it has slept its first second, and 59 are left

    neighbour.success()
    await asyncio.wait_for(pausing, 10)
    assert slept == [1.0]


async def test_what_the_server_asks_for_is_waited_out_even_if_a_neighbour_gets_through(slept: list[float]) -> None:
    recovery = Recovery()
    recovery.announce()
    await backoff(recovery=recovery).pause(30.0)

    assert slept == [30.0]


async def test_all_that_wait_are_woken() -> None:
    recovery = Recovery()
    waiting = [asyncio.create_task(recovery.wait(1000)) for _ in range(5)]
    await settle_tasks()
    recovery.announce()

    await asyncio.wait_for(asyncio.gather(*waiting), 10)


async def test_a_recovery_of_the_past_wakes_nobody() -> None:
    recovery = Recovery()
    recovery.announce()
    waiting = asyncio.create_task(recovery.wait(1000))
    await settle_tasks()
    assert not waiting.done()

    waiting.cancel()
    await asyncio.wait([waiting])
