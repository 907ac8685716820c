"""What holds for every body, tried on many: nothing raises, nothing is lost, nothing is invented."""

import gzip
import json
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.split_entries import kept, seen

from collector.events import Entry, Record, RecordTexts, RepairedRecord
from collector.inputs.splitting import split, split_at_once

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text().filter(lambda key: key != "records"), JSON, max_size=5)
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")])


@st.composite
def record_texts(draw: st.DrawFn) -> str:
    """A JSON object as some sender might write it; a lone surrogate in it would be no UTF-8 and no JSON for most."""
    separators, ascii_only = draw(SEPARATORS), draw(st.booleans())
    return json.dumps(draw(OBJECTS), separators=separators, ensure_ascii=ascii_only)


SHAPES: dict[str, Callable[[list[str]], str]] = {
    "envelope": lambda texts: '{"records": [' + ",".join(texts) + "]}",
    "envelope with more": lambda texts: '{"a":[],"records":[' + " , ".join(texts) + '],"z":{"records":[1]}}',
    "array": lambda texts: "[" + ",".join(texts) + "]",
    "array of envelopes": lambda texts: "[" + ",".join(f'{{"records":[{text}]}}' for text in texts) + "]",
    "lines": "\n".join,
}


def is_piece(entry: Entry, body: bytes) -> bool:
    """Whether an entry stands in a body, as it came or read as UTF-16; what was repaired is at least a record."""
    if isinstance(entry, RepairedRecord):
        return isinstance(json.loads(entry.text), dict)
    source = entry.text.encode() if isinstance(entry, Record) else entry.source
    readings = (body.decode(code, "replace").encode() for code in ("utf-16", "utf-16-le", "utf-16-be"))
    return any(source in reading for reading in (body, *readings))


@given(st.binary())
def test_bytes_of_any_kind_become_pieces_of_them(body: bytes) -> None:
    assert all(is_piece(entry, body) for entry in split(body))


FRAGMENTS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "'",
    "\\",
    "\n",
    " ",
    "\0",
    '"records":[',
    "null",
    "1",
    "x",
    "{}",
    "\ufeff",
]


@settings(max_examples=1000)
@given(st.lists(st.sampled_from([*(text.encode() for text in FRAGMENTS), b"\xff\xfe", b"\x1f\x8b"]), max_size=40))
def test_a_jumble_of_json_fragments_becomes_pieces_of_it(fragments: list[bytes]) -> None:
    body = b"".join(fragments)
    assert all(is_piece(entry, body) for entry in split(body))


@settings(max_examples=500)
@given(st.lists(st.sampled_from([text.encode() for text in FRAGMENTS]), max_size=40))
def test_whatever_is_delivered_is_one_json_object(fragments: list[bytes]) -> None:
    texts = [entry.text for entry in split(b"".join(fragments)) if isinstance(entry, Record)]

    assert all(isinstance(json.loads(text), dict) for text in texts)


@given(st.lists(record_texts(), max_size=5), st.sampled_from(sorted(SHAPES)), st.booleans())
def test_records_in_any_shape_come_out_byte_for_byte(texts: list[str], shape: str, packed: bool) -> None:
    body = SHAPES[shape](texts).encode("utf-8", "surrogatepass")

    assert seen(split(gzip.compress(body) if packed else body)) == [kept(text) for text in texts]


@given(record_texts(), st.text(" \t\r\n"), st.text(" \t\r\n"))
def test_a_bare_record_comes_out_byte_for_byte(text: str, before: str, after: str) -> None:
    assert seen(split((before + text + after).encode())) == [kept(text)]


@given(st.lists(record_texts(), min_size=1, max_size=4), st.data())
def test_a_cut_envelope_keeps_the_records_before_the_cut_and_invents_none(texts: list[str], data: Any) -> None:
    start = '{"records":['
    body = (start + ",".join(texts) + "]}").encode()
    cut = data.draw(st.integers(0, len(body) - 1))
    ends, end = [], len(start)
    for text in texts:
        ends.append(end + len(text.encode()))
        end = ends[-1] + 1
    whole = sum(end <= cut for end in ends)

    entries = seen(split(body[:cut]))

    assert entries[:whole] == [kept(text) for text in texts[:whole]]
    rest = entries[whole:]
    assert [entry[0] for entry in rest] in ([], ["reject"])
    assert all(entry[1] in body for entry in rest)


@given(st.lists(record_texts(), min_size=2, max_size=4), st.data())
def test_a_bad_record_among_good_ones_costs_only_itself(texts: list[str], data: Any) -> None:
    bad = data.draw(st.sampled_from(['{"x":tru}', "{x}", "[218 B blob data]", '{"x":1]', "NaN", '{"a" "b"}']))
    place = data.draw(st.integers(0, len(texts)))
    body = '{"records":[' + ",".join([*texts[:place], bad, *texts[place:]]) + "]}"

    entries = seen(split(body.encode()))

    assert [entry[1].decode() for entry in entries if entry[0] == "record"] == texts
    assert [entry[1] for entry in entries if entry[0] == "reject"] == [bad.encode()]


QUICK: dict[str, Callable[[list[str]], str]] = {
    "as Azure writes": lambda texts: '{"records":[' + ",".join(texts) + "]}",
    "the key twice": lambda texts: '{"records":[' + ",".join(texts) + '],"records":[{}]}',
    "another key": lambda texts: '{"records":[' + ",".join(texts) + '],"a":{}}',
    "no object among them": lambda texts: '{"records":[' + ",".join([*texts, "1"]) + "]}",
    "blanks": lambda texts: '{"records":[' + " , ".join(texts) + " ]}",
    "cut": lambda texts: '{"records":[' + ",".join(texts) + "]",
}


@given(st.lists(record_texts(), max_size=5), st.sampled_from(sorted(QUICK)))
def test_the_quick_way_reads_what_the_thorough_one_reads(texts: list[str], shape: str) -> None:
    body = QUICK[shape](texts).encode()
    quick, thorough = split_at_once(body), split(body)

    read = list(map(Record, quick)) if isinstance(quick, RecordTexts) else quick
    assert read is None or read == thorough
