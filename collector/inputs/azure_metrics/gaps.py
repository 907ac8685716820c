"""The gap ledger: every minute without a value, with its reason, until it is closed or declared lost.

A gap is a run of minutes of one *scope*: one resource and one group of metrics with the same dimensions.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace


class GapReason(StrEnum):
    """Why minutes are empty."""

    NOT_RUNNING = "not_running"
    """Nobody asked: the collector was stopped, or did not know the resource."""
    THROTTLED = "throttled"
    """Azure asked for a pause."""
    UNAVAILABLE = "unavailable"
    """Azure gave no answer, or an error for one metric."""
    REFUSED = "refused"
    """Azure would not answer: login, role, no such resource, a question it does not take."""
    NO_VALUE = "no_value"
    """Azure answered and has no value: nothing happened in these minutes, or Azure lost it. The two look the same."""
    RESTATED = "restated"
    """Azure changed values after their document was written. The document keeps the earlier ones."""


class GapState(StrEnum):
    """What became of a gap."""

    OPEN = "open"
    """The minutes may still get their values."""
    CLOSED = "closed"
    """The values came and are written."""
    LOST = "lost"
    """They are not in Elasticsearch and will not be."""


class Gap(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run of minutes without a value, or with values that Azure restated."""

    resource: str
    """The resource id in lower case."""
    group: str
    """The group of metrics: the names of their dimensions, joined with ``+``."""
    start: int
    """The first minute, counted since 1970."""
    end: int
    """The minute after the last."""
    reason: GapReason
    state: GapState = GapState.OPEN
    since: int = 0
    """When it was noticed, in seconds since 1970."""
    settled: int = 0
    """When it was closed or declared lost; 0 while it is open."""
    documents: int = 0
    """For ``restated``: how many documents keep an earlier value."""
    detail: str = ""

    @property
    def minutes(self) -> int:
        """How long it is."""
        return self.end - self.start


_ASKED_AGAIN: Final = frozenset({GapReason.NOT_RUNNING, GapReason.THROTTLED, GapReason.UNAVAILABLE, GapReason.REFUSED})


class OpenGaps:
    """The open gaps of one scope: runs in order that never overlap."""

    __slots__ = ("_group", "_resource", "_runs")

    def __init__(self, resource: str, group: str, runs: Iterable[Gap] = ()) -> None:
        self._resource = resource
        self._group = group
        self._runs = list(runs)

    def __iter__(self) -> Iterator[Gap]:
        return iter(self._runs)

    def note(self, start: int, end: int, reason: GapReason, since: float, detail: str = "") -> None:
        """Open a gap for those minutes of the span that are in none; a run with the same reason grows."""
        for first, last in self._free(start, end):
            before = next((run for run in self._runs if run.end == first and run.reason is reason), None)
            if before is not None:
                self._runs.remove(before)
                grown = replace(before, end=last, detail=detail or before.detail)
            else:
                grown = Gap(
                    resource=self._resource,
                    group=self._group,
                    start=first,
                    end=last,
                    reason=reason,
                    since=int(since),
                    detail=detail,
                )
            self._runs.append(grown)
        self._runs.sort(key=_start)

    def cut(self, start: int, end: int) -> list[Gap]:
        """Take the minutes of the span out of all gaps, and return what was taken."""
        if not any(run.start < end and start < run.end for run in self._runs):
            return []
        taken: list[Gap] = []
        kept: list[Gap] = []
        for run in self._runs:
            first, last = max(run.start, start), min(run.end, end)
            if first >= last:
                kept.append(run)
                continue
            taken.append(replace(run, start=first, end=last))
            if run.start < first:
                kept.append(replace(run, end=first))
            if last < run.end:
                kept.append(replace(run, start=last))
        self._runs = kept
        return taken

    def unanswered(self) -> list[Gap]:
        """Return the gaps for which Azure has not answered yet: those that are asked for again."""
        return [run for run in self._runs if run.reason in _ASKED_AGAIN]

    def _free(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the parts of the span that are in no gap."""
        free: list[tuple[int, int]] = []
        for run in self._runs:
            if run.end <= start or run.start >= end:
                continue
            if start < run.start:
                free.append((start, run.start))
            start = max(start, run.end)
        return [*free, (start, end)] if start < end else free


def settle(gap: Gap, state: GapState, at: float) -> Gap:
    """Return the gap as it goes into the ledger."""
    return replace(gap, state=state, settled=int(at))


def join(gaps: Iterable[Gap]) -> list[Gap]:
    """Put runs together that touch and are alike in everything else."""
    joined: list[Gap] = []
    for gap in gaps:
        last = joined[-1] if joined else None
        if last is not None and last.end == gap.start and replace(last, start=gap.start, end=gap.end) == gap:
            joined[-1] = replace(last, end=gap.end)
        else:
            joined.append(gap)
    return joined


def _start(gap: Gap) -> int:
    return gap.start
