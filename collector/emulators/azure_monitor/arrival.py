"""When a value can be read, and which value it is until then: partial, late, restated, or missing for ever.

A value's fate is drawn from the seed and the value's own name, so it does not depend on who asks when.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from collector.emulators.azure_monitor.observations import Sample

MINUTE: Final = timedelta(minutes=1)
_RANGE: Final = 1 << 64


class Kind(StrEnum):
    """What becomes of a value."""

    PUNCTUAL = "punctual"
    LATE = "late"
    RESTATED = "restated"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one value, and how long after the end of its minute it changes for the last time."""

    kind: Kind
    settled_after: timedelta


@dataclass(frozen=True, slots=True)
class Arrival:
    """How values arrive.

    Attributes:
        settling: so long after its end a minute is partial, its totals grow.
        late: the share of values that are not there at all until their delay is over.
        restated: the share of values that are wrong until their delay is over.
        missing: the share of values that never come.
        delay: the shortest and the longest delay after the end of the minute.
    """

    seed: int = 0
    settling: timedelta = timedelta(seconds=90)
    late: float = 0.0
    restated: float = 0.0
    missing: float = 0.0
    delay: tuple[timedelta, timedelta] = (timedelta(minutes=5), timedelta(minutes=45))

    def decide(self, key: str) -> Fate:
        """Return the fate of the value that `key` names."""
        if not (self.late or self.restated or self.missing):
            return Fate(Kind.PUNCTUAL, self.settling)
        digest = hashlib.blake2b(f"{self.seed}/{key}".encode(), digest_size=16).digest()
        lot, wait = (int.from_bytes(part) / _RANGE for part in (digest[:8], digest[8:]))
        kind = self._choose(lot)
        if kind in {Kind.PUNCTUAL, Kind.MISSING}:
            return Fate(kind, self.settling)
        shortest, longest = self.delay
        return Fate(kind, shortest + (longest - shortest) * wait)

    def show(self, sample: Sample, fate: Fate, minute: datetime, at: datetime | None) -> Sample | None:
        """Return what can be read of a value of `minute` at the time `at`; its final value when `at` is None."""
        if fate.kind is Kind.MISSING:
            return None
        if at is None or at >= max(minute + MINUTE + fate.settled_after, minute + MINUTE + self.settling):
            return sample
        if fate.kind is Kind.LATE:
            return None
        if at < minute + MINUTE + self.settling:
            return _cut(sample, (at - minute) / (MINUTE + self.settling))
        return _misstate(sample)

    def _choose(self, lot: float) -> Kind:
        for kind, share in ((Kind.LATE, self.late), (Kind.RESTATED, self.restated), (Kind.MISSING, self.missing)):
            if lot < share:
                return kind
            lot -= share
        return Kind.PUNCTUAL


def _cut(sample: Sample, share: float) -> Sample | None:
    """Return the part of the measurements that is in so far; None when none is."""
    if share <= 0:
        return None
    if sample.count <= 1:
        total = int(sample.total * share) if isinstance(sample.total, int) else sample.total * share
        return Sample(total, sample.count, total, total)
    count = max(1, int(sample.count * share))
    return replace(sample, total=type(sample.total)(sample.total * count / sample.count), count=count)


def _misstate(sample: Sample) -> Sample:
    """Return a value that is wrong by a fifth or so, and never right."""
    if isinstance(sample.total, int):
        return replace(sample, total=sample.total - max(1, sample.total // 5) if sample.total else 1)
    return replace(sample, total=sample.total * 0.8 or 1.0)
