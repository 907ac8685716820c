"""The budget: bounds the records and bytes that were taken in and are not settled yet.

It is the only back-pressure there is: when Elasticsearch slows down, the budget stays taken, the inputs wait, and the
event hub keeps the rest.
"""

import asyncio
import sys
from collections import deque


class Budget:
    """Bytes and records that events share, first come, first served."""

    def __init__(self, limit: int, most_records: int = sys.maxsize) -> None:
        """Let so many bytes and so many records be under way."""
        self.turn = asyncio.Lock()
        """For what needs much memory of its own while it is taken in: one at a time."""
        self._limit = limit
        self._most_records = most_records
        self._taken = 0
        self._records = 0
        self._waiting: deque[tuple[int, int, asyncio.Future[None]]] = deque()

    @property
    def taken(self) -> int:
        """Bytes under way."""
        return self._taken

    @property
    def records(self) -> int:
        """Records under way."""
        return self._records

    @property
    def limit(self) -> int:
        """The bytes that may be under way before an input waits."""
        return self._limit

    async def take(self, size: int, records: int = 0) -> None:
        """Wait until there is room, then take it; what is larger than the whole budget passes alone.

        How many records an event holds is not known before it is split: it may go in while one more has room.
        """
        if not self._waiting and self._fits(size, records):
            self.add(size, records)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, records, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(size, records)
            raise

    def add(self, size: int, records: int = 0) -> None:
        """Take more without waiting: what was let in turned out to be larger. Those who wait do so the longer."""
        self._taken += size
        self._records += records

    def give_back(self, size: int, records: int = 0) -> None:
        """Free what was taken."""
        self._taken -= size
        self._records -= records
        while self._waiting:
            size, records, turn = self._waiting[0]
            if turn.cancelled():
                self._waiting.popleft()
            elif self._fits(size, records):
                self._waiting.popleft()
                self.add(size, records)
                turn.set_result(None)
            else:
                return

    def _fits(self, size: int, records: int) -> bool:
        within = self._taken + size <= self._limit and self._records + max(records, 1) <= self._most_records
        return within or (self._taken == 0 and self._records == 0)
