"""The time that traffic is made up for: as a whole before the newest final minute, or up to now."""

from datetime import UTC, datetime, timedelta

import pytest

from collector.demo.history import find_final, plan_start
from collector.demo.traffic import Traffic

NOW = datetime(2026, 3, 10, 9, 7, 59, 900_000, tzinfo=UTC)
# A minute is final three minutes after its end (docs/metrics.md), so the newest is 09:03.
NEWEST_END = datetime(2026, 3, 10, 9, 4, tzinfo=UTC)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("records", [1, 300, 5_000])
def test_every_call_of_a_run_of_a_fixed_amount_is_in_a_final_minute(records: int, seed: int) -> None:
    traffic = Traffic(seed, plan_start(NOW, records, once=True))
    list(traffic.events(records))
    assert NEWEST_END - timedelta(minutes=2) < traffic.now < NEWEST_END


def test_live_traffic_begins_so_that_it_ends_about_now() -> None:
    traffic = Traffic(7, plan_start(NOW, 5_000, once=False))
    list(traffic.events(5_000))
    assert NOW - timedelta(seconds=60) < traffic.now < NOW


def test_final_are_the_whole_minutes_since_the_traffic_began() -> None:
    found = find_final(NOW, datetime(2026, 3, 10, 8, 55, 31, tzinfo=UTC))
    assert (found.since, found.until) == (datetime(2026, 3, 10, 8, 55, tzinfo=UTC), NEWEST_END)


def test_of_longer_traffic_it_is_what_a_new_daemon_reads() -> None:
    # It reads an hour up to the newest final minute, and may begin two minutes later.
    found = find_final(NOW, NOW - timedelta(hours=5))
    assert (found.since, found.until) == (NEWEST_END - timedelta(minutes=58), NEWEST_END)
