"""Writes AMQP 1.0 values as bytes, each in its shortest form.

Promised: `decode_value(encode_value(v))` gives a value equal to `v` and of the same type, for every type of
`wire_types` and the Python types named there. A `datetime` is written as a timestamp, a `bytearray` or `memoryview`
as binary.

Source: OASIS AMQP 1.0, part 1, section 1.2 (type encodings).
"""

import struct
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import cast

from collector.emulators.event_hubs.wire_types import (
    Array,
    Byte,
    Char,
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    Float,
    Int,
    Short,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
)

type Writer = Callable[[object], bytes]

_MAX_U8 = 0xFF
_PAIR_U8 = struct.Struct(">BB")
_PAIR_U32 = struct.Struct(">II")


class EncodeError(ValueError):
    """The value has no AMQP form."""


def encode_value(value: object) -> bytes:
    """Write one value.

    Raises:
        EncodeError: for a type that AMQP has not, or a number outside its type's range.
    """
    writer = _WRITERS.get(type(value))
    if writer is None:
        raise EncodeError(f"a {type(value).__name__} has no AMQP form")
    try:
        return writer(value)
    except (struct.error, UnicodeEncodeError, OverflowError) as error:
        raise EncodeError(f"a {type(value).__name__} is out of range: {error}") from error


def encode_list(items: list[bytes]) -> bytes:
    """Write a list of values already encoded; never the form for an empty list, which some clients cannot read."""
    return _compound(0xC0, len(items), b"".join(items))


def encode_map(items: list[bytes]) -> bytes:
    """Write a map from keys and values already encoded, in turn."""
    return _compound(0xC1, len(items), b"".join(items))


def _compound(narrow: int, count: int, body: bytes) -> bytes:
    """Write a list, map or array: `narrow` is the constructor for sizes of one byte, 0x10 above it the wide one."""
    if len(body) < _MAX_U8 and count <= _MAX_U8:
        return bytes((narrow,)) + _PAIR_U8.pack(len(body) + 1, count) + body
    return bytes((narrow + 0x10,)) + _PAIR_U32.pack(len(body) + 4, count) + body


def _constructed(code: int, layout: str) -> Writer:
    """Return a writer of a constructor and a number behind it."""
    fixed = struct.Struct(">B" + layout)
    return lambda value: fixed.pack(code, value)


def _shortened(wide: Writer, narrow: Writer, bounds: range, zero: bytes | None = None) -> Writer:
    def write(value: object) -> bytes:
        if zero is not None and value == 0:
            return zero
        return narrow(value) if value in bounds else wide(value)

    return write


def _text(narrow: int, encoding: str) -> Writer:
    return lambda value: _variable(narrow, cast("str", value).encode(encoding))


def _variable(narrow: int, raw: bytes) -> bytes:
    if len(raw) <= _MAX_U8:
        return struct.pack(">BB", narrow, len(raw)) + raw
    return struct.pack(">BI", narrow + 0x10, len(raw)) + raw


def _write_binary(value: object) -> bytes:
    return _variable(0xA0, bytes(cast("bytes", value)))


def _write_boolean(value: object) -> bytes:
    return b"\x41" if value else b"\x42"


def _write_char(value: object) -> bytes:
    return b"\x73" + _fixed(cast("str", value).encode("utf-32-be"), 4)


def _raw(code: int, width: int) -> Writer:
    return lambda value: bytes((code,)) + _fixed(cast("bytes", value), width)


def _fixed(raw: bytes, width: int) -> bytes:
    if len(raw) != width:
        raise EncodeError(f"{len(raw)} bytes stand where {width} must")
    return raw


def _write_uuid(value: object) -> bytes:
    return b"\x98" + cast("uuid.UUID", value).bytes


def _write_datetime(value: object) -> bytes:
    return b"\x83" + struct.pack(">q", round(cast("datetime", value).timestamp() * 1000))


def _write_list(value: object) -> bytes:
    items = cast("list[object]", value)
    return encode_list([encode_value(item) for item in items]) if items else b"\x45"


def _write_map(value: object) -> bytes:
    items: list[bytes] = []
    for key, item in cast("dict[object, object]", value).items():
        items += (encode_value(key), encode_value(item))
    return encode_map(items)


def _write_described(value: object) -> bytes:
    described = cast("Described", value)
    return b"\x00" + encode_value(described.descriptor) + encode_value(described.value)


def _write_array(value: object) -> bytes:
    items = cast("Array", value).items
    if not items:
        return b"\xe0\x02\x00\x40"
    elements = [_element(item) for item in items]
    constructor = elements[0][0]
    if any(element[0] != constructor for element in elements):
        raise EncodeError("the items of an array are of several types")
    return _compound(0xE0, len(items), constructor + b"".join(element[1] for element in elements))


def _element(value: object) -> tuple[bytes, bytes]:
    """Return the constructor that any item of this type can stand under, and the bytes under it."""
    if isinstance(value, Described):
        constructor, body = _element(value.value)
        return b"\x00" + encode_value(value.descriptor) + constructor, body
    wide = _ELEMENTS.get(type(value))
    if wide is None:
        encoded = encode_value(value)
        return encoded[:1], encoded[1:]
    return wide(value)


def _wide_number(code: int, layout: str) -> Callable[[object], tuple[bytes, bytes]]:
    fixed = struct.Struct(">" + layout)
    return lambda value: (bytes((code,)), fixed.pack(value))


def _wide_variable(code: int) -> Callable[[object], tuple[bytes, bytes]]:
    def write(value: object) -> tuple[bytes, bytes]:
        encoding = "ascii" if type(value) is Symbol else "utf-8"
        raw = value.encode(encoding) if isinstance(value, str) else bytes(cast("bytes", value))
        return bytes((code,)), struct.pack(">I", len(raw)) + raw

    return write


def _wide_compound(value: object) -> tuple[bytes, bytes]:
    encoded = encode_value(value) if value else b"\xc0\x01\x00"
    code = encoded[0]
    if code & 0x10:  # already the form with sizes of four bytes
        return encoded[:1], encoded[1:]
    return bytes((code | 0x10,)), _PAIR_U32.pack(encoded[1] + 3, encoded[2]) + encoded[3:]


def _wide_boolean(value: object) -> tuple[bytes, bytes]:
    return b"\x56", b"\x01" if value else b"\x00"


_ELEMENTS: dict[type, Callable[[object], tuple[bytes, bytes]]] = {
    bool: _wide_boolean,
    int: _wide_number(0x81, "q"),
    Int: _wide_number(0x71, "i"),
    UInt: _wide_number(0x70, "I"),
    ULong: _wide_number(0x80, "Q"),
    bytes: _wide_variable(0xB0),
    str: _wide_variable(0xB1),
    Symbol: _wide_variable(0xB3),
    list: _wide_compound,
    dict: lambda value: _wide_compound(value) if value else (b"\xd1", _PAIR_U32.pack(4, 0)),
    Array: _wide_compound,
}

_WRITERS: dict[type, Writer] = {
    type(None): lambda _: b"\x40",
    bool: _write_boolean,
    UByte: _constructed(0x50, "B"),
    Byte: _constructed(0x51, "b"),
    UShort: _constructed(0x60, "H"),
    Short: _constructed(0x61, "h"),
    UInt: _shortened(_constructed(0x70, "I"), _constructed(0x52, "B"), range(256), b"\x43"),
    ULong: _shortened(_constructed(0x80, "Q"), _constructed(0x53, "B"), range(256), b"\x44"),
    Int: _shortened(_constructed(0x71, "i"), _constructed(0x54, "b"), range(-128, 128)),
    int: _shortened(_constructed(0x81, "q"), _constructed(0x55, "b"), range(-128, 128)),
    Float: _constructed(0x72, "f"),
    float: _constructed(0x82, "d"),
    Timestamp: _constructed(0x83, "q"),
    datetime: _write_datetime,
    Char: _write_char,
    Decimal32: _raw(0x74, 4),
    Decimal64: _raw(0x84, 8),
    Decimal128: _raw(0x94, 16),
    uuid.UUID: _write_uuid,
    bytes: _write_binary,
    bytearray: _write_binary,
    memoryview: _write_binary,
    str: _text(0xA1, "utf-8"),
    Symbol: _text(0xA3, "ascii"),
    list: _write_list,
    dict: _write_map,
    Array: _write_array,
    Described: _write_described,
}
