"""The doorway to RE2: regular expressions that take time in proportion to the text, and no more.

`google-re2` ships no types, so its few calls that we use stand here, typed. Syntax: RE2's, which has no look-around and
no back-references (https://github.com/google/re2/wiki/Syntax).
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import re2  # pyright: ignore[reportMissingTypeStubs]

Span = tuple[int, int]
"""Start and end in bytes."""

_re2: Final = cast("Any", re2)
_MEMORY: Final = 64 << 20
"""Bytes that one automaton may take; RE2 falls back to a slower search beyond."""
_UNANCHORED: Final = _re2._Anchor.UNANCHORED  # noqa: SLF001 - the module has no public name for it
_NOTHING: Final = (-1, -1)


class ExpressionError(ValueError):
    """RE2 does not take the expression; the message is its own, without the expression."""


def _options() -> Any:
    options = _re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    return options


class Expression:
    """A compiled expression."""

    def __init__(self, source: str) -> None:
        """Compile.

        Raises:
            ExpressionError: it is no RE2 expression.
        """
        try:
            self._compiled = _re2.compile(source, _options())
        except _re2.error as error:
            raise ExpressionError(_reason(error)) from error
        self._group = min(1, cast("int", self._compiled.groups))

    def spans(self, text: bytes) -> Iterator[Span]:
        """Yield where it matches, left to right: the first group if it has one, else the whole match."""
        for match in self._compiled.finditer(text):
            span = cast("Span", match.span(self._group))
            if span != _NOTHING and span[0] < span[1]:
                yield span

    def matches_nothing(self) -> bool:
        """Whether it matches the empty text, and so everywhere."""
        return self._compiled.search(b"") is not None


class ExpressionSet:
    """Tells in one pass which of many expressions match a text somewhere."""

    def __init__(self, sources: Sequence[str]) -> None:
        """Compile them together.

        Raises:
            ExpressionError: one is no RE2 expression.
        """
        self._set = _re2.Set.SearchSet(_options())
        for source in sources:
            try:
                self._set.Add(source)
            except _re2.error as error:
                raise ExpressionError(_reason(error)) from error
        self._set.Compile()

    def matching(self, text: bytes) -> list[int]:
        """Return the indices of the expressions that match, in order."""
        return sorted(cast("list[int]", self._set.Match(text) or ()))


def _reason(error: Exception) -> str:
    """Return RE2's reason without the part of the expression that it quotes, which may come from a variable."""
    reason = error.args[0] if error.args else "unknown error"
    text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
    return text.partition(": ")[0]
