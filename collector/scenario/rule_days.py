"""Two days for alert rules: one on which nothing happens, and one with an incident every hour or so.

No two incidents overlap, so an alert is of the one that began last, and each is at a time of day when its place is
busy. Which rules should notice is said in tests/assets/test_rule_proof.py, which rules did in docs/rules.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from collector.scenario.calls import Call
from collector.scenario.conditions import Incident, slow_down, throttle
from collector.scenario.day import draw_day
from collector.scenario.estate import announce_retirement, fill_up
from collector.scenario.incidents import (
    NOBODY,
    STRANGER,
    appear,
    attack,
    burst,
    call_wrongly,
    fail,
    fall_silent,
    list_keys,
    run_away,
)
from collector.scenario.ledger import Ledger
from collector.scenario.upkeep import be_gone, drop_events, leave_unanswered, refuse_records, stall
from collector.scenario.world import DIRECT

HEALTHY, TROUBLED = "healthy", "troubled"

_SEED: Final = 11
_DAYS: Final = {HEALTHY: date(2026, 8, 24), TROUBLED: date(2026, 8, 26)}
CALLS: Final = {HEALTHY: 1_500, TROUBLED: 3_600}
"""So many calls show everything; several times as many show that thresholds hold at another size."""
_CALLS_BEFORE: Final = 400
_LENGTH: Final = timedelta(minutes=40)
_HALF_AN_HOUR: Final = timedelta(minutes=30)


def draw_rule_days(*, times: int = 1) -> Mapping[str, Ledger]:
    """Return the healthy day and the troubled one, with ``times`` as many calls as `CALLS`.

    Those who use up a budget of money or tokens use up the same with more calls.
    """
    troubles = {HEALTHY: (), TROUBLED: tuple(_incidents(_DAYS[TROUBLED], times))}
    days = {
        name: draw_day(_SEED, day, calls=CALLS[name] * times, incidents=troubles[name]) for name, day in _DAYS.items()
    }
    return {name: replace(ledger, calls=(*_recall(_DAYS[name]), *ledger.calls)) for name, ledger in days.items()}


def _recall(day: date) -> Sequence[Call]:
    """One call of each usual caller on the day before, or everybody would be new."""
    before = draw_day(_SEED, day - timedelta(days=1), calls=_CALLS_BEFORE)
    return sorted({call.caller: call for call in before.calls if not call.failed}.values(), key=lambda call: call.at)


def _incidents(day: date, times: int) -> Sequence[Incident]:
    midnight = datetime.combine(day, time(), UTC)

    def spell(hour: float, length: timedelta = _LENGTH) -> tuple[datetime, datetime]:
        since = midnight + timedelta(hours=hour)
        return since, since + length

    return (
        attack("aoai-shop-us/chat-small", *spell(1.5), "violence", load=16),
        announce_retirement(*spell(2 + 20 / 60, timedelta(minutes=50))),
        list_keys(NOBODY, *spell(3.5, _HALF_AN_HOUR), times=6),
        drop_events(*spell(4.25, timedelta(minutes=20))),
        fall_silent(*spell(5, timedelta(hours=1))),
        fill_up(*spell(6.75)),
        call_wrongly("aoai-shop-eu/docs-embed", *spell(8), load=12),
        appear("aoai-shop-eu/chat-prod", *spell(9), STRANGER),
        fail("aoai-shop-eu/chat-prod", *spell(10), load=5),
        burst("aoai-shop-eu/faq-legacy", *spell(12), DIRECT[1], size=100 / times, load=6),
        leave_unanswered(*spell(13, _HALF_AN_HOUR)),
        throttle("aoai-shop-us/chat-prod", *spell(14), share=0.6, load=4),
        run_away("aoai-lab-se/reason-deep", *spell(16), size=20 / times, load=60),
        attack("aoai-shop-us/chat-small", *spell(18), "jailbreak", share=0.05, load=6),
        slow_down("aoai-shop-us/chat-prod", *spell(20), factor=60, load=8),
        be_gone(*spell(21.25, _HALF_AN_HOUR)),
        stall(*spell(22.25)),
        refuse_records(*spell(23.1, timedelta(minutes=15))),
    )
