"""Bodies that are broken, odd, empty or huge, one kind each, with what must become of them.

The kinds come from what consumers of shared hubs reported: another service's almost-JSON, cut batches, single quotes,
raw newlines, blob placeholders, other encodings. What can be repaired without inventing anything must be indexed; of
the rest each piece is one dead letter, and its neighbours survive.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from collector.demo.calls import write_json
from collector.demo.expectations import Event, Record, expect_dead_letter
from collector.demo.packing import LARGEST_EVENT_BYTES, make_event, wrap

Draw = Callable[[int], list[Record]]
"""Gives so many fresh, well-formed calls."""

_NEAR_THE_LIMIT: Final = LARGEST_EVENT_BYTES - 40_000
_LOG_LINE: Final = "2026-03-10T09:00:01Z ERROR [pool-3] could not reach db-7, retrying in 5 s, attempt 3 of 5; "


def make_single_object(_: random.Random, draw: Draw) -> Event:
    """A record without any envelope."""
    records = draw(1)
    return make_event("single object", records[0].text.encode(), records)


def make_empty_body(_: random.Random, __: Draw) -> Event:
    """No byte at all: an empty event, which is no dead letter."""
    return Event(b"", "empty body", ())


def make_null_body(_: random.Random, __: Draw) -> Event:
    """The JSON value null."""
    return Event(b"null", "null body", ())


def make_empty_records(_: random.Random, __: Draw) -> Event:
    """An envelope with nothing in it."""
    return Event(b'{"records":[]}', "empty records", ())


def make_null_records(_: random.Random, __: Draw) -> Event:
    """An envelope whose records are null."""
    return Event(b'{"records":null}', "null records", ())


def make_byte_order_mark(_: random.Random, draw: Draw) -> Event:
    """UTF-8 with the mark that some writers put in front."""
    records = draw(3)
    return make_event("byte order mark", b"\xef\xbb\xbf" + wrap(records), records)


def make_utf16(_: random.Random, draw: Draw) -> Event:
    """UTF-16, little endian, without a mark."""
    records = draw(3)
    return make_event("UTF-16", wrap(records).decode().encode("utf-16-le"), records)


def make_single_quotes(_: random.Random, draw: Draw) -> Event:
    """One record in single quotes between two sound ones."""
    records = draw(3)
    quoted = _rewrite(records[1], lambda text: text.replace('"', "'"))
    return make_event("single quotes", wrap([records[0], quoted, records[2]]), records)


def make_raw_newline(_: random.Random, draw: Draw) -> Event:
    """A line feed inside a string, not escaped."""
    records = draw(3)
    broken = replace(records[0], text=f'{records[0].text[:-1]},"note":"line one\nline two"}}')
    return make_event("raw newline", wrap([broken, *records[1:]]), records)


def make_trailing_comma(dice: random.Random, draw: Draw) -> Event:
    """A comma before a closing bracket: of the array, or of a record."""
    records = draw(3)
    body = wrap(records)
    broken = body[:-2] + b",]}" if dice.random() < 0.5 else body[:-3] + b",}]}"  # noqa: PLR2004 - an even chance
    return make_event("trailing comma", broken, records)


def make_truncated(dice: random.Random, draw: Draw) -> Event:
    """An envelope cut inside its last record: the complete ones survive, the rest is one dead letter."""
    records = draw(dice.randrange(2, 12))
    # Between the first key of the last record and the bracket that closes it.
    cut = dice.randrange(3, len(records[-1].text) - 12)
    expected = (*(record.expected for record in records[:-1]), expect_dead_letter("truncated"))
    return Event(wrap(records)[: -2 - cut], "truncated", expected)


def make_placeholder(_: random.Random, draw: Draw) -> Event:
    """A log viewer's placeholder instead of a value: only that record is lost."""
    records = draw(3)
    broken = Record(
        '{"category":"Other","operationName":"X","properties":[\n 218 B blob data\n]}',
        expect_dead_letter("invalid_json"),
    )
    mixed = [records[0], broken, *records[1:]]
    return make_event("unquoted placeholder", wrap(mixed), mixed)


def make_double_encoded(_: random.Random, draw: Draw) -> Event:
    """Properties as a string that holds a string that holds the object."""
    records = [_rewrite(record, _encode_twice) for record in draw(2)]
    return make_event("double-encoded properties", wrap(records), records)


def make_text_properties(_: random.Random, draw: Draw) -> Event:
    """Properties as a string that is no JSON: the record is kept, its deployment is not known."""
    record = draw(1)[0]
    fields = json.loads(record.text) | {"properties": '{"apiName":"Azure OpenAI API version 2024-10-21","requestTi'}
    kept = Record(write_json(fields), replace(record.expected, deployment=None))
    return make_event("properties not JSON", wrap([kept]), [kept])


def make_bad_utf8(_: random.Random, draw: Draw) -> Event:
    """Bytes that are not UTF-8 inside one record: only that one is lost."""
    records = draw(3)
    expected = (records[0].expected, expect_dead_letter("not_utf8"), records[2].expected)
    return Event(wrap(records).replace(records[1].text.encode(), _spoil(records[1].text)), "not UTF-8", expected)


def make_plain_text(dice: random.Random, _: Draw) -> Event:
    """A line of somebody's log, commas and all."""
    line = _LOG_LINE * dice.randrange(1, 4)
    return Event(line.encode(), "plain text", (expect_dead_letter("invalid_json"),))


def make_binary(dice: random.Random, _: Draw) -> Event:
    """Bytes of no known format."""
    return Event(b"\x93\xc3\x28,\xff" + dice.randbytes(200), "binary", (expect_dead_letter("not_utf8"),))


def make_text_records(_: random.Random, __: Draw) -> Event:
    """The wrong envelope: records that are a text."""
    return Event(b'{"records":"none today"}', "records as text", (expect_dead_letter("records_not_an_array"),))


def make_scalar(_: random.Random, __: Draw) -> Event:
    """The wrong envelope: well-formed JSON that is no object."""
    return Event(b'"heartbeat"', "scalar body", (expect_dead_letter("not_an_object"),))


def make_scalar_elements(_: random.Random, draw: Draw) -> Event:
    """Things between the records that are no objects: a dead letter each."""
    records = draw(2)
    strays = [Record(text, expect_dead_letter("not_an_object")) for text in ("7", '"text"', "null")]
    mixed = [records[0], *strays, records[1]]
    return make_event("elements that are no objects", wrap(mixed), mixed)


def make_broken_gzip(dice: random.Random, _: Draw) -> Event:
    """The first bytes of gzip and then none of it."""
    return Event(b"\x1f\x8b" + dice.randbytes(120), "broken gzip", (expect_dead_letter("invalid_gzip"),))


def make_full_event(_: random.Random, draw: Draw) -> Event:
    """As many records as an event of 1 MB can hold."""
    records: list[Record] = []
    size = 0
    while size < _NEAR_THE_LIMIT:
        records += draw(20)
        size += sum(len(record.text) + 1 for record in records[-20:])
    return make_event("1 MB of records", wrap(records), records)


def make_large_record(_: random.Random, draw: Draw) -> Event:
    """One record of nearly 1 MB: a sound record, so it must be indexed."""
    record = draw(1)[0]
    fields = json.loads(record.text) | {"note": "0123456789abcdef" * (_NEAR_THE_LIMIT // 16)}
    large = replace(record, text=write_json(fields))
    return make_event("1 MB record", wrap([large]), [large])


def make_full_text(_: random.Random, __: Draw) -> Event:
    """1 MB of somebody's log: one dead letter with all of it."""
    text = _LOG_LINE * (_NEAR_THE_LIMIT // len(_LOG_LINE))
    return Event(text.encode(), "1 MB of text", (expect_dead_letter("invalid_json"),))


KINDS: Final[Sequence[Callable[[random.Random, Draw], Event]]] = (
    make_single_object,
    make_empty_body,
    make_null_body,
    make_empty_records,
    make_null_records,
    make_byte_order_mark,
    make_utf16,
    make_single_quotes,
    make_raw_newline,
    make_trailing_comma,
    make_truncated,
    make_placeholder,
    make_double_encoded,
    make_text_properties,
    make_bad_utf8,
    make_plain_text,
    make_binary,
    make_text_records,
    make_scalar,
    make_scalar_elements,
    make_broken_gzip,
    make_full_event,
    make_large_record,
    make_full_text,
)
"""Every kind once."""


def _rewrite(record: Record, write: Callable[[str], str]) -> Record:
    """Write a call's text anew, its properties as an object first, so that no escape is left in it."""
    fields: dict[str, Any] = json.loads(record.text)
    if isinstance(fields["properties"], str):
        fields["properties"] = json.loads(fields["properties"])
    return replace(record, text=write(write_json(fields)))


def _encode_twice(text: str) -> str:
    fields: dict[str, Any] = json.loads(text)
    return write_json(fields | {"properties": json.dumps(write_json(fields["properties"]))})


def _spoil(text: str) -> bytes:
    """Put a byte into the record's last string that UTF-8 never contains."""
    return text.encode()[:-2] + b'\xff"}'
