"""Closes JSON that was cut, so that what arrived whole can be read.

API Management keeps the first 8,192 bytes of a body, or 32 KB of messages; what stands before the cut is sound. What a
number's digits or a key's letters were cut from is left out; a text that was cut ends with an ellipsis, so that the
first word of one is not taken for an id.
"""

import re
from typing import Final

_BRACKETS: Final = re.compile(r"[{}\[\]]")
_SOUND_START: Final = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\u[0-9a-fA-F]{4}|\\["\\/bfnrt])*+')
_CUT_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_LONGEST_CUT_ESCAPE: Final = 5
_CLOSERS: Final = {"{": "}", "[": "]"}
_ELLIPSIS: Final = "\u2026"
_DEEPEST: Final = 256


def close_json(text: str) -> str | None:
    """Return the text up to where it is sound, closed; None when it is no cut object or array.

    What is wrong within a text or a number is not found here.
    """
    # Escaped quotes are covered, so that each quote begins or ends a text; every second part stands outside of texts.
    covered = text.replace("\\\\", "__") if '\\\\"' in text else text
    parts = covered.replace('\\"', "__").split('"')
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
    return _without_cut(text, parts, stack[-1]) + "".join(reversed(stack))


def close_text(text: str) -> str | None:
    """Return a JSON text that was cut, closed where it is sound; None when something else than a cut ended it."""
    sound = _before_cut_escape(text)
    start = _SOUND_START.match(sound)
    return sound + '"' if start is not None and start.end() == len(sound) else None


def close_inner_text(text: str) -> str:
    """Return a text that was cut within a text of its own, with that closed."""
    return _before_cut_escape(text) + _ELLIPSIS + '"'


def _without_cut(text: str, parts: list[str], closer: str) -> str:
    """Return the text up to the end of its last whole member, or with a text that was cut as its last one."""
    if len(parts) % 2 == 0:
        begin = len(text) - len(parts[-1]) - 1
        if text[:begin].rstrip()[-1:] in (":" if closer == "}" else "[,"):
            return close_inner_text(text)
        parts = parts[:-1]
    place = len(parts) - 1
    while (found := max(parts[place].rfind(mark) for mark in "{}[],")) < 0:
        place -= 2
    end = sum(map(len, parts[:place])) + place + found
    return text[:end] if text[end] == "," else text[: end + 1]


def _before_cut_escape(text: str) -> str:
    """Return a text without the beginning of an escape at its end."""
    found = _CUT_ESCAPE.search(text, max(0, len(text) - _LONGEST_CUT_ESCAPE))
    if found is None:
        return text
    before = text[: found.start() + 1]
    is_escaped = (len(before) - len(before.rstrip("\\"))) % 2 == 0
    return text if is_escaped else before[:-1]
