"""Saved objects coming in: `_import`, which answers 200 also when nothing was imported."""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Any, Final

from collector.emulators.kibana.errors import RefusedError, bad_request, forbidden
from collector.emulators.kibana.routes import Answer, Ask, Route
from collector.emulators.kibana.saved_objects import KINDS, SavedObject, SavedObjects
from collector.emulators.kibana.schema import InvalidError, anything, boolean, flag, listed, mapped, record, text

MULTIPART: Final = "multipart/form-data"
_LARGEST_BYTES: Final = 26_214_400
_LARGEST_COUNT: Final = 10_000
_CHECKED_REFERENCES: Final = frozenset({"index-pattern", "search"})
_LINE: Final = record(
    {"id": text(), "type": text(), "attributes": mapped(anything)},
    {
        "references": listed(record({"name": text(), "type": text(), "id": text()})),
        "coreMigrationVersion": text(),
        "typeMigrationVersion": text(),
        "managed": boolean,
        "originId": text(),
        "namespaces": listed(text()),
        "created_at": text(),
        "created_by": text(),
        "updated_at": text(),
        "updated_by": text(),
        "version": text(),
        "migrationVersion": mapped(text()),
    },
    defaults={"references": (), "managed": False},
)


@dataclass
class _Batch:
    """One import: what is in the file, under which ids it will be, and what is wrong."""

    lines: list[dict[str, Any]]
    space: str
    overwrite: bool
    copies: bool
    ids: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    errors: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def refuse(self, line: Mapping[str, Any], kind: str, **further: object) -> None:
        """Note what is wrong with a line."""
        self.errors.append({**_headline(line), "error": {"type": kind, **further}})


class Importing:
    """Takes files of saved objects."""

    def __init__(self, store: SavedObjects) -> None:
        """Write to this store."""
        self._store = store

    def routes(self) -> Iterable[Route]:
        """Return its route."""
        query = record({}, {"overwrite": flag, "createNewCopies": flag, "compatibilityMode": flag})
        yield Route("POST", "/api/saved_objects/_import", self._import, query=query, media_types=(MULTIPART,))

    def _import(self, ask: Ask) -> Answer:
        for other in ("overwrite", "compatibilityMode"):
            if ask.query.get(other) and ask.query.get("createNewCopies"):
                raise bad_request(f"cannot use [{other}] with [createNewCopies]")
        batch = _Batch(
            _read_file(ask), ask.space, bool(ask.query.get("overwrite")), bool(ask.query.get("createNewCopies"))
        )
        self._check(batch, ask)
        saved = [] if batch.errors else self._write(batch)
        body: dict[str, Any] = {"successCount": len(saved), "success": not batch.errors, "warnings": []}
        body |= {"successResults": saved} if saved else {}
        return Answer(body | ({"errors": batch.errors} if batch.errors else {}))

    def _check(self, batch: _Batch, ask: Ask) -> None:
        """Find out what is wrong with lines, and under which id each of them will be."""
        known = [each for each in batch.lines if each["type"] in KINDS]
        kinds = sorted({each["type"] for each in known})
        refused = [each for each in kinds if not KINDS[each].allows(ask.user, "write", ask.space)]
        if refused:
            raise forbidden(f"Unable to bulk_create {','.join(refused)}")
        for line in batch.lines:
            if line["type"] not in KINDS:
                batch.refuse(line, "unsupported_type")
        for line in known:
            self._check_references(batch, line)
            self._check_attributes(batch, line)
            self._choose_id(batch, line)

    def _check_references(self, batch: _Batch, line: Mapping[str, Any]) -> None:
        brought = {(each["type"], each["id"]) for each in batch.lines}
        missing = {
            (each["type"], each["id"])
            for each in line["references"]
            if each["type"] in _CHECKED_REFERENCES
            and (each["type"], each["id"]) not in brought
            and self._store.find(each["type"], each["id"], batch.space) is None
        }
        if missing:
            references = [{"type": kind, "id": object_id} for kind, object_id in sorted(missing)]
            batch.refuse(line, "missing_references", references=references)

    @staticmethod
    def _check_attributes(batch: _Batch, line: Mapping[str, Any]) -> None:
        try:
            KINDS[line["type"]].attributes(line["attributes"], "attributes")
        except InvalidError as error:
            batch.refuse(line, "unknown", message=str(error), statusCode=HTTPStatus.BAD_REQUEST)

    def _choose_id(self, batch: _Batch, line: Mapping[str, Any]) -> None:
        """Keep the id, take that of the object which came of it, or a new one when another space has it."""
        kind, object_id = line["type"], line["id"]
        if batch.copies:
            batch.ids[kind, object_id] = str(uuid.uuid4())
            return
        here = self._store.find(kind, object_id, batch.space)
        descendants = [] if here else self._store.find_by_origin(kind, line.get("originId", object_id), batch.space)
        if len(descendants) > 1:
            destinations = [{"id": each.id, "title": each.title} for each in descendants]
            batch.refuse(line, "ambiguous_conflict", destinations=destinations)
            return
        elsewhere = self._store.find_elsewhere(kind, object_id, batch.space)
        fresh = str(uuid.uuid4()) if elsewhere else object_id
        batch.ids[kind, object_id] = descendants[0].id if descendants else fresh
        if (here or descendants) and not batch.overwrite:
            further = {"destinationId": descendants[0].id} if descendants else {}
            batch.refuse(line, "conflict", **further)

    def _write(self, batch: _Batch) -> list[dict[str, Any]]:
        return [self._write_line(batch, line) for line in batch.lines]

    def _write_line(self, batch: _Batch, line: Mapping[str, Any]) -> dict[str, Any]:
        kind, object_id = line["type"], line["id"]
        destination = batch.ids[kind, object_id]
        former = self._store.find(kind, destination, batch.space)
        origin = line.get("originId") or (object_id if destination != object_id and not batch.copies else None)
        references: list[dict[str, str]] = [
            {**each, "id": batch.ids.get((each["type"], each["id"])) or each["id"]} for each in line["references"]
        ]
        spaces = former.spaces if former else self._store.spaces_of(kind, batch.space)
        saved = SavedObject(kind, destination, line["attributes"], references, {*spaces}, origin, line["managed"])
        saved.type_version = line.get("typeMigrationVersion")
        self._store.put(saved)
        result = _headline(line)
        result |= {"destinationId": destination} if destination != object_id else {}
        result |= {"createNewCopy": True} if batch.copies else {}
        return result | ({"overwrite": True} if former else {})


def _headline(line: Mapping[str, Any]) -> dict[str, Any]:
    kind = KINDS.get(line["type"])
    title = line["attributes"].get(kind.title if kind else "title", line["id"])
    meta = {"title": title} | ({"icon": kind.icon} if kind else {})
    return {"type": line["type"], "id": line["id"], "meta": meta, "managed": line["managed"]}


def _read_file(ask: Ask) -> list[dict[str, Any]]:
    """The lines of the file, each of the right form."""
    name, content = _read_part(ask.media_type, ask.body)
    suffix = PurePosixPath(name).suffix
    if suffix.lower() != ".ndjson":
        raise bad_request(f"Invalid file extension {suffix}")
    if len(content) > _LARGEST_BYTES:
        raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Payload content length greater than maximum allowed")
    lines = [_read_line(each) for each in content.decode().splitlines() if each.strip()]
    lines = [each for each in lines if "exportedCount" not in each]
    if len(lines) > _LARGEST_COUNT:
        raise bad_request(f"Can't import more than {_LARGEST_COUNT} objects")
    names = [f"{each['type']}:{each['id']}" for each in lines]
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise bad_request(f"Non-unique import objects detected: [{','.join(twice)}]")
    return lines


def _read_line(line: str) -> dict[str, Any]:
    try:
        content: Any = json.loads(line)
        return content if "exportedCount" in content else _LINE(content, "")  # pyright: ignore[reportReturnType]
    except ValueError as error:
        raise bad_request(f"Unexpected token in JSON: {error}") from None
    except InvalidError as error:
        raise bad_request(str(error)) from None


def _read_part(media_type: str, body: bytes) -> tuple[str, bytes]:
    """The name and content of the only part, `file`."""
    head = f"Content-Type: {media_type}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    parts = [*message.iter_parts()] if message.is_multipart() else []
    for part in parts:
        if part.get_param("name", header="content-disposition") == "file":
            content = part.get_payload(decode=True)
            return str(part.get_filename() or ""), content if isinstance(content, bytes) else b""
    raise bad_request("[request body.file]: expected value of type [Stream] but got [undefined]")
