"""Which time the traffic is made up for, and which of its minutes Azure Monitor must have in the end.

A minute of metrics is final some minutes after its end. With ``once`` the whole traffic lies before the newest final
minute, so its metrics are complete without a wait, and the daemon runs with its own defaults.
"""

from datetime import datetime, timedelta
from typing import Final

from collector.demo.traffic import RECORDS_PER_SECOND
from collector.demo.window import Window
from collector.inputs.azure_metrics.minutes import Timing
from collector.inputs.azure_metrics.ports import moment

# Arrivals are random: the traffic may take a little longer than planned, and must not reach beyond its end.
_SLACK: Final = 1.05
_MORE_SLACK: Final = timedelta(seconds=10)
# The demo's policy names neither a latency nor a first look, so these are the daemon's own.
_TIMING: Final = Timing()
_MINUTES_TO_START: Final = 2
"""Until the daemon asks for the first time; the hour that it looks back then begins so much later."""


def plan_start(now: datetime, records: int, *, once: bool) -> datetime:
    """Return when traffic of so many records must begin to end now, or with ``once`` in a minute that is final."""
    end = moment(_TIMING.final(now.timestamp())) - _MORE_SLACK if once else now
    return (end - timedelta(seconds=records / RECORDS_PER_SECOND * _SLACK)).replace(microsecond=0)


def find_final(now: datetime, since: datetime) -> Window:
    """Return the minutes of traffic since a time that are final now, and that a daemon which starts now reads.

    Of a resource that is new to it, it reads an hour.
    """
    final = _TIMING.final(now.timestamp())
    oldest = moment(final - _TIMING.first_look + _MINUTES_TO_START)
    return Window(max(since, oldest), moment(final)).from_whole_minute()
