"""The difference between two JSON values, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

_LONGEST: Final = 60
"""Characters of a value that a line shows."""
_IDENTITIES: Final = ("tag", "id", "name", "uuid")
"""Keys by which an object in a list is the same one as another."""


def describe(stored: object, shipped: object, *, most: int = 8) -> tuple[str, ...]:
    """Name each place where two JSON values differ, ``a.b: 1 -> 2``; equal values give nothing.

    At most `most` lines, the last of which then counts the rest. Lists of objects are compared by what their objects
    are called (``tag``, ``id``, ``name``), others as a whole.
    """
    lines = list(_walk("", stored, shipped))
    if len(lines) <= most:
        return tuple(lines)
    return (*lines[: most - 1], f"and {len(lines) - most + 1} more differences")


def _walk(path: str, stored: object, shipped: object) -> Iterator[str]:
    if stored == shipped:
        return
    before, after = _as_object(stored), _as_object(shipped)
    if before is None or after is None:
        yield f"{path or 'value'}: {_show(stored)} -> {_show(shipped)}"
        return
    for key in sorted(before.keys() | after.keys()):
        place = f"{path}.{key}" if path else key
        if key not in before:
            yield f"{place}: added"
        elif key not in after:
            yield f"{place}: removed"
        else:
            yield from _walk(place, before[key], after[key])
    if before == after:
        yield f"{path or 'value'}: in another order"


def _as_object(value: object) -> Mapping[str, object] | None:
    """The value as an object: a list of named objects by their names, nothing for any other."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, object]", value)
    if not isinstance(value, list) or not value:
        return None
    entries = cast("Sequence[object]", value)
    named = {name: entry for entry in entries if (name := _name(entry))}
    return named if len(named) == len(entries) else None


def _name(entry: object) -> str | None:
    if not isinstance(entry, Mapping):
        return None
    content = cast("Mapping[str, object]", entry)
    for key in _IDENTITIES:
        if isinstance(name := content.get(key), str):
            return name
    # A processor, and most of Elasticsearch's lists, wrap the object in one key that says its type.
    return _name(next(iter(content.values()))) if len(content) == 1 else None


def _show(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
