"""Writes down, for every event that was fed, which documents must come of it.

It knows this from the generator alone and never asks the collector, so it can find the collector wrong.
"""

from collections import Counter
from typing import NamedTuple

from collector.demo.expectations import Event, Expectation, Fate


class Place(NamedTuple):
    """Where an event lies in its hub."""

    partition: str
    sequence_number: int


class Trace(NamedTuple):
    """What identifies one expected document and says what it must show.

    ``detail`` is the correlation id of an indexed record ("" if it has none), or the reason of a dead letter.
    """

    fate: Fate
    place: Place
    detail: str
    status: int | None = None
    deployment: str | None = None


class Ledger:
    """All that was fed so far.

    ``shapes`` counts events by the way they were packed or broken, ``statuses`` and ``deployments`` the calls that must
    be found under each status and deployment name.
    """

    def __init__(self) -> None:
        self.traces: Counter[Trace] = Counter()
        self.fates: Counter[Fate] = Counter()
        self.shapes: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.deployments: Counter[str] = Counter()
        self.bytes = 0
        self._shape_at: dict[Place, str] = {}

    @property
    def events(self) -> int:
        """How many events were fed."""
        return self.shapes.total()

    @property
    def documents(self) -> int:
        """How many documents must exist in the end."""
        return self.fates.total()

    def enter(self, place: Place, event: Event) -> None:
        """Write down an event that now lies at ``place``."""
        self.shapes[event.shape] += 1
        self.bytes += len(event.body)
        self._shape_at[place] = event.shape
        for expectation in event.expected:
            self._enter_expectation(place, expectation)

    def shape_at(self, place: Place) -> str | None:
        """Tell how the event at a place was packed or broken; None when nothing was fed there."""
        return self._shape_at.get(place)

    def _enter_expectation(self, place: Place, expected: Expectation) -> None:
        dead = expected.fate is Fate.DEAD_LETTER
        detail = expected.why if dead else expected.correlation_id or ""
        self.traces[Trace(expected.fate, place, detail, expected.status, expected.deployment)] += 1
        self.fates[expected.fate] += 1
        if expected.status is not None:
            self.statuses[expected.status] += 1
        if expected.deployment is not None:
            self.deployments[expected.deployment] += 1
