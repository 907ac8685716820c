"""Closes bulk bodies by count, by bytes or by age: one is filled at a time, several are under way at once."""

import asyncio
from collections.abc import Callable

from collector.output.elasticsearch.items import Item

Bulk = list[Item]


class BulkBuilder:
    """Gathers items into bulks and hands each full one to ``deliver``."""

    def __init__(self, deliver: Callable[[Bulk], None], *, max_items: int, max_bytes: int, max_age: float) -> None:
        self._deliver = deliver
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._items: Bulk = []
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, item: Item) -> None:
        """Append an item; an item larger than ``max_bytes`` travels alone."""
        size = len(item.line)
        if self._items and self._bytes + size > self._max_bytes:
            self.close()
        if not self._items:
            self._timer = asyncio.get_running_loop().call_later(self._max_age, self.close)
        self._items.append(item)
        self._bytes += size
        if len(self._items) >= self._max_items or self._bytes >= self._max_bytes:
            self.close()

    def close(self) -> None:
        """Hand over what was gathered, if anything."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._items:
            bulk, self._items, self._bytes = self._items, [], 0
            self._deliver(bulk)
