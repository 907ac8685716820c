"""The AMQP 1.0 types that Python has no own type for.

Each is a subclass of the Python type it reads like, so that values compare and print naturally, and still encode as
the type they arrived as. Python's own types stand for: `None` null, `bool` boolean, `int` long, `float` double,
`bytes` binary, `str` string, `uuid.UUID` uuid, `list` list, `dict` map.

Source: OASIS AMQP 1.0, part 1 (types).
"""

from dataclasses import dataclass


class UByte(int):
    """An unsigned integer of 8 bits."""

    __slots__ = ()


class UShort(int):
    """An unsigned integer of 16 bits."""

    __slots__ = ()


class UInt(int):
    """An unsigned integer of 32 bits."""

    __slots__ = ()


class ULong(int):
    """An unsigned integer of 64 bits."""

    __slots__ = ()


class Byte(int):
    """A signed integer of 8 bits."""

    __slots__ = ()


class Short(int):
    """A signed integer of 16 bits."""

    __slots__ = ()


class Int(int):
    """A signed integer of 32 bits."""

    __slots__ = ()


class Timestamp(int):
    """Milliseconds since 1970-01-01T00:00Z."""

    __slots__ = ()


class Float(float):
    """A binary floating point number of 32 bits."""

    __slots__ = ()


class Char(str):
    """One Unicode character."""

    __slots__ = ()


class Symbol(str):
    """A name from a constrained domain, in ASCII."""

    __slots__ = ()


class Decimal32(bytes):
    """A decimal number in the 4 bytes of IEEE 754-2008, carried without being read."""

    __slots__ = ()


class Decimal64(bytes):
    """A decimal number in the 8 bytes of IEEE 754-2008, carried without being read."""

    __slots__ = ()


class Decimal128(bytes):
    """A decimal number in the 16 bytes of IEEE 754-2008, carried without being read."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Array:
    """Values of one type, which the wire names once for all of them."""

    items: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Described:
    """A value with a descriptor that says what it means."""

    descriptor: object
    value: object
