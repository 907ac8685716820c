"""Closes bulk bodies by count, by bytes or by age: one is filled at a time, several are under way at once."""

import asyncio
from collections.abc import Callable, Sequence

from collector.output.elasticsearch.items import Load, Parcel

type Loads = Sequence[Load]


class BulkBuilder:
    """Gathers documents into bulks and hands each full one to ``deliver``."""

    def __init__(self, deliver: Callable[[Loads], None], *, max_items: int, max_bytes: int, max_age: float) -> None:
        self._deliver = deliver
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._loads: list[Load] = []
        self._items = 0
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, load: Load) -> None:
        """Append an item, or a parcel if a bulk may hold it; an item larger than ``max_bytes`` travels alone."""
        size, count = len(load.lines), load.count
        if isinstance(load, Parcel) and (size > self._max_bytes or count > self._max_items):
            for item in load.unfold():
                self.add(item)
            return
        if self._loads and (self._bytes + size > self._max_bytes or self._items + count > self._max_items):
            self.close()
        if not self._loads:
            self._timer = asyncio.get_running_loop().call_later(self._max_age, self.close)
        self._loads.append(load)
        self._items += count
        self._bytes += size
        if self._items >= self._max_items or self._bytes >= self._max_bytes:
            self.close()

    def close(self) -> None:
        """Hand over what was gathered, if anything."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._loads:
            bulk, self._loads, self._items, self._bytes = self._loads, [], 0, 0
            self._deliver(bulk)
