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
            _check_known(log.last.offset if log.last else -1, number, "offset")
            return log.sequence_number_from_offset(number, inclusive=inclusive)
        case "sequence-number":
            _check_known(log.next_sequence_number - 1, number, "sequence number")
            return number if inclusive else number + 1
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


def _check_known(last: int, supplied: int, kind: str) -> None:
    if supplied > last:
        raise LinkError(
            Condition.ARGUMENT_ERROR,
            f"The supplied {kind} '{supplied}' is invalid. The last {kind} in the system is '{last}'",
        )


def _refuse_selector(selector: str) -> LinkError:
    return LinkError(
        Condition.ARGUMENT_ERROR, f"The filter '{selector}' is not a valid amqp filter for EventHub entities"
    )
