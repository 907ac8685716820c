"""The widths of time buckets that Kibana chooses, and its spans of time.

From Kibana's `calc_auto_interval.ts` and `time_buckets.ts`, with its default settings: about 50 bars, never above 100.
Time is in UTC.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from collector.assets.panels.model import TimeRange, UnknownPanelFeatureError

_TARGET: Final = 50
_MOST: Final = 100

_MS: Final = timedelta(milliseconds=1)
_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

# From which time per bar on an interval is taken, the longest first. Months and years begin where nobody looks at a
# dashboard of ours, and have no fixed length.
_STEPS: Final = (
    (21 * _DAY, 7 * _DAY),
    (7 * _DAY, _DAY),
    (_DAY, 12 * _HOUR),
    (6 * _HOUR, 3 * _HOUR),
    (2 * _HOUR, _HOUR),
    (45 * _MINUTE, 30 * _MINUTE),
    (20 * _MINUTE, 10 * _MINUTE),
    (9 * _MINUTE, 5 * _MINUTE),
    (3 * _MINUTE, _MINUTE),
    (45 * _SECOND, 30 * _SECOND),
    (15 * _SECOND, 10 * _SECOND),
    (7.5 * _SECOND, 5 * _SECOND),
    (5 * _SECOND, _SECOND),
    (500 * _MS, 100 * _MS),
)
_UNITS: Final = {"ms": _MS, "s": _SECOND, "m": _MINUTE, "h": _HOUR, "d": _DAY, "w": 7 * _DAY}
_SPAN: Final = re.compile(r"([0-9]+) ?(ms|s|m|h|d|w)")
# Elasticsearch counts weeks of the calendar from Monday; the epoch was a Thursday.
_WEEK: Final = 7 * _DAY
_MONDAY: Final = datetime(1970, 1, 5, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def choose_interval(wanted: str, time_range: TimeRange) -> timedelta:
    """Return the width of a date histogram's buckets; ``wanted`` is ``auto`` or a span such as ``30m``.

    Raises:
        UnknownPanelFeatureError: the time range is too long, or the span is none that this runner knows.
    """
    duration = time_range.end - time_range.start
    if duration >= _STEPS[0][0] * _TARGET:
        raise UnknownPanelFeatureError("a time range of several years: its buckets are months")
    interval = _near(duration / _TARGET) if wanted == "auto" else parse_span(wanted)
    if interval >= _WEEK and wanted not in {"auto", "1w"}:
        raise UnknownPanelFeatureError(f"the interval {wanted!r}")
    return max(interval, _less_than(duration / _MOST))


def parse_span(text: str) -> timedelta:
    """Return the length of a span such as ``1h`` or ``7d``.

    Raises:
        UnknownPanelFeatureError: it is no span of fixed length.
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise UnknownPanelFeatureError(f"the span of time {text!r}")
    return int(found[1]) * _UNITS[found[2]]


def start_of_bucket(moment: datetime, interval: timedelta) -> datetime:
    """Return the start of the bucket that a moment is in."""
    origin = _MONDAY if interval == _WEEK else _EPOCH
    return moment - (moment - origin) % interval


def histogram_interval(interval: timedelta) -> dict[str, str]:
    """Return the interval as a date histogram takes it."""
    if interval == _WEEK:
        return {"calendar_interval": "1w"}
    return {"fixed_interval": f"{interval // _MS}ms"}


def _near(per_bar: timedelta) -> timedelta:
    above = _STEPS[0][1]
    for bound, interval in _STEPS:
        if bound <= per_bar:
            return above
        above = interval
    return _whole(per_bar)


def _less_than(per_bar: timedelta) -> timedelta:
    return next((interval for _, interval in _STEPS if interval <= per_bar), _whole(per_bar))


def _whole(per_bar: timedelta) -> timedelta:
    return max(_MS, per_bar // _MS * _MS)
