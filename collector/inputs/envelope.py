"""Splits well-formed bodies; the hot path.

``msgspec`` finds where each record begins and ends without decoding what lies between, so that a record stays the text
that Azure sent.
"""

import re
from typing import Final

import msgspec

from collector.events import Entry, Record, Reject, RejectReason


class _Envelope(msgspec.Struct, gc=False):
    records: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ANY: Final = msgspec.json.Decoder(msgspec.Raw)
# In well-formed JSON nothing but a string holds a quote, and a string before a colon is a key.
_STRING_OR_BRACKET: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"(\s*+:)?|[{}\[\]]', re.DOTALL)


class StrictParseError(ValueError):
    """The body is not one well-formed JSON value."""


class NestingError(StrictParseError):
    """The JSON is nested more deeply than can be read."""


def split_strictly(body: bytes) -> list[Entry]:
    """Split a body that is well-formed JSON.

    Raises:
        StrictParseError: it is not.
    """
    try:
        match body.lstrip()[:1]:
            case b"{":
                return _split_object(body)
            case b"[":
                return [entry for element in _ARRAY.decode(body) for entry in _split_element(bytes(element))]
            case b"":
                return []
            case _:
                return _split_scalar(body)
    except msgspec.DecodeError as error:
        raise StrictParseError(str(error)) from error
    except RecursionError as error:
        raise NestingError("the JSON is nested more deeply than can be read") from error


def _split_object(body: bytes) -> list[Entry]:
    try:
        records = _ENVELOPE.decode(body).records
    except msgspec.ValidationError:
        return [Reject(body, RejectReason.RECORDS_NOT_AN_ARRAY, "`records` is neither an array nor null")]
    if records is msgspec.UNSET:
        return [_record(body.strip())]
    if body.count(b'"records"') > 1 and _repeats_records_key(body):
        return [Reject(body, RejectReason.DUPLICATE_RECORDS_KEY, "the envelope has more than one key `records`")]
    return [_record(bytes(raw)) for raw in records or ()]


def _split_element(element: bytes) -> list[Entry]:
    """An element of a top-level array is a record, or an envelope of its own."""
    return _split_object(element) if element.startswith(b"{") else [_record(element)]


def _split_scalar(body: bytes) -> list[Entry]:
    value = bytes(_ANY.decode(body)).strip()
    return [] if value == b"null" else [_record(value)]


def _record(source: bytes) -> Entry:
    try:
        text = source.decode()
    except UnicodeDecodeError as error:
        return Reject(source, RejectReason.NOT_UTF8, f"byte {error.start} is not UTF-8")
    if not text.startswith("{"):
        return Reject(source, RejectReason.NOT_AN_OBJECT, "a record must be a JSON object")
    return Record(source, text)


def _repeats_records_key(body: bytes) -> bool:
    """Tell whether the top level itself repeats the key: decoders keep the last and would lose the others."""
    depth = keys = 0
    for token in _STRING_OR_BRACKET.finditer(body):
        mark = token.group()
        if mark[:1] == b'"':
            keys += depth == 1 and token.group(1) is not None and mark.startswith(b'"records"')
        else:
            depth += 1 if mark in b"{[" else -1
    return keys > 1
