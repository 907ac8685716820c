"""Draws a day: when calls are made, where they go, and how they end."""

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from collector.demo.calls import draw, write_guid
from collector.demo.fleet import CHAT, EMBEDDINGS, Spread
from collector.scenario.calls import Call, KeyListing
from collector.scenario.conditions import Conditions, Incident, conditions_at
from collector.scenario.ledger import Ledger
from collector.scenario.prices import Usage
from collector.scenario.world import DIRECT, EVERYBODY, PLACES, Caller, Place

_OK: Final = 200
_BAD_REQUEST: Final = 400
_UNAUTHORIZED: Final = 401
_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = 500

_MINUTES: Final = 24 * 60
_LAST_RECORD_LAG: Final = timedelta(seconds=5)
_HOURS_FROM_UTC: Final = {"eastus": -5, "westeurope": 1, "swedencentral": 1}
_BUSIEST_HOUR, _HOURS_OF_WORK, _NIGHT = 14, 4.5, 0.12

_REFUSAL_MS: Final = Spread(7, 0.6)
_SERVER_ERROR_MS: Final = Spread(2_400, 1.0)
_REFUSAL_BYTES: Final = Spread(310, 0.25)
_GATEWAY_REFUSALS: Final = ((_UNAUTHORIZED, 0.006), (_TOO_MANY, 0.02))
_BYTES_A_TOKEN: Final = 4
_CACHE_BLOCK, _CACHED_FROM = 128, 1024
_CACHED_SHARE: Final = 0.4
# One for a call: nobody has published whether Azure Monitor counts a call under each of several.
_PROMPT_CATEGORIES: Final = ("violence", "hate", "sexual", "self_harm", "jailbreak")
_ANSWER_CATEGORIES: Final = ("violence", "hate", "sexual", "self_harm")
_KEY_LISTINGS: Final = 8


def draw_day(seed: int, day: date, *, calls: int, incidents: Sequence[Incident] = ()) -> Ledger:
    """Return the ledger of a day in UTC with so many calls; incidents change how they are spread and how they end."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret
    start = datetime.combine(day, time(), UTC)
    end = start + timedelta(days=1)
    visits = list(_draw_visits(dice, start, calls, incidents))
    drawn = [_draw_call(dice, place, at, conditions_at(place, at, incidents)) for place, at in visits]
    return Ledger(
        start,
        end,
        tuple(sorted(drawn, key=lambda call: call.at)),
        tuple(sorted(_draw_listings(dice, start, incidents), key=lambda listing: listing.at)),
        tuple(incidents),
    )


def _draw_visits(
    dice: random.Random, start: datetime, calls: int, incidents: Sequence[Incident]
) -> Iterator[tuple[Place, datetime]]:
    """Yield where and when calls are answered, early enough for their records to be of the same day."""
    visits = [(place, start + timedelta(minutes=minute)) for minute in range(_MINUTES) for place in PLACES]
    weights = [
        place.deployment.weight * _load_at(place, at) * conditions_at(place, at, incidents).load for place, at in visits
    ]
    latest = start + timedelta(days=1) - _LAST_RECORD_LAG
    for place, minute in dice.choices(visits, weights, k=calls):
        yield place, min(minute + timedelta(microseconds=dice.randrange(60_000_000)), latest)


def _load_at(place: Place, at: datetime) -> float:
    """How busy people are where a deployment is: most at two in the afternoon, least at night."""
    hour = (at.hour + at.minute / 60 + _HOURS_FROM_UTC[place.resource.region]) % 24
    return _NIGHT + math.exp(-(((hour - _BUSIEST_HOUR) / _HOURS_OF_WORK) ** 2))


def _draw_call(dice: random.Random, place: Place, answered: datetime, conditions: Conditions) -> Call:
    usual_caller = dice.choices(EVERYBODY, [each.weight for each in EVERYBODY])[0]
    caller = conditions.caller or usual_caller
    refusal = _draw_from(dice, _GATEWAY_REFUSALS) if caller.team else None
    blocked = cut = None
    status = refusal or _draw_from(dice, conditions.failures.items()) or _OK
    operation = place.deployment.model.operation
    if status == _OK and operation == CHAT:
        if dice.random() < conditions.blocked:
            usual_category = dice.choice(_PROMPT_CATEGORIES)
            status, blocked = _BAD_REQUEST, conditions.category or usual_category
        elif dice.random() < conditions.cut:
            cut = dice.choice(_ANSWER_CATEGORIES)
    request = round(draw(dice, place.deployment.model.request_bytes) * conditions.size)
    response = round(_draw_answer_size(dice, place, status) * (conditions.size if status == _OK else 1))
    return Call(
        at=answered + timedelta(microseconds=dice.randrange(1_500_000, 4_000_000)),
        answered=answered,
        latency=_draw_latency(dice, place, status, conditions.latency),
        place=place,
        caller=caller,
        status=status,
        operation=operation,
        streamed=status == _OK and dice.random() < place.deployment.streaming,
        usage=_draw_usage(dice, operation, request, response) if status == _OK else None,
        request_bytes=request,
        response_bytes=response,
        blocked=blocked,
        cut=cut,
        overhead_ms=dice.randrange(1, 12),
        refused_at_gateway=refusal is not None,
        correlation_id=write_guid(dice),
    )


def _draw_from(dice: random.Random, shares: Iterable[tuple[int, float]]) -> int | None:
    """Draw a status by its share of 1; None for what is left."""
    ticket = dice.random()
    for status, share in shares:
        ticket -= share
        if ticket < 0:
            return status
    return None


def _draw_answer_size(dice: random.Random, place: Place, status: int) -> int:
    return draw(dice, place.deployment.model.response_bytes if status == _OK else _REFUSAL_BYTES)


def _draw_latency(dice: random.Random, place: Place, status: int, factor: float) -> timedelta:
    if status == _OK:
        spread = place.deployment.model.latency_ms
    else:
        spread = _SERVER_ERROR_MS if status >= _SERVER_ERRORS else _REFUSAL_MS
    milliseconds = spread.median * dice.lognormvariate(0, spread.sigma) * (factor if status == _OK else 1)
    return timedelta(microseconds=max(1000, round(milliseconds * 1000)))


def _draw_usage(dice: random.Random, operation: str, request: int, response: int) -> Usage | None:
    tokens = max(1, request // _BYTES_A_TOKEN)
    if operation == EMBEDDINGS:
        return Usage(tokens)
    if operation != CHAT:
        return None
    blocks = tokens // _CACHE_BLOCK if tokens >= _CACHED_FROM and dice.random() < _CACHED_SHARE else 0
    return Usage(tokens, max(1, response // _BYTES_A_TOKEN), dice.randint(0, blocks) * _CACHE_BLOCK)


def _draw_listings(dice: random.Random, start: datetime, incidents: Sequence[Incident]) -> Iterator[KeyListing]:
    people: list[Caller] = [caller for caller in DIRECT if caller.object_id]
    moments = sorted(dice.randrange(24 * 3600) for _ in range(_KEY_LISTINGS))
    for second in moments:
        yield KeyListing(start + timedelta(seconds=second), dice.choice(PLACES), dice.choice(people).object_id)
    for incident in incidents:
        yield from incident.listings
