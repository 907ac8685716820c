"""Closes JSON that was cut, so that what arrived whole can be read.

API Management keeps the first 8,192 bytes of a body, or 32 KB of messages; what stands before the cut is sound. What a
number's digits or a key's letters were cut from is left out; a text that was cut ends with an ellipsis, so that the
first word of one is not taken for an id.
"""

import re
from typing import Final

_BRACKETS: Final = re.compile(r"[{}\[\]]")
_STRING_OR_COMMA: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\Z|\\\Z)|,', re.DOTALL)
_WHOLE_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SOUND_START: Final = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\u[0-9a-fA-F]{4}|\\["\\/bfnrt])*+')
_CUT_ESCAPE: Final = re.compile(r"(?:\\(?:u[0-9a-fA-F]{0,3})?)?")
_CLOSERS: Final = {"{": "}", "[": "]"}
_ELLIPSIS: Final = "\u2026"
_DEEPEST: Final = 256


def close_json(text: str) -> str | None:
    """Return the text up to where it is sound, closed; None when it is no cut object or array."""
    # Escapes are covered, so that each quote begins or ends a text, and every second part stands outside of texts.
    parts = text.replace("\\\\", "__").replace('\\"', "__").split('"')
    stack: list[str] = []
    for mark in _BRACKETS.findall('"'.join(parts[::2])):
        if mark in _CLOSERS:
            stack.append(_CLOSERS[mark])
            if len(stack) > _DEEPEST:
                return None
        elif not stack or stack.pop() != mark:
            return None
    if not stack:
        return None
    return _last_member(text, _after_last_bracket(parts), stack[-1]) + "".join(reversed(stack))


def close_text(text: str) -> str | None:
    """Return a JSON text that was cut, closed where it is sound; None when something else than a cut ended it."""
    start = _SOUND_START.match(text)
    if start is None or _CUT_ESCAPE.fullmatch(text, start.end()) is None:
        return None
    return start.group() + '"'


def _after_last_bracket(parts: list[str]) -> int:
    """Return where the last bracket outside of texts ends."""
    index = len(parts) - 1 - (len(parts) - 1) % 2
    while (found := max(parts[index].rfind(bracket) for bracket in "{}[]")) < 0:
        index -= 2
    return sum(map(len, parts[:index])) + index + found + 1


def _last_member(text: str, sound: int, closer: str) -> str:
    """Return the text up to the end of its last whole member, or with a text that was cut as its last one."""
    end, last = sound, None
    for token in _STRING_OR_COMMA.finditer(text, sound):
        if token.group() == ",":
            end = token.start()
        last = token
    if last is None or last.group() == "," or _WHOLE_STRING.fullmatch(last.group()):
        return text[:end]
    before = text[: last.start()].rstrip()[-1:]
    start = _SOUND_START.match(text, last.start())
    if start is None or before not in (":" if closer == "}" else "[,"):
        return text[:end]
    return text[: start.end()] + _ELLIPSIS + '"'
