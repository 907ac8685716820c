"""Brings one mapping of the file into the shape of its section: known keys only, nested, with variables replaced.

Promises: an unknown key is a problem with a did-you-mean; a key of the Elastic Agent that is not used becomes a note
and is not looked into, so a variable in it need not be set; a key without a value counts as not given.
"""

from collections.abc import Iterable, Mapping

from collector.policy.document import Value
from collector.policy.problems import RefusedError, suggest
from collector.policy.report import Report
from collector.policy.section import Section, section_of
from collector.policy.source_map import KeyPath, show_key
from collector.policy.variables import Variables

# A word that only one program uses -> the key that means the same here.
_SYNONYMS = {
    "host": "hosts",
    "url": "hosts",
    "user": "username",
    "tls": "ssl",
    "event_hub": "eventhub",
    "eventhub_name": "eventhub",
    "group": "consumer_group",
    "container": "storage_account_container",
    "start_position": "processor_start_position",
    "batch_size": "bulk_max_size",
    "concurrency": "worker",
}


def shape_section(raw: Value, kind: type[Section], path: KeyPath, report: Report) -> dict[str, Value] | None:
    """Return the keys of the section that the file gives, or None when there is no mapping (a problem then)."""
    if not isinstance(raw, dict):
        report.refuse(path, "is not a mapping", "Write keys below it, indented, each with its value.")
        return None
    given: dict[str, Value] = {}
    for key, value in _unfold_keys(_rename_keys(raw, kind, path, report), kind, path, report):
        # A value that is refused already still counts as given, so that its key is not called missing.
        is_given = value is not None or report.has_problem((*path, key))
        if _is_used(key, kind, path, report) and is_given:
            below = section_of(kind.model_fields[key])
            if below is None:
                given[key] = value
            elif (shaped := shape_section(value, below, (*path, key), report)) is not None:
                given[key] = shaped
    return given


def replace_variables(value: Value, path: KeyPath, variables: Variables, report: Report) -> Value:
    """Return the value with the variables of all its texts replaced; those that do not resolve become problems."""
    if isinstance(value, str):
        try:
            return variables.resolve(value)
        except RefusedError as refusal:
            report.refuse(path, refusal.what, refusal.hint)
            return None
    if isinstance(value, list):
        return [replace_variables(item, (*path, index), variables, report) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: replace_variables(item, (*path, key), variables, report) for key, item in value.items()}
    return value


def _rename_keys(raw: Mapping[str, Value], kind: type[Section], path: KeyPath, report: Report) -> Mapping[str, Value]:
    """Return keys and values, with the section's own names of the keys."""
    renamed = {key: value for key, value in raw.items() if key not in kind.aliases}
    for key, name in kind.aliases.items():
        if key not in raw:
            continue
        if name in renamed:
            report.refuse((*path, name), f"is written twice, once as {key}", "Leave one of them.")
        else:
            report.source.move((*path, key), (*path, name))
            renamed[name] = raw[key]
    return renamed


def _unfold_keys(
    raw: Mapping[str, Value], kind: type[Section], path: KeyPath, report: Report
) -> Iterable[tuple[str, Value]]:
    """Return keys and values, with ``a.b: x`` turned into ``a: {b: x}`` where ``a`` is a section."""
    dotted = {key for key in raw if _names_section(key.partition(".")[0], kind) and "." in key}
    unfolded = {key: value for key, value in raw.items() if key not in dotted}
    for key in sorted(dotted):
        first, _, rest = key.partition(".")
        report.source.move((*path, key), (*path, first, rest))
        below = unfolded.get(first) or {}
        if isinstance(below, dict) and rest not in below:
            unfolded[first] = {**below, rest: raw[key]}
        else:
            report.refuse((*path, first, rest), "is written twice, once with a dot", "Leave one of them.")
    return unfolded.items()


def _names_section(key: str, kind: type[Section]) -> bool:
    return key in kind.model_fields and section_of(kind.model_fields[key]) is not None


def _is_used(key: str, kind: type[Section], path: KeyPath, report: Report) -> bool:
    """Tell whether the section uses the key; if not, note why, or note a problem."""
    if key in kind.model_fields:
        return True
    first = key.partition(".")[0]
    for name in (key, first):
        if name in kind.refused_keys:
            report.refuse((*path, key), "is not supported", kind.refused_keys[name])
            return False
        if name in kind.ignored_keys:
            report.explain(f"{kind.__name__}.{first}", (*path, key), kind.ignored_keys[name])
            return False
    report.refuse((*path, key), "is not a key that is known here", _suggest_key(key, kind))
    return False


def _suggest_key(key: str, kind: type[Section]) -> str:
    if show_key(key) != key:
        return "Write a blank after the colon of a key, and texts in quotes."
    synonym = _SYNONYMS.get(key.lower(), "")
    near = f"Did you mean '{synonym}'? " if synonym in kind.model_fields else suggest(key, kind.model_fields)
    return near or f"Remove it. Known keys: {', '.join(kind.model_fields)}."
