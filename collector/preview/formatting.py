"""Values as texts: for people in tiles and tables, and as expressions for the axes of charts."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from collector.assets.panels.model import Format, Value

ABSENT: Final = "-"
_STEPS: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
_BYTE_STEPS: Final = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_TIME_STEPS: Final = ((3600.0, "h"), (60.0, "min"), (1.0, "s"))
_DEFAULT_DECIMALS: Final = 2
_PERCENT: Final = 100
_MS: Final = 1000


def write_value(value: Value, form: Format) -> str:
    """Return a value with its unit; a dash where there is none."""
    if value is None:
        return ABSENT
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, str | bool) or form.unit == "text":
        return str(value)
    return _write_number(float(value), form) + form.suffix


def write_axis(form: Format) -> str:
    """Return the Vega expression that writes the label of a tick, which is `datum.value`."""
    value = "datum.value"
    match form.unit:
        case "percent":
            return f"format({value} * 100, ',~r') + ' %'"
        case "bytes":
            return _scaled(value, _BYTE_STEPS, " B")
        case "duration":
            return f"{value} < 1 ? format({value} * 1000, ',~r') + ' ms' : format({value}, ',~r') + ' s'"
        case _:
            ending = json.dumps(form.suffix)
            plain = _scaled(value, _STEPS, "") if form.compact else f"format({value}, ',~r')"
            return f"({plain}) + {ending}"


def _write_number(value: float, form: Format) -> str:
    match form.unit:
        case "percent":
            return _fix(value * _PERCENT, form.decimals) + " %"
        case "bytes":
            return _shorten(value, _BYTE_STEPS, " ", form.decimals) or _fix(value, 0) + " B"
        case "duration":
            return _shorten(value, _TIME_STEPS, " ", form.decimals) or _fix(value * _MS, form.decimals) + " ms"
        case _:
            short = _shorten(value, _STEPS, "", form.decimals) if form.compact else ""
            return short or _fix(value, 0 if value == int(value) and form.compact else form.decimals)


def _shorten(value: float, steps: Sequence[tuple[float, str]], gap: str, decimals: int | None) -> str:
    """Write in the largest unit that is not larger than the value; nothing for what is below the smallest."""
    for size, unit in steps:
        if abs(value) >= size:
            return _fix(value / size, decimals) + gap + unit
    return ""


def _fix(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    text = f"{value:,.{_DEFAULT_DECIMALS}f}"
    return text.rstrip("0").rstrip(".")


def _scaled(value: str, steps: Sequence[tuple[float, str]], ending: str) -> str:
    expression = f"format({value}, ',~r') + '{ending}'"
    for size, unit in reversed(steps):
        shown = f"format({value} / {size:.0f}, ',~r') + '{unit if not ending else ' ' + unit}'"
        expression = f"abs({value}) >= {size:.0f} ? {shown} : {expression}"
    return expression
