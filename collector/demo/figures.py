"""Figures as people read them: units beside them, three digits or so, never a long tail."""

from collections.abc import Sequence
from typing import Final

_BYTE_UNITS: Final = ("KiB", "MiB", "GiB", "TiB")
_STEP: Final = 1024
_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_ASCII_BLOCKS: Final = " .:-=+*%@"
_WHOLE: Final = 100
_SECOND_MS: Final = 1000
_LONG_MS: Final = 99_950
_ABSENT: Final = "-"


def format_count(count: int) -> str:
    """``12,345``."""
    return f"{count:,}"


def format_latency(ms: float | None) -> str:
    """``48 ms``, ``1.41 s``, ``16.2 s``, ``124 s``; a dash without a value."""
    if ms is None:
        return _ABSENT
    if ms < _SECOND_MS - 0.5:
        return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms"  # noqa: PLR2004 - from two digits on, no fraction
    seconds = ms / _SECOND_MS
    digits = 2 if ms < _SECOND_MS * 9.995 else 1 if ms < _LONG_MS else 0
    return f"{seconds:.{digits}f} s"


def format_bytes(size: int) -> str:
    """``512 B``, ``4.2 KiB``, ``118 MiB``."""
    if size < _STEP:
        return f"{size} B"
    value, power = size / _STEP, 0
    while value >= _STEP - 0.5 and power < len(_BYTE_UNITS) - 1:
        value, power = value / _STEP, power + 1
    unit = _BYTE_UNITS[power]
    return f"{value:.1f} {unit}" if value < _WHOLE - 0.05 else f"{value:.0f} {unit}"


def format_share(part: int, whole: int) -> str:
    """``7.4 %``; what is there, or too much, but rounds to nothing is ``<0.1 %``; a dash where there is no whole."""
    if whole == 0:
        return _ABSENT
    percent = 100 * part / whole
    return "<0.1 %" if 0 < abs(percent) < 0.05 else f"{percent:.1f} %"  # noqa: PLR2004 - it would round to 0.0


def format_rate(per_second: float) -> str:
    """``0.4``, ``33.1`` or ``3,210``: the figure only, since its unit says of what."""
    return f"{per_second:.1f}" if per_second < _WHOLE - 0.05 else f"{per_second:,.0f}"


def format_span(seconds: float) -> str:
    """``45 s`` or ``10 min``."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"  # noqa: PLR2004 - from here on minutes


def draw_bars(values: Sequence[int], *, ascii_only: bool, highest: int | None = None) -> str:
    """Draw one character a value, the tallest for ``highest`` (their own maximum); only 0 is a blank."""
    blocks = _ASCII_BLOCKS if ascii_only else _BLOCKS
    top = highest or max(values, default=0)
    levels = len(blocks) - 1
    return "".join(blocks[min(levels, -(-value * levels // top))] if value > 0 else blocks[0] for value in values)
