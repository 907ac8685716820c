"""Texts from outside, as they are shown to a person.

Promises: what comes out has no control character, no line break, and nothing that turns the direction of writing, so
that no server and no record can move the cursor, recolour or forge what a terminal shows.
"""

import json
from typing import Any, cast


def make_printable(text: str) -> str:
    r"""Return the text with an escape (``\x1b``) for each character that is not plainly visible."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def make_all_printable(value: Any) -> Any:
    """Return what JSON can hold with every text in it made printable, keys too."""
    if isinstance(value, str):
        return make_printable(value)
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        return {make_printable(key): make_all_printable(item) for key, item in entries.items()}
    if isinstance(value, list):
        return [make_all_printable(item) for item in cast("list[Any]", value)]
    return value


def escape_json(text: str) -> str:
    """Return JSON with JSON's own escapes for such characters; its line breaks stay, and it means the same."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1] for sign in text)
