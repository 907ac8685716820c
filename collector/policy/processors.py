"""The agent's processors that this collector has: ``add_fields``, ``add_tags`` and ``drop_event``, with conditions.

Promises: a processor adds fields beside ``message`` or drops the record; the record itself is never re-shaped. What
stands here has been checked by `processor_reading`, and is plain data: `collector.delivery.processing` acts on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, override

from collector.policy.document import Value
from collector.policy.kinds import Kind
from collector.policy.problems import RefusedError

type FieldPath = tuple[str, ...]
"""The parts of a field's name: ``azure.eventhub`` is ``("azure", "eventhub")``."""
type Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Equals:
    """Each field has its value."""

    wanted: tuple[tuple[FieldPath, Scalar], ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """Each text holds its text, each list has it as an item."""

    wanted: tuple[tuple[FieldPath, str], ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Each number is within its bounds: ``gt``, ``gte``, ``lt`` or ``lte`` and a number."""

    bounds: tuple[tuple[FieldPath, str, float], ...]


@dataclass(frozen=True, slots=True)
class HasFields:
    """All of the fields are there."""

    fields: tuple[FieldPath, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """``and``: every condition is met."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``or``: at least one condition is met."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Opposite:
    """``not``: the condition is not met."""

    condition: "Condition"


type Condition = Equals | Contains | Range | HasFields | AllOf | AnyOf | Opposite


@dataclass(frozen=True, slots=True)
class AddFields:
    """Merges fields into the document; the target is the outermost key of `fields` already."""

    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class AddTags:
    """Appends tags to a list."""

    target: FieldPath
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DropEvent:
    """Drops the record."""


@dataclass(frozen=True, slots=True)
class Processor:
    """What to do, when to do it (None: always), and how the file has it, variables resolved."""

    action: AddFields | AddTags | DropEvent
    when: Condition | None
    written: Value


@dataclass(frozen=True)
class ProcessorList(Kind):
    """A list of processors. `processor_reading` has read it; a value that is none was refused there."""

    @override
    def check(self, value: object) -> tuple[Processor, ...]:
        if isinstance(value, tuple):
            return cast("tuple[Processor, ...]", value)
        raise RefusedError("is not a list of processors", "Write each processor on its own line, after a dash.")

    @override
    def describe(self) -> str:
        return "list of `add_fields`, `add_tags` and `drop_event`, see Processors above"

    @override
    def json_schema(self) -> dict[str, Any]:
        when = {"type": "object", "minProperties": 1, "maxProperties": 1}
        target = {"type": "string"}
        bodies = {
            "add_fields": _describe_body(["fields"], target=target, fields={"type": "object"}, when=when),
            "add_tags": _describe_body(["tags"], target=target, tags={"type": "array"}, when=when),
            "drop_event": _describe_body(["when"], when=when),
        }
        entry = {"type": "object", "properties": bodies, "additionalProperties": False, "maxProperties": 1}
        return {"type": "array", "items": entry}

    @override
    def render(self, value: tuple[Processor, ...]) -> list[Value]:
        return [processor.written for processor in value]


def _describe_body(required: list[str], **properties: object) -> dict[str, object]:
    """Return the schema of one processor's keys; a condition may be written with dots, so `when` is never required."""
    body: dict[str, object] = {"type": "object", "properties": properties, "additionalProperties": False}
    body["patternProperties"] = {r"^when\.": True}
    return body | {"required": [key for key in required if key != "when"]}
