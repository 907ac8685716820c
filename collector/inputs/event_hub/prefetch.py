"""Prefetch by bytes: what the partitions of a stream may hold before it is taken in.

Event Hubs counts credit in events, and an event has anything from 1 byte to 1 MiB, so a number of events bounds
nothing: 300 for each of 32 partitions can be 9.6 GB. Here each partition has an equal share of a number of bytes. It
asks for as many events as its share holds at the size seen last, and reads none while its share is full, whatever
it asked for before.

Promise: a partition holds at most its share and one event more, and may always hold one event. The one event more is
for a size that nobody expected.
"""

import asyncio
from collections import deque
from typing import Final

_BYTES_BESIDE_A_BODY: Final = 4096
"""What the Azure SDK makes of an event beside its body: annotations, properties and the objects around them."""
_LARGEST_EVENT: Final = 1024 * 1024
"""Of the standard tier. What is not known to be smaller is taken to be this, so that a partition starts slowly."""
_KEPT_OF_EXPECTATION: Final = 0.75
"""For each smaller event. After one of 1 MiB, 20 small ones bring a share back to its full number of events."""


class Share:
    """What one partition holds: events that the SDK has received and the way in has not taken yet."""

    def __init__(self, prefetch: "Prefetch") -> None:
        self._prefetch = prefetch
        self.sizes: deque[int] = deque()
        """Of the events that are held, the oldest first."""
        self._expected = float(_LARGEST_EVENT)
        self._may_have_room = asyncio.Event()
        self.held = 0

    def received(self, body: int) -> None:
        """Note an event with a body of so many bytes."""
        size = body + _BYTES_BESIDE_A_BODY
        self.sizes.append(size)
        self.held += size
        self._expected = max(size, self._expected * _KEPT_OF_EXPECTATION)

    def taken(self, events: int) -> None:
        """Note that the oldest events are held no longer."""
        for _ in range(min(events, len(self.sizes))):
            self.held -= self.sizes.popleft()
        self.look_again()

    async def wait_for_room(self) -> None:
        """Return when there is room for one more event."""
        while self.credit <= 0:
            self._may_have_room.clear()
            await self._may_have_room.wait()

    def look_again(self) -> None:
        """Let whoever waits for room see whether there is some."""
        self._may_have_room.set()

    @property
    def credit(self) -> int:
        """How many more events may be asked for now; 0 while the share has no room for one of the expected size."""
        events = self._prefetch.most_events - len(self.sizes)
        fitting = int((self._prefetch.bytes_each - self.held) / self._expected)
        return min(events, fitting if self.sizes else max(fitting, 1))


class Prefetch:
    """The shares of one stream's partitions."""

    def __init__(self, most_bytes: int, most_events: int) -> None:
        """Divide ``most_bytes`` among the partitions; ``most_events`` is for each of them."""
        self._most_bytes = most_bytes
        self._shares: dict[str, Share] = {}
        self.most_events = most_events

    def open(self, partition: str) -> None:
        """Give a partition that was just claimed an empty share."""
        self._shares[partition] = Share(self)

    def close(self, partition: str) -> None:
        """Forget a partition that was left, with what it held; the others have more room then."""
        self._shares.pop(partition, None)
        for share in self._shares.values():
            share.look_again()

    def share(self, partition: str) -> Share:
        """The share of a partition."""
        return self._shares.setdefault(partition, Share(self))

    @property
    def bytes_each(self) -> int:
        """How much each partition may hold now."""
        return self._most_bytes // max(1, len(self._shares))

    @property
    def held(self) -> int:
        """Bytes that all partitions hold."""
        return sum(share.held for share in self._shares.values())
