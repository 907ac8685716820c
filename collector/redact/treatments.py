"""What a level does to the content that the tables point at.

Promises: whatever JSON value comes, no text of it comes out as it went in, unless the level says that it may.
"""

import re
from typing import Any, Final, Protocol, cast, override

import msgspec

from collector.redact import RedactText
from collector.redact.markers import NUMBER, OTHER, Markers

_MOST_TEXTS: Final = 2000
"""Texts of one record that get a marker each; one character each would otherwise swell a record to nine times."""
_NUMBERS: Final = frozenset({int, float})
_OPENING: Final = ("{", "[")
_ESCAPE: Final = re.compile(r'\\+(?:u((?![dD][89a-fA-F])[0-9a-fA-F]{4})|([nrt"/]))')
"""Of a text in JSON, however deep; halves of a surrogate pair stay escaped."""
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "/": "/"}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def _resolve(escape: re.Match[str]) -> str:
    code, letter = escape.groups()
    return _ESCAPED[letter] if code is None else chr(int(code, 16))


class TooManyTextsError(Exception):
    """A record holds more texts than are worth a marker each."""


class Treatment(Protocol):
    """Treats what is content or could be."""

    def begin(self) -> None:
        """A new record begins."""
        ...

    def text(self, value: str) -> str:
        """Return what may stand in place of a text."""
        ...

    def opaque(self, value: Any) -> Any:
        """Return what may stand in place of a JSON value that nothing is known of."""
        ...

    def others(self, members: dict[str, Any]) -> dict[str, Any]:
        """Return what may stand in place of members whose keys are in no table."""
        ...

    def unreadable(self, value: str) -> str:
        """Return what may stand in place of a body that is not JSON."""
        ...


class Withholding(Treatment):
    """The level ``metadata``: a marker for everything."""

    def __init__(self, markers: Markers) -> None:
        self._markers = markers
        self._texts = 0

    @override
    def begin(self) -> None:
        self._texts = 0

    @override
    def text(self, value: str) -> str:
        self._texts += 1
        if self._texts > _MOST_TEXTS:
            raise TooManyTextsError
        return self._markers.text(value)

    @override
    def opaque(self, value: Any) -> Any:
        match value:
            case None | bool():
                return value
            case str():
                return self.text(value)
            case int() | float():
                return NUMBER
            case list() if value and all(type(item) in _NUMBERS for item in cast("list[Any]", value)):
                return f"[numbers:{len(cast('list[Any]', value))}]"
            case _:
                return self._markers.json(value) if value else value

    @override
    def others(self, members: dict[str, Any]) -> dict[str, Any]:
        return {OTHER: self._markers.json(members)}

    @override
    def unreadable(self, value: str) -> str:
        return self.text(value)


class Redacting(Treatment):
    """The level ``redacted``: texts stay but for what the patterns find in them."""

    def __init__(self, redact_text: RedactText) -> None:
        self._redact = redact_text

    @override
    def begin(self) -> None:
        pass

    @override
    def text(self, value: str) -> str:
        if value.lstrip()[:1] in _OPENING:
            return self._json_text(value)
        return self._plain_text(value)

    @override
    def opaque(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case bool() | None:
                return value
            case int() | float():
                shown = str(value)
                redacted = self._redact(shown)
                return value if redacted == shown else redacted
            case dict():
                return self.others(cast("dict[str, Any]", value))
            case _:
                return [self.opaque(item) for item in value]

    @override
    def others(self, members: dict[str, Any]) -> dict[str, Any]:
        return {self._redact(key): self.opaque(value) for key, value in members.items()}

    @override
    def unreadable(self, value: str) -> str:
        return self._plain_text(value)

    def _plain_text(self, value: str) -> str:
        """Redact a text; escapes of JSON in it, which a cut left behind, are only resolved when they hide something."""
        redacted = self._redact(value)
        if "\\" not in redacted:
            return redacted
        resolved = _ESCAPE.sub(_resolve, redacted)
        found = self._redact(resolved)
        return redacted if found == resolved else found

    def _json_text(self, value: str) -> str:
        """Look behind the escapes of a JSON text; tool arguments are such."""
        try:
            inner = _decode(value)
        except (msgspec.DecodeError, RecursionError):
            return self._plain_text(value)
        redacted = self.opaque(inner)
        return self._redact(value if redacted == inner else _encode(redacted).decode())
