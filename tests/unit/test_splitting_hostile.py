"""Bodies made to be slow: each must be through within the time limit, where a square law needs minutes."""

import pytest

from collector.inputs.splitting import split

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
