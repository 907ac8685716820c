"""Pipelines and templates as Elasticsearch stores them: no body comes back word for word."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from collector.assets.files import Body

_COMPLETED: Final = ("data_stream", "template.lifecycle")
"""Objects to which the server adds what was left out, such as ``hidden: false``."""


def align(stored: Body, shipped: Body) -> tuple[Body, Body]:
    """Return both bodies in one form, so that they are equal where they mean the same.

    Settings become flat names with texts, as the server keeps them. What the server adds beside our keys, at the top
    and in the objects that it completes, is left out: each version adds something else. Mappings, settings, processors
    and everything that was shipped are compared to the letter.
    """
    before, after = _with_flat_settings(stored), _with_flat_settings(shipped)
    before = {key: value for key, value in before.items() if key in after}
    for path in _COMPLETED:
        before = _reduce(before, after, path.split("."))
    return before, after


def _reduce(stored: Body, shipped: Mapping[str, object], path: Sequence[str]) -> Body:
    """Cut the object at a path to the keys that were shipped there."""
    key, *rest = path
    inner, wanted = stored.get(key), shipped.get(key)
    if not isinstance(inner, Mapping) or not isinstance(wanted, Mapping):
        return stored
    content, expected = cast("Body", inner), cast("Mapping[str, object]", wanted)
    if rest:
        return {**stored, key: _reduce(content, expected, rest)}
    return {**stored, key: {name: value for name, value in content.items() if name in expected}}


def flat_settings(body: Body) -> dict[str, str]:
    """The index settings of a template, each under its full name."""
    template = cast("Body", body.get("template") or {})
    return dict(_flatten(cast("Body", template.get("settings") or {})))


def _with_flat_settings(body: Body) -> Body:
    settings = flat_settings(body)
    return {**body, "template": {**cast("Body", body["template"]), "settings": settings}} if settings else body


def _flatten(settings: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flatten(cast("Mapping[str, object]", value), f"{name}.")
        else:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            yield (name if name.startswith("index.") else f"index.{name}"), text
