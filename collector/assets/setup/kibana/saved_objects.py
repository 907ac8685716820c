"""Dashboards, saved searches, data views and their tag: read by exports, written by one import.

An import knows what belongs together: in a space other than the first one it gives objects new ids, and puts them into
the references of those that come in the same file. So all are written together, as soon as one of them differs.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final, cast

import aiohttp

from collector.assets.setup.asset import ABSENT, CURRENT, Asset, AssetId, Comparison, Kind, Place, State
from collector.assets.setup.differences import describe
from collector.assets.setup.kibana.connection import Kibana, Reply, segment
from collector.assets.setup.kibana.shipped import (
    DATA_VIEW,
    TAG,
    SavedObject,
    build_objects,
    is_of_fleet,
    read_mark,
)
from collector.assets.setup.refusal import RefusalError

type Pointer = tuple[str, str]
"""Type and id, as shipped."""

KINDS: Final[Mapping[str, Kind]] = {
    "tag": Kind.TAG,
    DATA_VIEW: Kind.DATA_VIEW,
    "search": Kind.SEARCH,
    "dashboard": Kind.DASHBOARD,
}
_READERS: Final = ("dashboard", "search", "lens", "visualization", "map")
"""Types whose objects refer to data views, or carry tags."""
_CHECKED: Final = ("tag", DATA_VIEW, "search")
"""Types that an object needs; dashboards only link to each other."""
_MARKED: Final = (DATA_VIEW, "search", "dashboard")
_LOG: Final = "Look at Kibana's log"
_EXPORT: Final = "/api/saved_objects/_export"


async def list_saved_objects(kibana: Kibana) -> list[Asset]:
    """Return what is shipped, and what an earlier version left, having looked at the space.

    Raises:
        RefusalError: it cannot be looked at.
    """
    shipped = build_objects()
    snapshot = await _take_snapshot(kibana, shipped)
    together = Batch(kibana, shipped, snapshot)
    assets: list[Asset] = [StoredObject(together, each) for each in shipped]
    return assets + [StoredObject(together, each, retired=True) for each in snapshot.left_over]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a space holds.

    Attributes:
        stored: what is there of what is shipped.
        left_over: what carries our mark and is not shipped any more.
        users: by data view, and by our tag, what else refers to it, in words.
    """

    stored: Mapping[Pointer, SavedObject]
    left_over: Sequence[SavedObject]
    users: Mapping[Pointer, tuple[str, ...]]


@dataclass
class Batch:
    """What is imported together, at most once."""

    kibana: Kibana
    shipped: Sequence[SavedObject]
    snapshot: Snapshot
    _errors: Mapping[Pointer, str] | None = None
    _refusal: RefusalError | None = None

    async def write(self, pointer: Pointer) -> None:
        """Import everything, unless that was done; raise what became of this one.

        Raises:
            RefusalError: this one was refused, or another one, so that nothing was written.
        """
        if self._errors is None:
            self._errors = await self._import()
        if self._refusal is not None:
            raise self._refusal
        where = _name(pointer)
        if pointer in self._errors:
            raise RefusalError(self._errors[pointer], where=where, fix="Mend that in Kibana, and run this again")
        if self._errors:
            other = _name(next(iter(self._errors)))
            raise RefusalError(
                f"{other} was refused, and they are written together", where=where, fix="Mend that first"
            )

    async def _import(self) -> Mapping[Pointer, str]:
        form = aiohttp.FormData()
        lines = "\n".join(json.dumps(each, ensure_ascii=False) for each in self.shipped if self._is_to_write(each))
        form.add_field("file", io.BytesIO(lines.encode()), filename="aoai.ndjson", content_type="application/ndjson")
        try:
            reply = await self.kibana.send("POST", "/api/saved_objects/_import?overwrite=true", data=form)
        except RefusalError as refusal:
            self._refusal = refusal
            return {}
        if not reply.ok:
            self._refusal = reply.refuse(f"space {self.kibana.space}", _LOG)
            return {}
        return {(each["type"], each["id"]): _explain(each["error"]) for each in reply.body.get("errors", ())}

    def _is_to_write(self, shipped: SavedObject) -> bool:
        """What is somebody else's stays as it is; our data views come along, for references to find them."""
        stored = self.snapshot.stored.get(_point(shipped))
        if stored is None or read_mark(stored) is not None:
            return True
        return shipped["type"] != DATA_VIEW and not is_of_fleet(stored)


class StoredObject(Asset):
    """One saved object."""

    place = Place.KIBANA

    def __init__(self, batch: Batch, saved: SavedObject, *, retired: bool = False) -> None:
        """Stand for this object, shipped or left over."""
        self._batch = batch
        self._shipped = saved
        self._pointer = _point(saved)
        self._stored = saved if retired else batch.snapshot.stored.get(self._pointer)
        self.id = AssetId(KINDS[saved["type"]], _call(saved))
        self.needs = _list_needs(self._stored if self._is_of_fleet else saved)
        self.retired = retired

    async def compare(self) -> Comparison:
        """Compare marks: attributes change when Kibana brings them to its own version."""
        stored = self._stored
        if stored is None:
            return ABSENT
        kind = self._pointer[0]
        if kind == "tag":
            words = describe(stored["attributes"], self._shipped["attributes"])
            return Comparison(State.DIFFERENT, words) if words else CURRENT
        mark = read_mark(stored)
        if mark is None and kind == DATA_VIEW:
            return Comparison(State.CURRENT, ours=False)
        if self._is_of_fleet:
            return Comparison(State.DIFFERENT, ("Fleet installed it with a package",), ours=False)
        if mark == read_mark(self._shipped):
            return CURRENT
        return Comparison(State.DIFFERENT, self._describe(stored, mark))

    async def find_obstacle(self) -> RefusalError | None:
        """Leave alone what Fleet installed under our ids."""
        if not self._is_of_fleet:
            return None
        return RefusalError(
            "Fleet has installed it with the package aoai",
            where=str(self.id),
            fix="Run this with --fleet, or remove the package in Kibana first",
        )

    async def find_holders(self) -> tuple[str, ...]:
        """Name what of the user's still refers to it."""
        return self._batch.snapshot.users.get(self._pointer, ())

    async def write(self) -> None:
        """Import it, with all others."""
        await self._batch.write(self._pointer)

    async def remove(self) -> None:
        """Delete it, under the id that it has in this space."""
        if self._stored is None:
            return
        kind, object_id = self._stored["type"], segment(self._stored["id"])
        path = (
            f"/api/data_views/data_view/{object_id}" if kind == DATA_VIEW else f"/api/saved_objects/{kind}/{object_id}"
        )
        reply = await self._batch.kibana.send("DELETE", path)
        if not reply.ok and not reply.missing:
            raise reply.refuse(str(self.id), "Delete it in Kibana, under Stack Management, Saved Objects")

    @property
    def _is_of_fleet(self) -> bool:
        return self._stored is not None and read_mark(self._stored) is None and is_of_fleet(self._stored)

    def _describe(self, stored: SavedObject, mark: str | None) -> tuple[str, ...]:
        before, after = stored["attributes"], self._shipped["attributes"]
        words = describe(*({name: each.get(name) for name in ("title", "description")} for each in (before, after)))
        if not mark:
            return (*words, "it was saved in Kibana, and is brought back to what is shipped")
        return (*words, "what it shows differs")


async def _take_snapshot(kibana: Kibana, shipped: Sequence[SavedObject]) -> Snapshot:
    """Find what carries our tag; of what is shipped and was not found so, find what is there nevertheless."""
    tagged = await _export(kibana, {"type": list(_MARKED), "hasReference": {"type": "tag", "id": TAG}})
    wanted = {_point(each) for each in shipped}
    stored = {_originate(each): each for each in tagged if _originate(each) in wanted}
    unmarked = wanted - stored.keys()
    stored |= {_originate(each): each for each in (await _fetch(kibana, unmarked) if unmarked else ())}
    left_over = [each for each in tagged if read_mark(each) and _originate(each) not in wanted]
    ours = {_point(each) for each in [*stored.values(), *left_over] if each["type"] != DATA_VIEW}
    users: dict[Pointer, tuple[str, ...]] = {}
    for pointer, each in stored.items():
        if each["type"] in {"tag", DATA_VIEW}:
            reference = {"type": each["type"], "id": each["id"]}
            readers = await _export(kibana, {"type": list(_READERS), "hasReference": reference})
            users[pointer] = tuple(f"{_name(_point(one))} uses it" for one in readers if _point(one) not in ours)
    return Snapshot(stored, left_over, users)


async def _fetch(kibana: Kibana, pointers: set[Pointer]) -> list[SavedObject]:
    """Export those of these objects that are there; an export of others fails, and names them."""
    reply = await _ask_export(kibana, _list_objects(pointers))
    if reply.status == HTTPStatus.BAD_REQUEST:
        missing = {(each["type"], each["id"]) for each in list_missing(reply)}
        if not pointers - missing:
            return []
        reply = await _ask_export(kibana, _list_objects(pointers - missing))
    if not reply.ok:
        raise reply.refuse(f"space {kibana.space}", _LOG)
    return list(reply.body)


def list_missing(reply: Reply) -> Sequence[Mapping[str, str]]:
    """What an export was asked for by name and is not there; nothing when it was refused for another reason."""
    body = cast("object", reply.body)
    attributes: Any = cast("Mapping[str, Any]", body).get("attributes") if isinstance(body, dict) else None
    return attributes.get("objects", ()) if attributes else ()


def _list_objects(pointers: set[Pointer]) -> Mapping[str, Any]:
    return {"objects": [{"type": kind, "id": name} for kind, name in sorted(pointers)]}


async def _export(kibana: Kibana, wanted: Mapping[str, Any]) -> list[SavedObject]:
    reply = await _ask_export(kibana, wanted)
    if not reply.ok:
        raise reply.refuse(f"space {kibana.space}", _LOG)
    return list(reply.body)


async def _ask_export(kibana: Kibana, wanted: Mapping[str, Any]) -> Reply:
    reply = await kibana.send("POST", _EXPORT, {**wanted, "excludeExportDetails": True})
    # An export of nothing has no line at all.
    return replace(reply, body=reply.body or []) if reply.ok else reply


def _list_needs(saved: SavedObject | None) -> frozenset[AssetId]:
    references = saved["references"] if saved else ()
    return frozenset(AssetId(KINDS[each["type"]], each["id"]) for each in references if each["type"] in _CHECKED)


def _point(saved: Mapping[str, Any]) -> Pointer:
    return saved["type"], saved["id"]


def _originate(saved: Mapping[str, Any]) -> Pointer:
    """Type and id as shipped; the id in another space is another one."""
    return saved["type"], saved.get("originId") or saved["id"]


def _call(saved: Mapping[str, Any]) -> str:
    return _originate(saved)[1]


def _name(pointer: Pointer) -> str:
    kind, name = pointer
    return f"{KINDS.get(kind, kind)} {name}"


def _explain(error: Mapping[str, Any]) -> str:
    """What an import says of a line, in words."""
    if error["type"] == "missing_references":
        missing = ", ".join(_name((each["type"], each["id"])) for each in error["references"])
        return f"Kibana misses {missing}"
    if error["type"] == "unknown":
        return f"Kibana says: {error.get('message', 'nothing')}"
    return f"Kibana says: {str(error['type']).replace('_', ' ')}"
