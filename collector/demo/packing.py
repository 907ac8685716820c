"""Packs records into the bodies of events, in every shape that reaches real hubs and loses nothing.

``{"records": [...]}`` is what Azure Monitor writes. The others are documented or were seen by consumers: an array of
envelopes (Stream Analytics), a bare array, a single object, newline-delimited records (the Storage form), gzip.
"""

import gzip
import random
from collections.abc import Callable, Sequence
from typing import Final

from collector.demo.expectations import Event, Record

LARGEST_EVENT_BYTES: Final = 1_048_576
"""What an event of a standard or premium hub may hold."""

_OTHER_SHAPES_SHARE: Final = 0.1


def pack(dice: random.Random, records: Sequence[Record]) -> Event:
    """Pack records into one well-formed event: an envelope nine times in ten, else one of the other shapes."""
    if dice.random() >= _OTHER_SHAPES_SHARE:
        return make_event("envelope", wrap(records), records)
    shape, write = dice.choice(_SHAPES)
    return make_event(shape, write(records), records)


def wrap(records: Sequence[Record]) -> bytes:
    """Write the envelope of Azure Monitor."""
    return b'{"records":[' + b",".join(record.text.encode() for record in records) + b"]}"


def make_event(shape: str, body: bytes, records: Sequence[Record]) -> Event:
    """Join a body with what must become of its records."""
    return Event(body, shape, tuple(record.expected for record in records))


def _compress(records: Sequence[Record]) -> bytes:
    return gzip.compress(wrap(records), compresslevel=1, mtime=0)


def _write_lines(records: Sequence[Record]) -> bytes:
    return b"".join(record.text.encode() + b"\n" for record in records)


def _write_array(records: Sequence[Record]) -> bytes:
    return b"[" + b",".join(record.text.encode() for record in records) + b"]"


def _write_envelopes(records: Sequence[Record]) -> bytes:
    middle = (len(records) + 1) // 2
    halves = [wrap(half)[:-1] for half in (records[:middle], records[middle:]) if half]
    extra = b',"EventProcessedUtcTime":"2026-03-10T09:00:05.0000000Z","PartitionId":1}'
    return b"[" + b",".join(half + extra for half in halves) + b"]"


_SHAPES: Final[tuple[tuple[str, Callable[[Sequence[Record]], bytes]], ...]] = (
    ("gzip", _compress),
    ("newline-delimited", _write_lines),
    ("bare array", _write_array),
    ("array of envelopes", _write_envelopes),
)
