"""Pauses grow and are jittered; a server that refuses everything meets one request at a time, for all senders."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.output.backoff import Pauses, Throttle

DRAWS = st.floats(0, 1, exclude_max=True)
STEPS = [1, 2, 4, 8, 16, 32, 60, 60, 60]


def pauses(random: Callable[[], float] = lambda: 1.0) -> Pauses:
    return Pauses(1.0, 60.0, random)


async def settle_tasks() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_the_step_doubles_until_the_longest() -> None:
    drawn = pauses()

    assert [drawn.next() for _ in STEPS] == STEPS


@given(st.lists(DRAWS, min_size=9, max_size=9))
def test_a_pause_is_drawn_from_the_whole_of_its_step(draws: list[float]) -> None:
    given_draws = iter(draws)
    drawn = pauses(lambda: next(given_draws))

    assert [drawn.next() for _ in STEPS] == [step * draw for step, draw in zip(STEPS, draws, strict=True)]


def test_a_reset_begins_with_the_shortest_step_again() -> None:
    drawn = pauses()
    for _ in range(5):
        drawn.next()
    drawn.reset()

    assert drawn.next() == 1.0


class Clock:
    """Stands still but for sleeps, and notes those of a throttle."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.now = 1000.0


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock, sleep = Clock(), asyncio.sleep

    async def skip(delay: float) -> None:
        if delay:
            clock.slept.append(delay)
            clock.now += delay
        await sleep(0)

    monkeypatch.setattr("collector.output.backoff.asyncio.sleep", skip)
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: clock.now)
    return clock


async def refuse(throttle: Throttle, retry_after: float | None = None) -> None:
    async with throttle.turn() as turn:
        turn.refused(retry_after)


async def pass_through(throttle: Throttle) -> None:
    async with throttle.turn() as turn:
        turn.passed()


async def test_nobody_waits_while_the_server_takes_requests(clock: Clock) -> None:
    throttle = Throttle(pauses())
    for _ in range(5):
        await pass_through(throttle)

    assert (clock.slept, throttle.passages) == ([], 5)


async def test_each_request_to_a_server_that_refuses_waits_longer(clock: Clock) -> None:
    throttle = Throttle(pauses())
    for _ in range(6):
        await refuse(throttle)

    assert clock.slept == [1, 2, 4, 8, 16]


async def test_while_the_server_refuses_one_asks_for_all_and_all_go_on_when_it_gets_through(clock: Clock) -> None:
    throttle = Throttle(pauses())
    await refuse(throttle)
    under_way: list[asyncio.Event] = []

    async def send() -> None:
        async with throttle.turn() as turn:
            answered = asyncio.Event()
            under_way.append(answered)
            await answered.wait()
            turn.passed()

    sending = [asyncio.create_task(send()) for _ in range(8)]
    await settle_tasks()
    assert len(under_way) == 1

    under_way[0].set()
    await settle_tasks()
    assert (len(under_way), clock.slept) == (8, [1])
    for answered in under_way:
        answered.set()
    await asyncio.gather(*sending)


async def test_what_was_sent_before_the_refusals_began_does_not_end_them(clock: Clock) -> None:
    throttle = Throttle(pauses())
    async with throttle.turn() as early:
        await refuse(throttle)
        early.passed()
    await pass_through(throttle)

    assert clock.slept == [1]


async def test_after_a_recovery_the_first_pause_is_short_again(clock: Clock) -> None:
    throttle = Throttle(pauses())
    for _ in range(4):
        await refuse(throttle)
    await pass_through(throttle)
    clock.slept.clear()
    await refuse(throttle)
    await pass_through(throttle)

    assert clock.slept == [1]


@given(draw=DRAWS, failures=st.integers(0, 8), asked=st.floats(0, 300))
def test_no_request_goes_out_before_the_server_wants_it(draw: float, failures: int, asked: float) -> None:
    async def run() -> None:
        throttle = Throttle(pauses(lambda: draw))
        loop = asyncio.get_running_loop()
        with pytest.MonkeyPatch.context() as patch:
            clock, sleep = Clock(), asyncio.sleep

            async def skip(delay: float) -> None:
                clock.now += delay
                await sleep(0)

            patch.setattr("collector.output.backoff.asyncio.sleep", skip)
            patch.setattr(loop, "time", lambda: clock.now)
            for _ in range(failures):
                await refuse(throttle)
            await refuse(throttle, asked)
            wanted = clock.now + asked
            async with throttle.turn():
                assert clock.now >= wanted

    asyncio.run(run())


async def test_those_who_were_told_the_same_moment_do_not_all_come_at_it(clock: Clock) -> None:
    for draw in (0.25, 0.75):
        throttle = Throttle(pauses(lambda draw=draw: draw))
        await refuse(throttle, 30)
        await pass_through(throttle)

    assert clock.slept == [0.25, 29.75 + 0.25, 0.75, 29.25 + 0.75]


async def test_a_sender_that_is_cancelled_leaves_the_way_to_the_next(clock: Clock) -> None:
    throttle = Throttle(pauses())
    await refuse(throttle)

    async def never_answered() -> None:
        async with throttle.turn():
            await asyncio.Event().wait()

    first = asyncio.create_task(never_answered())
    second = asyncio.create_task(pass_through(throttle))
    await settle_tasks()
    assert not second.done()
    first.cancel()

    await asyncio.wait_for(second, 10)
