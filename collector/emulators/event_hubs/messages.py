"""Messages and their sections: events as they are stored and delivered, requests and their answers.

An event is encoded once, when it is appended; every delivery of it is the same bytes, but for delivery annotations in
front. Of what a producer sends, the header and the delivery annotations end here; everything else is kept as it came.

Source: OASIS AMQP 1.0, part 3, section 3.2 (message format); the names of the annotations are Event Hubs' own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from collector.emulators.event_hubs.decoding import DecodeError, decode_value, skip_value
from collector.emulators.event_hubs.encoding import encode_map, encode_value
from collector.emulators.event_hubs.wire_types import Symbol, Timestamp

BATCH_FORMAT = 0x80013700

_HEADER, _DELIVERY_ANNOTATIONS, _MESSAGE_ANNOTATIONS = 0x70, 0x71, 0x72
_PROPERTIES, _APPLICATION_PROPERTIES = 0x73, 0x74
_DATA, _SEQUENCE, _VALUE, _FOOTER = 0x75, 0x76, 0x77, 0x78
_SECTION_PREFIX = b"\x00\x53"
_PREFIX_SIZE = 3

PARTITION_KEY = Symbol("x-opt-partition-key")
_SEQUENCE_NUMBER = Symbol("x-opt-sequence-number")
_OFFSET = Symbol("x-opt-offset")
_ENQUEUED_TIME = Symbol("x-opt-enqueued-time")
_SYSTEM_ANNOTATIONS = frozenset({PARTITION_KEY, _SEQUENCE_NUMBER, _OFFSET, _ENQUEUED_TIME})
_SEQUENCE_NUMBER_KEY = encode_value(_SEQUENCE_NUMBER)
_OFFSET_KEY = encode_value(_OFFSET)
_ENQUEUED_TIME_KEY = encode_value(_ENQUEUED_TIME)
_PARTITION_KEY_KEY = encode_value(PARTITION_KEY)


@dataclass(frozen=True, slots=True)
class EventContent:
    """What a producer says of an event: its sections as bytes, its annotations and its partition key."""

    sections: bytes
    annotations: Mapping[object, object] = field(default_factory=dict[object, object])
    partition_key: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: the parts of a message that those use."""

    properties: list[object]
    application_properties: dict[object, object]
    value: object = None

    def property_at(self, position: int) -> object:
        """Return a field of the properties section (0 message-id, 4 reply-to, 5 correlation-id), or None."""
        return self.properties[position] if position < len(self.properties) else None


def build_content(body: bytes, properties: Mapping[str, object] | None, partition_key: str | None) -> EventContent:
    """Return the content of an event with one data section and these application properties."""
    sections = b""
    if properties:
        sections = _section(_APPLICATION_PROPERTIES, encode_value(dict(properties)))
    return EventContent(sections + _section(_DATA, encode_value(body)), {}, partition_key)


def read_event(payload: bytes) -> EventContent:
    """Read a message that a producer sent as an event.

    Raises:
        DecodeError: when it is no message.
    """
    kept: list[bytes] = []
    annotations: dict[object, object] = {}
    for code, start, end in _sections(payload):
        if code == _MESSAGE_ANNOTATIONS:
            annotations = _read_map(payload, start)
        elif code not in {_HEADER, _DELIVERY_ANNOTATIONS}:
            kept.append(payload[start - _PREFIX_SIZE : end])
    key = annotations.get(PARTITION_KEY)
    own = {name: value for name, value in annotations.items() if name not in _SYSTEM_ANNOTATIONS}
    return EventContent(b"".join(kept), own, key if isinstance(key, str) else None)


def read_batch(payload: bytes) -> list[EventContent]:
    """Read a batch: a message whose data sections hold one message each. Its partition key is that of all of them.

    Raises:
        DecodeError: when it is no batch.
    """
    key: object = None
    events: list[EventContent] = []
    for code, start, _ in _sections(payload):
        if code == _MESSAGE_ANNOTATIONS:
            key = _read_map(payload, start).get(PARTITION_KEY)
        elif code == _DATA:
            data, _ = decode_value(payload, start)
            if not isinstance(data, bytes):
                raise DecodeError("a data section holds no bytes")
            events.append(read_event(data))
    if isinstance(key, str):
        return [EventContent(event.sections, event.annotations, key) for event in events]
    return events


def encode_event(content: EventContent, sequence_number: int, offset: str, enqueued_ms: int) -> bytes:
    """Write an event as it is delivered: the service's annotations, then what the producer sent."""
    items = [
        _SEQUENCE_NUMBER_KEY,
        encode_value(sequence_number),
        _OFFSET_KEY,
        encode_value(offset),
        _ENQUEUED_TIME_KEY,
        encode_value(Timestamp(enqueued_ms)),
    ]
    if content.partition_key is not None:
        items += (_PARTITION_KEY_KEY, encode_value(content.partition_key))
    for name, value in content.annotations.items():
        items += (encode_value(name), encode_value(value))
    return _section(_MESSAGE_ANNOTATIONS, encode_map(items)) + content.sections


def encode_delivery_annotations(annotations: Mapping[Symbol, object]) -> bytes:
    """Write the section that goes in front of an event."""
    return _section(_DELIVERY_ANNOTATIONS, encode_value(dict(annotations)))


def read_request(payload: bytes) -> Message:
    """Read a request to a node such as `$cbs` or `$management`.

    Raises:
        DecodeError: when it is no message.
    """
    properties: object = []
    application_properties: dict[object, object] = {}
    value: object = None
    for code, start, _ in _sections(payload):
        if code == _PROPERTIES:
            properties, _ = decode_value(payload, start)
        elif code == _APPLICATION_PROPERTIES:
            application_properties = _read_map(payload, start)
        elif code == _VALUE:
            value, _ = decode_value(payload, start)
    if not isinstance(properties, list):
        raise DecodeError("the properties of a message are no list")
    return Message(cast("list[object]", properties), application_properties, value)


def encode_answer(request: Message, status: Mapping[str, object], value: object) -> bytes:
    """Write the answer to `request`: its message id becomes the correlation id, with its type."""
    properties: list[object] = [None, None, request.property_at(4), None, None, request.property_at(0)]
    properties += [None] * 7
    return b"".join(
        (
            _section(_PROPERTIES, encode_value(properties)),
            _section(_APPLICATION_PROPERTIES, encode_value(dict(status))),
            _section(_VALUE, encode_value(value)),
        )
    )


def _section(code: int, encoded: bytes) -> bytes:
    return _SECTION_PREFIX + bytes((code,)) + encoded


def _sections(payload: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield code, start and end of the value of each section."""
    position = 0
    while position < len(payload):
        code, start = _read_section_code(payload, position)
        position = skip_value(payload, start)
        yield code, start, position


def _read_section_code(payload: bytes, position: int) -> tuple[int, int]:
    if payload[position : position + 2] == _SECTION_PREFIX and position + 2 < len(payload):
        code, start = payload[position + 2], position + _PREFIX_SIZE
    else:
        raise DecodeError("a message must consist of sections")
    if not _HEADER <= code <= _FOOTER:
        raise DecodeError(f"0x{code:02x} is no section")
    return code, start


def _read_map(payload: bytes, start: int) -> dict[object, object]:
    value, _ = decode_value(payload, start)
    if not isinstance(value, dict):
        raise DecodeError("a section of a message is no map")
    return cast("dict[object, object]", value)
