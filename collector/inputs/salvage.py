"""Makes the most of a body that is not well-formed JSON, and invents nothing.

Other services share hubs with Azure OpenAI and some write what is almost JSON. Each record of such a body is looked at
alone, so that one bad record does not cost its neighbours. Four faults are repaired, because the text leaves no doubt:
a byte order mark or UTF-16, control characters inside strings, strings in single quotes, commas before a closing
bracket. A repaired record must then pass the strict parse. Everything else becomes a reject that holds its bytes.

Faults seen in the field: elastic/beats issues 40641 and 33815, elastic/integrations issue 10089.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Final

from collector.events import Entry, Record, Reject, RejectReason, RepairedRecord
from collector.inputs.envelope import NestingError, StrictParseError, find_pieces, read_piece, split_strictly

# Possessive quantifiers, and the end of text as a last closing quote (even after a lone backslash), keep both patterns
# linear on hostile input: a string that begins always matches, so no position is scanned twice.
_DOUBLE_QUOTED: Final = r'"(?:[^"\\]++|\\.|\\\Z)*+(?:"|\Z)'
# A string opened by ' ends at the first quote of either kind that a JSON token could follow: `'id": "it's"`.
_SINGLE_QUOTED: Final = r"""'(?:[^'"\\]++|\\.|\\\Z|['"](?!\s*+(?:[:,}\]]|\Z)))*+(?:['"]|\Z)"""
_STRING_OR_MARK: Final = re.compile(rf"{_DOUBLE_QUOTED}|{_SINGLE_QUOTED}|[{{}}\[\],]", re.DOTALL)
_STRING_OR_TRAILING_COMMA: Final = re.compile(rf"{_DOUBLE_QUOTED}|{_SINGLE_QUOTED}|,(?=\s*+[}}\]])", re.DOTALL)
_ENVELOPE_START: Final = re.compile(r"""\s*\{\s*["']records["']\s*:\s*\[""")
_ARRAY_START: Final = re.compile(r"\s*\[")
# A text without an object is not worth taking apart: each comma of a log line would make a dead letter of its own.
_OBJECT_START: Final = re.compile(r"[\[\s]*+\{")
_BRACKET: Final = re.compile(r"[{}\[\]]")
# Two characters each, or a UTF-8 body that a zero byte precedes would be taken for UTF-16.
_UTF_16_LE_START: Final = re.compile(rb"[{\[]\0[^\0]\0")
_UTF_16_BE_START: Final = re.compile(rb"\0[{\[]\0[^\0]")
_MIN_STRING: Final = 2
_OPENING: Final = frozenset("{[")
_CLOSING: Final = frozenset("}]")
# Values in a row, an array of envelopes, their records: nothing real is packed more deeply, and hostile nesting must
# not cost a descent.
_LEVELS: Final = 3

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def salvage(body: bytes) -> Iterator[Entry]:
    """Yield the records and rejects of a body that failed the strict parse, in its order."""
    encoding, mark = _wide_encoding(body)
    try:
        text = body[len(mark) :].decode(encoding, "surrogateescape" if encoding == "utf-8" else "strict")
    except UnicodeDecodeError as error:
        yield Reject(body, RejectReason.NOT_UTF8, f"the bytes are not {encoding} either: {error.reason}")
        return
    entries = _entries(text.strip("\0 \t\r\n"))
    yield from map(_mark_repaired, entries) if mark or encoding != "utf-8" else entries


def _wide_encoding(body: bytes) -> tuple[str, bytes]:
    """Return the encoding of the body and its byte order mark; UTF-8 is the default.

    Bytes that are not UTF-8 become lone surrogates later, so that they come back unchanged in a reject.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return encoding, mark
    if _UTF_16_LE_START.match(body):
        return "utf-16-le", b""
    if _UTF_16_BE_START.match(body):
        return "utf-16-be", b""
    return "utf-8", b""


def _entries(text: str) -> Iterator[Entry]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) <= 1 or not _are_values(lines):
        lines = [text]
    for line in lines:
        yield from _mend(line, _LEVELS)


def _are_values(lines: list[str]) -> bool:
    """Tell whether each line is a value of its own, and not a part of something printed over several lines.

    A stray line between records must not swallow its neighbours: its quotes would pair with theirs.
    """
    others = [line for line in lines if not line.startswith("{")]
    if any(_BRACKET.search(line) for line in others):
        return False
    return not others or any(_is_well_formed(line) for line in lines if line.startswith("{"))


def _is_well_formed(line: str) -> bool:
    try:
        split_strictly(line.encode("utf-8", "surrogateescape"))
    except StrictParseError:
        return False
    return True


def _mend(piece: str, levels: int) -> Iterator[Entry]:
    """Read one value: as it stands, else element by element, else repaired, else not at all."""
    source = piece.encode("utf-8", "surrogateescape")
    try:
        pieces = find_pieces(source)
    except StrictParseError as error:
        yield from _mend_broken(piece, source, levels, error)
    else:
        yield from map(read_piece, pieces)


def _mend_broken(piece: str, source: bytes, levels: int, fault: StrictParseError) -> Iterator[Entry]:
    if levels and (pieces := _take_apart(piece)):
        for inner in pieces:
            yield from _mend(inner, levels - 1)
    elif isinstance(fault, NestingError):
        yield Reject(source, RejectReason.NESTED_TOO_DEEPLY, str(fault))
    else:
        yield _repair(piece, source)


def _take_apart(piece: str) -> list[str]:
    """Return the values that the text holds one after the other, or those of its array.

    Nothing comes back if it is one value, or if none of the values could be a record.
    """
    values = list(_elements(piece, 0))
    if len(values) <= 1:
        start = _ENVELOPE_START.match(piece) or _ARRAY_START.match(piece)
        values = list(_elements(piece, start.end())) if start else []
    return values if any(_OBJECT_START.match(value) for value in values) else []


def _elements(text: str, start: int) -> Iterator[str]:
    """Yield the values from ``start`` up to the ``]`` that closes their array, or to the end of the text.

    A value ends at a comma, or where its own bracket closes; what lies between values is yielded like one, and so is
    what follows the array, if it could hold a record.
    """
    depth, begin = 0, start
    for token in _STRING_OR_MARK.finditer(text, start):
        mark = token.group()
        if mark in _OPENING:
            depth += 1
        elif mark in _CLOSING:
            if depth == 0:
                yield from _non_empty(text[begin : token.start()])
                closes_array = mark == "]" and start > 0
                rest = text[token.end() if closes_array else token.start() :]
                yield from _non_empty(rest if "{" in rest or not closes_array else "")
                return
            depth -= 1
            if depth == 0:
                yield from _non_empty(text[begin : token.end()])
                begin = token.end()
        elif mark == "," and depth == 0:
            yield from _non_empty(text[begin : token.start()])
            begin = token.end()
    yield from _non_empty(text[begin:])


def _non_empty(piece: str) -> Iterator[str]:
    stripped = piece.strip()
    if stripped:
        yield stripped


def _repair(piece: str, source: bytes) -> Entry:
    repaired = _STRING_OR_TRAILING_COMMA.sub(_rewrite, piece)
    try:
        entries = split_strictly(repaired.encode("utf-8", "surrogateescape"))
    except StrictParseError as error:
        return Reject(source, _reason(piece, source), str(error))
    match entries:
        case [Record(text=text)]:
            return RepairedRecord(text)
        case [Reject(reason=reason, detail=detail)]:
            return Reject(source, reason, detail)
        case _:
            return Reject(source, RejectReason.INVALID_JSON, "the repaired text is not one record")


def _rewrite(token: re.Match[str]) -> str:
    """Turn one string token into a JSON string; a comma before a closing bracket vanishes."""
    text = token.group()
    if text == ",":
        return ""
    if len(text) < _MIN_STRING or text[-1] not in "\"'":
        return text  # unterminated: the strict parse will say so
    inner = text[1:-1]
    if text[0] == "'":
        inner = re.sub(r"\\.|\"", _requote, inner, flags=re.DOTALL)
    return f'"{_escape_controls(inner)}"'


def _requote(token: re.Match[str]) -> str:
    return {'"': '\\"', "\\'": "'"}.get(token.group(), token.group())


def _escape_controls(inner: str) -> str:
    return re.sub(r"[\x00-\x1f]", lambda control: json.dumps(control.group())[1:-1], inner)


def _reason(piece: str, source: bytes) -> RejectReason:
    try:
        source.decode()
    except UnicodeDecodeError:
        return RejectReason.NOT_UTF8
    opened = 0
    for token in _STRING_OR_MARK.finditer(piece):
        mark = token.group()
        opened += (mark in _OPENING) - (mark in _CLOSING)
    return RejectReason.TRUNCATED if opened > 0 else RejectReason.INVALID_JSON


def _mark_repaired(entry: Entry) -> Entry:
    return RepairedRecord(entry.text) if isinstance(entry, Record) else entry
