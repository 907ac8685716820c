"""Reads the condition under ``when`` of a processor.

Promises: a condition that can never be met, because its field is not there before the ingest pipeline or holds
something else, is a problem and not a condition that does nothing.
"""

import re
from collections.abc import Iterator, Mapping

from collector.policy.document import Value
from collector.policy.problems import suggest
from collector.policy.processor_names import ANY, REFUSED_CONDITIONS, Fields, FieldType, Sight
from collector.policy.processors import (
    AllOf,
    AnyOf,
    Condition,
    Contains,
    Equals,
    FieldPath,
    HasFields,
    Opposite,
    Range,
    Scalar,
)
from collector.policy.report import Report
from collector.policy.source_map import KeyPath, show_key

_CONDITIONS = ("equals", "contains", "range", "has_fields", "and", "or", "not")
_BOUNDS = ("gt", "gte", "lt", "lte")
_FIELD_NAME = re.compile(r"[@A-Za-z0-9_-]+(?:\.[@A-Za-z0-9_-]+)*", re.ASCII)
_TYPE_WORDS: Mapping[FieldType, str] = {
    FieldType.TEXT: "a text",
    FieldType.NUMBER: "a number",
    FieldType.SWITCH: "true or false",
    FieldType.LIST: "a list",
}


def is_field_name(text: str) -> bool:
    """Tell whether the text can name a field, with dots between its parts."""
    return _FIELD_NAME.fullmatch(text) is not None


class ConditionReading:
    """Reads conditions over the fields that are there at one processor."""

    def __init__(self, report: Report, known: Fields, sight: Sight) -> None:
        """`known` are those of `sight`, and what earlier processors add."""
        self._report = report
        self._known = known
        self._sight = sight

    def read(self, raw: Value, path: KeyPath) -> Condition | None:
        """Return the condition, or None when it is wrong."""
        if not isinstance(raw, dict) or len(raw) != 1:
            several = isinstance(raw, dict) and len(raw) > 1
            what = "holds more than one condition" if several else "is not a condition"
            hint = (
                "Write and:, and each condition below it after a dash." if several else "Write equals: {field: value}."
            )
            self._report.refuse(path, what, hint)
            return None
        ((name, body),) = raw.items()
        where = (*path, name)
        if name in ("and", "or"):
            return self._read_several(name, body, where)
        if name == "not":
            inner = self.read(body, where)
            return None if inner is None else Opposite(inner)
        if name not in _CONDITIONS:
            hint = REFUSED_CONDITIONS.get(name) or f"{suggest(name, _CONDITIONS)}Write {', '.join(_CONDITIONS)}."
            what = "is not supported" if name in REFUSED_CONDITIONS else "is not a condition that is known here"
            self._report.refuse(where, what, hint)
            return None
        return self._read_single(name, body, where)

    def _read_single(self, name: str, body: Value, path: KeyPath) -> Condition | None:
        if name == "has_fields":
            return self._read_has_fields(body, path)
        if not isinstance(body, dict) or not body:
            self._report.refuse(path, "is not a mapping of fields to values", f"Write {name}: {{field: value}}.")
            return None
        given = list(_flatten(body, (), path))
        if name == "equals":
            return Equals(tuple(self._read_equals(given)))
        if name == "contains":
            return Contains(tuple(self._read_contains(given)))
        return Range(tuple(self._read_range(given)))

    def _read_several(self, name: str, body: Value, path: KeyPath) -> Condition | None:
        if not isinstance(body, list) or not body:
            self._report.refuse(
                path, "is not a list of conditions", "Write each condition on its own line, after a dash."
            )
            return None
        read = [self.read(entry, (*path, index)) for index, entry in enumerate(body)]
        conditions = tuple(condition for condition in read if condition is not None)
        return AllOf(conditions) if name == "and" else AnyOf(conditions)

    def _read_has_fields(self, body: Value, path: KeyPath) -> Condition | None:
        names = body if isinstance(body, list) else [body]
        texts = [name for name in names if isinstance(name, str)]
        if not texts or len(texts) != len(names):
            self._report.refuse(path, "is not a list of fields", "Write has_fields: [tags].")
            return None
        fields = [tuple(name.split(".")) for name in texts]
        for index, field in enumerate(fields):
            whole = any(_is_named(field, known[: len(field)]) for known in self._known)
            if not whole:
                self._check_field(field, (*path, index) if isinstance(body, list) else path)
        return HasFields(tuple(fields))

    def _read_equals(self, given: list[tuple[FieldPath, Value, KeyPath]]) -> Iterator[tuple[FieldPath, Scalar]]:
        for field, value, place in given:
            kind = self._check_field(field, place)
            if isinstance(value, list | dict) or value is None:
                self._report.refuse(place, "is not a single value", "Write one text, number, true or false.")
            elif kind is FieldType.LIST:
                self._report.refuse(place, "is a list, which equals no single value", "Write contains.")
            elif kind is not None and kind is not _type_of(value):
                what = f"is compared with {_TYPE_WORDS[_type_of(value)]}, but the field holds {_TYPE_WORDS[kind]}"
                hint = "Write the value in quotes." if kind is FieldType.TEXT else f"Write {_TYPE_WORDS[kind]}."
                self._report.refuse(place, what, hint)
            elif kind is not None:
                yield field, value

    def _read_contains(self, given: list[tuple[FieldPath, Value, KeyPath]]) -> Iterator[tuple[FieldPath, str]]:
        for field, value, place in given:
            kind = self._check_field(field, place)
            if not isinstance(value, str) or not value:
                self._report.refuse(place, "is not a text to look for", "Write the text in quotes.")
            elif kind in (FieldType.NUMBER, FieldType.SWITCH):
                self._report.refuse(place, f"is {_TYPE_WORDS[kind]}, which contains no text", "Write equals or range.")
            elif kind is not None:
                yield field, value

    def _read_range(self, given: list[tuple[FieldPath, Value, KeyPath]]) -> Iterator[tuple[FieldPath, str, float]]:
        for whole, value, place in given:
            field, bound = whole[:-1], whole[-1]
            if bound not in _BOUNDS or not field:
                self._report.refuse(place, "has no bound", "Write range: {field: {gte: 5, lt: 10}}.")
                continue
            kind = self._check_field(field, place)
            if isinstance(value, bool) or not isinstance(value, int | float):
                self._report.refuse(place, "{shown} is not a number", "Write a number, without quotes.")
            elif kind is not None and kind is not FieldType.NUMBER:
                self._report.refuse(
                    place, f"is {_TYPE_WORDS[kind]}, and range is for numbers", "Write equals or contains."
                )
            elif kind is not None:
                yield field, bound, value

    def _check_field(self, field: FieldPath, path: KeyPath) -> FieldType | None:
        """Return what the field holds; None, and a problem, when it is not there before the pipeline."""
        kind = next((kind for known, kind in self._known.items() if _is_named(field, known)), None)
        if kind is None:
            names = [".".join(known) for known in self._known if ANY not in known]
            near = suggest(".".join(field), names)
            what = f"names {show_key('.'.join(field))}, {self._sight.unseen}"
            self._report.refuse(path, what, near or self._sight.instead)
        return kind


def _is_named(field: FieldPath, known: FieldPath) -> bool:
    """Tell whether a known name, of which parts may be any, is that of the field."""
    return len(field) == len(known) and all(part in {ANY, own} for own, part in zip(field, known, strict=True))


def _flatten(body: dict[str, Value], above: FieldPath, path: KeyPath) -> Iterator[tuple[FieldPath, Value, KeyPath]]:
    """Yield each value with the whole name of its field; names may be nested or have dots."""
    for key, value in body.items():
        name, place = (*above, *key.split(".")), (*path, key)
        if isinstance(value, dict) and value:
            yield from _flatten(value, name, place)
        else:
            yield name, value, place


def _type_of(value: Scalar) -> FieldType:
    if isinstance(value, bool):
        return FieldType.SWITCH
    return FieldType.TEXT if isinstance(value, str) else FieldType.NUMBER
