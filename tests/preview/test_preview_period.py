"""The ends of a time range as people write them."""

from datetime import UTC, datetime, timedelta

import pytest

from collector.assets.panels.model import TimeRange
from collector.preview.period import PeriodError, read_period

NOW = datetime(2026, 8, 19, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("now-24h", "now", TimeRange(NOW - timedelta(hours=24), NOW)),
        ("now-15m", "now-5m", TimeRange(NOW - timedelta(minutes=15), NOW - timedelta(minutes=5))),
        ("now-2w", "now-7d", TimeRange(NOW - timedelta(days=14), NOW - timedelta(days=7))),
        ("2026-03-10", "2026-03-11", TimeRange(datetime(2026, 3, 10, tzinfo=UTC), datetime(2026, 3, 11, tzinfo=UTC))),
        ("2026-03-10T09:00", "now", TimeRange(datetime(2026, 3, 10, 9, tzinfo=UTC), NOW)),
        ("2026-03-10T09:00+02:00", "now", TimeRange(datetime(2026, 3, 10, 7, tzinfo=UTC), NOW)),
    ],
)
def test_a_range_is_read_in_utc_unless_it_names_a_zone(start: str, end: str, expected: TimeRange) -> None:
    assert read_period(start, end, NOW) == expected


@pytest.mark.parametrize("start", ["", "now-", "now-1y", "now-1.5h", "10.3.2026", "now-9999999d"])
def test_what_is_no_time_is_refused_with_what_to_write(start: str) -> None:
    with pytest.raises(PeriodError, match="write 2026-03-10T09:00"):
        read_period(start, "now", NOW)


def test_a_time_before_all_calendars_is_refused() -> None:
    with pytest.raises(PeriodError, match="write 2026-03-10T09:00"):
        read_period("now-999999w", "now", NOW)
