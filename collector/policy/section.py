"""What every part of a policy has in common.

Promises: a section is frozen, refuses keys it does not know, and tells for each key what it takes, its default and why.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, cast

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from collector.policy.kinds import Kind


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Keys of one section that do not fit together: the key to change, what is wrong, and what to write."""

    key: tuple[str, ...]
    what: str
    hint: str


class Section(BaseModel):
    """A mapping of the policy with known keys.

    `ignored_keys` are keys of the Elastic Agent that have no effect here, each with the reason. `refused_keys` are
    keys that would change what is collected or how it is sent, and that this collector does not have: each with what
    to write instead. `aliases` are other names that the Elastic Agent has for keys of this section.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    ignored_keys: ClassVar[Mapping[str, str]] = MappingProxyType({})
    refused_keys: ClassVar[Mapping[str, str]] = MappingProxyType({})
    aliases: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @classmethod
    def find_missing(cls, given: Mapping[str, object]) -> Iterator[Contradiction]:  # noqa: ARG003 - for subclasses
        """Yield what is wrong with the set of keys that the file gives, whatever their values are."""
        yield from ()

    def find_contradictions(self) -> Iterator[Contradiction]:
        """Yield values that are right one by one and wrong together."""
        yield from ()


def setting(default: Any, description: str, *, reason: str, example: str = "", derived: str = "") -> Any:
    """Return a key of a section: its default, what it does, and the reason for the default.

    The default is ``...`` when the key must be given. `derived` says in words how the default follows from other keys.
    """
    extra: dict[str, Any] = {"reason": reason, "example": example, "derived": derived}
    return Field(default=default, description=description, json_schema_extra=extra)


def kind_of(field: FieldInfo) -> Kind | None:
    """Return what the key takes, or None when it is a section of its own."""
    return next((item for item in field.metadata if isinstance(item, Kind)), None)


def section_of(field: FieldInfo) -> type[Section] | None:
    """Return the class of the section under this key, or None when the key takes a value."""
    annotation = field.annotation
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None


def example_of(field: FieldInfo) -> str:
    """Return an example of the key's value as YAML, or an empty text."""
    return _read_extra(field, "example")


def reason_of(field: FieldInfo) -> str:
    """Return why the key's default is what it is, or why the key must be given."""
    return _read_extra(field, "reason")


def derived_of(field: FieldInfo) -> str:
    """Return in words how the key's default follows from other keys, or an empty text."""
    return _read_extra(field, "derived")


def default_of(field: FieldInfo) -> object:
    """Return the key's default; None when it has none."""
    value = field.get_default(call_default_factory=True)
    return None if value is PydanticUndefined else value


def _read_extra(field: FieldInfo, key: str) -> str:
    extra = field.json_schema_extra
    return str(cast("dict[str, object]", extra).get(key, "")) if isinstance(extra, dict) else ""
