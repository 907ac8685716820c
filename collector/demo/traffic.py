"""A seeded stream of events as an Azure OpenAI hub would hold them: mostly calls, some audits, neighbours and faults.

The same seed, start and rate give the same bytes. Time is the traffic's own: it moves with the records, so ten minutes
of traffic can be written in a second. The load swings like that of a service that people use, and every five minutes
one deployment is throttled for half a minute.
"""

import math
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from collector.demo.calls import AUDIT_SHARE, write_audit, write_call
from collector.demo.expectations import Call, Event, Record
from collector.demo.faults import KINDS
from collector.demo.neighbours import write_neighbour
from collector.demo.packing import make_event, pack, wrap

RECORDS_PER_SECOND: Final = 33.0
"""The mean load, in the traffic's own time: 20,000 records are ten minutes of it."""

_NEIGHBOUR_SHARE: Final = 0.015
_SMALLEST_EVENT, _LARGEST_EVENT, _USUAL_EVENT = 1, 60, 22
# One event in 16 is odd: every kind comes about twice among the 800 events of a default run.
_ODD_EVERY: Final = 16
_BURST_PERIOD: Final = 300.0
_BURST: Final = (140.0, 170.0)
_BURST_LOAD: Final = 1.7
_SWING_PERIOD: Final = 230.0
_SWING: Final = 0.35


class Traffic:
    """Events of one seed from ``start`` on. ``now`` is the traffic's own time, that of the last record written."""

    def __init__(
        self,
        seed: int,
        start: datetime,
        *,
        rate: float = RECORDS_PER_SECOND,
        on_call: Callable[[Call], None] = lambda _: None,
    ) -> None:
        """``on_call`` gets every call of a deployment that is made, whatever becomes of its record on the way."""
        self.now = start
        self._start = start
        self._rate = rate
        self._on_call = on_call
        self._dice = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret
        self._written = 0
        self._kinds = list(KINDS)
        self._dice.shuffle(self._kinds)

    def events(self, records: int) -> Iterator[Event]:
        """Yield events until at least so many records are in them; an odd event may bring some more."""
        remaining = records
        while remaining > 0:
            event = self.next_event(at_most=remaining)
            remaining -= len(event.expected)
            yield event

    def next_event(self, *, at_most: int = _LARGEST_EVENT) -> Event:
        """Write the next event; a well-formed one holds ``at_most`` so many records."""
        self._written += 1
        turn, odd = divmod(self._written, _ODD_EVERY)
        if odd == 0:
            return self._kinds[turn % len(self._kinds)](self._dice, self._write_calls)
        size = round(self._dice.triangular(_SMALLEST_EVENT, _LARGEST_EVENT, _USUAL_EVENT))
        return pack(self._dice, [self._write_record() for _ in range(min(size, at_most))])

    def last_event(self) -> Event:
        """Write an envelope of one call, to end a partition with an event that leaves a document."""
        records = self._write_calls(1)
        return make_event("envelope", wrap(records), records)

    def _write_record(self) -> Record:
        ticket = self._dice.random()
        if ticket < AUDIT_SHARE:
            return write_audit(self._dice, self.now)
        if ticket < AUDIT_SHARE + _NEIGHBOUR_SHARE:
            return write_neighbour(self._dice, self.now)
        return self._write_calls(1)[0]

    def _write_calls(self, count: int) -> list[Record]:
        records = [write_call(self._dice, self.now, burst=self._pass_time()) for _ in range(count)]
        for record in records:
            if record.call is not None:
                self._on_call(record.call)
        return records

    def _pass_time(self) -> bool:
        """Let the time to the next record pass; tell whether that one falls into a burst."""
        elapsed = (self.now - self._start).total_seconds()
        burst = _BURST[0] <= elapsed % _BURST_PERIOD < _BURST[1]
        load = self._rate * (1 + _SWING * math.sin(math.tau * elapsed / _SWING_PERIOD))
        self.now += timedelta(seconds=self._dice.expovariate(load * (_BURST_LOAD if burst else 1)))
        return burst
