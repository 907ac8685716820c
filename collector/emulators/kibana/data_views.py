"""Data views under their own paths; they are saved objects of the type `index-pattern`."""

import json
import uuid
from collections.abc import Iterable
from typing import Any, Final

from collector.emulators.kibana.errors import bad_request, no_saved_object
from collector.emulators.kibana.routes import Answer, Ask, Route
from collector.emulators.kibana.saved_objects import SavedObject, SavedObjects
from collector.emulators.kibana.schema import anything, boolean, listed, mapped, number, record, text

KIND: Final = "index-pattern"
_ATTRIBUTE: Final = record(
    {}, {"customLabel": text(), "customDescription": text(at_most=300), "count": number(minimum=0)}
)
_SPEC: Final = record(
    {"title": text()},
    {
        "id": text(),
        "name": text(),
        "timeFieldName": text(),
        "version": text(),
        "type": text(),
        "typeMeta": mapped(anything),
        "sourceFilters": listed(record({"value": text()}, {"clientId": anything})),
        "fields": mapped(anything),
        "fieldFormats": mapped(anything),
        "fieldAttrs": mapped(_ATTRIBUTE),
        "allowNoIndex": boolean,
        "allowHidden": boolean,
        "runtimeFieldMap": mapped(anything),
        "namespaces": listed(text()),
    },
)
_CREATE: Final = record(
    {"data_view": _SPEC}, {"override": boolean, "refresh_fields": boolean}, defaults={"override": False}
)
_PLAIN: Final = ("title", "name", "timeFieldName", "type", "allowNoIndex", "allowHidden")
_ENCODED: Final = {
    "typeMeta": "typeMeta",
    "sourceFilters": "sourceFilters",
    "fields": "fields",
    "fieldFormats": "fieldFormatMap",
    "fieldAttrs": "fieldAttrs",
    "runtimeFieldMap": "runtimeFieldMap",
}
"""Keys of a data view that its saved object holds as JSON in text, and the names that they have there."""


class DataViews:
    """Serves data views."""

    def __init__(self, store: SavedObjects) -> None:
        """Keep them in this store."""
        self._store = store

    def routes(self) -> Iterable[Route]:
        """Return its routes."""
        base = "/api/data_views"
        write = (("indexPatterns", "all"),)
        read = (("indexPatterns", "read"),)
        yield Route("GET", base, self._list, read, versioned=True)
        yield Route("POST", f"{base}/data_view", self._create, write, body=_CREATE, versioned=True)
        yield Route("GET", f"{base}/data_view/{{id}}", self._get, read, versioned=True)
        yield Route("DELETE", f"{base}/data_view/{{id}}", self._delete, write, versioned=True)

    def _list(self, ask: Ask) -> Answer:
        found = self._store.list_types([KIND], ask.space)
        return Answer({"data_view": [{**_spec(each), "namespaces": sorted(each.spaces)} for each in found]})

    def _create(self, ask: Ask) -> Answer:
        spec, override = ask.body["data_view"], ask.body["override"]
        object_id = spec.get("id") or str(uuid.uuid4())
        former = self._store.find(KIND, object_id, ask.space)
        titles = {each.attributes["title"] for each in self._store.list_types([KIND], ask.space)}
        if not override and (former or spec["title"] in titles):
            raise bad_request(f"Duplicate data view: {spec.get('name') or spec['title']}")
        if self._store.find_elsewhere(KIND, object_id, ask.space):
            raise bad_request(f"Saved object [{KIND}/{object_id}] conflict")
        attributes: dict[str, Any] = {name: spec[name] for name in _PLAIN if name in spec}
        attributes |= {stored: json.dumps(spec[name]) for name, stored in _ENCODED.items() if name in spec}
        attributes.setdefault("name", spec["title"])
        saved = SavedObject(KIND, object_id, attributes, [], {ask.space})
        self._store.put(saved)
        return Answer({"data_view": _spec(saved)})

    def _get(self, ask: Ask) -> Answer:
        return Answer({"data_view": _spec(self._find(ask))})

    def _delete(self, ask: Ask) -> Answer:
        self._store.remove(self._find(ask))
        return Answer(b"")

    def _find(self, ask: Ask) -> SavedObject:
        saved = self._store.find(KIND, ask.parts["id"], ask.space)
        if saved is None:
            raise no_saved_object(KIND, ask.parts["id"])
        return saved


def _spec(saved: SavedObject) -> dict[str, Any]:
    """A data view as answers hold it."""
    spec: dict[str, Any] = {"id": saved.id, "version": f"W{saved.revision},1"}
    spec |= {name: saved.attributes[name] for name in _PLAIN if name in saved.attributes}
    return spec | {
        name: json.loads(saved.attributes[stored]) for name, stored in _ENCODED.items() if stored in saved.attributes
    }
