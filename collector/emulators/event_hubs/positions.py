"""Where a reader begins: the selector of a receiving link's filter.

    amqp.annotation.x-opt-offset > '4096'              -1 is the start, @latest the end
    amqp.annotation.x-opt-sequence-number >= '42'
    amqp.annotation.x-opt-enqueued-time > '1763719200000'    milliseconds since 1970

A position behind the end is refused as the service does it, which is how a client learns that its hub was deleted and
created again.
"""

import re
from typing import cast

from collector.emulators.event_hubs.errors import Condition, LinkError
from collector.emulators.event_hubs.partition_log import PartitionLog
from collector.emulators.event_hubs.wire_types import Described

_FILTER = "apache.org:selector-filter:string"
_SELECTOR = re.compile(
    r"\s*amqp\.annotation\.x-opt-(?P<by>offset|sequence-number|enqueued-time)\s*(?P<operator>>=?)\s*'(?P<value>[^']*)'\s*"
)
_START = "-1"
_END = "@latest"


def find_start(log: PartitionLog, filters: object) -> int:
    """Return the sequence number of the first event that a link with these filters gets.

    Without a selector, a reader begins at the start.

    Raises:
        LinkError: for a selector that cannot be read, or a position behind the end.
    """
    selector = _read_selector(filters)
    if selector is None:
        return 0
    match = _SELECTOR.fullmatch(selector)
    if match is None:
        raise _refuse_selector(selector)
    inclusive = match["operator"] == ">="
    return _find(log, match["by"], match["value"], inclusive=inclusive, selector=selector)


def _find(log: PartitionLog, by: str, value: str, *, inclusive: bool, selector: str) -> int:
    if value == _END:
        return log.next_sequence_number
    if value == _START:
        return 0
    try:
        number = int(value)
    except ValueError as error:
        raise _refuse_selector(selector) from error
    match by:
        case "offset":
            last = log.last.offset if log.last else -1
            if number > last:
                raise _refuse_position("offset", number, last)
            return log.sequence_number_from_offset(number, inclusive=inclusive)
        case "sequence-number":
            # Inclusive may name the event that comes next: clients begin an empty partition at 0 like that.
            last = log.next_sequence_number - 1
            first = number if inclusive else number + 1
            if first > last + 1:
                raise _refuse_position("sequence number", number, last)
            return first
        case _:
            return log.sequence_number_from_time(number, inclusive=inclusive)


def _read_selector(filters: object) -> str | None:
    if not isinstance(filters, dict):
        return None
    value = cast("dict[object, object]", filters).get(_FILTER)
    if isinstance(value, Described):
        value = value.value
    if value is None:
        return None
    if not isinstance(value, str):
        raise _refuse_selector(repr(value))
    return value


def _refuse_position(kind: str, supplied: int, last: int) -> LinkError:
    return LinkError(
        Condition.ARGUMENT_ERROR,
        f"The supplied {kind} '{supplied}' is invalid. The last {kind} in the system is '{last}'",
    )


def _refuse_selector(selector: str) -> LinkError:
    return LinkError(
        Condition.ARGUMENT_ERROR, f"The filter '{selector}' is not a valid amqp filter for EventHub entities"
    )
