"""The widths of buckets that Kibana chooses: about 50 bars, never above 100 (`calc_auto_interval.ts`)."""

from datetime import UTC, datetime, timedelta

import pytest

from collector.assets.panels.intervals import choose_interval, histogram_interval, parse_span
from collector.assets.panels.model import TimeRange, UnknownPanelFeatureError

START = datetime(2026, 3, 10, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def lasting(duration: timedelta) -> TimeRange:
    return TimeRange(START, START + duration)


@pytest.mark.parametrize(
    ("duration", "interval"),
    [
        # What Kibana's time picker offers, and the interval that its date histogram then says.
        (15 * MINUTE, timedelta(seconds=30)),
        (30 * MINUTE, timedelta(seconds=30)),
        (HOUR, MINUTE),
        (4 * HOUR, 5 * MINUTE),
        (12 * HOUR, 10 * MINUTE),
        (DAY, 30 * MINUTE),
        (7 * DAY, 3 * HOUR),
        (30 * DAY, 12 * HOUR),
        (90 * DAY, DAY),
        (365 * DAY, 7 * DAY),
        (timedelta(seconds=20), timedelta(milliseconds=400)),
        (timedelta(milliseconds=10), timedelta(milliseconds=1)),
    ],
)
def test_auto_chooses_as_kibana_does(duration: timedelta, interval: timedelta) -> None:
    assert choose_interval("auto", lasting(duration)) == interval


def test_an_interval_of_its_own_is_taken_up_to_100_bars() -> None:
    assert choose_interval("30m", lasting(2 * DAY)) == 30 * MINUTE
    assert choose_interval("1m", lasting(2 * DAY)) == 10 * MINUTE


def test_weeks_are_those_of_the_calendar() -> None:
    assert histogram_interval(7 * DAY) == {"calendar_interval": "1w"}
    assert histogram_interval(90 * MINUTE) == {"fixed_interval": "5400000ms"}


@pytest.mark.parametrize("interval", ["7d", "2w", "1M", "", "5", "m"])
def test_an_interval_that_is_none_or_is_not_known_is_refused(interval: str) -> None:
    with pytest.raises(UnknownPanelFeatureError):
        choose_interval(interval, lasting(DAY))


def test_several_years_are_refused() -> None:
    with pytest.raises(UnknownPanelFeatureError, match="years"):
        choose_interval("auto", lasting(1100 * DAY))


def test_a_span_has_a_unit() -> None:
    assert parse_span("90s") == timedelta(seconds=90)
    assert parse_span("2 h") == 2 * HOUR
