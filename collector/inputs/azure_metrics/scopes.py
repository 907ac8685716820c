"""How far reading has come, for each scope: one resource and one group of metrics.

A scope has a *cursor* (all minutes before it were asked for or are in a gap), the *traces* of what was written during
the look-back, and its open gaps. An answer is compared first, delivered then, and only after that taken over. What the
store gets before a delivery names what is about to be written: whoever starts after a crash can tell whether Azure has
changed it since.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final
from zlib import crc32

import msgspec

from collector.inputs.azure_metrics.gaps import Gap, GapReason, GapState, OpenGaps, join, settle
from collector.inputs.azure_metrics.minutes import Timing
from collector.inputs.azure_metrics.series import Dimensions, Reading, Rows
from collector.inputs.azure_metrics.written import DIGEST_BYTES, Changes, Trace, changes, trace_of

_DAY: Final = 24 * 60
_TRACE: Final = struct.Struct(f">I{DIGEST_BYTES}s")
_TORN: Final = Trace(bytes(DIGEST_BYTES))
"""What is about to be written when several deliveries broke off and meant different things; no answer is like it."""


@dataclass(slots=True)
class Delivery:
    """What an answer means for its scope."""

    start: int
    end: int
    dimensions: dict[bytes, Dimensions]
    fresh: dict[int, Rows] = field(default_factory=dict[int, Rows])
    """By minute: the rows whose documents are written."""
    late: dict[int, Rows] = field(default_factory=dict[int, Rows])
    """By minute: metrics that came after the document of their dimension set was written."""
    traces: dict[int, Trace] = field(default_factory=dict[int, Trace])
    restated: dict[int, int] = field(default_factory=dict[int, int])
    """By minute: how many documents keep a value that Azure has changed."""


class Scope:
    """The state of one resource and group."""

    __slots__ = ("_first", "_intents", "_looked", "_traces", "_turn", "cursor", "gaps", "group", "resource")

    def __init__(self, resource: str, group: str, cursor: int) -> None:
        """Begin at a minute: nothing before it is asked for."""
        self.resource = resource
        self.group = group
        self.cursor = cursor
        self.gaps = OpenGaps(resource, group)
        self._first = cursor
        self._looked = cursor
        self._turn = crc32(group.encode())
        self._traces: dict[int, Trace] = {}
        self._intents: dict[int, Trace] = {}

    def catch_up(self, final: int, timing: Timing, now: float) -> list[Gap]:
        """Make gaps of what lies too far back for the next call. Returns what is too old to be filled.

        That is what was never asked for, and minutes that were not looked at once more before their look-back ended.
        """
        forgotten = self._go_back(final, timing, now) if final < self.cursor else []
        reached = final - timing.longest_span
        missed = self._look_back(timing)
        if missed >= reached:
            return forgotten
        for gap in [gap for gap in self.gaps if gap.reason is GapReason.NO_VALUE]:
            self.gaps.cut(max(gap.start, missed), min(gap.end, reached))
        self.gaps.note(missed, reached, GapReason.NOT_RUNNING, now)
        self.cursor = max(self.cursor, reached)
        self._looked = reached + timing.look_back
        too_old = self._unanswered_before(timing.oldest_filled(final))
        return forgotten + [settle(gap, GapState.LOST, now) for gap in too_old]

    def span(self, final: int, timing: Timing) -> tuple[int, int] | None:
        """Return the minutes to ask for now: those that became final, the look-back if it is due, and near gaps."""
        again = timing.looks_back(final, self._looked, self._turn)
        start = min(self._look_back(timing), self.cursor) if again else self.cursor
        for gap in reversed(self.gaps.unanswered()):
            if gap.end >= start and gap.start >= final - timing.longest_span:
                start = min(start, gap.start)
        return (start, final) if start < final else None

    def fail(self, end: int, reason: GapReason, now: float, detail: str) -> None:
        """Note that Azure gave no answer for the minutes from the cursor on."""
        if end > self.cursor:
            self.gaps.note(self.cursor, end, reason, now, detail)
            self.cursor = end

    def compare(self, reading: Reading, start: int, end: int) -> Delivery:
        """Tell what has to be written for an answer; what that is stays noted until it is taken over."""
        delivery = Delivery(start, end, reading.dimensions)
        for minute in sorted(reading.minutes.keys() | {each for each in self._traces if start <= each < end}):
            unread = minute >= self.cursor or any(gap.start <= minute < gap.end for gap in self.gaps)
            self._compare_minute(delivery, minute, reading.minutes.get(minute, {}), unread=unread)
        for minute, trace in delivery.traces.items():
            earlier = self._intents.get(minute)
            self._intents[minute] = trace if earlier is None or earlier.digest == trace.digest else _TORN
        return delivery

    def take_over(self, delivery: Delivery, timing: Timing, now: float) -> list[Gap]:
        """Note that everything of a delivery is settled; returns what goes into the ledger."""
        self._traces |= delivery.traces
        self._intents = {minute: trace for minute, trace in self._intents.items() if minute not in delivery.traces}
        settled = [
            self._listed((minute, minute + 1), GapReason.RESTATED, now, documents=count)
            for minute, count in delivery.restated.items()
        ]
        for start, end, valued in self._runs(delivery.start, delivery.end):
            gaps = self.gaps.cut(start, end)
            if valued:
                settled += [settle(gap, GapState.CLOSED, now) for gap in gaps]
                continue
            for gap in gaps:
                self.gaps.note(gap.start, gap.end, GapReason.NO_VALUE, gap.since)
            self.gaps.note(start, end, GapReason.NO_VALUE, now)
        if delivery.start <= self.cursor <= delivery.end:
            if delivery.start <= self._look_back(timing):
                self._looked = delivery.end
            self.cursor = delivery.end
        self._forget(self._look_back(timing))
        return join(settled)

    def expire(self, final: int, timing: Timing, now: float) -> list[Gap]:
        """Declare lost what will not be looked at again; returns what goes into the ledger."""
        lost = self._unanswered_before(timing.oldest_tried(final))
        horizon = self._look_back(timing)
        for gap in [gap for gap in self.gaps if gap.reason is GapReason.NO_VALUE and gap.start < horizon]:
            # A resource that is idle for weeks is one line a day, not one a minute.
            if gap.end <= horizon or horizon - gap.start >= _DAY:
                lost += self.gaps.cut(gap.start, min(gap.end, horizon))
        return join(settle(gap, GapState.LOST, now) for gap in lost)

    def state(self) -> "ScopeState":
        """Return what the store keeps."""
        known = sorted((self._intents | self._traces).items())
        return ScopeState(
            cursor=self.cursor,
            first=self._first,
            looked=self._looked,
            traces=b"".join([_TRACE.pack(minute, trace.digest) for minute, trace in known]),
            gaps=[(gap.start, gap.end, gap.reason, gap.since, gap.detail) for gap in self.gaps],
        )

    @classmethod
    def restore(cls, resource: str, group: str, state: "ScopeState") -> "Scope":
        """Return a scope as the store has it. Of what was written only digests are left."""
        scope = cls(resource, group, state.cursor)
        scope._first, scope._looked = state.first, state.looked
        scope._traces = {minute: Trace(digest) for minute, digest in _TRACE.iter_unpack(state.traces)}
        scope.gaps = OpenGaps(
            resource,
            group,
            [
                Gap(resource=resource, group=group, start=start, end=end, reason=reason, since=since, detail=detail)
                for start, end, reason, since, detail in state.gaps
            ],
        )
        return scope

    def _compare_minute(self, delivery: Delivery, minute: int, rows: Rows, *, unread: bool) -> None:
        before = self._traces.get(minute)
        intended = self._intents.get(minute)
        if before is None or before.records is None:
            if rows:
                self._compare_digests(delivery, minute, rows, before or intended, unread=unread)
            return
        now = trace_of(rows)
        if now.digest == before.digest and intended is None:
            return
        found: Changes = changes(rows, before.records)
        delivery.traces[minute] = found.trace
        if found.fresh:
            delivery.fresh[minute] = found.fresh
        if found.grown:
            delivery.late[minute] = found.grown
        if intended is not None and intended.digest != now.digest:
            # A delivery broke off, and Azure has changed something since: what is there may be either.
            found.restated = max(found.restated, len(rows))
        if found.restated:
            delivery.restated[minute] = found.restated

    def _compare_digests(
        self, delivery: Delivery, minute: int, rows: Rows, before: Trace | None, *, unread: bool
    ) -> None:
        """Compare when nothing, or only a digest, is known: documents that are there already stay as they are."""
        now = trace_of(rows)
        delivery.traces[minute] = now
        changed = before is not None and before.digest != now.digest
        if unread or before is None or changed:
            delivery.fresh[minute] = rows
        if changed:
            delivery.restated[minute] = len(rows)

    def _go_back(self, final: int, timing: Timing, now: float) -> list[Gap]:
        """Follow a clock that went back: what was asked for before its time, or not looked at meanwhile, comes again.

        Returns the minutes of which nobody remembers what was written: a value that came late to them may be missing.
        """
        self.gaps.cut(final, self.cursor)
        self._looked = final - (self.cursor - final)
        self.cursor = final
        return [
            self._listed((start, end), GapReason.NOT_RUNNING, now, detail="the clock went back")
            for start, end, known in self._runs(self._look_back(timing), final)
            if not known
        ]

    def _look_back(self, timing: Timing) -> int:
        """Return the first minute that has to be looked at again.

        It follows the last look and not the clock, so that every minute is read once more when its look-back is over.
        """
        return max(self._looked - timing.look_back, self._first)

    def _runs(self, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """Divide a span into runs of minutes that have something written, and runs that have not."""
        for valued, minutes in groupby(range(start, end), self._traces.__contains__):
            run = list(minutes)
            yield run[0], run[-1] + 1, valued

    def _listed(
        self, minutes: tuple[int, int], reason: GapReason, now: float, *, documents: int = 0, detail: str = ""
    ) -> Gap:
        start, end = minutes
        return Gap(
            resource=self.resource,
            group=self.group,
            start=start,
            end=end,
            reason=reason,
            state=GapState.LOST,
            since=int(now),
            settled=int(now),
            documents=documents,
            detail=detail,
        )

    def _unanswered_before(self, limit: int) -> list[Gap]:
        old = [gap for gap in self.gaps.unanswered() if gap.start < limit]
        return [piece for gap in old for piece in self.gaps.cut(gap.start, min(gap.end, limit))]

    def _forget(self, before: int) -> None:
        """Drop the traces of minutes that will not be read again."""
        unanswered = self.gaps.unanswered()
        for minute in [each for each in self._traces if each < before]:
            if not any(gap.start <= minute < gap.end for gap in unanswered):
                del self._traces[minute]


class ScopeState(msgspec.Struct, array_like=True):
    """A scope in the store."""

    cursor: int
    first: int
    looked: int
    traces: bytes
    gaps: list[tuple[int, int, GapReason, int, str]]


class ShardState(msgspec.Struct, array_like=True):
    """A shard in the store: the scopes of one group of metrics, by resource."""

    group: str
    scopes: dict[str, ScopeState]


def encode(scopes: Iterable[Scope]) -> bytes:
    """Return the state of a shard as the store keeps it."""
    kept = {scope.resource: (scope.group, scope.state()) for scope in scopes}
    group = next((group for group, _ in kept.values()), "")
    return msgspec.msgpack.encode(ShardState(group, {resource: state for resource, (_, state) in kept.items()}))


def decode(state: bytes) -> Iterator[Scope]:
    """Yield the scopes of a shard.

    Raises:
        msgspec.DecodeError: the bytes are no state of ours.
    """
    try:
        shard = msgspec.msgpack.decode(state, type=ShardState)
        scopes = [Scope.restore(resource, shard.group, kept) for resource, kept in shard.scopes.items()]
    except (ValueError, RecursionError, struct.error) as error:  # damaged bytes are not always a DecodeError
        raise msgspec.DecodeError(f"this is no state of ours: {error}") from error
    yield from scopes
