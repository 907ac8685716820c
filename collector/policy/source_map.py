"""Where each key of a policy stands in its file, and how its value may be shown.

Promises: every key that was in the file has its line; a key that was not has the line of the nearest key around it. A
value is shown only when it cannot be a secret: never that of a secret key, never anything long or shaped like a
credential.
"""

import re
from dataclasses import dataclass

from collector.policy.secret import SECRET_KEYS

type KeyPath = tuple[str | int, ...]

# A word that people type: short, no ';', '=' or other marks of a connection string, no run of 20 that could be a key.
_SHOWABLE = re.compile(r"(?!.*[A-Za-z0-9+/]{20})[A-Za-z0-9 ._/:@$(){}|'\[\]+-]{1,64}", re.ASCII)
_CREDENTIAL = re.compile(r"key|secret|passw|token|sig=|://[^/]*@|BEGIN", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{[A-Za-z0-9_.| -]+\}")
_SHOWABLE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_./ -]{0,47}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key stands: its line, counted from 1, and its value as written if that is a single text or number.

    Values that were in no file have line 0.
    """

    line: int
    text: str | None


class SourceMap:
    """The places of all keys of one file."""

    def __init__(self) -> None:
        self._places: dict[KeyPath, Place] = {}

    def add(self, path: KeyPath, line: int, text: str | None = None) -> None:
        """Remember where a key stands."""
        self._places[path] = Place(line, text)

    def move(self, old: KeyPath, new: KeyPath) -> None:
        """Give a key, and all below it, another path: ``a.b`` written as one key stands for ``b`` below ``a``."""
        size = len(old)
        below = {path: place for path, place in self._places.items() if path[:size] == old}
        for path, place in below.items():
            self._places[new + path[size:]] = place

    def has(self, path: KeyPath) -> bool:
        """Tell whether the key stands in the file."""
        return path in self._places

    def find_line(self, path: KeyPath) -> int:
        """Return the line of the key, or of the nearest key around it."""
        while path and path not in self._places:
            path = path[:-1]
        return self._places[path].line if path in self._places else 1

    def say_place(self, path: KeyPath) -> str:
        """Return where the key stands, in words: its line, or its path when it was in no file."""
        line = self.find_line(path)
        return f"in line {line}" if line else f"at {render_path(path)}"

    def show(self, path: KeyPath) -> str:
        """Return the value as the file has it, between backquotes, or "the value" where it may be a secret."""
        place = self._places.get(path)
        text = place.text if place else None
        if text is None or any(part in SECRET_KEYS for part in path):
            return "the value"
        if _REFERENCE.fullmatch(text):
            return f"the value of {text}"
        if not _SHOWABLE.fullmatch(text) or _CREDENTIAL.search(text) or "${" in text:
            return "the value"
        return f"`{text}`"


def show_key(key: str) -> str:
    """Return the key as it may be shown: a text that is no plain word may be a secret that slipped out of its place."""
    shaped = _SHOWABLE_KEY.fullmatch(key) and not re.search(r"[A-Za-z0-9]{24}", key)
    return key if shaped else "(a key that is not shown)"


def render_path(path: KeyPath) -> str:
    """Return the path as people write it: ``inputs[0].streams[1].eventhub``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{show_key(part)}"
    return text.removeprefix(".")
