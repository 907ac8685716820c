"""The language of `filter`: `ModelDeploymentName eq '*' and StatusCode eq '200' or StatusCode eq '429'`.

Source: Azure Monitor REST reference, "Metrics - List", parameter `$filter`. Names and values are compared without
regard to case; `or` may only join conditions on the same dimension; `'*'` stands for every value and splits by it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from collector.emulators.azure_monitor.errors import bad_filter

_TOKEN: Final = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<bracket>[()])|(?P<word>[^\s()']+))")
_OPERATORS: Final = frozenset({"eq", "ne", "sw"})
_JOINTS: Final = frozenset({"and", "or"})
_ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; `operator` is `eq`, `ne` or `sw` (starts with)."""

    operator: str
    value: str

    def accepts(self, value: str) -> bool:
        """Tell whether a value fulfils it."""
        given, wanted = value.lower(), self.value.lower()
        if self.operator == "sw":
            return given.startswith(wanted)
        return (wanted in {_ANY, given}) is (self.operator == "eq")


class Filter:
    """Conditions by dimension."""

    def __init__(self, clauses: Mapping[str, tuple[Condition, ...]]) -> None:
        """The names of the dimensions in `clauses` are as the client wrote them."""
        self.clauses = clauses
        everything = Condition("eq", _ANY)
        self._limits = [(name.lower(), each) for name, each in clauses.items() if everything not in each]

    def accepts(self, dimensions: Mapping[str, str]) -> bool:
        """Tell whether dimension values, under lower-case names, fulfil all clauses."""
        return all(
            any(condition.accepts(dimensions.get(name, "")) for condition in conditions)
            for name, conditions in self._limits
        )

    def keep(self, dimensions: Iterable[str]) -> "Filter":
        """Return the clauses on these dimensions only."""
        known = {name.lower() for name in dimensions}
        return Filter({name: each for name, each in self.clauses.items() if name.lower() in known})


def parse_filter(text: str) -> Filter:
    """Read a filter; an empty text has no clause.

    Raises:
        RequestRefusedError: it is no filter.
    """
    clauses: dict[str, tuple[Condition, ...]] = {}
    spellings: dict[str, str] = {}
    tokens = [*_split(text), "and"]
    if len(tokens) == 1 and not text.strip():
        return Filter({})
    joint, previous = "and", ""
    for position in range(0, len(tokens), 4):
        try:
            name, operator, value, following = tokens[position : position + 4]
        except ValueError:
            raise bad_filter(text) from None
        key = spellings.setdefault(name.lower(), name)
        if operator.lower() not in _OPERATORS or not value.startswith("'") or following.lower() not in _JOINTS:
            raise bad_filter(text)
        if key != previous if joint == "or" else key in clauses:
            raise bad_filter(text)
        clauses[key] = (*clauses.get(key, ()), Condition(operator.lower(), value[1:-1].replace("''", "'")))
        joint, previous = following.lower(), key
    return Filter(clauses)


def _split(text: str) -> list[str]:
    """Return the tokens without brackets: those stand around conditions on one dimension and change nothing."""
    tokens: list[str] = []
    position, depth, text = 0, 0, text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise bad_filter(text)
        if bracket := match["bracket"]:
            depth += 1 if bracket == "(" else -1
        else:
            tokens.append(match["text"] or match["word"])
        if depth < 0:
            raise bad_filter(text)
        position = match.end()
    if depth:
        raise bad_filter(text)
    return tokens
