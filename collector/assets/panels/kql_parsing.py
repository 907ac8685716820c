"""Parses the Kibana Query Language by the rules of Kibana's own grammar (`kbn-es-query`, `grammar.peggy`).

A parsing expression grammar: alternatives are tried in order, and the first that fits is taken.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from collector.assets.panels.model import UnknownPanelFeatureError


@dataclass(frozen=True, slots=True)
class Or:
    """One of several must match."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class And:
    """All of several must match."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Something must not match."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Is:
    """A field has a value. ``pieces`` is the value, cut at its wildcards: one piece when it has none."""

    field: str
    pieces: tuple[str, ...]
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field is greater or less than a value; ``operator`` is ``lt``, ``lte``, ``gt`` or ``gte``."""

    field: str
    operator: str
    value: str


type Node = Or | And | Not | Is | Comparison

type _Partial = Callable[[str], Node]


@dataclass(frozen=True, slots=True)
class _Literal:
    pieces: tuple[str, ...]
    quoted: bool

    @property
    def plain(self) -> str:
        """The text of a literal without wildcards."""
        if len(self.pieces) > 1:
            raise UnknownPanelFeatureError(f"KQL with a wildcard in {'*'.join(self.pieces)!r}")
        return "".join(self.pieces)


_SPACE: Final = re.compile(r"[ \t\r\n\u00A0]*")
_OR: Final = re.compile(r"[ \t\r\n\u00A0]+or[ \t\r\n\u00A0]+", re.IGNORECASE)
_AND: Final = re.compile(r"[ \t\r\n\u00A0]+and[ \t\r\n\u00A0]+", re.IGNORECASE)
_NOT: Final = re.compile(r"not[ \t\r\n\u00A0]+", re.IGNORECASE)
_OPERATOR: Final = re.compile(r"<=|>=|<|>")
_OPERATORS: Final = {"<=": "lte", ">=": "gte", "<": "lt", ">": "gt"}
_ESCAPE: Final = re.compile(r'\\(?:(?P<white>[trn])|(?P<char>[\\():<>"*{}])|u(?P<code>[0-9a-fA-F]{4}))')
_ESCAPED_KEYWORD: Final = re.compile(r"\\(or|and|not)", re.IGNORECASE)
_WHITE: Final = {"t": "\t", "r": "\r", "n": "\n"}
_SPECIAL: Final = frozenset('\\():<>"*{}')


def parse_kql(text: str) -> Node | None:
    """Parse a query; None when there is none.

    Raises:
        UnknownPanelFeatureError: the text is no KQL, or uses what this parser refuses.
    """
    parser = _Parser(text)
    parser.skip(_SPACE)
    if parser.ended:
        return None
    node = parser.read_or()
    parser.skip(_SPACE)
    if node is None or not parser.ended:
        raise UnknownPanelFeatureError(f"no KQL at character {parser.furthest + 1} of {text!r}")
    return node


class _Parser:
    """Reads from ``position`` on. A method that finds nothing returns None and leaves the position where it was."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self.furthest = 0

    @property
    def ended(self) -> bool:
        return self._position == len(self._text)

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Move behind the pattern; tell whether it was there."""
        found = pattern.match(self._text, self._position)
        if found is None:
            return False
        self._move(found.end())
        return True

    def read_or(self) -> Node | None:
        parts = self._read_chain(self._read_and, _OR)
        return _joined(Or, parts)

    def _read_and(self) -> Node | None:
        parts = self._read_chain(self._read_not, _AND)
        return _joined(And, parts)

    def _read_not(self) -> Node | None:
        start = self._position
        if self.skip(_NOT):
            part = self._read_group()
            if part is not None:
                return Not(part)
            self._position = start
        return self._read_group()

    def _read_group(self) -> Node | None:
        return self._read_parentheses(self.read_or) or self._read_expression()

    def _read_expression(self) -> Node | None:
        start = self._position
        field = self._read_literal()
        if field is None:
            return None
        self.skip(_SPACE)
        operator = _OPERATOR.match(self._text, self._position)
        if operator is not None:
            self._move(operator.end())
            return self._read_comparison(field.plain, _OPERATORS[operator.group()])
        if self._take(":"):
            self.skip(_SPACE)
            if self._take("{"):
                raise UnknownPanelFeatureError(f"KQL about the nested field {field.plain}")
            values = self._read_values()
            if values is not None:
                return values(field.plain)
            self._position = start
            return None
        raise UnknownPanelFeatureError(f"KQL with words and no field: {'*'.join(field.pieces)!r}")

    def _read_comparison(self, field: str, operator: str) -> Node | None:
        self.skip(_SPACE)
        value = self._read_literal()
        return None if value is None else Comparison(field, operator, value.plain)

    def _read_values(self) -> _Partial | None:
        return self._read_parentheses(self._read_or_values) or self._read_value()

    def _read_or_values(self) -> _Partial | None:
        partials = self._read_chain(self._read_and_values, _OR)
        return _spread(Or, partials)

    def _read_and_values(self) -> _Partial | None:
        partials = self._read_chain(self._read_not_values, _AND)
        return _spread(And, partials)

    def _read_not_values(self) -> _Partial | None:
        start = self._position
        if self.skip(_NOT):
            partial = self._read_values()
            if partial is not None:
                return lambda field: Not(partial(field))
            self._position = start
        return self._read_values()

    def _read_value(self) -> _Partial | None:
        value = self._read_literal()
        if value is None:
            return None
        if not value.quoted and value.pieces == ("null",):
            raise UnknownPanelFeatureError("KQL with null")
        return lambda field: Is(field, value.pieces, value.quoted)

    def _read_literal(self) -> _Literal | None:
        return self._read_quoted() or self._read_unquoted()

    def _read_quoted(self) -> _Literal | None:
        start = self._position
        if not self._take('"'):
            return None
        chars: list[str] = []
        while not self.ended and self._text[self._position] != '"':
            chars.append(self._read_quoted_character())
        if not self._take('"'):
            self._position = start
            return None
        return _Literal(("".join(chars),), quoted=True)

    def _read_quoted_character(self) -> str:
        escape = _ESCAPE.match(self._text, self._position)
        if escape is not None and (escape["char"] is None or escape["char"] in '\\"'):
            self._move(escape.end())
            return _unescape(escape)
        self._move(self._position + 1)
        return self._text[self._position - 1]

    def _read_unquoted(self) -> _Literal | None:
        pieces = [""]
        start = self._position
        while (read := self._read_unquoted_character()) is not None:
            if read:
                pieces[-1] += read
            else:
                pieces.append("")
        if self._position == start:
            return None
        pieces[0], pieces[-1] = pieces[0].lstrip(), pieces[-1].rstrip()
        return _Literal(tuple(pieces), quoted=False)

    def _read_unquoted_character(self) -> str | None:
        """Read a character; a wildcard is empty, None is the end of the literal."""
        for pattern in (_ESCAPE, _ESCAPED_KEYWORD):
            escape = pattern.match(self._text, self._position)
            if escape is not None:
                self._move(escape.end())
                return _unescape(escape) if pattern is _ESCAPE else escape[1]
        if self._take("*"):
            return ""
        keyword = any(pattern.match(self._text, self._position) for pattern in (_OR, _AND, _NOT))
        if self.ended or keyword or self._text[self._position] in _SPECIAL:
            return None
        self._move(self._position + 1)
        return self._text[self._position - 1]

    def _read_chain[T](self, read: Callable[[], T | None], separator: re.Pattern[str]) -> list[T]:
        parts: list[T] = []
        end = self._position
        while (part := read()) is not None:
            parts.append(part)
            end = self._position
            if not self.skip(separator):
                break
        self._position = end
        return parts

    def _read_parentheses[T](self, read: Callable[[], T | None]) -> T | None:
        start = self._position
        if self._take("("):
            self.skip(_SPACE)
            inner = read()
            self.skip(_SPACE)
            if inner is not None and self._take(")"):
                return inner
        self._position = start
        return None

    def _take(self, char: str) -> bool:
        if not self._text.startswith(char, self._position):
            return False
        self._move(self._position + len(char))
        return True

    def _move(self, position: int) -> None:
        self._position = position
        self.furthest = max(self.furthest, position)


def _joined(kind: type[Or] | type[And], parts: list[Node]) -> Node | None:
    if len(parts) > 1:
        return kind(tuple(parts))
    return parts[0] if parts else None


def _spread(kind: type[Or] | type[And], partials: list[_Partial]) -> _Partial | None:
    if len(partials) > 1:
        return lambda field: kind(tuple(partial(field) for partial in partials))
    return partials[0] if partials else None


def _unescape(escape: re.Match[str]) -> str:
    if escape["white"] is not None:
        return _WHITE[escape["white"]]
    return chr(int(escape["code"], 16)) if escape["code"] is not None else escape["char"]
