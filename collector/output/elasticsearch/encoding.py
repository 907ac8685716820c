"""Bulk lines: the one shape in which records leave the collector.

A record becomes ``{"@timestamp", "message", "azure", "data_stream", "event", "tags"}`` with the record as a JSON string
in ``message``: what a stock Elastic Agent sends, so that the same pipelines serve both (decision 1 of the design).
The parts that the records of an event or of a stream share are encoded once.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

import msgspec

from collector.events import DataStream, Position, Record, Reject, Source, category_of

DEAD_LETTER_DATASET: Final = "aoai.deadletter"
REPAIRED_TAG: Final = "repaired"
PRESERVE_ORIGINAL_TAG: Final = "preserve_original_event"
CONTENT_TAG_PREFIX: Final = "content_"
"""With the level of the content policy that was applied; pipelines keep texts of bodies only with such a tag."""
_MODULE: Final = "aoai"
_ACTION_END: Final = b'"}}\n'
_DOCUMENT_END: Final = b"}\n"
_PARTS: Final = 5
"""Of a document: start of the action line, id, what records share, record, end."""
_ID: Final = 1
_MESSAGE: Final = 3
_END_OF_SECONDS: Final = len('"0000-00-00T00:00:00')

_encode = msgspec.json.Encoder().encode


def action(stream: str, record_id: bytes) -> bytes:
    """Return the action line; ``create`` because a replay must never overwrite."""
    return _action_start(stream) + record_id + _ACTION_END


def _action_start(stream: str) -> bytes:
    return b'{"create":{"_index":' + _encode(stream) + b',"_id":"'


def encode_shared(fields: dict[str, Any]) -> bytes:
    """Return fields as they stand in a document between its origin and its message."""
    return _encode(fields)[1:-1] + b',"message":'


def iso(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC with milliseconds."""
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    to_the_second = _encode(in_utc)[1:_END_OF_SECONDS].decode()  # in a tenth of the time of ``isoformat``
    return f"{to_the_second}.{in_utc.microsecond // 1000:03}Z"


class Origin(msgspec.Struct, frozen=True, gc=False):
    """What the documents of one event share: its time and its place in the hub."""

    timestamp: str
    azure: dict[str, str | int]
    start: bytes
    """What stands between the id and the fields that the stream's records share."""


class _Way(msgspec.Struct, frozen=True, gc=False):
    """A target of a stream, with what its records share."""

    target: DataStream
    action: bytes
    shared: bytes
    shared_repaired: bytes


class _Ways(dict[str | None, _Way]):
    """Where the records of a category go."""

    def __init__(self, own: _Way, others: Mapping[str | None, _Way]) -> None:
        """Let every category that is not among the others go the stream's own way."""
        super().__init__(others)
        self._own = own

    def __missing__(self, category: str | None) -> _Way:
        """Look in lower case, since the case varies between services."""
        same = (way for known, way in self.items() if category and known and known.lower() == category.lower())
        return next(same, self._own)


class StreamEncoder:
    """Encodes the records of one stream of the policy."""

    def __init__(  # noqa: PLR0913 - the parts of one stream
        self,
        source: Source,
        target: DataStream,
        tags: tuple[str, ...],
        *,
        preserve_original: bool,
        enrich: Callable[[dict[str, Any]], dict[str, Any]] = dict,
        routes: Mapping[str, str] | None = None,
    ) -> None:
        """Encode for a target.

        Args:
            source: what is read.
            target: where records go.
            tags: the tags of every record.
            preserve_original: whether the pipeline is asked to keep the original.
            enrich: adds fields of the policy to those that all records share.
            routes: data sets of categories; a record of one that is named here goes there instead.
        """
        self._source = source
        self._target = target
        self._tags = tags + ((PRESERVE_ORIGINAL_TAG,) if preserve_original else ())
        routes = routes or {}
        ways = {
            dataset: self._make_way(replace(target, dataset=dataset), enrich)
            for dataset in {*routes.values(), target.dataset}
        }
        self._ways = _Ways(ways[target.dataset], {category: ways[dataset] for category, dataset in routes.items()})

    def _make_way(self, target: DataStream, enrich: Callable[[dict[str, Any]], dict[str, Any]]) -> "_Way":
        return _Way(
            target,
            _action_start(target.name),
            self._encode_shared(target, enrich, repaired=False),
            self._encode_shared(target, enrich, repaired=True),
        )

    def _encode_shared(
        self, target: DataStream, enrich: Callable[[dict[str, Any]], dict[str, Any]], *, repaired: bool
    ) -> bytes:
        return encode_shared(enrich(self.shared_fields(target, repaired=repaired)))

    def target_of(self, text: str) -> DataStream:
        """Return the data stream that a record belongs to."""
        return self._ways[category_of(text)].target

    def shared_fields(self, target: DataStream, *, repaired: bool) -> dict[str, Any]:
        """Return the fields that all records for a target share, those that had to be repaired or the others."""
        tags = (*self._tags, REPAIRED_TAG) if repaired else self._tags
        fields: dict[str, Any] = {
            "data_stream": {"type": target.type, "dataset": target.dataset, "namespace": target.namespace},
            "event": {"module": _MODULE, "dataset": target.dataset},
        }
        if tags:
            fields["tags"] = tags
        return fields

    def origin(self, partition: str, position: Position) -> Origin:
        """Return what the documents of the event at ``position`` share."""
        timestamp = iso(position.enqueued_time)
        azure: dict[str, str | int] = {
            "eventhub": self._source.hub,
            "consumer_group": self._source.consumer_group,
            "partition_id": partition,
            "offset": position.offset,
            "sequence_number": position.sequence_number,
            "enqueued_time": timestamp,
        }
        return Origin(timestamp, azure, _ACTION_END + _encode({"@timestamp": timestamp, "azure": azure})[:-1] + b",")

    def record(self, record_id: bytes, origin: Origin, record: Record) -> bytes:
        """Return the bulk lines of a record."""
        way = self._ways[category_of(record.text)]
        shared = way.shared_repaired if record.repaired else way.shared
        return b"".join((way.action, record_id, origin.start, shared, _encode(record.text), _DOCUMENT_END))

    def records(
        self, ids: Sequence[bytes], origin: Origin, texts: Sequence[str], categories: Sequence[str | None]
    ) -> bytes:
        """Return the bulk lines of records of one event, none repaired; ``category_of`` has told their categories."""
        layouts = {category: self._lay_out(self._ways[category], origin) for category in set(categories)}
        if len(layouts) == 1:
            parts = layouts[categories[0]] * len(texts)
        else:
            parts = list(chain.from_iterable(map(layouts.__getitem__, categories)))
        parts[_ID::_PARTS] = ids
        parts[_MESSAGE::_PARTS] = map(_encode, texts)
        return b"".join(parts)

    def _lay_out(self, way: _Way, origin: Origin) -> list[bytes]:
        """Return the parts of a document, those empty in which records of an event differ."""
        return [way.action, b"", origin.start + way.shared, b"", _DOCUMENT_END]

    def record_with(self, record_id: bytes, origin: Origin, target: DataStream, shared: bytes, record: Record) -> bytes:
        """Return the bulk lines of a record whose shared fields, from ``encode_shared``, are its own."""
        return b"".join(
            (_action_start(target.name), record_id, origin.start, shared, _encode(record.text), _DOCUMENT_END)
        )

    def reject(self, record_id: bytes, origin: Origin, index: int, reject: Reject) -> bytes:
        """Return the bulk lines of the dead letter of a piece that is no record."""
        return dead_letter(
            record_id,
            DeadLetter(
                timestamp=origin.timestamp,
                azure=origin.azure,
                namespace=self._target.namespace,
                target=self._target.name,
                original=reject.source,
                stage="split",
                error_type=reject.reason.value,
                error_message=reject.detail,
                record_index=index,
            ),
        )


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a record that could not be indexed: the original, the reason and the position."""

    timestamp: str
    azure: dict[str, Any]
    namespace: str
    target: str
    """The data stream that it was meant for."""
    original: bytes
    stage: str
    """``split``: it was no record. ``index``: Elasticsearch refused it."""
    error_type: str
    error_message: str
    record_index: int | None = None
    status: int | None = None
    """The HTTP status of the refusal."""


def dead_letter(record_id: bytes, letter: DeadLetter) -> bytes:
    """Return the bulk lines of a dead letter."""
    stream = DataStream("logs", DEAD_LETTER_DATASET, letter.namespace)
    original, encoding = _as_text(letter.original)
    details: dict[str, Any] = {"stage": letter.stage, "target": letter.target, "original_encoding": encoding}
    if letter.record_index is not None:
        details["record_index"] = letter.record_index
    if letter.status is not None:
        details["status"] = letter.status
    document = {
        "@timestamp": letter.timestamp,
        "azure": letter.azure,
        "data_stream": {"type": stream.type, "dataset": stream.dataset, "namespace": stream.namespace},
        "event": {
            "kind": "event",
            "module": _MODULE,
            "dataset": stream.dataset,
            "reason": letter.error_type,
            "original": original,
        },
        "error": {"type": letter.error_type, "message": letter.error_message},
        "aoai": {"dead_letter": details},
        # Where Fleet installed the templates, its final pipeline takes the original out of any document without it.
        "tags": [PRESERVE_ORIGINAL_TAG],
    }
    return action(stream.name, record_id) + _encode(document) + b"\n"


def _as_text(original: bytes) -> tuple[str, str]:
    try:
        return original.decode(), "utf-8"
    except UnicodeDecodeError:
        return b64encode(original).decode(), "base64"
