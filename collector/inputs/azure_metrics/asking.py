"""Asking Azure for a lot: within its limits, with the pauses it asks for, and around the resources it refuses."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from collector.inputs.azure_metrics.gaps import GapReason
from collector.inputs.azure_metrics.limits import CallBudget
from collector.inputs.azure_metrics.planning import Lot
from collector.inputs.azure_metrics.ports import (
    Call,
    MetricSeries,
    MetricsSource,
    Refusal,
    Refused,
    ResourceSeries,
    SourceError,
    Throttled,
)

_FIRST_PAUSE: Final = 30.0
_LONGEST_PAUSE: Final = 600.0
"""Azure's 529 names no time to wait: pauses double up to this."""
_DIVIDED_AGAIN: Final = 1800.0
"""A lot that is refused as a whole is not divided again for this many seconds: that costs twice its size in calls."""
_OF_ONE_RESOURCE: Final = frozenset({Refusal.ROLE, Refusal.NOT_FOUND, Refusal.QUERY})
"""What one resource of a lot can be the cause of."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer for a resource."""

    reason: GapReason
    detail: str


@dataclass(slots=True)
class Answers:
    """What came back for a lot, by resource id in lower case. What is in neither was not asked for lack of calls."""

    found: dict[str, list[MetricSeries]] = field(default_factory=dict[str, list[MetricSeries]])
    failed: dict[str, Failure] = field(default_factory=dict[str, Failure])


@dataclass(slots=True)
class CallCounts:
    """Calls since the start."""

    made: int = 0
    throttled: int = 0
    refused: int = 0
    unavailable: int = 0
    postponed: int = 0
    """Not made, to stay below a limit; made in a later round."""


class _PostponedError(Exception):
    """The budget has no call left."""


class Asker:
    """Makes the calls of lots."""

    def __init__(self, source: MetricsSource, budget: CallBudget, clock: Callable[[], float]) -> None:
        self._source = source
        self._budget = budget
        self._clock = clock
        self._paused: dict[tuple[str, str], float] = {}
        self._throttled: dict[tuple[str, str], int] = {}
        self._apart: set[tuple[str, str]] = set()
        self._whole: dict[str, float] = {}
        self._kept: dict[str, float] = {}
        self.counts = CallCounts()

    def forget(self) -> None:
        """Treat all resources alike again: what was refused may have been mended."""
        self._apart.clear()
        self._whole.clear()

    def keep_half(self, subscriptions: Iterable[str]) -> None:
        """Leave half of the calls that these subscriptions have now; of others none is kept any more."""
        self._kept = {each: self._budget.left(each) / 2 for each in subscriptions}

    def apart(self, shard: str, resource: str) -> bool:
        """Tell whether a resource is asked alone, since a lot with it would be refused."""
        return (shard, resource) in self._apart

    async def ask(self, lot: Lot) -> Answers:
        """Make the calls of a lot; a failure is part of the answer."""
        divide = self._whole.get(lot.shard, 0.0) <= self._clock()
        answers = await self._ask(lot, divide=divide)
        refused = [key for key, failure in answers.failed.items() if failure.reason is GapReason.REFUSED]
        if refused and answers.found:
            self._apart |= {(lot.shard, key) for key in refused}
        elif refused and divide and len(lot.resources) > 1:
            self._whole[lot.shard] = self._clock() + _DIVIDED_AGAIN
        return answers

    async def _ask(self, lot: Lot, *, divide: bool) -> Answers:
        try:
            return _by_resource(lot, [each for call in lot.calls() for each in await self._fetch(call)])
        except _PostponedError:
            self.counts.postponed += 1
            return Answers()
        except Refused as error:
            if divide and len(lot.resources) > 1 and error.refusal in _OF_ONE_RESOURCE:
                return await self._divide(lot)
            return _all_failed(lot, GapReason.REFUSED, f"{error.refusal}: {error}")
        except Throttled as error:
            return _all_failed(lot, GapReason.THROTTLED, str(error))
        except SourceError as error:
            return _all_failed(lot, GapReason.UNAVAILABLE, str(error))

    async def _divide(self, lot: Lot) -> Answers:
        """Ask for the halves, down to single resources."""
        answers = Answers()
        for half in lot.halves():
            part = await self._ask(half, divide=True)
            answers.found |= part.found
            answers.failed |= part.failed
        return answers

    async def _fetch(self, call: Call) -> Sequence[ResourceSeries]:
        where = (call.subscription_id, call.region)
        left = self._paused.get(where, 0.0) - self._clock()
        if left > 0:
            raise Throttled(left)
        if not self._budget.take(call.subscription_id, self._kept.get(call.subscription_id, 0.0)):
            raise _PostponedError
        self.counts.made += 1
        try:
            answer = await self._source.fetch(call)
        except Throttled as error:
            self.counts.throttled += 1
            self._pause(where, error.retry_after)
            raise
        except Refused:
            self.counts.refused += 1
            raise
        except SourceError:
            self.counts.unavailable += 1
            raise
        self._throttled.pop(where, None)
        return answer

    def _pause(self, where: tuple[str, str], retry_after: float | None) -> None:
        times = self._throttled[where] = self._throttled.get(where, 0) + 1
        doubled = min(_FIRST_PAUSE * 2 ** (times - 1), _LONGEST_PAUSE)
        pause = doubled if retry_after is None else retry_after
        self._paused[where] = max(self._paused.get(where, 0.0), self._clock() + pause)


def _by_resource(lot: Lot, answers: Iterable[ResourceSeries]) -> Answers:
    found: dict[str, list[MetricSeries]] = {}
    for answer in answers:
        found.setdefault(answer.resource_id.lower(), []).extend(answer.metrics)
    silent = Failure(GapReason.UNAVAILABLE, "the answer leaves the resource out")
    failed = {resource.key: silent for resource in lot.resources if resource.key not in found}
    return Answers(found, failed)


def _all_failed(lot: Lot, reason: GapReason, detail: str) -> Answers:
    return Answers(failed={resource.key: Failure(reason, detail) for resource in lot.resources})
