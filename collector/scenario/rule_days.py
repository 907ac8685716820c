"""Two days for alert rules: one on which nothing happens, and one with an incident every two hours or so.

The incidents are far enough apart for every rule to recover in between, and each is at a time of day when its place is
busy. Which rules should notice is said in tests/assets/test_rule_proof.py, which rules did in docs/rules.md.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from collector.scenario.conditions import Incident, slow_down, throttle
from collector.scenario.day import draw_day
from collector.scenario.estate import announce_retirement, fill_up
from collector.scenario.incidents import NOBODY, attack, burst, call_wrongly, fail, fall_silent, list_keys, run_away
from collector.scenario.ledger import Ledger
from collector.scenario.upkeep import be_gone, fall_behind, refuse_records
from collector.scenario.world import DIRECT

HEALTHY, TROUBLED = "healthy", "troubled"

_SEED: Final = 11
_DAYS: Final = {HEALTHY: date(2026, 8, 24), TROUBLED: date(2026, 8, 26)}
CALLS: Final = {HEALTHY: 1_500, TROUBLED: 3_600}
"""So many calls show everything; several times as many show that thresholds hold at another size."""
_LENGTH: Final = timedelta(minutes=40)
_HALF_AN_HOUR: Final = timedelta(minutes=30)


def draw_rule_days(*, times: int = 1) -> Mapping[str, Ledger]:
    """Return the healthy day and the troubled one, with ``times`` as many calls as `CALLS`.

    Those who use up a budget of money or tokens use up the same with more calls.
    """
    troubles = {HEALTHY: (), TROUBLED: tuple(_incidents(_DAYS[TROUBLED], times))}
    return {
        name: draw_day(_SEED, day, calls=CALLS[name] * times, incidents=troubles[name]) for name, day in _DAYS.items()
    }


def _incidents(day: date, times: int) -> Sequence[Incident]:
    midnight = datetime.combine(day, time(), UTC)

    def spell(hour: float, length: timedelta = _LENGTH) -> tuple[datetime, datetime]:
        since = midnight + timedelta(hours=hour)
        return since, since + length

    return (
        attack("aoai-shop-us/chat-small", *spell(1.5), "violence", load=16),
        announce_retirement(*spell(2 + 20 / 60, timedelta(minutes=50))),
        list_keys(NOBODY, *spell(3.5, _HALF_AN_HOUR), times=6),
        fall_silent(*spell(5, timedelta(hours=1))),
        fill_up(*spell(6.75)),
        call_wrongly("aoai-shop-eu/docs-embed", *spell(8), load=12),
        fail("aoai-shop-eu/chat-prod", *spell(10), load=5),
        burst("aoai-shop-eu/faq-legacy", *spell(12), DIRECT[1], size=100 / times, load=6),
        throttle("aoai-shop-us/chat-prod", *spell(14), share=0.6, load=4),
        run_away("aoai-lab-se/reason-deep", *spell(16), size=20 / times, load=60),
        attack("aoai-shop-us/chat-small", *spell(18), "jailbreak", share=0.05, load=6),
        slow_down("aoai-shop-us/chat-prod", *spell(20), factor=6),
        be_gone(*spell(21.25, _HALF_AN_HOUR)),
        fall_behind(*spell(22.25, _HALF_AN_HOUR)),
        refuse_records(*spell(23.1, timedelta(minutes=15))),
    )
