"""Saved objects of all spaces: where they are, what their types allow, what forms their attributes have."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from collector.emulators.kibana.access import User
from collector.emulators.kibana.instance import Instance
from collector.emulators.kibana.schema import (
    Check,
    InvalidError,
    anything,
    boolean,
    listed,
    mapped,
    number,
    record,
    text,
)

MANAGEMENT: Final = "savedObjectsManagement"
_SHARED: Final = "*"


class Sharing(StrEnum):
    """How ids of a type and spaces go together."""

    SINGLE = "single"
    """Each space has ids of its own."""
    MULTIPLE = "multiple"
    """An id is unique among all spaces."""
    AGNOSTIC = "agnostic"
    """Objects are in no space."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of saved objects.

    Attributes:
        sharing: how it goes with spaces.
        feature: the feature that may read and write it, beside the one for managing saved objects.
        attributes: the form of its attributes.
        icon: what imports show.
        title: the attribute that is shown to people.
    """

    sharing: Sharing
    feature: str
    attributes: Check
    icon: str
    title: str = "title"

    def allows(self, user: User, level: str, space: str) -> bool:
        """Whether a user may `read` or `write` it."""
        wanted = "read" if level == "read" else "all"
        return user.may(self.feature, wanted, space) or user.may(MANAGEMENT, wanted, space)


def _encoded(value: object, place: str) -> object:
    """JSON within JSON, which must be a string."""
    content = text()(value, place)
    try:
        json.loads(str(content))
    except ValueError:
        raise InvalidError(place, f"could not parse JSON: {content}") from None
    return value


_SOURCE: Final = record({"searchSourceJSON": _encoded})
_CONTROLS: Final = record(
    {"panelsJSON": _encoded},
    {
        "controlStyle": text(),
        "chainingSystem": text(),
        "ignoreParentSettingsJSON": _encoded,
        "showApplySelections": boolean,
    },
)
_DASHBOARD: Final = record(
    {"title": text()},
    {
        "description": text(),
        "hits": number(),
        "kibanaSavedObjectMeta": _SOURCE,
        "optionsJSON": _encoded,
        "panelsJSON": _encoded,
        "controlGroupInput": _CONTROLS,
        "timeRestore": boolean,
        "timeFrom": text(),
        "timeTo": text(),
        "refreshInterval": record({"pause": boolean, "value": number()}, {"display": text(), "section": number()}),
        "version": number(),
    },
)
_SEARCH: Final = record(
    {"title": text()},
    {
        "description": text(),
        "columns": listed(text()),
        "sort": listed(listed(text(), 2, 2)),
        "grid": mapped(anything),
        "hideChart": boolean,
        "isTextBasedQuery": boolean,
        "usesAdHocDataView": boolean,
        "kibanaSavedObjectMeta": _SOURCE,
        "viewMode": text(),
        "rowHeight": number(),
        "rowsPerPage": number(),
        "hits": number(),
        "timeRestore": boolean,
        "breakdownField": text(),
        "version": number(),
    },
)
_DATA_VIEW: Final = record(
    {"title": text()},
    {
        "name": text(),
        "timeFieldName": text(),
        "type": text(),
        "typeMeta": text(),
        "sourceFilters": _encoded,
        "fields": _encoded,
        "fieldFormatMap": _encoded,
        "fieldAttrs": _encoded,
        "runtimeFieldMap": _encoded,
        "allowNoIndex": boolean,
        "allowHidden": boolean,
    },
)
_TAG: Final = record({"name": text(), "description": text(), "color": text()})
_MODULE: Final = record(
    {"id": text(), "title": text(), "jobs": listed(mapped(anything)), "datafeeds": listed(mapped(anything))},
    {
        "description": text(),
        "type": text(),
        "logo": mapped(anything),
        "defaultIndexPattern": text(),
        "query": mapped(anything),
        "tags": listed(text()),
    },
)
_TITLED: Final = record({"title": text()}, open_ended=True)
_TEMPLATE: Final = record({"name": text()}, open_ended=True)

KINDS: Final[Mapping[str, Kind]] = {
    "dashboard": Kind(Sharing.MULTIPLE, "dashboard", _DASHBOARD, "dashboardApp"),
    "search": Kind(Sharing.MULTIPLE, "discover", _SEARCH, "discoverApp"),
    "lens": Kind(Sharing.MULTIPLE, "visualize", _TITLED, "lensApp"),
    "visualization": Kind(Sharing.MULTIPLE, "visualize", _TITLED, "visualizeApp"),
    "map": Kind(Sharing.MULTIPLE, "maps", _TITLED, "gisApp"),
    "index-pattern": Kind(Sharing.MULTIPLE, "indexPatterns", _DATA_VIEW, "indexPatternApp"),
    "tag": Kind(Sharing.SINGLE, "savedObjectsTagging", _TAG, "tag", "name"),
    "ml-module": Kind(Sharing.AGNOSTIC, "ml", _MODULE, "machineLearningApp"),
    "alerting_rule_template": Kind(Sharing.MULTIPLE, "stackAlerts", _TEMPLATE, "watchesApp", "name"),
    "slo_template": Kind(Sharing.MULTIPLE, "slo", _TEMPLATE, "visGauge", "name"),
}
"""The types that can be imported and exported here."""


@dataclass
class SavedObject:
    """A saved object."""

    type: str
    id: str
    attributes: dict[str, Any]
    references: list[dict[str, str]]
    spaces: set[str]
    origin_id: str | None = None
    managed: bool = False
    core_version: str = "8.8.0"
    type_version: str | None = None
    updated_at: str = ""
    revision: int = 1

    @property
    def title(self) -> str:
        """What people call it."""
        return str(self.attributes.get(KINDS[self.type].title, self.id))

    def is_in(self, space: str) -> bool:
        """Whether a space has it."""
        return space in self.spaces or _SHARED in self.spaces

    def refers_to(self, references: Iterable[Mapping[str, str]]) -> bool:
        """Whether one of these is among its references."""
        held = {(each["type"], each["id"]) for each in self.references}
        return any((each["type"], each["id"]) in held for each in references)

    def write(self) -> dict[str, Any]:
        """Return it as exports and answers hold it."""
        body: dict[str, Any] = {
            "id": self.id,
            "type": self.type,
            "attributes": self.attributes,
            "references": self.references,
            "managed": self.managed,
            "coreMigrationVersion": self.core_version,
            "updated_at": self.updated_at,
            "version": f"W{self.revision},1",
        }
        body |= {"originId": self.origin_id} if self.origin_id else {}
        return body | ({"typeMigrationVersion": self.type_version} if self.type_version else {})


@dataclass
class SavedObjects:
    """All saved objects."""

    instance: Instance
    objects: list[SavedObject] = field(default_factory=list[SavedObject])

    def find(self, kind: str, object_id: str, space: str) -> SavedObject | None:
        """Return the one of this type and id in a space."""
        return next(self._select(lambda each: (each.type, each.id) == (kind, object_id) and each.is_in(space)), None)

    def find_elsewhere(self, kind: str, object_id: str, space: str) -> SavedObject | None:
        """Return the one that keeps an id from being used in a space, though the space does not have it."""
        if KINDS[kind].sharing is not Sharing.MULTIPLE:
            return None
        return next(
            self._select(lambda each: (each.type, each.id) == (kind, object_id) and not each.is_in(space)), None
        )

    def find_by_origin(self, kind: str, origin_id: str, space: str) -> list[SavedObject]:
        """Return what a space has that came of this id."""
        return [*self._select(lambda each: (each.type, each.origin_id) == (kind, origin_id) and each.is_in(space))]

    def list_types(self, kinds: Iterable[str], space: str) -> list[SavedObject]:
        """Return what a space has of some types, by id."""
        wanted = set(kinds)
        found = self._select(lambda each: each.type in wanted and each.is_in(space))
        return sorted(found, key=lambda each: each.id)

    def put(self, saved: SavedObject) -> None:
        """Store one, in the place of the one that is there."""
        saved.updated_at = self.instance.write_time()
        former = [each for each in self.objects if each is saved or self._same(each, saved)]
        saved.revision = max((each.revision for each in former), default=0) + 1
        self.objects = [each for each in self.objects if each not in former] + [saved]

    def remove(self, saved: SavedObject) -> None:
        """Take one away."""
        self.objects.remove(saved)

    def spaces_of(self, kind: str, space: str) -> set[str]:
        """Where a new object of a type is."""
        return {_SHARED} if KINDS[kind].sharing is Sharing.AGNOSTIC else {space}

    def _select(self, wanted: Callable[[SavedObject], bool]) -> Iterator[SavedObject]:
        return (each for each in self.objects if wanted(each))

    @staticmethod
    def _same(one: SavedObject, other: SavedObject) -> bool:
        return (one.type, one.id) == (other.type, other.id) and bool(one.spaces & other.spaces)
