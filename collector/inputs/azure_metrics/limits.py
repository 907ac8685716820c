"""Azure's limits on calls, kept on our side: a bucket of calls for each subscription that refills with time.

A bucket lets through what it holds at once and what flows in during an hour; together that is below the documented
limit, with a share left for others who use the same subscription.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class CallLimit:
    """What one API allows a subscription."""

    an_hour: int
    at_once: int
    share: float = 0.8
    """The part that we use."""

    @property
    def capacity(self) -> float:
        """Calls that may be made at once."""
        return self.at_once * self.share

    @property
    def rate(self) -> float:
        """Calls a second that flow in, so that no hour sees more than its share."""
        return (self.an_hour * self.share - self.capacity) / _HOUR


RESOURCE_MANAGER: Final = CallLimit(an_hour=12_000, at_once=250)
"""Reads a subscription: 12,000 an hour in the old model, a bucket of 250 in the one of 2024; whichever holds."""
BATCH: Final = CallLimit(an_hour=360_000, at_once=2_000)
"""``metrics:getBatch`` a subscription: what several vendors' guides repeat an hour; Microsoft names no figure."""


class CallBudget:
    """Counts the calls of all subscriptions against one limit."""

    def __init__(self, limit: CallLimit, clock: Callable[[], float]) -> None:
        """Take the limit, and a clock in seconds."""
        self._limit = limit
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def left(self, subscription: str) -> float:
        """Return how many calls may be made now."""
        now = self._clock()
        left, since = self._left.get(subscription, (self._limit.capacity, now))
        return min(self._limit.capacity, left + max(0.0, now - since) * self._limit.rate)

    def take(self, subscription: str, keep: float = 0.0) -> bool:
        """Count one call; False, and nothing counted, when less than ``keep`` would be left."""
        left = self.left(subscription)
        allowed = left - keep >= 1
        self._left[subscription] = (left - 1 if allowed else left, self._clock())
        return allowed
