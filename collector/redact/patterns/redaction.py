"""Replaces what patterns find in a text."""

from collections.abc import Iterator, Sequence
from typing import Final

from collector.policy.expressions import Expression, ExpressionSet, Span
from collector.redact.patterns.pattern import Pattern

_WORD: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


class TextRedactor:
    """Redacts texts by an ordered list of patterns; the first to claim a place keeps it."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        """Compile the patterns.

        Raises:
            ExpressionError: an expression is none.
        """
        self._patterns = [(each, Expression(each.expression), _marker(each.kind)) for each in patterns]
        self._any = ExpressionSet([each.hint or each.expression for each in patterns])

    def redact(self, text: str) -> str:
        """Return the text with a typed marker for each finding; the very same text when there is none."""
        data = text.encode("utf-8", "surrogatepass")
        candidates = self._any.matching(data)
        if not candidates:
            return text
        taken: dict[int, tuple[int, bytes]] = {}
        free = bytearray(len(data))
        for index in candidates:
            pattern, expression, marker = self._patterns[index]
            for start, end in _findings(data, pattern, expression):
                if not any(free[start:end]):
                    free[start:end] = b"\1" * (end - start)
                    taken[start] = (end, marker)
        return _splice(data, taken).decode("utf-8", "surrogatepass") if taken else text


def _marker(kind: str) -> bytes:
    return f"[redacted:{kind}]".encode()


def _findings(data: bytes, pattern: Pattern, expression: Expression) -> Iterator[Span]:
    for span in expression.spans(data):
        for start, end in (span,) if pattern.confirm is None else pattern.confirm(data, span):
            if not pattern.alone or _stands_alone(data, start, end):
                yield start, end


def _stands_alone(data: bytes, start: int, end: int) -> bool:
    before = start > 0 and data[start - 1] in _WORD and data[start] in _WORD
    after = end < len(data) and data[end] in _WORD and data[end - 1] in _WORD
    # In JSON inside JSON a line ends with a backslash and an n, and the n is no part of what follows.
    escaped = before and start > 1 and data[start - 2] == ord("\\") and data[start - 1] in b"nrt"
    return (not before or escaped) and not after


def _splice(data: bytes, taken: dict[int, tuple[int, bytes]]) -> bytes:
    parts: list[bytes] = []
    done = 0
    for start in sorted(taken):
        end, marker = taken[start]
        parts += (data[done:start], marker)
        done = end
    parts.append(data[done:])
    return b"".join(parts)
