"""Inputs that are nearly right: real ones, mutated byte by byte. The same number gives the same input."""

import random
from collections.abc import Sequence
from typing import Final

_PIECES: Final = (
    *(
        b'"',
        b"\\",
        b"\\u",
        b"\\ud800",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\n",
        b"\r\n",
        b"\0",
        b"\xff",
        b"\xed\xa0\x80",
    ),
    *(b"null", b"true", b"-", b"1e999", b"-0", b"9" * 40, b"18446744073709551616", b"NaN", b"Infinity", b"0.1"),
    *(
        b'""',
        b"{}",
        b"[]",
        b'{"":',
        b'"records":[',
        b"{" * 50,
        b"[" * 2000,
        b"\x1f\x8b",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xed\xa0\x80",
    ),
    *(b"${env.A}", b"${", b"!!python/object:os.system", b"&a", b"*a", b"<<: *a", b"- ", b": ", b"#", b"|", b"%", b"'"),
    *(b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59.999999+23:59", b"\xe2\x80\xa8", b"\x1b[2J", b"__proto__"),
)
_LONGEST: Final = 20_000
_MOST_EDITS: Final = 5


def mutate(seeds: Sequence[bytes], number: int) -> bytes:
    """Return one of the seeds after one to five edits."""
    chance = random.Random(number)
    data = chance.choice(seeds)
    for _ in range(chance.randint(1, _MOST_EDITS)):
        data = _edit(data, seeds, chance)[:_LONGEST]
    return data


def _edit(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    begin, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    head, middle, rest = data[:begin], data[begin:end], data[end:]
    other = chance.choice(seeds)
    edits = (
        head + chance.choice(_PIECES) + middle + rest,
        head + chance.choice(_PIECES) + middle[8:] + rest,
        head + middle[20:] + rest,
        head + middle + middle + rest,
        head + middle,
        head + other[chance.randint(0, len(other)) :],
        head + bytes([chance.randrange(256)]) + middle[1:] + rest,
    )
    return chance.choice(edits)
