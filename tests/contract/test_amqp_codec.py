"""AMQP values survive being written and read, and bytes that are none are refused as such.

The expected bytes come from OASIS AMQP 1.0, part 1, and from the Python SDK's own decoder.
"""

import math
import uuid

import pytest
from azure.eventhub._pyamqp._decode import _DECODE_BY_CONSTRUCTOR
from hypothesis import example, given
from hypothesis import strategies as st

from collector.emulators.event_hubs.decoding import DecodeError, decode_value, skip_value
from collector.emulators.event_hubs.encoding import EncodeError, encode_value
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


def whole(bits: int, *, signed: bool) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else st.integers(0, 2**bits - 1)


ascii_text = st.text(st.characters(max_codepoint=127))
any_text = st.text(st.characters(exclude_categories=["Cs"]))

KINDS: list[st.SearchStrategy[object]] = [
    st.booleans(),
    whole(8, signed=False).map(UByte),
    whole(16, signed=False).map(UShort),
    whole(32, signed=False).map(UInt),
    whole(64, signed=False).map(ULong),
    whole(8, signed=True).map(Byte),
    whole(16, signed=True).map(Short),
    whole(32, signed=True).map(Int),
    whole(64, signed=True),
    whole(64, signed=True).map(Timestamp),
    st.floats(width=32, allow_nan=False).map(Float),
    st.floats(allow_nan=False),
    st.characters(exclude_categories=["Cs"]).map(Char),
    st.binary(min_size=4, max_size=4).map(Decimal32),
    st.binary(min_size=8, max_size=8).map(Decimal64),
    st.binary(min_size=16, max_size=16).map(Decimal128),
    st.uuids(),
    st.one_of(st.binary(max_size=20), st.binary(min_size=256, max_size=300)),
    st.one_of(any_text, any_text.map(lambda text: text * 300)),
    ascii_text.map(Symbol),
]
scalars = st.one_of(st.none(), *KINDS)
arrays = st.one_of([st.lists(kind, max_size=8).map(lambda items: Array(tuple(items))) for kind in KINDS])


def containers(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(st.one_of(any_text, st.integers(2**40, 2**41).map(ULong)), inner, max_size=4),
        st.builds(Described, ascii_text.map(Symbol), inner),
        st.lists(st.lists(inner, max_size=3), max_size=3).map(lambda items: Array(tuple(items))),
        st.lists(st.binary(max_size=9).map(lambda b: Described(ULong(7), b)), max_size=3).map(
            lambda items: Array(tuple(items))
        ),
    )


values = st.recursive(st.one_of(scalars, arrays), containers, max_leaves=20)


def types_of(value: object) -> object:
    """Return the tree of types of a value, for values of different types may be equal in Python."""
    match value:
        case list():
            return [types_of(item) for item in value]
        case dict():
            return [(types_of(key), types_of(item)) for key, item in value.items()]
        case Array():
            return "array", [types_of(item) for item in value.items]
        case Described():
            return "described", types_of(value.descriptor), types_of(value.value)
        case _:
            return type(value)


@given(values)
def test_a_value_is_read_as_it_was_written(value: object) -> None:
    encoded = encode_value(value)
    assert decode_value(encoded) == (value, len(encoded))
    assert types_of(decode_value(encoded)[0]) == types_of(value)


@given(values, st.binary(max_size=5), st.binary(max_size=5))
def test_a_value_is_skipped_to_where_reading_it_ends(value: object, before: bytes, behind: bytes) -> None:
    encoded = encode_value(value)
    assert skip_value(before + encoded + behind, len(before)) == len(before) + len(encoded)


@given(values)
def test_a_value_cut_short_is_refused_at_every_length(value: object) -> None:
    encoded = encode_value(value)
    for length in range(min(len(encoded), 200)):
        with pytest.raises(DecodeError):
            decode_value(encoded[:length])


@given(st.binary(max_size=200))
@example(b"\xf0\x00\x00\x00\x05\xff\xff\xff\xff\x40")  # four thousand million nulls in ten bytes
@example(b"\xd0\xff\xff\xff\xff\xff\xff\xff\xff")
@example(b"\xd1\x00\x00\x00\x06\x00\x00\x00\x02\xc0\x01\x00\x40")  # a list as a key
@example(b"\xc1\x02\x01\x40")  # a key without a value
@example(b"\x00" * 200)
@example(b"\x56\x02")
def test_bytes_of_any_kind_are_read_or_refused(data: bytes) -> None:
    try:
        _, end = decode_value(data, 0)
    except DecodeError:
        return
    assert 0 < end <= len(data)
    assert skip_value(data, 0) == end


def test_lists_nested_too_deeply_are_refused() -> None:
    data = b"\x45"
    for _ in range(100):
        data = b"\xc0" + bytes((len(data) + 1, 1)) + data if len(data) < 250 else data
    with pytest.raises(DecodeError, match="deeply"):
        decode_value(data)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (None, "40"),
        (True, "41"),
        (UInt(0), "43"),
        (UInt(255), "52ff"),
        (UInt(256), "7000000100"),
        (ULong(0), "44"),
        (-1, "55ff"),
        (1000, "8100000000000003e8"),
        (Timestamp(1), "830000000000000001"),
        ("é", "a102c3a9"),
        (Symbol("ab"), "a3026162"),
        (b"", "a000"),
        ([], "45"),
        ({}, "c10100"),
        (Array((Symbol("a"),)), "e00701b30000000161"),
        (uuid.UUID(int=1), "98" + "00" * 15 + "01"),
    ],
)
def test_values_have_the_bytes_of_the_specification(value: object, encoded: str) -> None:
    assert encode_value(value).hex() == encoded


@pytest.mark.parametrize("value", [UByte(256), ULong(-1), 2**63, Symbol("é"), Decimal32(b"123"), object()])
def test_what_has_no_amqp_form_is_refused(value: object) -> None:
    with pytest.raises(EncodeError):
        encode_value(value)


def test_an_array_of_several_types_is_refused() -> None:
    with pytest.raises(EncodeError, match="several types"):
        encode_value(Array(("text", b"bytes")))


def test_not_a_number_stays_one() -> None:
    value, _ = decode_value(encode_value(math.nan))
    assert isinstance(value, float)
    assert math.isnan(value)


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), whole(64, signed=True), whole(32, signed=False).map(UInt), st.binary()),
        lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.binary(), inner)),
    )
)
def test_the_python_sdk_reads_what_is_written_here(value: object) -> None:
    encoded = memoryview(encode_value(value))
    rest, read = _DECODE_BY_CONSTRUCTOR[encoded[0]](encoded[1:])
    assert (read, bytes(rest)) == (value, b"")
