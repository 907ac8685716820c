"""Backoff: pauses that grow, with jitter; while a server takes nothing, one request at a time asks for all senders.

``Pauses`` draws the length of each pause. ``Throttle`` is shared by the senders of one output: a server that refuses
everything then meets one request in each pause, however many senders there are, and all go on as soon as one of those
requests gets through.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager


class Pauses:
    """Pauses between tries, each drawn from nothing up to a step that doubles.

    That is "full jitter": collectors that failed together spread over the whole step. Source: AWS Architecture Blog,
    "Exponential Backoff And Jitter".
    """

    def __init__(self, initial: float, longest: float, random: Callable[[], float]) -> None:
        """Take the first and the longest step in seconds, and a source of numbers from 0 up to 1."""
        self._initial = initial
        self._longest = longest
        self._random = random
        self._step = initial

    def next(self) -> float:
        """Return the seconds to wait now, and make the next step longer."""
        step, self._step = self._step, min(self._step * 2, self._longest)
        return step * self._random()

    def spread(self) -> float:
        """Return seconds to add to a time that a server told everybody, so that not all come back at once."""
        return self._initial * self._random()

    def reset(self) -> None:
        """Begin with the shortest step again."""
        self._step = self._initial


class Turn:
    """The right to send one request; say how it went before the turn ends."""

    def __init__(self, throttle: "Throttle", *, is_probe: bool) -> None:
        """Belong to a throttle; a probe is a request sent while the server refuses everything."""
        self._throttle = throttle
        self._is_probe = is_probe

    def passed(self) -> None:
        """Say that the server has taken the request."""
        self._throttle.note_passage(is_probe=self._is_probe)

    def refused(self, retry_after: float | None = None) -> None:
        """Say that the server took nothing; ``retry_after`` is the seconds that it asked for."""
        self._throttle.note_refusal(retry_after)


class Throttle:
    """Lets every request through while the server takes them, and one at a time with pauses while it does not."""

    def __init__(self, pauses: Pauses) -> None:
        """Take the pauses between two requests to a server that refuses everything."""
        self._pauses = pauses
        self._refusing = False
        self._not_before = 0.0
        self._probe = asyncio.Lock()
        self.passages = 0
        """Requests that the server has taken."""

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[Turn]:
        """Wait until a request may be sent."""
        while self._refusing:
            async with self._probe:
                if self._refusing:
                    await self._pause()
                    yield Turn(self, is_probe=True)
                    return
        yield Turn(self, is_probe=False)

    async def _pause(self) -> None:
        """Wait a step, and at least until the moment that the server named, which may move meanwhile."""
        await asyncio.sleep(self._pauses.next())
        while (rest := self._not_before - asyncio.get_running_loop().time()) > 0:  # noqa: ASYNC110 - a moment, no event
            await asyncio.sleep(rest + self._pauses.spread())

    def note_passage(self, *, is_probe: bool) -> None:
        """Open the way when a probe passed; what was sent before the refusals began says nothing about now."""
        self.passages += 1
        if is_probe:
            self._refusing = False
            self._pauses.reset()

    def note_refusal(self, retry_after: float | None) -> None:
        """Close the way, for at least ``retry_after`` seconds."""
        self._refusing = True
        if retry_after is not None:
            self._not_before = max(self._not_before, asyncio.get_running_loop().time() + retry_after)
