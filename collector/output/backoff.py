"""Backoff: pauses that grow, with jitter, and end early when a neighbour gets through."""

import asyncio
from collections.abc import Callable
from contextlib import suppress


class Recovery:
    """Wakes every sender that is pausing as soon as one of them gets through."""

    def __init__(self) -> None:
        self._got_through = asyncio.Event()

    def announce(self) -> None:
        """Say that a request was answered and fully accepted."""
        self._got_through.set()

    async def wait(self, seconds: float) -> None:
        """Wait for that long, or until ``announce``."""
        self._got_through.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._got_through.wait(), seconds)


class Backoff:
    """The pauses of one sender.

    Each pause is drawn from the upper half of its step, so that senders that failed together do not return together.
    The first step, or what the server asked for, is always waited out; the rest ends early when a neighbour recovers.
    """

    def __init__(self, initial: float, longest: float, random: Callable[[], float], recovery: Recovery) -> None:
        self._initial = initial
        self._longest = longest
        self._random = random
        self._recovery = recovery
        self._step = initial

    async def pause(self, retry_after: float | None = None) -> None:
        """Wait before the next try; never less than the seconds that the server asked for."""
        least, most = self.next_pause(retry_after)
        await asyncio.sleep(least)
        if most > least:
            await self._recovery.wait(most - least)

    def next_pause(self, retry_after: float | None = None) -> tuple[float, float]:
        """Return the shortest and the longest time to wait now, in seconds, and make the next step longer."""
        jitter = 0.5 + 0.5 * self._random()
        most = self._step * jitter
        least = self._initial * jitter if retry_after is None else retry_after
        self._step = min(self._step * 2, self._longest)
        return least, max(least, most)

    def success(self) -> None:
        """Begin with the shortest pause again, and wake the neighbours."""
        self._step = self._initial
        self._recovery.announce()
