"""The nine performatives of AMQP 1.0 and the composites inside them.

Promised: what is sent carries every field, absent ones as null. AMQP lets a sender leave trailing nulls out, but the
Python SDK reads fields by position and fails on shorter lists. What is received may be short, and is checked: a field
of the wrong type or a mandatory one that is absent raises `DecodeError`.

Source: OASIS AMQP 1.0, part 2, section 2.7 (performatives), part 3, sections 3.4 and 3.5 (outcomes, termini).
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self, cast

from collector.emulators.event_hubs.decoding import DecodeError, decode_value
from collector.emulators.event_hubs.encoding import encode_list, encode_value
from collector.emulators.event_hubs.errors import AmqpError
from collector.emulators.event_hubs.wire_types import Array, Described, Symbol, UByte, UInt, ULong, UShort

SOURCE = 0x28
TARGET = 0x29
SOURCE_FIELDS = 11
TARGET_FIELDS = 7
ACCEPTED = Described(ULong(0x24), [])

_ERROR = 0x1D
_REJECTED = 0x25


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a performative: the type it is written as, and the Python type it must be when read."""

    name: str
    written: type | None = None
    accepted: type | tuple[type, ...] = object
    mandatory: bool = False


def _uint(name: str, *, mandatory: bool = False) -> Field:
    return Field(name, UInt, int, mandatory)


class Performative:
    """The base of them all: fields by position, as `WIRE` lists them."""

    __slots__ = ()
    CODE: ClassVar[int]
    WIRE: ClassVar[tuple[Field, ...]]

    def encode(self) -> bytes:
        """Write the performative with all its fields."""
        items: list[bytes] = []
        for field in self.WIRE:
            value = getattr(self, field.name)
            written = field.written
            items.append(encode_value(value if value is None or written is None else written(value)))
        return b"\x00\x53" + bytes((self.CODE,)) + encode_list(items)

    @classmethod
    def from_list(cls, values: list[object]) -> Self:
        """Return the performative whose fields are `values`; absent ones at the end are null."""
        if len(values) > len(cls.WIRE):
            raise DecodeError(f"{cls.__name__} has {len(values)} fields")
        fields: dict[str, Any] = {}
        for index, field in enumerate(cls.WIRE):
            value = values[index] if index < len(values) else None
            if value is None:
                if field.mandatory:
                    raise DecodeError(f"{cls.__name__} lacks its {field.name}")
            elif not isinstance(value, field.accepted) or (field.accepted is int and isinstance(value, bool)):
                raise DecodeError(f"the {field.name} of {cls.__name__} is of a wrong type")
            fields[field.name] = value
        return cls(**fields)


@dataclass(slots=True)
class Open(Performative):
    """Opens a connection and names its limits."""

    CODE = 0x10
    WIRE = (
        Field("container_id", str, str, mandatory=True),
        Field("hostname", str, str),
        _uint("max_frame_size"),
        Field("channel_max", UShort, int),
        _uint("idle_time_out"),
        Field("outgoing_locales"),
        Field("incoming_locales"),
        Field("offered_capabilities"),
        Field("desired_capabilities"),
        Field("properties", None, dict),
    )

    container_id: str
    hostname: str | None = None
    max_frame_size: int | None = None
    channel_max: int | None = None
    idle_time_out: int | None = None
    outgoing_locales: object = None
    incoming_locales: object = None
    offered_capabilities: object = None
    desired_capabilities: object = None
    properties: dict[object, object] | None = None


@dataclass(slots=True)
class Begin(Performative):
    """Begins a session on a channel."""

    CODE = 0x11
    WIRE = (
        Field("remote_channel", UShort, int),
        _uint("next_outgoing_id", mandatory=True),
        _uint("incoming_window", mandatory=True),
        _uint("outgoing_window", mandatory=True),
        _uint("handle_max"),
        Field("offered_capabilities"),
        Field("desired_capabilities"),
        Field("properties", None, dict),
    )

    remote_channel: int | None
    next_outgoing_id: int
    incoming_window: int
    outgoing_window: int
    handle_max: int | None = None
    offered_capabilities: object = None
    desired_capabilities: object = None
    properties: dict[object, object] | None = None


@dataclass(slots=True)
class Attach(Performative):
    """Attaches a link to a session."""

    CODE = 0x12
    WIRE = (
        Field("name", str, str, mandatory=True),
        _uint("handle", mandatory=True),
        Field("role", bool, bool, mandatory=True),
        Field("snd_settle_mode", UByte, int),
        Field("rcv_settle_mode", UByte, int),
        Field("source", None, Described),
        Field("target", None, Described),
        Field("unsettled", None, dict),
        Field("incomplete_unsettled", None, bool),
        _uint("initial_delivery_count"),
        Field("max_message_size", ULong, int),
        Field("offered_capabilities"),
        Field("desired_capabilities"),
        Field("properties", None, dict),
    )

    name: str
    handle: int
    role: bool
    snd_settle_mode: int | None = None
    rcv_settle_mode: int | None = None
    source: Described | None = None
    target: Described | None = None
    unsettled: dict[object, object] | None = None
    incomplete_unsettled: bool | None = None
    initial_delivery_count: int | None = None
    max_message_size: int | None = None
    offered_capabilities: object = None
    desired_capabilities: object = None
    properties: dict[object, object] | None = None


@dataclass(slots=True)
class Flow(Performative):
    """Tells the windows of a session and, with a handle, the credit of a link."""

    CODE = 0x13
    WIRE = (
        _uint("next_incoming_id"),
        _uint("incoming_window", mandatory=True),
        _uint("next_outgoing_id", mandatory=True),
        _uint("outgoing_window", mandatory=True),
        _uint("handle"),
        _uint("delivery_count"),
        _uint("link_credit"),
        _uint("available"),
        Field("drain", None, bool),
        Field("echo", None, bool),
        Field("properties", None, dict),
    )

    next_incoming_id: int | None
    incoming_window: int
    next_outgoing_id: int
    outgoing_window: int
    handle: int | None = None
    delivery_count: int | None = None
    link_credit: int | None = None
    available: int | None = None
    drain: bool | None = None
    echo: bool | None = None
    properties: dict[object, object] | None = None


@dataclass(slots=True)
class Transfer(Performative):
    """Carries a message or a part of one; the payload follows it in the frame."""

    CODE = 0x14
    WIRE = (
        _uint("handle", mandatory=True),
        _uint("delivery_id"),
        Field("delivery_tag", None, bytes),
        _uint("message_format"),
        Field("settled", None, bool),
        Field("more", None, bool),
        Field("rcv_settle_mode", UByte, int),
        Field("state"),
        Field("resume", None, bool),
        Field("aborted", None, bool),
        Field("batchable", None, bool),
    )

    handle: int
    delivery_id: int | None = None
    delivery_tag: bytes | None = None
    message_format: int | None = None
    settled: bool | None = None
    more: bool | None = None
    rcv_settle_mode: int | None = None
    state: object = None
    resume: bool | None = None
    aborted: bool | None = None
    batchable: bool | None = None


@dataclass(slots=True)
class Disposition(Performative):
    """Tells the state of deliveries."""

    CODE = 0x15
    WIRE = (
        Field("role", None, bool, mandatory=True),
        _uint("first", mandatory=True),
        _uint("last"),
        Field("settled", None, bool),
        Field("state"),
        Field("batchable", None, bool),
    )

    role: bool
    first: int
    last: int | None = None
    settled: bool | None = None
    state: object = None
    batchable: bool | None = None


@dataclass(slots=True)
class Detach(Performative):
    """Detaches a link."""

    CODE = 0x16
    WIRE = (_uint("handle", mandatory=True), Field("closed", None, bool), Field("error"))

    handle: int
    closed: bool | None = None
    error: object = None


@dataclass(slots=True)
class End(Performative):
    """Ends a session."""

    CODE = 0x17
    WIRE = (Field("error"),)

    error: object = None


@dataclass(slots=True)
class Close(Performative):
    """Closes a connection."""

    CODE = 0x18
    WIRE = (Field("error"),)

    error: object = None


_PERFORMATIVES: dict[object, type[Performative]] = {
    performative.CODE: performative
    for performative in (Open, Begin, Attach, Flow, Transfer, Disposition, Detach, End, Close)
}


def decode_performative(body: bytes) -> tuple[Performative, bytes]:
    """Read the performative at the start of a frame's body; return it and the payload behind it.

    Raises:
        DecodeError: when there is none.
    """
    value, end = decode_value(body)
    fields = _read_fields(value)
    if not isinstance(value, Described) or fields is None:
        raise DecodeError("a frame must begin with a performative")
    performative = _PERFORMATIVES.get(value.descriptor) if isinstance(value.descriptor, int) else None
    if performative is None:
        raise DecodeError(f"{value.descriptor!r} is no performative")
    return performative.from_list(fields), body[end:]


def describe_error(error: AmqpError) -> Described:
    """Return the error composite of CLOSE, END and DETACH."""
    return Described(ULong(_ERROR), [Symbol(error.condition), error.description, None])


def build_rejected(error: AmqpError) -> Described:
    """Return the outcome of a delivery that was not taken."""
    return Described(ULong(_REJECTED), [describe_error(error)])


def pad_terminus(terminus: Described | None, descriptor: int, fields: int) -> Described:
    """Return a source or target with all its fields, for the answer to an ATTACH."""
    values = _read_fields(terminus) or []
    return Described(ULong(descriptor), [*values, *[None] * (fields - len(values))])


def read_terminus(terminus: Described | None, position: int) -> object:
    """Return the field at `position` of a source or target, or None."""
    values = _read_fields(terminus) or []
    return values[position] if position < len(values) else None


def read_symbols(value: object) -> tuple[str, ...]:
    """Return the symbols of a field that may hold one symbol or an array of them."""
    if isinstance(value, Array):
        return tuple(item for item in value.items if isinstance(item, str))
    return (value,) if isinstance(value, str) else ()


def _read_fields(composite: object) -> list[object] | None:
    if isinstance(composite, Described):
        value: object = composite.value
        if isinstance(value, list):
            return cast("list[object]", value)
    return None
