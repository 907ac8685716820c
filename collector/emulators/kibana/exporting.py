"""Saved objects going out: exports, reads by id, and deletions."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from collector.emulators.kibana.errors import bad_request, forbidden, no_saved_object, not_found
from collector.emulators.kibana.routes import Answer, Ask, Route
from collector.emulators.kibana.saved_objects import KINDS, SavedObject, SavedObjects
from collector.emulators.kibana.schema import anything, boolean, either, flag, listed, record, text

_LIMIT: Final = 10_000
_POINTER: Final = record({"type": text(), "id": text()})
_EXPORT: Final = record(
    {},
    {
        "type": either(text(), listed(text())),
        "hasReference": either(_POINTER, listed(_POINTER)),
        "objects": listed(_POINTER, at_most=_LIMIT),
        "search": text(),
        "includeReferencesDeep": boolean,
        "excludeExportDetails": boolean,
    },
    defaults={"includeReferencesDeep": False, "excludeExportDetails": False},
)
_GET = listed(record({"type": text(), "id": text()}, {"fields": listed(anything), "namespaces": listed(text())}))


class Exporting:
    """Reads saved objects for its callers."""

    def __init__(self, store: SavedObjects) -> None:
        """Read from this store."""
        self._store = store

    def routes(self) -> Iterable[Route]:
        """Return its routes."""
        yield Route("POST", "/api/saved_objects/_export", self._export, body=_EXPORT)
        yield Route("POST", "/api/saved_objects/_bulk_get", self._bulk_get, body=_GET)
        force = record({}, {"force": flag})
        yield Route("DELETE", "/api/saved_objects/{type}/{id}", self._delete, query=force)

    def _export(self, ask: Ask) -> Answer:
        body = ask.body
        chosen, pointers = _as_list(body.get("type")), _as_list(body.get("objects"))
        if not chosen and not pointers:
            raise bad_request("Either `type` or `objects` are required.")
        if chosen and pointers:
            raise bad_request('Can\'t specify both "types" and "objects" properties when exporting')
        for name, word in (("search", "search"), ("hasReference", "references")):
            if pointers and body.get(name):
                raise bad_request(f'Can\'t specify both "{word}" and "objects" properties when exporting')
        found = self._fetch(ask, pointers) if pointers else self._select(ask, chosen)
        lines = [each.write() for each in found]
        if body["includeReferencesDeep"]:
            lines += [each.write() for each in self._follow(found, ask.space)]
        if not body["excludeExportDetails"]:
            lines.append(self._details(lines, ask.space))
        content = "\n".join(json.dumps(each, sort_keys=True, ensure_ascii=False) for each in lines)
        headers = {"Content-Disposition": 'attachment; filename="export.ndjson"', "Content-Type": "application/ndjson"}
        return Answer(content.encode(), headers=headers)

    def _fetch(self, ask: Ask, pointers: Sequence[Mapping[str, str]]) -> list[SavedObject]:
        strange = [f"{each['type']}:{each['id']}" for each in pointers if each["type"] not in KINDS]
        if strange:
            raise bad_request(f"Trying to export object(s) with non-exportable types: {', '.join(strange)}")
        _check_readable(ask, {each["type"] for each in pointers}, "bulk_get")
        found = [(each, self._store.find(each["type"], each["id"], ask.space)) for each in pointers]
        missing = [_missing(each) for each, saved in found if saved is None]
        if missing:
            raise bad_request("Error fetching objects to export", {"objects": missing})
        return [saved for _, saved in found if saved is not None]

    def _select(self, ask: Ask, kinds: Sequence[str]) -> list[SavedObject]:
        strange = [each for each in kinds if each not in KINDS]
        if strange:
            raise bad_request(f"Trying to export non-exportable type(s): {', '.join(strange)}")
        _check_readable(ask, kinds, "find")
        wanted = _as_list(ask.body.get("hasReference"))
        found = self._store.list_types(kinds, ask.space)
        return [each for each in found if not wanted or each.refers_to(wanted)]

    def _follow(self, found: Sequence[SavedObject], space: str) -> list[SavedObject]:
        """What these refer to, and what that refers to."""
        reached, open_ends = [*found], [*found]
        while open_ends:
            for each in open_ends.pop().references:
                saved = self._store.find(each["type"], each["id"], space)
                if saved is not None and saved not in reached:
                    reached.append(saved)
                    open_ends.append(saved)
        return reached[len(found) :]

    def _details(self, lines: Sequence[Mapping[str, Any]], space: str) -> dict[str, object]:
        missing = {
            (each["type"], each["id"])
            for line in lines
            for each in line["references"]
            if self._store.find(each["type"], each["id"], space) is None
        }
        return {
            "exportedCount": len(lines),
            "missingRefCount": len(missing),
            "missingReferences": [{"type": kind, "id": object_id} for kind, object_id in sorted(missing)],
            "excludedObjectsCount": 0,
            "excludedObjects": [],
        }

    def _bulk_get(self, ask: Ask) -> Answer:
        _check_readable(ask, {each["type"] for each in ask.body}, "bulk_get")
        found = [(each, self._store.find(each["type"], each["id"], ask.space)) for each in ask.body]
        return Answer({"saved_objects": [_missing(each) if saved is None else saved.write() for each, saved in found]})

    def _delete(self, ask: Ask) -> Answer:
        kind, object_id = ask.parts["type"], ask.parts["id"]
        if kind not in KINDS:
            raise not_found()
        if not KINDS[kind].allows(ask.user, "write", ask.space):
            raise forbidden(f"Unable to delete {kind}")
        saved = self._store.find(kind, object_id, ask.space)
        if saved is None:
            raise no_saved_object(kind, object_id)
        if len(saved.spaces) > 1 and not ask.query.get("force"):
            raise bad_request(
                "Unable to delete saved object that exists in multiple namespaces, use the `force` option to delete "
                "it anyway: Bad Request"
            )
        self._store.remove(saved)
        return Answer({})


def _check_readable(ask: Ask, kinds: Iterable[str], verb: str) -> None:
    hidden = sorted({each for each in kinds if each in KINDS and not KINDS[each].allows(ask.user, "read", ask.space)})
    if hidden:
        raise forbidden(f"Unable to {verb} {','.join(hidden)}")


def _missing(pointer: Mapping[str, str]) -> dict[str, object]:
    """What stands in the place of an object that is not there."""
    return {
        "id": pointer["id"],
        "type": pointer["type"],
        "error": no_saved_object(pointer["type"], pointer["id"]).render(),
    }


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]
