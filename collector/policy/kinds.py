"""The kinds of values a key takes: text, number, duration, secret, ...

Promises: one class for one kind; it checks a value, says in words what it takes (for the docs), gives its JSON schema
(for editors) and writes a value back as YAML. A check raises `RefusedError` with what to write. Values of a secret are
never named in one.

A number, a duration or a switch may also be a text of that form: environment variables hold nothing but texts.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast, override

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from collector.policy.problems import RefusedError, join_words, suggest
from collector.policy.secret import MASK, Secret
from collector.policy.units import parse_duration, parse_size, render_duration, render_size

# What an editor must accept in place of a number: a variable.
_REFERENCE_SCHEMA = {"type": "string", "pattern": r"\$\{"}


class Kind(ABC):
    """What a key takes. Stands in a field's ``Annotated`` and does all the checking of that field."""

    @abstractmethod
    def check(self, value: object) -> object:
        """Return the value in its final form, or raise `RefusedError`."""

    @abstractmethod
    def describe(self) -> str:
        """Return in words what the key takes, for the docs."""

    @abstractmethod
    def json_schema(self) -> dict[str, Any]:
        """Return the JSON schema of what may stand in the file."""

    def render(self, value: Any) -> object:
        """Return the checked value as it would stand in a policy file."""
        return value

    def __get_pydantic_core_schema__(self, source_type: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check, serialization=self._build_serialization())

    def _build_serialization(self) -> core_schema.SerSchema:
        """Return how pydantic dumps the value: as it would stand in a policy file, secrets masked."""
        return core_schema.plain_serializer_function_ser_schema(
            lambda value: None if value is None else self.render(value)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return self.json_schema()


@dataclass(frozen=True)
class Text(Kind):
    """A text that is not empty."""

    @override
    def check(self, value: object) -> str:
        text = require_text(value)
        if not text.strip():
            raise RefusedError("is empty", "Write a value, or leave the key out.")
        return text

    @override
    def describe(self) -> str:
        return "text"

    @override
    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few words. `refused` explains words that another program knows and this one does not."""

    words: tuple[str, ...]
    refused: tuple[tuple[str, str], ...] = ()

    @override
    def check(self, value: object) -> str:
        text = require_text(value)
        if text in self.words:
            return text
        explanation = dict(self.refused).get(text, "")
        hint = explanation or f"{suggest(text, self.words)}Write {join_words(self.words)}."
        raise RefusedError(f"{{shown}} is not {join_words(self.words)}", hint)

    @override
    def describe(self) -> str:
        return join_words(f"`{word}`" for word in self.words)

    @override
    def json_schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


@dataclass(frozen=True)
class Switch(Kind):
    """True or false."""

    @override
    def check(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        raise RefusedError("{shown} is not true or false", "Write true or false.")

    @override
    def describe(self) -> str:
        return "`true` or `false`"

    @override
    def json_schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "boolean"}, _REFERENCE_SCHEMA]}


@dataclass(frozen=True)
class WholeNumber(Kind):
    """A whole number from `minimum` to `maximum`, both included."""

    minimum: int
    maximum: int

    @override
    def check(self, value: object) -> int:
        wanted = f"Write a whole number from {self.minimum} to {self.maximum}."
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise RefusedError("{shown} is not a whole number", wanted)
        if not self.minimum <= value <= self.maximum:
            raise RefusedError("{shown} is out of range", wanted)
        return value

    @override
    def describe(self) -> str:
        return f"whole number, {self.minimum} to {self.maximum}"

    @override
    def json_schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "integer", "minimum": self.minimum, "maximum": self.maximum}, _REFERENCE_SCHEMA]}


@dataclass(frozen=True)
class Duration(Kind):
    """A length of time with its unit, from `minimum` to `maximum`, both included and written the same way."""

    minimum: str
    maximum: str

    @override
    def check(self, value: object) -> timedelta:
        if isinstance(value, timedelta):
            return value
        if not isinstance(value, str):
            number = isinstance(value, int) and not isinstance(value, bool)
            hint = f"Write {value}s for seconds." if number else "Write for example 5s, 300ms, 10m or 1h30m."
            raise RefusedError("{shown} is not a duration with its unit", hint)
        duration = parse_duration(value.strip())
        if not parse_duration(self.minimum) <= duration <= parse_duration(self.maximum):
            raise RefusedError("{shown} is out of range", f"Write a duration from {self.minimum} to {self.maximum}.")
        return duration

    @override
    def describe(self) -> str:
        return f"duration, {self.minimum} to {self.maximum}"

    @override
    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(us|µs|ms|s|m|h))+$|\$\{"}

    @override
    def render(self, value: timedelta) -> str:
        return render_duration(value)


@dataclass(frozen=True)
class Size(Kind):
    """A number of bytes from `minimum` to `maximum`, both included and written as ``5MiB``."""

    minimum: str
    maximum: str

    @override
    def check(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise RefusedError("{shown} is not a size", "Write for example 5MiB, 512KiB or a number of bytes.")
        size = parse_size(value.strip()) if isinstance(value, str) else value
        if not parse_size(self.minimum) <= size <= parse_size(self.maximum):
            raise RefusedError("{shown} is out of range", f"Write a size from {self.minimum} to {self.maximum}.")
        return size

    @override
    def describe(self) -> str:
        return f"size, {self.minimum} to {self.maximum}"

    @override
    def json_schema(self) -> dict[str, Any]:
        text = {"type": "string", "pattern": r"^[0-9]+ *([kKmMgG]i?)?[bB]?$|\$\{"}
        return {"anyOf": [{"type": "integer", "minimum": 0}, text]}

    @override
    def render(self, value: int) -> str:
        return render_size(value)


@dataclass(frozen=True)
class SecretText(Kind):
    """A credential. Its value is in no message."""

    @override
    def check(self, value: object) -> Secret:
        if isinstance(value, Secret):
            return value
        if not isinstance(value, str):
            raise RefusedError("is not a text", 'Write it in quotes, or as a variable: "${env.NAME}".')
        if not value.strip():
            raise RefusedError("is empty", "Give it a value, or leave the key out.")
        return Secret(self.check_form(value))

    def check_form(self, value: str) -> str:
        """Return the credential as its client takes it; raise `RefusedError` when it cannot be one of this kind."""
        return value

    @override
    def describe(self) -> str:
        return "secret"

    @override
    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "writeOnly": True}

    @override
    def render(self, value: Secret) -> str:
        return MASK


@dataclass(frozen=True)
class ListOf(Kind):
    """A list of values of one kind. A single value stands for a list of one."""

    item: Kind
    needed: bool = False

    @override
    def check(self, value: object) -> object:
        if isinstance(value, Mapping) or value is None:
            raise RefusedError("is not a list", "Write each value on its own line, after a dash.")
        values = list(cast("list[object]", value)) if isinstance(value, list | tuple) else [value]
        if self.needed and not values:
            raise RefusedError("is an empty list", "Write at least one value.")
        return values

    @override
    def describe(self) -> str:
        return f"list, or one: {self.item.describe()}"

    @override
    def json_schema(self) -> dict[str, Any]:
        item = self.item.json_schema()
        return {"anyOf": [item, {"type": "array", "items": item, "minItems": int(self.needed)}]}

    @override
    def render(self, value: tuple[object, ...]) -> list[object]:
        return [self.item.render(item) for item in value]

    @override
    def __get_pydantic_core_schema__(self, source_type: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        item = core_schema.no_info_plain_validator_function(self.item.check)
        return core_schema.no_info_before_validator_function(
            self.check, core_schema.tuple_variable_schema(item), serialization=self._build_serialization()
        )


@dataclass(frozen=True)
class SecretsByName(Kind):
    """Names, each with a text that may be a credential, such as HTTP headers."""

    @override
    def check(self, value: object) -> dict[str, Secret]:
        if not isinstance(value, Mapping):
            raise RefusedError("is not a mapping", "Write each as name: value, on its own line.")
        entries = cast("Mapping[str, object]", value)
        for name, text in entries.items():
            sound = isinstance(text, Secret) or (
                isinstance(text, str) and not re.search(r"[\x00-\x08\n-\x1f\x7f]", text)
            )
            if not sound or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
                raise RefusedError(
                    "holds a name or a value that no HTTP header can have", 'Write name: "value", in quotes.'
                )
        return {name: text if isinstance(text, Secret) else Secret(str(text)) for name, text in entries.items()}

    @override
    def describe(self) -> str:
        return "mapping of names to texts"

    @override
    def json_schema(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": {"type": "string"}}

    @override
    def render(self, value: Mapping[str, Secret]) -> dict[str, str]:
        return dict.fromkeys(value, MASK)


def require_text(value: object) -> str:
    """Return the value if it is a text; raise `RefusedError` that says what it is instead and how to write a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        raise RefusedError("YAML reads {shown} as true or false, but a text is wanted", "Write it in quotes.")
    if isinstance(value, int | float):
        raise RefusedError("YAML reads {shown} as a number, but a text is wanted", "Write it in quotes.")
    what = "a mapping" if isinstance(value, Mapping) else "a list"
    raise RefusedError(f"is {what}, but one text is wanted", "Write a single text after the key.")
