"""Records, damaged at random: keys dropped, doubled, reordered; values retyped, texts cut, categories swapped.

``damaged_texts`` gives the same texts each time; another ``SEED`` gives others.
"""

import json
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

type Document = dict[str, Any]
type Place = tuple[Any, Any]

SEED = 7

CATEGORIES = """
Audit RequestResponse AzureOpenAIRequestUsage Trace ManagedNetworkEvent requestresponse GatewayLogs GatewayLlmLogs
GatewayMCPLogs GATEWAYLOGS AmlOnlineEndpointTrafficLog AmlOnlineEndpointConsoleLog AmlOnlineEndpointEventLog
amlonlineendpointtrafficlog FunctionAppLogs
"""
NUMBERS = (0, -1, 200, 429, 2**53 + 1, 2**63 - 1, -(2**63), 0.5, -0.0, 1e300, 5e-324, 99.99)
TEXTS = """
x 200 -7 12.5 NaN 1e400 null {} [] "{}" { 2026-03-10T09:01:06Z 0000-00-00T00:00:00Z 203.0.113.7 ::1 / :// @
https://a.b/c?d=e#f
"""
OBJECTS = ({}, {"": 1}, {".": {"..": 1}}, {"a.b": {"c": 1}}, {"a": {"a": {"a": {}}}}, {"A": 1, "a": 2})
LISTS = ([], [None], [[]], [1, "2", 3.0], [1, "a", {"b": []}], [{"a": "b"}])
VALUES: tuple[Any, ...] = (
    *(None, True, False, "", " ", '{"a": 1}', "\0", "\ud800", "é" * 400),
    *(*NUMBERS, *TEXTS.split(), *OBJECTS, *LISTS),
)


def damaged_texts(records: list[Document], dataset: str, count: int, longest: int) -> list[str]:
    """``count`` texts for a data set, made of records of at most ``longest`` characters."""
    usable = [record for record in records if len(json.dumps(record)) <= longest]
    damage = Damage(random.Random(f"{SEED} {dataset}"), usable)
    return [damage.next_text() for _ in range(count)]


def is_readable(text: str) -> bool:
    """Whether a pipeline has to read it: it is a JSON object, and none of its objects has a key twice."""

    def unique(pairs: list[tuple[str, Any]]) -> Document:
        if len(dict(pairs)) < len(pairs):
            raise ValueError
        return dict(pairs)

    try:
        return isinstance(json.loads(text, object_pairs_hook=unique), dict)
    except ValueError:
        return False


class Damage:
    """Damages records, chosen and edited by one source of chance."""

    def __init__(self, chance: random.Random, records: list[Document]) -> None:
        self._chance = chance
        self._records = records
        self._edits: tuple[Callable[[Document], None], ...] = (
            *(self._drop, self._retype, self._truncate, self._double, self._swap, self._move),
        )

    def next_text(self) -> str:
        """The text of a record after one to four edits; of one in ten it is cut, or repeats the record's keys."""
        record = deepcopy(self._chance.choice(self._records))
        for _ in range(self._chance.randint(1, 4)):
            self._chance.choice(self._edits)(record)
        text = json.dumps(self._reordered(record), ensure_ascii=self._chance.random() < 0.5)
        kind = self._chance.random()
        if kind < 0.05:
            return text[: self._chance.randrange(len(text))]
        if kind < 0.1 and record:
            return f"{text[:-1]}, {text[1:]}"
        return text

    def _value(self) -> Any:
        return deepcopy(self._chance.choice(VALUES))

    def _place(self, record: Document) -> Place:
        return self._chance.choice([*_places(record)] or [(record, "new")])

    def _drop(self, record: Document) -> None:
        holder, key = self._place(record)
        if holder:
            del holder[key]

    def _retype(self, record: Document) -> None:
        holder, key = self._place(record)
        holder[key] = self._value()

    def _truncate(self, record: Document) -> None:
        texts = [(holder, key) for holder, key in _places(record) if isinstance(holder[key], str) and holder[key]]
        if texts:
            holder, key = self._chance.choice(texts)
            holder[key] = holder[key][: self._chance.randrange(len(holder[key]))]

    def _double(self, record: Document) -> None:
        """A key a second time, in another case and perhaps with another value."""
        holder, key = self._place(record)
        if isinstance(holder, dict) and key in holder:
            other = self._chance.choice((key.upper(), key.lower(), key.title(), f"{key} "))
            holder[other] = self._chance.choice((deepcopy(holder[key]), self._value()))

    def _swap(self, record: Document) -> None:
        """Any category, or another record's resource or properties."""
        key = self._chance.choice(("category", "resourceId", "properties"))
        other = self._chance.choice(self._records).get(key)
        record[key] = self._chance.choice((*CATEGORIES.split(), "", "Audit ")) if key == "category" else deepcopy(other)

    def _move(self, record: Document) -> None:
        """Properties as a text, or beside the record's own keys."""
        properties = record.pop("properties", None)
        if self._chance.random() < 0.7:
            record["properties"] = properties if isinstance(properties, str) else json.dumps(properties)
        elif isinstance(properties, dict):
            record.update(properties)

    def _reordered(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._reordered(inner) for inner in value]
        if isinstance(value, dict):
            items = list(value.items())
            self._chance.shuffle(items)
            return {key: self._reordered(inner) for key, inner in items}
        return value


def _places(value: Any) -> Iterator[Place]:
    """Every place within a record, as what holds it and its key."""
    for key, inner in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)
