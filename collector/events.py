"""The words that inputs, delivery and outputs share: where an event came from, what it breaks down into.

This module is the floor of the import order; it imports nothing of the project.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec


class RejectReason(StrEnum):
    """Why a piece of an event is no record; the ``event.reason`` of its dead letter."""

    INVALID_JSON = "invalid_json"
    TRUNCATED = "truncated"
    NOT_UTF8 = "not_utf8"
    NOT_AN_OBJECT = "not_an_object"
    RECORDS_NOT_AN_ARRAY = "records_not_an_array"
    DUPLICATE_RECORDS_KEY = "duplicate_records_key"
    NESTED_TOO_DEEPLY = "nested_too_deeply"
    INVALID_GZIP = "invalid_gzip"
    INFLATES_TOO_FAR = "inflates_too_far"


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record: ``source`` is what Azure sent (the id is made from it), ``text`` what is delivered.

    The two differ only when ``repaired`` is set.
    """

    source: bytes
    text: str
    repaired: bool = False


class Reject(msgspec.Struct, frozen=True, gc=False):
    """A piece of an event that holds no record and becomes a dead letter with its original bytes."""

    source: bytes
    reason: RejectReason
    detail: str


Entry = Record | Reject
"""One piece of an event; its index among the pieces is part of a record's id."""


@dataclass(frozen=True, slots=True)
class Source:
    """What was read: the Event Hubs host (lower-cased), the hub and the consumer group."""

    host: str
    hub: str
    consumer_group: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where one event stands in its partition; the offset is opaque and only ever handed back."""

    offset: str
    sequence_number: int
    enqueued_time: datetime


@dataclass(frozen=True, slots=True)
class DataStream:
    """An Elasticsearch data stream, named ``TYPE-DATASET-NAMESPACE``."""

    type: str
    dataset: str
    namespace: str

    @property
    def name(self) -> str:
        """The name to index into."""
        return f"{self.type}-{self.dataset}-{self.namespace}"
