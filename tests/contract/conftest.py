"""An emulator of a test's own, and the Python SDK's clients on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from collector.emulators.event_hubs import EventHubsEmulator, Hub

HUB = "insights"


class SteppingClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
async def emulator(clock: SteppingClock) -> AsyncIterator[EventHubsEmulator]:
    """An emulator with one hub of four partitions, and a second consumer group."""
    async with EventHubsEmulator([Hub(HUB, 4, ("$Default", "second"))], clock=clock) as running:
        yield running


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Wait until a condition holds; a test fails when it does not within 20 s."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110  # the conditions are of third parties, which set no event
                await asyncio.sleep(0.01)

    return wait
