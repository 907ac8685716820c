"""Reads the ends of a time range as a person writes them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from collector.assets.panels.model import TimeRange

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_BACK: Final = re.compile(r"now(?:-(\d{1,6})([mhdw]))?")


class PeriodError(ValueError):
    """What is written is no time range. The message says what to write."""


def read_period(start: str, end: str, now: datetime) -> TimeRange:
    """Return the range from ``start`` to ``end``, each an ISO 8601 time or as Kibana has it: now, now-15m, now-7d.

    A time that names no zone is in UTC.

    Raises:
        PeriodError: one of them cannot be read, or the end is not after the start.
    """
    period = TimeRange(_read(start, now), _read(end, now))
    if period.end <= period.start:
        raise PeriodError(f"the range ends at {end}, which is not after its start, {start}")
    return period


def _read(text: str, now: datetime) -> datetime:
    try:
        if (back := _BACK.fullmatch(text)) is not None:
            return now - timedelta(**{_UNITS[back[2]]: int(back[1])}) if back[1] else now
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):  # the latter: before the first day of the calendar
        raise PeriodError(f"{text!r} is no time: write 2026-03-10T09:00, 2026-03-10, now or now-24h") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
