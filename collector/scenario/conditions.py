"""What a deployment goes through at a moment, and incidents: values that change it for a while."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from collector.scenario.calls import KeyListing
from collector.scenario.world import Caller, Place

USUAL_FAILURES: Final[Mapping[int, float]] = {400: 0.010, 401: 0.005, 408: 0.002, 429: 0.015, 500: 0.003, 503: 0.002}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Shares are of 1.

    Attributes:
        load: how much more is called than usually.
        failures: the share of calls that end with each status; what is left succeeds.
        latency: by which factor answers take longer than usually.
        blocked: the share of chats whose prompt is stopped by the content filter.
        cut: the share of chats whose answer is.
        category: for what the filter stops prompts, when it is always the same.
        size: by which factor prompts and answers are longer than usually.
        caller: who calls, when it is always the same.
    """

    load: float = 1.0
    failures: Mapping[int, float] = field(default_factory=lambda: USUAL_FAILURES)
    latency: float = 1.0
    blocked: float = 0.012
    cut: float = 0.006
    category: str | None = None
    size: float = 1.0
    caller: Caller | None = None


USUAL: Final = Conditions()


@dataclass(frozen=True, slots=True)
class Incident:
    """A change of conditions from ``since`` to before ``until``, at the places named, or at all if none is named.

    ``listings`` are keys that somebody reads meanwhile, beside those of every day.
    """

    name: str
    since: datetime
    until: datetime
    change: Callable[[Conditions], Conditions]
    places: frozenset[str] = frozenset()
    listings: tuple[KeyListing, ...] = ()

    def applies(self, place: Place, at: datetime) -> bool:
        """Tell whether it is under way there and then."""
        return self.under_way(at) and (not self.places or place.name in self.places)

    def under_way(self, at: datetime) -> bool:
        """Tell whether it is under way then."""
        return self.since <= at < self.until


def beside_calls(name: str, since: datetime, until: datetime, listings: tuple[KeyListing, ...] = ()) -> Incident:
    """Make an incident that changes no call; whoever draws what it does change knows it by its name."""
    return Incident(name, since, until, lambda conditions: conditions, frozenset({"nowhere"}), listings)


def names_under_way(at: datetime, incidents: Sequence[Incident]) -> frozenset[str]:
    """Return the names of the incidents that are under way at a moment."""
    return frozenset(incident.name for incident in incidents if incident.under_way(at))


def conditions_at(place: Place, at: datetime, incidents: Sequence[Incident]) -> Conditions:
    """Return what holds at a place: the usual, changed by each incident under way in turn."""
    conditions = USUAL
    for incident in incidents:
        if incident.applies(place, at):
            conditions = incident.change(conditions)
    return conditions


def throttle(place: str, since: datetime, until: datetime, *, share: float = 0.5, load: float = 3.0) -> Incident:
    """Make a throttling storm: ``load`` times the calls, a ``share`` of which is refused with 429."""

    def change(conditions: Conditions) -> Conditions:
        failures = {status: part * (1 - share) for status, part in conditions.failures.items()} | {429: share}
        return replace(conditions, load=conditions.load * load, failures=failures)

    return Incident(f"throttling of {place}", since, until, change, frozenset({place}))


def slow_down(place: str, since: datetime, until: datetime, *, factor: float = 4.0, load: float = 1.0) -> Incident:
    """Make answers of a deployment take ``factor`` times as long, to ``load`` times the calls."""

    def change(conditions: Conditions) -> Conditions:
        return replace(conditions, load=conditions.load * load, latency=conditions.latency * factor)

    return Incident(f"slow answers of {place}", since, until, change, frozenset({place}))
