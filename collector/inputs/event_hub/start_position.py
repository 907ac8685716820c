"""Start positions as the Azure SDK takes them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from collector.policy.start_position import Start, StartPosition

_FROM_THE_START: Final = "-1"
_FROM_THE_END: Final = "@latest"
_FINEST_TIME: Final = timedelta(milliseconds=1)


def sdk_position(position: StartPosition) -> Any:
    """Return ``starting_position`` for the SDK, whose positions are those of the last event *not* wanted.

    The SDK could include the position itself, but would then do the same with checkpoints and read the event of each
    again. Event Hubs keeps times to the millisecond, and the SDK sends them so.
    """
    if isinstance(position, Mapping):
        return {partition: _one_position(start) for partition, start in position.items()}
    return _one_position(position)


def _one_position(start: Start) -> str | int | datetime:
    if isinstance(start, datetime):
        return _round_up(start) - _FINEST_TIME
    if isinstance(start, int):
        return start - 1 if start > 0 else _FROM_THE_START
    return _FROM_THE_START if start == "earliest" else _FROM_THE_END


def _round_up(moment: datetime) -> datetime:
    """Return the first millisecond that is not before the moment."""
    excess = moment.microsecond % 1000
    return moment + timedelta(microseconds=1000 - excess) if excess else moment
