"""The processors of a stream at work: fields and tags beside what was read, and documents that are dropped.

Promises: the record's text and id stay as they are. Processors are compiled once; those without a condition cost
nothing for a record, and a document's shared part is encoded once for each set of processors that applied to it.
What is no record, and so becomes a dead letter, meets no processor.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any, Final, Protocol, cast

from collector.events import DataStream, Record
from collector.output.elasticsearch.encoding import Origin, StreamEncoder, encode_shared
from collector.policy.processors import (
    AddFields,
    AddTags,
    AllOf,
    AnyOf,
    Condition,
    Contains,
    DropEvent,
    Equals,
    FieldPath,
    HasFields,
    Opposite,
    Processor,
    Range,
)

Fields = dict[str, Any]


class _Seen(Protocol):
    """What a condition can see."""

    def get(self, field: FieldPath) -> Any:
        """Return the field's value, or None."""
        ...


_Matches = Callable[[_Seen], bool]

_BOUNDS: Final[dict[str, Callable[[Any, Any], bool]]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}


def is_constant(processors: Sequence[Processor]) -> bool:
    """Tell whether the processors do the same to every record and drop none."""
    return all(each.when is None and not isinstance(each.action, DropEvent) for each in processors)


def enrich(fields: Fields, processors: Sequence[Processor]) -> Fields:
    """Return the fields with what processors add, conditions left aside."""
    enriched = deepcopy(fields)
    for processor in processors:
        if isinstance(processor.action, AddFields):
            _merge(enriched, cast("Fields", processor.action.fields))
        elif isinstance(processor.action, AddTags):
            _append(enriched, processor.action.target, processor.action.tags)
    return enriched


@dataclass(frozen=True, slots=True)
class _Variant:
    """The part of a document that is not of the record or its event: as fields, and encoded."""

    fields: Fields
    shared: bytes


@dataclass(slots=True)
class _View:
    """What a condition can see of one record."""

    fields: Fields
    origin: Origin
    text: str

    def get(self, field: FieldPath) -> Any:
        """Return the field's value, or None."""
        first = field[0]
        if first == "message":
            return self.text
        if first == "@timestamp":
            return self.origin.timestamp
        return _walk(self.origin.azure if first == "azure" else self.fields.get(first), field[1:])


@dataclass(frozen=True, slots=True)
class _Step:
    """One processor: its bit among those that applied to a record, and its condition."""

    bit: int
    drops: bool
    matches: _Matches | None


class RecordProcessing:
    """Encodes the records of one stream whose processors depend on the record."""

    def __init__(self, encoder: StreamEncoder, processors: Sequence[Processor]) -> None:
        """Compile the processors."""
        self._encoder = encoder
        self._processors = tuple(processors)
        self._steps = [
            _Step(1 << index, isinstance(each.action, DropEvent), _compile(each.when) if each.when else None)
            for index, each in enumerate(self._processors)
        ]
        self._variants: dict[tuple[str, bool, int], _Variant] = {}

    def encode(self, record_id: bytes, origin: Origin, record: Record) -> bytes | None:
        """Return the bulk lines of a record, or None when a processor drops it."""
        applied = 0
        target = self._encoder.target_of(record.text)
        variant = self._variant(target, 0, repaired=record.repaired)
        view = _View(variant.fields, origin, record.text)
        for step in self._steps:
            if step.matches is None or step.matches(view):
                if step.drops:
                    return None
                applied |= step.bit
                variant = self._variant(target, applied, repaired=record.repaired)
                view.fields = variant.fields
        return self._encoder.record_with(record_id, origin, target, variant.shared, record)

    def _variant(self, target: DataStream, applied: int, *, repaired: bool) -> _Variant:
        known = self._variants.get((target.dataset, repaired, applied))
        if known is not None:
            return known
        chosen = [each for index, each in enumerate(self._processors) if applied >> index & 1]
        fields = enrich(self._encoder.shared_fields(target, repaired=repaired), chosen)
        made = self._variants[target.dataset, repaired, applied] = _Variant(fields, encode_shared(fields))
        return made


@dataclass(slots=True)
class _DocumentView:
    """What a condition can see of a document that is no record."""

    fields: Fields

    def get(self, field: FieldPath) -> Any:
        """Return the field's value, or None."""
        return _walk(self.fields, field)


class DocumentProcessing:
    """Applies processors that depend on the document to documents that are no records."""

    def __init__(self, processors: Sequence[Processor]) -> None:
        """Compile the processors."""
        self._steps = [(each, _compile(each.when) if each.when else None) for each in processors]

    def apply(self, document: Fields) -> Fields | None:
        """Return the document with what is added, or None when it is dropped; the one given stays as it is."""
        view = _DocumentView(document)
        for processor, matches in self._steps:
            if matches is None or matches(view):
                match processor.action:
                    case DropEvent():
                        return None
                    case AddFields(fields):
                        view.fields = _join(view.fields, cast("Fields", fields))
                    case AddTags(target, tags):
                        view.fields = _join(view.fields, _nest(target, _with_tags(_walk(view.fields, target), tags)))
        return view.fields


def _walk(value: Any, field: FieldPath) -> Any:
    for part in field:
        value = cast("Fields", value).get(part) if isinstance(value, dict) else None
    return value


def _nest(field: FieldPath, value: object) -> Fields:
    for part in reversed(field):
        value = {part: value}
    return cast("Fields", value)


def _join(fields: Fields, more: Fields) -> Fields:
    """Return the fields with more of them; what is not touched is shared with the ones given, never changed."""
    joined = dict(fields)
    for key, value in more.items():
        below = fields.get(key)
        both = isinstance(value, dict) and isinstance(below, dict)
        joined[key] = _join(cast("Fields", below), cast("Fields", value)) if both else value
    return joined


def _merge(into: Fields, more: Fields) -> None:
    for key, value in more.items():
        below = into.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            _merge(cast("Fields", below), cast("Fields", value))
        else:
            into[key] = deepcopy(cast("object", value))


def _append(into: Fields, target: FieldPath, tags: Sequence[str]) -> None:
    for part in target[:-1]:
        below = into.get(part)
        if not isinstance(below, dict):
            below = into[part] = Fields()
        into = cast("Fields", below)
    into[target[-1]] = _with_tags(into.get(target[-1]), tags)


def _with_tags(present: Any, tags: Sequence[str]) -> list[Any]:
    listed = cast("Sequence[Any]", present) if isinstance(present, list | tuple) else [present]
    return [*(listed if present is not None else ()), *tags]


def _compile(condition: Condition) -> _Matches:  # noqa: PLR0911 - one for each kind
    """Return the condition as a function of what it can see."""
    match condition:
        case Equals(wanted):
            return lambda view: all(_is_same(view.get(field), value) for field, value in wanted)
        case Contains(wanted):
            return lambda view: all(_holds(view.get(field), text) for field, text in wanted)
        case Range(bounds):
            return lambda view: all(_is_within(view.get(field), bound, limit) for field, bound, limit in bounds)
        case HasFields(fields):
            return lambda view: all(view.get(field) is not None for field in fields)
        case AllOf(conditions):
            every = [_compile(each) for each in conditions]
            return lambda view: all(matches(view) for matches in every)
        case AnyOf(conditions):
            some = [_compile(each) for each in conditions]
            return lambda view: any(matches(view) for matches in some)
        case Opposite(inner):
            matches_inner = _compile(inner)
            return lambda view: not matches_inner(view)


def _is_same(value: Any, wanted: object) -> bool:
    """Compare without taking true for 1."""
    return value == wanted and isinstance(value, bool) is isinstance(wanted, bool)


def _holds(value: Any, text: str) -> bool:
    return isinstance(value, str | list | tuple) and text in value


def _is_within(value: Any, bound: str, limit: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _BOUNDS[bound](value, limit)
