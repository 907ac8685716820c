"""Durations and sizes as people write them: ``5s``, ``300ms``, ``1h30m``; ``5MiB``, ``512KiB``.

Promises: what `render_duration` and `render_size` write, `parse_duration` and `parse_size` read back to the same value.
A duration needs a unit, as in Go and so in the Elastic Agent; a size without a unit counts bytes.
"""

import re
from datetime import timedelta
from decimal import Decimal

from collector.policy.problems import RefusedError

_MICROSECONDS = {"us": 1, "µs": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
# Some 30 years, in microseconds: more than any key takes, less than a timedelta can hold.
_LONGEST = 10**15
_DURATION_PART = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)(us|µs|ms|s|m|h)")
_DURATION = re.compile(rf"(?:{_DURATION_PART.pattern})+")

# KB, MB and GB are powers of 1000, KiB, MiB and GiB powers of 1024 (IEC 80000-13), as the Elastic Agent reads them.
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = re.compile(r"(\d{1,12})\s*(b|kb|mb|gb|kib|mib|gib)?", re.IGNORECASE)


def parse_duration(text: str) -> timedelta:
    """Return the duration that the text tells, or raise `RefusedError`."""
    if not _DURATION.fullmatch(text):
        hint = f"Write {text}s for seconds." if text.isdecimal() else "Write for example 5s, 300ms, 10m or 1h30m."
        raise RefusedError("{shown} is not a duration with its unit", hint)
    parts = _DURATION_PART.findall(text)
    microseconds = int(sum(Decimal(number) * _MICROSECONDS[unit] for number, unit in parts))
    if microseconds > _LONGEST:
        raise RefusedError("{shown} is out of range", "Write a shorter duration.")
    return timedelta(microseconds=microseconds)


def render_duration(duration: timedelta) -> str:
    """Return the duration in the largest unit that leaves a whole number: ``90s``, ``200ms``, ``2h``."""
    microseconds = duration // timedelta(microseconds=1)
    for unit in ("h", "m", "s", "ms"):
        if microseconds and microseconds % _MICROSECONDS[unit] == 0:
            return f"{microseconds // _MICROSECONDS[unit]}{unit}"
    return f"{microseconds}us" if microseconds else "0s"


def parse_size(text: str) -> int:
    """Return the number of bytes that the text tells, or raise `RefusedError`."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise RefusedError("{shown} is not a size", "Write for example 5MiB, 512KiB or a number of bytes.")
    return int(match[1]) * _BYTES[(match[2] or "b").lower()]


def render_size(size: int) -> str:
    """Return the number of bytes in the largest unit that leaves a whole number: ``5MiB``, ``1000B``."""
    for unit in ("GiB", "MiB", "KiB"):
        if size and size % _BYTES[unit.lower()] == 0:
            return f"{size // _BYTES[unit.lower()]}{unit}"
    return f"{size}B"
