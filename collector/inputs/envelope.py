"""Splits well-formed bodies; the hot path.

``msgspec`` finds where each record begins and ends without decoding what lies between, so that a record stays the text
that Azure sent.
"""

import re
from collections.abc import Sequence
from itertools import repeat
from typing import Final, cast

import msgspec

from collector.events import Entry, Record, RecordTexts, Reject, RejectReason


class _Envelope(msgspec.Struct, gc=False):
    records: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET


_OPENING: Final = b'{"records":['
_CLOSING: Final = b"]}"
_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ANY: Final = msgspec.json.Decoder(msgspec.Raw)
# In well-formed JSON nothing but a string holds a quote, and a string before a colon is a key.
_STRING_OR_BRACKET: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"(\s*+:)?|[{}\[\]]', re.DOTALL)


type Piece = msgspec.Raw | bytes | Reject
"""Where a record lies in its body; or what is no record."""


class StrictParseError(ValueError):
    """The body is not one well-formed JSON value."""


class NestingError(StrictParseError):
    """The JSON is nested more deeply than can be read."""


def split_strictly(body: bytes) -> list[Entry]:
    """Split a body that is well-formed JSON.

    Raises:
        StrictParseError: it is not.
    """
    return [read_piece(piece) for piece in find_pieces(body)]


def find_pieces(body: bytes) -> list[Piece]:
    """Find the records of a body that is well-formed JSON and copy none; each costs about 60 bytes.

    Raises:
        StrictParseError: it is not.
    """
    try:
        match body.lstrip()[:1]:
            case b"{":
                return _find_in_object(body)
            case b"[":
                return [piece for element in _ARRAY.decode(body) for piece in _find_in_element(element)]
            case b"":
                return []
            case _:
                return _find_scalar(body)
    except msgspec.DecodeError as error:
        raise StrictParseError(str(error)) from error
    except RecursionError as error:
        raise NestingError("the JSON is nested more deeply than can be read") from error


def read_piece(piece: Piece) -> Entry:
    """Return the record of a piece, or why it is none."""
    if isinstance(piece, Reject):
        return piece
    try:
        text = str(piece, "utf-8")
    except UnicodeDecodeError as error:
        return Reject(bytes(piece), RejectReason.NOT_UTF8, f"byte {error.start} is not UTF-8")
    if not text.startswith("{"):
        return Reject(bytes(piece), RejectReason.NOT_AN_OBJECT, "a record must be a JSON object")
    return Record(text)


def read_as_azure_writes(body: bytes) -> RecordTexts | None:
    """Return the records of an envelope in ASCII without blanks, which needs no second look; None for any other body.

    Where the records and the commas between them fill the envelope, it has no second key ``records``.
    """
    if not body.startswith(_OPENING):
        return None
    try:
        pieces = cast("Sequence[msgspec.Raw]", _ENVELOPE.decode(body).records or ())
        texts = RecordTexts(map(str, pieces, repeat("ascii")))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if sum(map(len, texts)) + len(texts) - 1 + len(_OPENING) + len(_CLOSING) != len(body):
        return None
    return texts if [text[0] for text in texts].count("{") == len(texts) else None


def _find_in_object(body: bytes) -> list[Piece]:
    try:
        records = _ENVELOPE.decode(body).records
    except msgspec.ValidationError:
        return [Reject(body, RejectReason.RECORDS_NOT_AN_ARRAY, "`records` is neither an array nor null")]
    if records is msgspec.UNSET:
        return [body.strip()]
    if body.count(b'"records"') > 1 and _repeats_records_key(body):
        return [Reject(body, RejectReason.DUPLICATE_RECORDS_KEY, "the envelope has more than one key `records`")]
    return cast("list[Piece]", records or [])


def _find_in_element(element: msgspec.Raw) -> list[Piece]:
    """An element of a top-level array is a record, or an envelope of its own."""
    if bytes(memoryview(element)[:1]) != b"{":
        return [element]
    copy = bytes(element)
    pieces = _find_in_object(copy)
    return [element] if pieces == [copy] else pieces


def _find_scalar(body: bytes) -> list[Piece]:
    value = bytes(_ANY.decode(body)).strip()
    return [] if value == b"null" else [value]


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
