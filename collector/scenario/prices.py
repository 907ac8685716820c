"""What tokens cost by ``catalogue/prices.yml``, worked out from the list as ``docs/cost.md`` words it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final, cast

from collector.assets.files import read_prices

_TOKENS: Final = 1_000_000
_FACTORS: Final = {
    "Standard": 1.0,
    "GlobalStandard": 1.0,
    "DataZoneStandard": 1.1,
    "GlobalBatch": 0.5,
    "DataZoneBatch": 0.55,
}


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a call or of a minute; ``cached_tokens`` are part of ``input_tokens``."""

    input_tokens: int
    output_tokens: int = 0
    cached_tokens: int = 0


def price(model: str, day: date, usage: Usage, *, sku: str = "GlobalStandard", one_call: bool = True) -> float | None:
    """Return the cost in the list's currency; None where the list has no price, or where hours are paid and not tokens.

    Args:
        model: its name, with the version where that is a date.
        day: the day of the call; rates may have changed since.
        usage: the tokens.
        sku: the kind of the deployment.
        one_call: False for the tokens of several calls, whose prompts are all taken for short ones.
    """
    eras = _eras().get(_names().get(model, ""))
    if eras is None or "Provisioned" in sku:
        return None
    length = usage.input_tokens if one_call else 0
    fitting = [
        era for era in eras if str(era.get("from", "")) <= day.isoformat() and length > int(str(era.get("above", -1)))
    ]
    rates: Mapping[str, float] = cast("Any", fitting[-1])
    fresh = usage.input_tokens - usage.cached_tokens
    dollars = (
        fresh * rates["input"]
        + usage.cached_tokens * rates.get("cached", rates["input"])
        + usage.output_tokens * rates.get("output", 0)
    )
    return dollars * _FACTORS[sku] / _TOKENS


@cache
def _names() -> Mapping[str, str]:
    return cast("Mapping[str, str]", read_prices()["names"])


@cache
def _eras() -> Mapping[str, list[Mapping[str, object]]]:
    return cast("Mapping[str, list[Mapping[str, object]]]", read_prices()["models"])
