"""Checks of bodies and queries that speak like Kibana's: `[request body.name]: expected value of type [string] ...`.

A check takes a value and its place, and returns the value with defaults filled in. `MISSING` stands for a key that is
not there.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, cast

type Check = Callable[[object, str], object]
"""Takes a value and its place."""

MISSING: Final = object()

DURATION: Final = r"^[1-9][0-9]*(s|m|h|d)$"
"""A span of time as rules write it."""


class InvalidError(Exception):
    """A value is not of the form; the message begins with its place in brackets."""

    def __init__(self, place: str, reason: str) -> None:
        """Refuse what is at this place."""
        super().__init__(f"[{place}]: {reason}" if place else reason)


def anything(value: object, place: str) -> object:
    """Take any value that is there."""
    if value is MISSING:
        raise _wrong_type(place, "any", value)
    return value


def boolean(value: object, place: str) -> object:
    """Take true and false."""
    if not isinstance(value, bool):
        raise _wrong_type(place, "boolean", value)
    return value


def flag(value: object, place: str) -> object:
    """Take true and false as they stand in a query."""
    if value not in {"true", "false"}:
        raise _wrong_type(place, "boolean", value)
    return value == "true"


def number(minimum: float | None = None, maximum: float | None = None) -> Check:
    """Take numbers, ends included."""

    def check(value: object, place: str) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong_type(place, "number", value)
        if minimum is not None and value < minimum:
            raise InvalidError(place, f"Value must be equal to or greater than [{minimum}].")
        if maximum is not None and value > maximum:
            raise InvalidError(place, f"Value must be equal to or lower than [{maximum}].")
        return value

    return check


def text(pattern: str = "", *, at_least: int = 0, at_most: int | None = None, reason: str = "") -> Check:
    """Take strings; `reason` is what is said of one that does not match, with `{}` where it goes."""

    def check(value: object, place: str) -> object:
        if not isinstance(value, str):
            raise _wrong_type(place, "string", value)
        if len(value) < at_least:
            raise InvalidError(
                place, f"value has length [{len(value)}] but it must have a minimum length of [{at_least}]."
            )
        if at_most is not None and len(value) > at_most:
            raise InvalidError(
                place, f"value has length [{len(value)}] but it must have a maximum length of [{at_most}]."
            )
        if pattern and not re.search(pattern, value):
            raise InvalidError(place, reason.format(value) or f"value [{value}] does not match {pattern}")
        return value

    return check


def duration(value: object, place: str) -> object:
    """Take spans of time such as `5m`."""
    return text(DURATION, reason="string is not a valid duration: {}")(value, place)


def literal(*choices: object) -> Check:
    """Take one of these values."""

    def check(value: object, place: str) -> object:
        if value not in choices:
            expected = "\n".join(
                f"- [{place}.{at}]: expected value to equal [{each}]" for at, each in enumerate(choices)
            )
            raise InvalidError(place, f"types that failed validation:\n{expected}")
        return value

    return check


def nullable(inner: Check) -> Check:
    """Take null beside what `inner` takes."""
    return lambda value, place: None if value is None else inner(value, place)


def either(*checks: Check) -> Check:
    """Take what the first check takes that takes it."""

    def check(value: object, place: str) -> object:
        failures: list[str] = []
        for at, inner in enumerate(checks):
            try:
                return inner(value, place)
            except InvalidError as error:
                failures.append(f"- [{place}.{at}]: {str(error).partition(']: ')[2]}")
        raise InvalidError(place, "types that failed validation:\n" + "\n".join(failures))

    return check


def listed(inner: Check, at_least: int = 0, at_most: int | None = None) -> Check:
    """Take arrays of what `inner` takes."""

    def check(value: object, place: str) -> object:
        if not isinstance(value, list):
            raise _wrong_type(place, "array", value)
        values = cast("list[object]", value)
        if len(values) < at_least:
            raise InvalidError(place, f"array size is [{len(values)}], but cannot be smaller than [{at_least}]")
        if at_most is not None and len(values) > at_most:
            raise InvalidError(place, f"array size is [{len(values)}], but cannot be greater than [{at_most}]")
        return [inner(each, f"{place}.{at}") for at, each in enumerate(values)]

    return check


def mapped(inner: Check) -> Check:
    """Take objects with any keys, and values that `inner` takes."""

    def check(value: object, place: str) -> object:
        return {name: inner(each, f"{place}.{name}") for name, each in _object(value, place).items()}

    return check


def record(
    required: Mapping[str, Check],
    optional: Mapping[str, Check] | None = None,
    *,
    defaults: Mapping[str, object] | None = None,
    open_ended: bool = False,
) -> Check:
    """Take objects with these keys.

    Args:
        required: keys that must be there.
        optional: keys that may be there.
        defaults: what optional keys are when they are not there.
        open_ended: whether further keys are let through; Kibana's routes mostly do not.
    """
    known = {**required, **(optional or {})}

    def check(value: object, place: str) -> object:
        given = _object(value, place)
        inside = f"{place}." if place else ""
        taken = {name: required[name](given.get(name, MISSING), f"{inside}{name}") for name in required}
        for name in given.keys() - required.keys():
            if name in known:
                taken[name] = known[name](given[name], f"{inside}{name}")
            elif open_ended:
                taken[name] = given[name]
            else:
                raise InvalidError(f"{inside}{name}", "definition for this key is missing")
        return {**(defaults or {}), **taken}

    return check


def _object(value: object, place: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _wrong_type(place, "object", value)
    return cast("dict[str, object]", value)


def _wrong_type(place: str, expected: str, value: object) -> InvalidError:
    return InvalidError(place, f"expected value of type [{expected}] but got [{_name_type(value)}]")


def _name_type(value: object) -> str:
    if value is MISSING:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names: Mapping[type, str] = {str: "string", int: "number", float: "number", list: "Array", dict: "Object"}
    return names[type(value)]
