"""Reads ``processors`` of an input or a stream, in the order in which they will run.

Promises: every mistake is a problem at its own key. A condition on a field that cannot be there yet is a mistake: the
ingest pipeline runs later, so before it there is the record as one text in ``message``, its place in the hub, and what
earlier processors added.
"""

from collections.abc import Iterator, Mapping

from collector.policy.condition_reading import ConditionReading, is_field_name
from collector.policy.document import Value
from collector.policy.problems import suggest
from collector.policy.processor_names import RECORDS, REFUSED_PROCESSORS, FieldType, Sight
from collector.policy.processors import AddFields, AddTags, Condition, DropEvent, FieldPath, Processor
from collector.policy.report import Report
from collector.policy.source_map import KeyPath

_KEYS: Mapping[str, tuple[str, ...]] = {
    "add_fields": ("target", "fields", "when"),
    "add_tags": ("target", "tags", "when"),
    "drop_event": ("when",),
}
_LONGS = range(-(2**63), 2**63)


def read_processors(
    raw: Value, path: KeyPath, report: Report, before: tuple[Processor, ...] = (), sight: Sight = RECORDS
) -> tuple[Processor, ...]:
    """Return the processors that are right; `before` are those that run earlier, whose fields conditions may name.

    `sight` is what they work on.
    """
    if raw is None:
        return ()
    if not isinstance(raw, list):
        report.refuse(path, "is not a list of processors", "Write each processor on its own line, after a dash.")
        return ()
    reading = _ProcessorReading(report, before, sight)
    read = (reading.read(entry, (*path, index)) for index, entry in enumerate(raw))
    return tuple(processor for processor in read if processor is not None)


class _ProcessorReading:
    """Reads one list and keeps account of the fields that are there at each of its processors."""

    def __init__(self, report: Report, before: tuple[Processor, ...], sight: Sight) -> None:
        self._report = report
        self._sight = sight
        self._known = dict(sight.fields)
        for processor in before:
            self._note_fields(processor.action)

    def read(self, raw: Value, path: KeyPath) -> Processor | None:
        """Return the processor, or None when it is wrong."""
        if not isinstance(raw, dict) or len(raw) != 1:
            hint = "Write one of add_fields, add_tags and drop_event, and its keys below it."
            self._report.refuse(path, "is not one processor", self._explain_several(raw) or hint)
            return None
        ((name, body),) = raw.items()
        where = (*path, name)
        if name not in _KEYS:
            hint = REFUSED_PROCESSORS.get(name) or f"{suggest(name, _KEYS)}Write add_fields, add_tags or drop_event."
            what = "is not supported" if name in REFUSED_PROCESSORS else "is not a processor that is known here"
            self._report.refuse(where, what, hint)
            return None
        if not isinstance(body, dict):
            self._report.refuse(where, "is not a mapping", f"Write its keys below it: {', '.join(_KEYS[name])}.")
            return None
        return self._read_body(name, self._unfold_when(body, where), where, raw)

    def _read_body(self, name: str, body: dict[str, Value], path: KeyPath, written: Value) -> Processor | None:
        unknown = [key for key in body if key not in _KEYS[name]]
        for key in unknown:
            hint = suggest(key, _KEYS[name]) or f"Known keys: {', '.join(_KEYS[name])}."
            self._report.refuse((*path, key), f"is not a key of {name}", hint)
        if unknown:
            return None
        when = self._read_when(name, body.get("when"), path)
        action = self._read_action(name, body, path)
        if action is None or self._report.has_problem(path):
            return None
        self._note_fields(action)
        return Processor(action, when, written)

    def _read_when(self, name: str, raw: Value, path: KeyPath) -> Condition | None:
        if raw is not None:
            return ConditionReading(self._report, self._known, self._sight).read(raw, (*path, "when"))
        if name == "drop_event" and not self._report.has_problem((*path, "when")):
            hint = "Write a condition; to read nothing, write enabled: false at the stream."
            self._report.refuse((*path, "when"), "is missing, so every record would be dropped", hint)
        return None

    def _read_action(self, name: str, body: dict[str, Value], path: KeyPath) -> AddFields | AddTags | DropEvent | None:
        if name == "drop_event":
            return DropEvent()
        target = self._read_target(body.get("target"), (*path, "target"), "fields" if name == "add_fields" else "tags")
        if target is None:
            return None
        return self._read_fields(body, target, path) if name == "add_fields" else self._read_tags(body, target, path)

    def _read_target(self, raw: Value, path: KeyPath, default: str) -> FieldPath | None:
        """Return the target's parts: none for the root; None when it is wrong."""
        if raw is None:
            return (default,)
        if raw == "" and default == "fields":
            return ()
        if not isinstance(raw, str) or not is_field_name(raw):
            self._report.refuse(
                path, "is not the name of a field", "Write a name such as labels, in quotes if need be."
            )
            return None
        target = tuple(raw.split("."))
        return target if target == ("tags",) and default == "tags" else self._check_own(target, path)

    def _check_own(self, name: FieldPath, path: KeyPath) -> FieldPath | None:
        """Return the name unless it is a field, or below one, that only the collector writes."""
        for owned in (".".join(name[:size]) for size in (1, 2)):
            instead = self._sight.own.get(owned)
            if instead is not None:
                self._report.refuse(path, f"would write {owned}, a field of the collector's own", instead)
                return None
        return name

    def _read_fields(self, body: dict[str, Value], target: FieldPath, path: KeyPath) -> AddFields | None:
        raw, where = body.get("fields"), (*path, "fields")
        if not isinstance(raw, dict) or not raw:
            what = "is missing" if raw is None else "is not a mapping of names to values"
            self._report.refuse(where, what, "Write each field as name: value, below fields.")
            return None
        fields: dict[str, Value] = {}
        for name, value, place in self._list_fields(raw, target, where):
            _place(fields, name, value)
            if name == ("event",):
                self._report.refuse(place, "would write event, a field of the collector's own", "Write event.NAME.")
            self._check_own(name, place)
        return AddFields(fields)

    def _list_fields(
        self, raw: dict[str, Value], above: FieldPath, path: KeyPath
    ) -> Iterator[tuple[FieldPath, Value, KeyPath]]:
        """Yield every value with its whole name and its place; a key without a value counts as not given."""
        for key, value in raw.items():
            place = (*path, key)
            if not is_field_name(key):
                self._report.refuse(
                    place, "is not the name of a field", "Write letters, digits and '_', with '.' between."
                )
                continue
            name = (*above, *key.split("."))
            if isinstance(value, dict):
                yield from self._list_fields(value, name, place)
            elif value is not None:
                self._check_value(value, place)
                yield name, value, place

    def _check_value(self, value: Value, path: KeyPath) -> None:
        """Report what JSON or Elasticsearch's numbers cannot hold."""
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict | list):
                self._report.refuse(path, "holds a list or a mapping in a list", "Write a list of texts or numbers.")
            elif isinstance(item, int) and item not in _LONGS:
                self._report.refuse(path, "{shown} is a larger number than a field can hold", "Write it in quotes.")
            elif isinstance(item, float) and (item != item or item in {float("inf"), float("-inf")}):  # noqa: PLR0124 - that is what NaN is
                self._report.refuse(
                    path, "{shown} is not a number that JSON has", "Write a number, or a text in quotes."
                )

    def _read_tags(self, body: dict[str, Value], target: FieldPath, path: KeyPath) -> AddTags | None:
        raw, where = body.get("tags"), (*path, "tags")
        tags = raw if isinstance(raw, list) else [raw]
        texts = tuple(tag for tag in tags if isinstance(tag, str) and tag.strip())
        if not texts or len(texts) != len(tags):
            what = "is missing" if raw is None else "is not a list of texts"
            self._report.refuse(where, what, "Write tags: [one, another], in quotes if need be.")
            return None
        return AddTags(target, texts)

    def _unfold_when(self, body: dict[str, Value], path: KeyPath) -> dict[str, Value]:
        """Return the body with ``when.equals.field: x`` written as ``when: {equals: {field: x}}``."""
        unfolded = {key: value for key, value in body.items() if not key.startswith("when.")}
        for key in sorted(body.keys() - unfolded.keys()):
            _, *inner = key.split(".", 2)
            self._report.source.move((*path, key), (*path, "when", *inner))
            if "when" in unfolded:
                self._report.refuse(
                    (*path, key),
                    "is a second condition",
                    "Write when:, below it and:, and below that each after a dash.",
                )
                continue
            value = body[key]
            for part in reversed(inner):
                nested: dict[str, Value] = {part: value}
                value = nested
            unfolded["when"] = value
        return unfolded

    def _explain_several(self, raw: Value) -> str:
        """Return what to write when the entry holds several keys."""
        if not isinstance(raw, dict) or not raw:
            return ""
        known = next((REFUSED_PROCESSORS[key] for key in raw if key in {"if", "then", "else"}), "")
        return known or "Begin each processor with a dash of its own, and indent its keys below it."

    def _note_fields(self, action: AddFields | AddTags | DropEvent) -> None:
        if isinstance(action, AddTags):
            self._known[action.target] = FieldType.LIST
        elif isinstance(action, AddFields):
            self._known.update(_list_types(action.fields, ()))


def _place(fields: dict[str, Value], name: FieldPath, value: Value) -> None:
    """Put a value into nested mappings."""
    for part in name[:-1]:
        below = fields.setdefault(part, {})
        if not isinstance(below, dict):
            below = fields[part] = {}
        fields = below
    fields[name[-1]] = value


def _list_types(fields: Mapping[str, Value], above: FieldPath) -> Iterator[tuple[FieldPath, FieldType]]:
    for key, value in fields.items():
        name = (*above, key)
        if isinstance(value, dict):
            yield from _list_types(value, name)
        elif isinstance(value, list):
            yield name, FieldType.LIST
        elif isinstance(value, bool):
            yield name, FieldType.SWITCH
        else:
            yield name, FieldType.TEXT if isinstance(value, str) else FieldType.NUMBER
