"""The byte budget: bounds what was taken in and is not settled yet.

It is the only back-pressure there is: when Elasticsearch slows down, the budget stays taken, the inputs wait, and the
event hub keeps the rest.
"""

import asyncio
from collections import deque


class ByteBudget:
    """A number of bytes that events share, first come, first served."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def taken(self) -> int:
        """Bytes under way."""
        return self._taken

    @property
    def limit(self) -> int:
        """The bytes that may be under way before an input waits."""
        return self._limit

    async def take(self, size: int) -> None:
        """Wait until ``size`` bytes are free, then take them; an event larger than the whole budget passes alone."""
        if not self._waiting and self._fits(size):
            self._taken += size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(size)
            raise

    def add(self, size: int) -> None:
        """Take more without waiting: what was let in turned out to be larger. Those who wait do so the longer."""
        self._taken += size

    def give_back(self, size: int) -> None:
        """Free bytes that were taken."""
        self._taken -= size
        while self._waiting:
            wanted, turn = self._waiting[0]
            if turn.cancelled():
                self._waiting.popleft()
            elif self._fits(wanted):
                self._waiting.popleft()
                self._taken += wanted
                turn.set_result(None)
            else:
                return

    def _fits(self, size: int) -> bool:
        return self._taken == 0 or self._taken + size <= self._limit
