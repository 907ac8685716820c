"""Bodies that are not JSON: what is repaired, what is rejected, and that neighbours survive.

The kinds come from promise D10 and from the faults other consumers of Event Hubs report.
"""

import codecs

import pytest
from unit.split_entries import Expected, kept, mended, rejected, seen

from collector.inputs.splitting import split

A, B = '{"n":"a"}', '{"n":"b"}'
PACKED = f'{{"records":[{A},{B}]}}'
BOTH = [kept(A), kept(B)]
BOTH_MENDED = [mended(A), mended(B)]


def packed(*records: str) -> str:
    return '{"records":[' + ",".join(records) + "]}"


REPAIRED = {
    "a raw line feed in a string": ('{"x":"one\ntwo"}', '{"x":"one\\ntwo"}'),
    "a raw carriage return and tab": ('{"x":"1\r\t2"}', '{"x":"1\\r\\t2"}'),
    "a zero byte in a string": ('{"x":"1\x002"}', '{"x":"1\\u00002"}'),
    "single quotes": ("{'x':'y'}", '{"x":"y"}'),
    "a double quote in single quotes": ("""{'x':'say "y" now'}""", '{"x":"say \\"y\\" now"}'),
    "an apostrophe escaped in single quotes": (r"{'x':'it\'s'}", '{"x":"it\'s"}'),
    "an apostrophe in double quotes": ("""{'x':"it's"}""", '{"x":"it\'s"}'),
    "a key opened and closed by different quotes": ("""{'x":"y"}""", '{"x":"y"}'),
    "a trailing comma in an object": ('{"x":1 , }', '{"x":1  }'),
    "a trailing comma in an array": ('{"x":[1,2,]}', '{"x":[1,2]}'),
}


@pytest.mark.parametrize(("source", "text"), REPAIRED.values(), ids=REPAIRED)
def test_a_fault_without_doubt_is_repaired_and_its_neighbours_stay_as_sent(source: str, text: str) -> None:
    assert seen(split(packed(A, source, B).encode())) == [kept(A), mended(text), kept(B)]


REJECTED = {
    "a placeholder": ('{"properties":[\n 218 B blob data\n]}', "invalid_json"),
    "a missing comma": ('{"x":1 "y":2}', "invalid_json"),
    "not a number": ('{"x":NaN}', "invalid_json"),
    "infinity": ('{"x":-Infinity}', "invalid_json"),
    "a leading zero": ('{"x":01}', "invalid_json"),
    "a bare word": ('{"x":undefined}', "invalid_json"),
    "an unquoted key": ("{x:1}", "invalid_json"),
    "an unknown escape": (r'{"x":"\q"}', "invalid_json"),
    "a comment": ('{"x":1 /* one */}', "invalid_json"),
    "a lone surrogate": (r'{"x":"\ud800"}', "invalid_json"),
    "the wrong closing bracket": ('{"x":[1}}', "invalid_json"),
    "nesting without end": ('{"x":' + "[" * 100_000 + "]" * 100_000 + "}", "nested_too_deeply"),
    "a string": ('"text"', "not_an_object"),
    "a number": ("12.5", "not_an_object"),
    "null": ("null", "not_an_object"),
    "an array": ("[1]", "not_an_object"),
}


@pytest.mark.parametrize(("piece", "reason"), REJECTED.values(), ids=REJECTED)
def test_what_cannot_be_repaired_costs_one_reject_and_no_neighbour(piece: str, reason: str) -> None:
    assert seen(split(packed(A, piece, B).encode())) == [kept(A), rejected(piece, reason), kept(B)]


def test_one_record_that_is_not_utf8_costs_no_neighbour() -> None:
    body = b'{"records":[%b,{"x":"\xc3"},%b]}' % (A.encode(), B.encode())

    assert seen(split(body)) == [kept(A), rejected(b'{"x":"\xc3"}', "not_utf8"), kept(B)]


def test_a_record_that_is_neither_utf8_nor_json_keeps_its_bytes() -> None:
    body = b'{"records":[%b,{"x":\xc3\xff},%b]}' % (A.encode(), B.encode())

    assert seen(split(body)) == [kept(A), rejected(b'{"x":\xc3\xff}', "not_utf8"), kept(B)]


WHOLE = {
    "records is a string": (b'{"records":"[]"}', "records_not_an_array"),
    "records is an object": (b'{"records":{"n":"a"}}', "records_not_an_array"),
    "records is a number": (b'{"records":7}', "records_not_an_array"),
    "records twice": (b'{"records":[{"n":"a"}],"records":[{"n":"b"}]}', "duplicate_records_key"),
    "records and records of null": (b'{"records":[{"n":"a"}],"records":null}', "duplicate_records_key"),
    "records of null and records": (b'{"records":null,"records":[{"n":"a"}]}', "duplicate_records_key"),
    "a string": (b'"text"', "not_an_object"),
    "a number": (b"42", "not_an_object"),
    "true": (b"true", "not_an_object"),
    "not a number": (b"NaN", "invalid_json"),
    "a log line": (b"[INFO] one, two, three: it's 'so'", "invalid_json"),
    "a log line without brackets": (b"time=1, user=x, done", "invalid_json"),
    "many commas": (b"x," * 5_000, "invalid_json"),
    "an array without an object": (b"[1,x,2,]", "invalid_json"),
    "binary": (b"\x00\x01\x02,\xff\xfe{,\x80" * 9, "not_utf8"),
    "half an envelope": (b'{"records":', "truncated"),
    "an envelope opened": (b'{"records":[', "truncated"),
    "a record cut": (b'{"category":"Aud', "truncated"),
    "nesting only": (b"[" * 100_000, "nested_too_deeply"),
    "an odd number of UTF-16 bytes": (codecs.BOM_UTF16_LE + b"{\0}", "not_utf8"),
}


@pytest.mark.parametrize(("body", "reason"), WHOLE.values(), ids=WHOLE)
def test_a_body_without_a_record_is_one_reject(body: bytes, reason: str) -> None:
    [(kind, source, found, _)] = seen(split(body))

    assert (kind, found) == ("reject", reason)
    assert source == body.strip(b"\0")


RE_ENCODED = {
    "a UTF-8 byte order mark": codecs.BOM_UTF8 + PACKED.encode(),
    "UTF-16 LE with a mark": codecs.BOM_UTF16_LE + PACKED.encode("utf-16-le"),
    "UTF-16 BE with a mark": codecs.BOM_UTF16_BE + PACKED.encode("utf-16-be"),
    "UTF-16 LE without a mark": PACKED.encode("utf-16-le"),
    "UTF-16 BE without a mark": PACKED.encode("utf-16-be"),
}


@pytest.mark.parametrize("body", RE_ENCODED.values(), ids=RE_ENCODED)
def test_another_encoding_is_read_and_said_to_be_repaired(body: bytes) -> None:
    assert seen(split(body)) == BOTH_MENDED


FRAMED = {
    "zero bytes after it": PACKED.encode() + bytes(64),
    "one zero byte before it": b"\0" + PACKED.encode(),
    "zero bytes around it": bytes(7) + PACKED.encode() + bytes(7),
    "a trailing comma after the last record": f'{{"records":[{A},{B},]}}'.encode(),
    "a missing comma between records": f'{{"records":[{A} {B}]}}'.encode(),
    "a trailing comma after the array": f'{{"records":[{A},{B}],}}'.encode(),
    "an unclosed envelope": f'{{"records":[{A},{B}]'.encode(),
    "an unclosed array": f'{{"records":[{A},{B}'.encode(),
    "two envelopes in a row": f'{{"records":[{A}]}}{{"records":[{B}]}}'.encode(),
    "two arrays in a row": f"[{A}] [{B}]".encode(),
    "an envelope in single quotes": f"{{'records':[{A},{B}],}}".encode(),
    "an array of envelopes with a trailing comma": f'[{{"records":[{A}]}},{{"records":[{B}]}},]'.encode(),
}


@pytest.mark.parametrize("body", FRAMED.values(), ids=FRAMED)
def test_a_damaged_frame_costs_no_record(body: bytes) -> None:
    assert seen(split(body)) == BOTH


def test_a_record_cut_off_is_rejected_and_those_before_it_survive() -> None:
    assert seen(split(f'{{"records":[{A},{B},{{"n":"c'.encode())) == [*BOTH, rejected('{"n":"c', "truncated")]


@pytest.mark.parametrize("stray", ["garbage", "it's broken", '"unterminated', "a, b, c", "<html>"])
def test_a_stray_line_costs_no_neighbour(stray: str) -> None:
    assert seen(split(f"{A}\n{stray}\n{B}\n".encode())) == [kept(A), rejected(stray, "invalid_json"), kept(B)]


def test_a_line_cut_off_costs_no_neighbour() -> None:
    assert seen(split(f'{A}\n{{"n":"x\n{B}'.encode())) == [kept(A), rejected('{"n":"x', "truncated"), kept(B)]


def test_a_record_printed_over_several_lines_stays_one_record() -> None:
    text = '{\n"list": [\n{"x":1},\n{"y":2}\n],\n"z": \'1\'\n}'

    assert seen(split(text.encode())) == [mended(text.replace("'", '"'))]


@pytest.mark.parametrize("lost", ['{"n":"c"}]}', '"records":[{"n":"c"},]}', '{"n":"c"'])
def test_a_record_behind_the_end_of_a_damaged_array_is_not_lost(lost: str) -> None:
    entries: list[Expected] = seen(split(f'{{"records":[{A}],{lost}'.encode()))

    assert entries[0] == kept(A)
    assert b'{"n":"c"' in b"".join(source for _, source, _, _ in entries[1:])
