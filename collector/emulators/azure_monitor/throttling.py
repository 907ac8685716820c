"""Azure's documented speed limits, counted by the emulator's own clock.

Source: learn.microsoft.com, "Understand how Azure Resource Manager throttles requests" (250 reads and 25 more every
second, by application, subscription and region) and the message of the limit on definitions (400 in five minutes). For
the data plane no limit is documented; 360,000 calls an hour and subscription are what several collectors' guides say.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from collector.emulators.azure_monitor.errors import backend_throttled, too_many_definitions, too_many_reads

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is too much; the defaults are Azure's."""

    reads: int = 250
    reads_a_second: float = 25.0
    definitions: int = 400
    definitions_interval: timedelta = timedelta(minutes=5)
    batches_an_hour: int = 360_000


class Throttle:
    """Counts requests against the limits. What is refused costs nothing."""

    def __init__(self, limits: Limits, clock: Callable[[], datetime]) -> None:
        """`clock` tells the time."""
        self.limits = limits
        self._clock = clock
        self._buckets: dict[tuple[str, str], tuple[float, datetime]] = {}
        self._definitions: dict[str, deque[datetime]] = {}
        self._batches: dict[str, deque[datetime]] = {}

    def count_read(self, client_id: str, subscription: str) -> int:
        """Count a read through Resource Manager; return how many are left.

        Raises:
            RequestRefusedError: the bucket is empty.
        """
        now = self._clock()
        level, since = self._buckets.get((client_id, subscription), (float(self.limits.reads), now))
        level = min(self.limits.reads, level + (now - since).total_seconds() * self.limits.reads_a_second)
        if level < 1:
            raise too_many_reads(subscription, client_id, (1 - level) / self.limits.reads_a_second)
        self._buckets[client_id, subscription] = level - 1, now
        return int(level - 1)

    def count_definitions(self, subscription: str) -> None:
        """Count a list of metric definitions.

        Raises:
            RequestRefusedError: there were too many.
        """
        limit, interval = self.limits.definitions, self.limits.definitions_interval
        wait = self._count(self._definitions.setdefault(subscription, deque()), limit, interval)
        if wait:
            raise too_many_definitions(limit, f"{interval!s:0>8}", wait.total_seconds())

    def count_batch(self, subscription: str) -> None:
        """Count a batch of the data plane.

        Raises:
            RequestRefusedError: there were too many.
        """
        if self._count(self._batches.setdefault(subscription, deque()), self.limits.batches_an_hour, _HOUR):
            raise backend_throttled()

    def _count(self, times: deque[datetime], limit: int, interval: timedelta) -> timedelta | None:
        """Enter a request, or return how long to wait until one fits in."""
        now = self._clock()
        while times and times[0] <= now - interval:
            times.popleft()
        if len(times) >= limit:
            return times[0] + interval - now if times else interval
        times.append(now)
        return None
