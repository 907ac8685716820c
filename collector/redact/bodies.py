"""Bodies as API Management logs them: JSON in a text, whole, cut or streamed.

Promise: a body that was a text stays a text, and one that could be read holds JSON: an object or an array with the
keys of the API, treated by the tables, and with ``[cut]`` or ``[stream]`` beside them when it was cut or streamed.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, cast

import msgspec

from collector.redact.body_tables import body_rule
from collector.redact.cut_json import close_inner_text, close_json, close_text
from collector.redact.markers import CUT, STREAM
from collector.redact.rules import Rule
from collector.redact.streams import NoStreamError, StreamedAnswer, is_stream
from collector.redact.treatments import Treatment

_TEXTS_IN_TEXTS: Final = 3
"""How often a JSON text may hold another."""
_CLOSERS: Final = frozenset("}]")
_USUAL_ENDS: Final = ("}]}", "}}]}")
"""What closes a message of a request, and the message of an answer."""
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}(\\u[dD][c-fC-F][0-9a-fA-F]{2})?|(u[dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL
)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def decode_json(text: str) -> Any:
    """Decode JSON; a lone half of a surrogate pair, as a cut leaves it, is read as U+FFFD.

    Raises:
        msgspec.DecodeError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    try:
        return _decode(text)
    except msgspec.DecodeError:
        if "\\ud" not in text and "\\uD" not in text:
            raise
        return _decode(_ESCAPE.sub(_mend_surrogate, text))


def _mend_surrogate(escape: re.Match[str]) -> str:
    whole = escape.group()
    is_high = len(whole) > 2 and whole[2] in "dD" and whole[3] in "89abAB"  # noqa: PLR2004 - \\uDxxx
    return "\\ufffd" if (is_high and escape.group(1) is None) or escape.group(2) is not None else whole


class Bodies:
    """Treats bodies at one level."""

    def __init__(self, treatment: Treatment) -> None:
        self._treatment = treatment
        self._rule: Rule = body_rule(treatment)
        self._seen: list[tuple[str, str]] = []

    def begin(self) -> None:
        """A new record begins."""
        self._seen.clear()

    def apply(self, value: Any) -> Any:
        """Return what may leave of a body."""
        if type(value) is not str:
            return self._rule(value)
        # A gateway logs the same body twice: as it came, and as it went on.
        for seen, treated in self._seen:
            if seen == value:
                return treated
        treated = self._apply_text(value)
        self._seen.append((value, treated))
        return treated

    def _apply_text(self, text: str) -> str:
        found = _read(text, _TEXTS_IN_TEXTS)
        if found is None:
            return self._treatment.unreadable(text)
        return _encode(self._mark(*found)).decode()

    def _mark(self, value: Any, marks: dict[str, int]) -> Any:
        treated = self._rule(value)
        if marks and type(treated) is dict:
            return cast("dict[str, Any]", treated) | marks
        if marks and type(treated) is list:
            return [*cast("list[Any]", treated), marks]
        return treated


def _read(text: str, levels: int) -> tuple[Any, dict[str, int]] | None:
    """Return what a body holds and what must be said of it; None when it cannot be read."""
    start = text.lstrip("\ufeff \t\r\n")
    if start[:1] in {"{", "["}:
        return _read_json(start)
    if start[:1] == '"' and levels:
        return _read_text(start, levels)
    return _read_stream(start) if is_stream(start) else None


def _read_text(text: str, levels: int) -> tuple[Any, dict[str, int]] | None:
    """Read a body that is a JSON text with JSON in it."""
    marks: dict[str, int] = {}
    try:
        inner = decode_json(text)
    except msgspec.DecodeError:
        closed = close_text(text)
        if closed is None:
            return None
        inner, marks = decode_json(closed), {CUT: len(text)}
    found = _read(inner, levels - 1)
    return None if found is None else (found[0], found[1] | marks)


def _read_json(text: str) -> tuple[Any, dict[str, int]] | None:
    # Most that are cut end within a text.
    if text.rstrip()[-1:] in _CLOSERS:
        try:
            return decode_json(text), {}
        except msgspec.DecodeError:
            pass
        except RecursionError:
            return None
    for closed in _closings(text):
        with suppress(msgspec.DecodeError, RecursionError):
            return decode_json(closed), {CUT: len(text)}
    return None


def _closings(text: str) -> Iterator[str]:
    """Yield what a cut body may be when it is closed; no two can be JSON, and a guess costs less than to be sure."""
    if text[-1] not in _CLOSERS:
        begun = close_inner_text(text)
        yield from (begun + end for end in _USUAL_ENDS)
    closed = close_json(text)
    if closed is not None:
        yield closed


def _read_stream(text: str) -> tuple[Any, dict[str, int]] | None:
    answer = StreamedAnswer()
    try:
        answer.read(text)
    except (NoStreamError, msgspec.DecodeError, RecursionError):
        return None
    return answer.value, {STREAM: answer.events} | ({CUT: len(text)} if answer.is_cut else {})
