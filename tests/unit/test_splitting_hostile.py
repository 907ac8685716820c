"""Bodies made to be slow: each must be through within the time limit, where a square law needs minutes."""

import gzip
import tracemalloc

import pytest

from collector.events import Record, RecordTexts
from collector.inputs.splitting import MANY_RECORDS, MAX_INFLATED_BYTES, split, split_at_once, split_slowly

SIZE = 100_000
UNITS = [
    b'\\"',
    b"\\'",
    b"\\",
    b'"',
    b"'",
    b"' ",
    b"'  \"",
    b"','",
    b"':",
    b", ",
    b"x,",
    b"[",
    b"{",
    b"]",
    b"}",
    b"[{",
    b'{"a":',
    b"{'a':",
    b'{"records":[',
    b"[[],",
    b'"\\',
    b"\0",
    b"\xff",
    b" ",
]
OPENINGS = [b"", b'{"records":[', b'[{"a":"', b"{'"]
ENDINGS = [b"", b"\\", b"]}"]


@pytest.mark.timeout(5)
@pytest.mark.parametrize("opening", OPENINGS)
@pytest.mark.parametrize("unit", UNITS)
def test_a_body_of_one_hostile_pattern_is_split_in_linear_time(unit: bytes, opening: bytes) -> None:
    for ending in ENDINGS:
        body = opening + unit * (SIZE // len(unit)) + ending

        assert len(split(body)) <= len(body)


@pytest.mark.timeout(5)
def test_a_megabyte_that_ends_in_a_backslash_is_split_in_linear_time() -> None:
    body = b'{"records":[' + b'\\"' * 500_000 + b"\\"

    assert len(split(body)) == 1


@pytest.mark.parametrize("text", [b"x,", b'"x",', b"1 2,", b"[x],"])
def test_a_text_without_an_object_makes_one_dead_letter_however_long(text: bytes) -> None:
    assert len(split(text * 10_000 + b"!")) == 1


def test_ordinary_bodies_are_split_at_once_and_those_that_take_room_are_left_for_later() -> None:
    few, many = b'{"records":[{"n":1}]}', b'{"records":[' + b"{}," * MANY_RECORDS + b"{}]}"
    assert split_at_once(few) == RecordTexts(['{"n":1}'])
    assert [split_at_once(body) for body in (many, gzip.compress(few), few + b"}")] == [None, None, None]


def test_a_large_body_with_very_many_braces_is_left_for_later_unread() -> None:
    record = b'{"list":[' + b"{}," * 5 * MANY_RECORDS + b'"' + b"x" * 128 * 1024 + b'"]}'
    body = b'{"records":[' + record + b"]}"
    assert split_at_once(body) is None
    assert split(body) == [Record(record.decode())]


@pytest.mark.parametrize("frame", [b'{"records":[%b{}]}', b"[%b{}]", b"%b{}", b'{"records":[%b{}'])
def test_tiny_records_by_the_hundred_thousand_are_taken_apart_one_at_a_time(frame: bytes) -> None:
    body = frame % (b"{}," * 100_000)
    tracemalloc.start()
    try:
        entries = sum(1 for _ in split_slowly(body))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert entries == 100_001
    assert peak < 12 * 2**20  # with all of its records at once it is twice that and more


def test_a_body_that_inflates_to_the_limit_needs_little_more_than_the_limit() -> None:
    record = b'{"n":"' + b"x" * 1000 + b'"}'
    body = gzip.compress(b"[" + b",".join([record] * (MAX_INFLATED_BYTES // (len(record) + 1) - 1)) + b"]")
    tracemalloc.start()
    try:
        first = next(split_slowly(body))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert first == Record(record.decode())
    assert peak < 1.5 * MAX_INFLATED_BYTES
