"""The events of one partition, in memory.

Promised: sequence numbers count from 0 without a gap; offsets are decimal strings that grow by an event's size;
the oldest events go when the bytes held exceed the retention, and the newest always stays.

Not promised: retention by time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from operator import attrgetter
from typing import NamedTuple

from collector.emulators.event_hubs.messages import EventContent, encode_event


class StoredEvent(NamedTuple):
    """An event of a partition: where it stands, and the bytes a reader gets."""

    sequence_number: int
    offset: int
    enqueued_ms: int
    encoded: bytes


class PartitionLog:
    """One partition: events are appended at its end and read from any place."""

    def __init__(self, partition_id: str, retention_bytes: int) -> None:
        self.partition_id = partition_id
        self._retention_bytes = retention_bytes
        self._events: list[StoredEvent] = []
        self._first = 0  # index in _events of the oldest event still held
        self._held_bytes = 0
        self._next_offset = 0
        self._next_sequence_number = 0
        self._watchers: set[Callable[[], None]] = set()

    @property
    def first_sequence_number(self) -> int:
        """The sequence number of the oldest event held; that of the next one when none is held."""
        return self._next_sequence_number - (len(self._events) - self._first)

    @property
    def next_sequence_number(self) -> int:
        """The sequence number the next event will get."""
        return self._next_sequence_number

    @property
    def last(self) -> StoredEvent | None:
        """The newest event, or None when there never was one."""
        return self._events[-1] if self._events else None

    def append(self, content: EventContent, enqueued_ms: int) -> StoredEvent:
        """Store an event at the end and tell those who watch."""
        offset = self._next_offset
        sequence_number = self._next_sequence_number
        encoded = encode_event(content, sequence_number, str(offset), enqueued_ms)
        event = StoredEvent(sequence_number, offset, enqueued_ms, encoded)
        self._events.append(event)
        self._next_offset += len(encoded)
        self._next_sequence_number += 1
        self._held_bytes += len(encoded)
        if self._held_bytes > self._retention_bytes:
            self._forget_oldest()
        for watcher in self._watchers:
            watcher()
        return event

    def event_at(self, sequence_number: int) -> StoredEvent | None:
        """Return the event with this sequence number, or the oldest one held when that one is gone; None at the end."""
        if sequence_number >= self._next_sequence_number:
            return None
        return self._events[self._first + max(0, sequence_number - self.first_sequence_number)]

    def sequence_number_from_offset(self, offset: int, *, inclusive: bool) -> int:
        """Return the sequence number of the first event behind `offset`, or at it when inclusive."""
        find = bisect_left if inclusive else bisect_right
        index = find(self._events, offset, lo=self._first, key=attrgetter("offset"))
        return self.first_sequence_number + index - self._first

    def sequence_number_from_time(self, enqueued_ms: int, *, inclusive: bool) -> int:
        """Return the sequence number of the first event enqueued later than this, or at it when inclusive."""
        threshold = enqueued_ms if inclusive else enqueued_ms + 1
        for event in self._events[self._first :]:  # not bisected: a test may give times out of order
            if event.enqueued_ms >= threshold:
                return event.sequence_number
        return self._next_sequence_number

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have `watcher` called after each event appended."""
        self._watchers.add(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Undo `watch`."""
        self._watchers.discard(watcher)

    def _forget_oldest(self) -> None:
        newest = len(self._events) - 1
        while self._held_bytes > self._retention_bytes and self._first < newest:
            self._held_bytes -= len(self._events[self._first].encoded)
            self._first += 1
            if self._first > len(self._events) // 2:  # each event is moved at most once on average
                del self._events[: self._first]
                newest -= self._first
                self._first = 0
