"""Reads AMQP 1.0 values from bytes.

Promised: every type of the specification; anything else raises `DecodeError`, whatever the bytes are. Neither depth
nor counts that a hostile peer writes can cost more memory than a small multiple of the bytes it sent.

Source: OASIS AMQP 1.0, part 1, section 1.2 (type encodings).
"""

import struct
import uuid
from collections.abc import Callable

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

# Deep enough for every message of the protocol; shallow enough for Python's stack.
MAX_DEPTH = 32
# Elements of no width (null, true, 0) cost the sender nothing: a count is all it writes.
MAX_WIDTHLESS_ITEMS = 65_536

type Reader = Callable[[bytes, int, int], tuple[object, int]]

_U8 = struct.Struct(">B")
_U32 = struct.Struct(">I")


class DecodeError(ValueError):
    """The bytes are no AMQP value."""


def decode_value(data: bytes, position: int = 0) -> tuple[object, int]:
    """Read the value at `position`; return it and the position after it.

    Raises:
        DecodeError: when there is none.
    """
    try:
        return _decode(data, position, 0)
    except (struct.error, IndexError) as error:
        raise DecodeError("the value is cut short") from error
    except UnicodeDecodeError as error:
        raise DecodeError("the text is not in its encoding") from error


def skip_value(data: bytes, position: int) -> int:
    """Return the position after the value at `position`, without reading the value.

    Raises:
        DecodeError: when there is none.
    """
    try:
        end = _end_of(data, position)
    except (struct.error, IndexError) as error:
        raise DecodeError("the value is cut short") from error
    if end > len(data):
        raise DecodeError("the value is cut short")
    return end


def _end_of(data: bytes, position: int) -> int:
    for _ in range(MAX_DEPTH):
        code = data[position]
        if code:
            break
        position = _end_of_plain(data, position + 1, data[position + 1])  # the descriptor; the value follows
    else:
        raise DecodeError("descriptors are nested too deeply")
    return _end_of_plain(data, position, code)


def _end_of_plain(data: bytes, position: int, code: int) -> int:
    width = _FIXED_WIDTHS.get(code >> 4)
    if width is not None:
        return position + 1 + width
    match code >> 4:
        case 0xA | 0xC | 0xE:
            return position + 2 + data[position + 1]
        case 0xB | 0xD | 0xF:
            return position + 5 + int(_U32.unpack_from(data, position + 1)[0])
        case _:
            raise DecodeError(f"0x{code:02x} is no type")


# The high half of a constructor is the width of what follows (figure 1.3 of the specification).
_FIXED_WIDTHS = {0x4: 0, 0x5: 1, 0x6: 2, 0x7: 4, 0x8: 8, 0x9: 16}


def _decode(data: bytes, position: int, depth: int) -> tuple[object, int]:
    code = data[position]
    if code == 0:
        return _read_described(data, position + 1, depth)
    return _reader(code)(data, position + 1, depth)


def _reader(code: int) -> Reader:
    reader = _READERS.get(code)
    if reader is None:
        raise DecodeError(f"0x{code:02x} is no type")
    return reader


def _descend(depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise DecodeError("values are nested too deeply")
    return depth + 1


def _read_described(data: bytes, position: int, depth: int) -> tuple[object, int]:
    depth = _descend(depth)
    descriptor, position = _decode(data, position, depth)
    value, position = _decode(data, position, depth)
    return Described(descriptor, value), position


def _constant(value: object) -> Reader:
    def read(data: bytes, position: int, depth: int) -> tuple[object, int]:  # noqa: ARG001  # a Reader's shape
        return value, position

    return read


def _number(layout: str, of: Callable[..., object]) -> Reader:
    fixed = struct.Struct(layout)
    width = fixed.size

    def read(data: bytes, position: int, depth: int) -> tuple[object, int]:  # noqa: ARG001  # a Reader's shape
        return of(fixed.unpack_from(data, position)[0]), position + width

    return read


def _raw(width: int, of: Callable[[bytes], object]) -> Reader:
    def read(data: bytes, position: int, depth: int) -> tuple[object, int]:  # noqa: ARG001  # a Reader's shape
        end = position + width
        if end > len(data):
            raise DecodeError("the value is cut short")
        return of(data[position:end]), end

    return read


def _variable(size: struct.Struct, of: Callable[[bytes], object]) -> Reader:
    def read(data: bytes, position: int, depth: int) -> tuple[object, int]:  # noqa: ARG001  # a Reader's shape
        start = position + size.size
        end = start + size.unpack_from(data, position)[0]
        if end > len(data):
            raise DecodeError("the value is cut short")
        return of(data[start:end]), end

    return read


def _read_boolean(data: bytes, position: int, depth: int) -> tuple[object, int]:  # noqa: ARG001  # a Reader's shape
    value = data[position]
    if value > 1:
        raise DecodeError(f"0x{value:02x} is no boolean")
    return value == 1, position + 1


def _bounds(data: bytes, position: int, size: struct.Struct) -> tuple[int, int, int]:
    """Return the count, the start and the end of the compound value whose size stands at `position`."""
    length = int(size.unpack_from(data, position)[0])
    count = int(size.unpack_from(data, position + size.size)[0])
    start = position + 2 * size.size
    end = position + size.size + length
    if end > len(data) or start > end:
        raise DecodeError("the value is cut short")
    return count, start, end


def _read_items(data: bytes, bounds: tuple[int, int, int], depth: int) -> list[object]:
    count, position, end = bounds
    if count > end - position:
        raise DecodeError("a list counts more items than it has bytes")
    items: list[object] = []
    for _ in range(count):
        item, position = _decode(data, position, depth)
        items.append(item)
    if position != end:
        raise DecodeError("the size of a list is not that of its items")
    return items


def _list(size: struct.Struct) -> Reader:
    def read(data: bytes, position: int, depth: int) -> tuple[object, int]:
        bounds = _bounds(data, position, size)
        return _read_items(data, bounds, _descend(depth)), bounds[2]

    return read


def _map(size: struct.Struct) -> Reader:
    def read(data: bytes, position: int, depth: int) -> tuple[object, int]:
        bounds = _bounds(data, position, size)
        items = _read_items(data, bounds, _descend(depth))
        if len(items) % 2:
            raise DecodeError("a map has a key without a value")
        try:
            return dict(zip(items[::2], items[1::2], strict=True)), bounds[2]
        except TypeError as error:
            raise DecodeError("a map has a key that is no plain value") from error

    return read


def _array(size: struct.Struct) -> Reader:
    def read(data: bytes, position: int, depth: int) -> tuple[object, int]:
        count, position, end = _bounds(data, position, size)
        return Array(_read_elements(data, position, end, count, _descend(depth))), end

    return read


def _read_elements(data: bytes, position: int, end: int, count: int, depth: int) -> tuple[object, ...]:
    descriptor: object = None
    described = data[position] == 0
    if described:
        descriptor, position = _decode(data, position + 1, depth)
    code = data[position]
    read = _reader(code)
    position += 1
    if count > (MAX_WIDTHLESS_ITEMS if code >> 4 == 0x4 else end - position):  # noqa: PLR2004  # as in _FIXED_WIDTHS
        raise DecodeError("an array counts more items than it has bytes")
    items: list[object] = []
    for _ in range(count):
        item, position = read(data, position, depth)
        items.append(Described(descriptor, item) if described else item)
    if position != end:
        raise DecodeError("the size of an array is not that of its items")
    return tuple(items)


def _read_string(raw: bytes) -> str:
    return raw.decode()


def _read_symbol(raw: bytes) -> Symbol:
    return Symbol(raw.decode("ascii"))


def _read_char(raw: bytes) -> Char:
    return Char(raw.decode("utf-32-be"))


def _read_uuid(raw: bytes) -> uuid.UUID:
    return uuid.UUID(bytes=raw)


def _read_empty_list(data: bytes, position: int, depth: int) -> tuple[object, int]:  # noqa: ARG001  # a Reader's shape
    return [], position


_READERS: dict[int, Reader] = {
    0x40: _constant(None),
    0x41: _constant(True),
    0x42: _constant(False),
    0x43: _constant(UInt(0)),
    0x44: _constant(ULong(0)),
    0x45: _read_empty_list,
    0x50: _number(">B", UByte),
    0x51: _number(">b", Byte),
    0x52: _number(">B", UInt),
    0x53: _number(">B", ULong),
    0x54: _number(">b", Int),
    0x55: _number(">b", int),
    0x56: _read_boolean,
    0x60: _number(">H", UShort),
    0x61: _number(">h", Short),
    0x70: _number(">I", UInt),
    0x71: _number(">i", Int),
    0x72: _number(">f", Float),
    0x73: _raw(4, _read_char),
    0x74: _raw(4, Decimal32),
    0x80: _number(">Q", ULong),
    0x81: _number(">q", int),
    0x82: _number(">d", float),
    0x83: _number(">q", Timestamp),
    0x84: _raw(8, Decimal64),
    0x94: _raw(16, Decimal128),
    0x98: _raw(16, _read_uuid),
    0xA0: _variable(_U8, bytes),
    0xA1: _variable(_U8, _read_string),
    0xA3: _variable(_U8, _read_symbol),
    0xB0: _variable(_U32, bytes),
    0xB1: _variable(_U32, _read_string),
    0xB3: _variable(_U32, _read_symbol),
    0xC0: _list(_U8),
    0xC1: _map(_U8),
    0xD0: _list(_U32),
    0xD1: _map(_U32),
    0xE0: _array(_U8),
    0xF0: _array(_U32),
}
