"""Poison: bodies of events that are not what a reader of Azure's logs expects, and what each must become.

What that is, is written here by hand, from what Azure documents of its envelopes and from JSON itself.
"""

import gzip
import json
from typing import Any, Final

from plugins.feeding import make_record

_WHOLE = json.dumps(make_record("whole")).encode()


def envelope(*records: bytes) -> bytes:
    return b'{"records":[' + b",".join(records) + b"]}"


def changed(**fields: Any) -> bytes:
    return envelope(json.dumps(make_record("odd") | fields).encode())


DEAD: Final[dict[str, tuple[bytes, str]]] = {
    "plain text": (b"the quick brown fox", "invalid_json"),
    "a line of a log": (b"10:15:02 INFO started, ready, waiting", "invalid_json"),
    "a megabyte of commas": (b"x," * 500_000, "invalid_json"),
    "XML": (b"<records><record/></records>", "invalid_json"),
    "CSV": (b"time,category\n2026-03-10,Audit\n", "invalid_json"),
    "bytes that are not UTF-8": (b"\x80\x81\x82", "not_utf8"),
    "a record with a lone surrogate in UTF-8": (envelope(b'{"a":"\xed\xa0\x80"}'), "not_utf8"),
    "a record that is Latin-1": (envelope('{"a":"Zürich"}'.encode("latin-1")), "not_utf8"),
    "records as a string": (b'{"records":"none"}', "records_not_an_array"),
    "records as an object": (b'{"records":{"0":{}}}', "records_not_an_array"),
    "records as a number": (b'{"records":7}', "records_not_an_array"),
    "the key records twice": (b'{"records":[{"a":1}],"records":[{"b":2}]}', "duplicate_records_key"),
    "a number for a record": (b'{"records":[1]}', "not_an_object"),
    "a list for a record": (b'{"records":[[1]]}', "not_an_object"),
    "a string for a record": (b'{"records":["text"]}', "not_an_object"),
    "null for a record": (b'{"records":[null]}', "not_an_object"),
    "true for a record": (b'{"records":[true]}', "not_an_object"),
    "a bare string": (b'"text"', "not_an_object"),
    "a bare number": (b"42", "not_an_object"),
    "a record cut in a string": (b'{"records":[{"category":"Audi', "truncated"),
    "a record cut after a key": (b'{"records":[{"category":', "truncated"),
    "a number that is none": (envelope(b'{"durationMs":NaN}'), "invalid_json"),
    "a value that is missing": (envelope(b'{"durationMs":}'), "invalid_json"),
    "nested 100,000 deep": (envelope(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "nested_too_deeply"),
    "gzip that was cut": (gzip.compress(_WHOLE)[:-4], "invalid_gzip"),
    "gzip that is none": (b"\x1f\x8b rubbish", "invalid_gzip"),
    "a bomb of gzip": (gzip.compress(bytes(40 * 2**20)), "inflates_too_far"),
}
"""One dead letter each, and why."""

ALIVE: Final[dict[str, bytes]] = {
    "keys in single quotes": b"{'category':'Audit','operationName':'ListKey','time':'2026-03-10T09:00:00Z'}",
    "a comma too many": envelope(b'{"category":"Audit","operationName":"ListKey",}'),
    "a line break in a string": envelope(b'{"category":"Audit","operationName":"List\nKey"}'),
    "a byte order mark": b"\xef\xbb\xbf" + envelope(_WHOLE),
    "UTF-16": envelope(_WHOLE).decode().encode("utf-16"),
    "gzip": gzip.compress(envelope(_WHOLE)),
    "an array without an envelope": b"[" + _WHOLE + b"]",
    "an empty record": envelope(b"{}"),
    "a negative duration": changed(durationMs=-5),
    "a duration in words": changed(durationMs="long"),
    "a time in the year 9999": changed(time="9999-12-31T23:59:59Z"),
    "a time before time": changed(time="0001-01-01T00:00:00Z"),
    "a time that is none": changed(time="yesterday"),
    "properties as text": changed(properties="no JSON {"),
    "properties as a list": changed(properties=[1, 2]),
    "a category that is a number": changed(category=7),
    "a key twice": envelope(b'{"category":"Audit","category":"Audit","operationName":"ListKey"}'),
    "a key without a name": changed(**{"": 1, ".": 2, "a..b": 3}),
    "a text of a megabyte": changed(operationName="x" * 900_000),
    "ten thousand keys": changed(properties={f"key{number}": number for number in range(10_000)}),
}
"""One document each; what is odd about it is its pipeline's affair."""

EMPTY: Final[dict[str, bytes]] = {
    "nothing": b"",
    "white space": b" \n",
    "null": b"null",
    "no records": b'{"records":[]}',
    "null for records": b'{"records":null}',
}
"""Neither document nor dead letter."""
