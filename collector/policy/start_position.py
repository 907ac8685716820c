"""Where reading begins in a partition that has no checkpoint: the end, the start, a time or a sequence number.

Promises: a time carries its zone and is in UTC; the record at the position is read, those before it are not. Does not
promise that the hub still holds the position: Event Hubs keeps events for its retention time only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, cast, override

from collector.policy.kinds import Kind
from collector.policy.problems import RefusedError, suggest

type Start = Literal["earliest", "latest"] | datetime | int
"""One place in a partition; a number is a sequence number."""
type StartPosition = Start | Mapping[str, Start]
"""The same for all partitions, or by partition id; partitions that are not named begin at earliest."""

_WORDS: Final = ("earliest", "latest")
_FORMS: Final = "Write earliest, latest, a time such as 2026-11-01T00:00:00Z, or a sequence number."
_YEARS: Final = range(1971, 9999)
_LARGEST_SEQUENCE_NUMBER: Final = 2**63 - 1


@dataclass(frozen=True)
class StartPositionForm(Kind):
    """A word, a time, a sequence number, or one of them for each partition."""

    @override
    def check(self, value: object) -> StartPosition:
        if not isinstance(value, Mapping):
            return _check_start(value)
        starts = cast("Mapping[str, object]", value)
        if not starts:
            raise RefusedError("is an empty mapping", 'Write each partition on its own line, such as "0": 42.')
        return {partition: _check_partition(partition, start) for partition, start in starts.items()}

    @override
    def describe(self) -> str:
        return "`earliest`, `latest`, time with zone, sequence number, or a mapping of partition ids to these"

    @override
    def json_schema(self) -> dict[str, Any]:
        one: dict[str, Any] = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "minLength": 1}]}
        each = {"type": "object", "minProperties": 1, "additionalProperties": one}
        return {"anyOf": [*one["anyOf"], each]}

    @override
    def render(self, value: StartPosition) -> object:
        if isinstance(value, Mapping):
            return {partition: self.render(start) for partition, start in value.items()}
        return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _check_partition(partition: str, start: object) -> Start:
    if not re.fullmatch(r"\d{1,4}", partition, re.ASCII):
        raise RefusedError("has a key that is no partition id", 'Write partition ids as numbers from "0" on.')
    try:
        return _check_start(start)
    except RefusedError as refusal:
        what = refusal.what.replace("{shown}", "its value")
        raise RefusedError(f"partition {partition}: {what}", refusal.hint) from None


def _check_start(value: object) -> Start:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return _read_text(value.strip())
    if isinstance(value, bool) or not isinstance(value, int):
        raise RefusedError("{shown} is no position in a partition", _FORMS)
    if not 0 <= value <= _LARGEST_SEQUENCE_NUMBER:
        raise RefusedError("{shown} is no sequence number", "Write 0 or a greater number; the first event has 0.")
    return value


def _read_text(text: str) -> Start:
    if text == "earliest" or text == "latest":  # noqa: PLR1714 - so that the type is one of the two words
        return text
    if re.fullmatch(r"\d{1,19}", text, re.ASCII):
        return _check_start(int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RefusedError("{shown} is no position in a partition", f"{suggest(text, _WORDS)}{_FORMS}") from None
    if moment.tzinfo is None:
        raise RefusedError("{shown} is a time without its zone", "Write it with Z for UTC: 2026-11-01T00:00:00Z.")
    if moment.year not in _YEARS:
        raise RefusedError("{shown} is a time of no event", "Write earliest or latest.")
    return moment.astimezone(UTC)
