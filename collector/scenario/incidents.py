"""More that can go wrong than too many calls and slow answers: each as an incident, a value."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from collector.scenario.calls import KeyListing
from collector.scenario.conditions import Conditions, Incident, beside_calls
from collector.scenario.world import PLACES, Caller

_BAD_REQUEST, _UNAVAILABLE = 400, 503


def fail(place: str, since: datetime, until: datetime, *, share: float = 0.9, load: float = 1.0) -> Incident:
    """Make an outage of a deployment: a ``share`` of its calls ends with 503; callers try again ``load`` times."""
    return _end_with(_UNAVAILABLE, f"outage of {place}", place, since, until, share=share, load=load)


def call_wrongly(place: str, since: datetime, until: datetime, *, share: float = 0.6, load: float = 1.0) -> Incident:
    """Make an application call with wrong requests: a ``share`` of the calls ends with 400."""
    return _end_with(_BAD_REQUEST, f"wrong requests to {place}", place, since, until, share=share, load=load)


def attack(  # noqa: PLR0913 - what an incident of this kind is made of
    place: str, since: datetime, until: datetime, category: str, *, share: float = 0.6, load: float = 1.0
) -> Incident:
    """Make a deployment be asked for what the content filter stops, always of one category."""

    def change(conditions: Conditions) -> Conditions:
        return replace(conditions, load=conditions.load * load, blocked=share, category=category)

    return Incident(f"{category} asked of {place}", since, until, change, frozenset({place}))


def cut_answers(place: str, since: datetime, until: datetime, *, share: float = 0.4, load: float = 1.0) -> Incident:
    """Make the content filter cut a ``share`` of the answers of a deployment."""

    def change(conditions: Conditions) -> Conditions:
        return replace(conditions, load=conditions.load * load, cut=share)

    return Incident(f"answers of {place} cut", since, until, change, frozenset({place}))


def run_away(place: str, since: datetime, until: datetime, *, size: float, load: float) -> Incident:
    """Make an application call a deployment far more, with far longer prompts and answers."""

    def change(conditions: Conditions) -> Conditions:
        return replace(conditions, load=conditions.load * load, size=size)

    return Incident(f"cost of {place}", since, until, change, frozenset({place}))


def burst(  # noqa: PLR0913 - what an incident of this kind is made of
    place: str, since: datetime, until: datetime, caller: Caller, *, size: float, load: float
) -> Incident:
    """Make one caller be the only one of a deployment, with far longer prompts and answers."""

    def change(conditions: Conditions) -> Conditions:
        return replace(conditions, load=conditions.load * load, size=size, caller=caller)

    return Incident(f"tokens of {place}", since, until, change, frozenset({place}))


def appear(place: str, since: datetime, until: datetime, caller: Caller) -> Incident:
    """Make somebody call a deployment who never did, and nobody else call it meanwhile."""

    def change(conditions: Conditions) -> Conditions:
        return replace(conditions, caller=caller)

    return Incident(f"new caller of {place}", since, until, change, frozenset({place}))


def list_keys(object_id: str, since: datetime, until: datetime, *, times: int) -> Incident:
    """Make somebody read keys of one account after the other, evenly over the time."""
    step = (until - since) / times
    listings = (KeyListing(since + step * turn, PLACES[turn % len(PLACES)], object_id) for turn in range(times))
    return beside_calls("keys listed", since, until, tuple(listings))


def fall_silent(since: datetime, until: datetime) -> Incident:
    """Make nobody call anything, or the way of the records be cut: in the records that is the same."""
    return Incident("no records", since, until, lambda conditions: replace(conditions, load=0.0))


def _end_with(  # noqa: PLR0913 - what an incident of this kind is made of
    status: int, name: str, place: str, since: datetime, until: datetime, *, share: float, load: float
) -> Incident:
    def change(conditions: Conditions) -> Conditions:
        failures: Mapping[int, float] = {each: part * (1 - share) for each, part in conditions.failures.items()}
        return replace(
            conditions,
            load=conditions.load * load,
            failures={**failures, status: failures.get(status, 0.0) + share},
        )

    return Incident(name, since, until, change, frozenset({place}))


NOBODY: Final = "00000099-1111-4222-8333-000000000099"
"""An Entra object that lists keys and calls nothing."""
STRANGER: Final = Caller(1.0, "198.51.100.***", "00000098-1111-4222-8333-000000000098")
"""Somebody who is none of the usual callers."""
