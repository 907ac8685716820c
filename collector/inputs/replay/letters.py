"""Dead letters as they were kept, and which of them are wanted."""

from base64 import b64decode
from binascii import Error as Base64Error
from datetime import datetime
from typing import Any, Final

import msgspec

from collector.events import DataStream, Position

_PARTS_OF_A_STREAM: Final = 3


class NoDeadLetterError(ValueError):
    """The document or line is no dead letter of ours."""


class _DeadLetter(msgspec.Struct):
    stage: str
    target: str
    original_encoding: str = "utf-8"
    record_index: int = 0


class _Section(msgspec.Struct):
    dead_letter: _DeadLetter


class _Azure(msgspec.Struct):
    eventhub: str | None = None
    consumer_group: str = ""
    partition_id: str = ""
    sequence_number: int = -1
    enqueued_time: datetime | None = None
    offset: str = ""


class _Event(msgspec.Struct):
    reason: str
    original: str


class _Document(msgspec.Struct):
    aoai: _Section
    azure: _Azure
    event: _Event
    timestamp: datetime = msgspec.field(name="@timestamp")


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where in an event hub a record was."""

    hub: str
    consumer_group: str
    partition: str
    position: Position


class Letter(msgspec.Struct, frozen=True, gc=False):
    """One dead letter."""

    id: str
    at: datetime
    """When the record was enqueued; of a document that is no record, its own time."""
    place: Place | None
    """Where the record was; None for a document that is no record: metrics, deployments, quotas."""
    target: DataStream
    stage: str
    """``split``: it was no record. ``index``: Elasticsearch refused it."""
    reason: str
    original: bytes
    record_index: int
    lines: bytes | None = None
    """The bulk lines as they stand in a local file; None for one that lies in Elasticsearch."""


def read_letter(letter_id: str, document: bytes, *, lines: bytes | None = None) -> Letter:
    """Read a dead letter's document.

    Raises:
        NoDeadLetterError: it is something else.
    """
    try:
        read = msgspec.json.decode(document, type=_Document)
        target = _stream(read.aoai.dead_letter.target)
        original = _original(read.event.original, read.aoai.dead_letter.original_encoding)
    except (ValueError, RecursionError, Base64Error) as error:
        raise NoDeadLetterError("this is no dead letter of the collector") from error
    details = read.aoai.dead_letter
    return Letter(
        letter_id,
        read.timestamp,
        _place(read.azure),
        target,
        details.stage,
        read.event.reason,
        original,
        details.record_index,
        lines,
    )


def _place(azure: _Azure) -> Place | None:
    if azure.eventhub is None or azure.enqueued_time is None:
        return None
    position = Position(azure.offset, azure.sequence_number, azure.enqueued_time)
    return Place(azure.eventhub, azure.consumer_group, azure.partition_id, position)


class Selection(msgspec.Struct, frozen=True):
    """Which dead letters are wanted; an empty part wants all."""

    datasets: tuple[str, ...] = ()
    """Data sets that the records were meant for."""
    reasons: tuple[str, ...] = ()
    since: datetime | None = None
    """Records enqueued at this moment or later, and documents of that time."""

    def wants(self, letter: Letter) -> bool:
        """Tell whether a letter is among them."""
        return (
            (not self.datasets or letter.target.dataset in self.datasets)
            and (not self.reasons or letter.reason in self.reasons)
            and (self.since is None or letter.at >= self.since)
        )

    def as_query(self) -> dict[str, Any]:
        """Return the same as a query of Elasticsearch, but for the data sets: ``wants`` has the last word."""
        filters: list[dict[str, Any]] = []
        if self.reasons:
            filters.append({"terms": {"event.reason": list(self.reasons)}})
        if self.since is not None:
            filters.append({"range": {"@timestamp": {"gte": self.since.isoformat()}}})
        return {"bool": {"filter": filters}}


def _stream(name: str) -> DataStream:
    parts = name.split("-", 2)
    if len(parts) != _PARTS_OF_A_STREAM:
        raise ValueError(name)
    return DataStream(*parts)


def _original(text: str, encoding: str) -> bytes:
    return b64decode(text, validate=True) if encoding == "base64" else text.encode("utf-8", "surrogatepass")
