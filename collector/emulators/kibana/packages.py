"""Packages of Fleet: their upload, what is known of them, and their removal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from collector.emulators.kibana.archives import Package, read_package
from collector.emulators.kibana.errors import RefusedError, bad_request, not_found
from collector.emulators.kibana.instance import Instance
from collector.emulators.kibana.routes import Answer, Ask, Route
from collector.emulators.kibana.saved_objects import KINDS, SavedObject, SavedObjects
from collector.emulators.kibana.schema import InvalidError, flag, record

PRIVILEGES: Final = (("fleet", "all"), ("fleetv2", "all"))
READING: Final = (("fleet", "read"),)
_ARCHIVES: Final = ("application/zip", "application/gzip")
_LARGEST_BYTES: Final = 104_857_600
_PAUSE_S: Final = 10
_MANAGED_TAG: Final = "fleet-managed-"
_PACKAGE_TAG: Final = "fleet-pkg-"


@dataclass
class Packages:
    """Serves packages.

    Attributes:
        in_use: names of packages with package policies, kept by who serves those.
    """

    instance: Instance
    store: SavedObjects
    in_use: set[str] = field(default_factory=set[str])
    _installed: dict[str, Package] = field(default_factory=dict[str, Package])
    _spaces: dict[str, str] = field(default_factory=dict[str, str])
    _last_upload: datetime | None = None

    def routes(self) -> Iterable[Route]:
        """Return its routes."""
        base = "/api/fleet/epm/packages"
        upload = record({}, {"ignoreMappingUpdateErrors": flag, "skipDataStreamRollover": flag})
        details = record({}, {"ignoreUnverified": flag, "prerelease": flag, "full": flag, "withMetadata": flag})
        yield Route("POST", base, self._upload, PRIVILEGES, upload, media_types=_ARCHIVES, versioned=True)
        for path in (f"{base}/{{name}}", f"{base}/{{name}}/{{version}}"):
            yield Route("GET", path, self._get, READING, details, versioned=True)
        yield Route(
            "DELETE",
            f"{base}/{{name}}/{{version?}}",
            self._delete,
            PRIVILEGES,
            record({}, {"force": flag}),
            versioned=True,
        )

    def find(self, name: str, version: str) -> Package | None:
        """Return an installed package."""
        package = self._installed.get(name)
        return package if package is not None and package.version == version else None

    def find_installed(self, name: str) -> Package:
        """Return the installed package of a name, which must be one that is in use."""
        return self._installed[name]

    def _upload(self, ask: Ask) -> Answer:
        self._keep_pace()
        if len(ask.body) > _LARGEST_BYTES:
            raise RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Payload content length greater than maximum allowed"
            )
        package = read_package(ask.body, self.instance)
        objects = [*self._tags(package, ask.space), *(dict(each) for each in package.saved_objects)]
        for each in objects:
            self._import(each, package, ask.space)
        self._installed[package.name], self._spaces[package.name] = package, ask.space
        items = [*self._list_elasticsearch(package), *({"id": each["id"], "type": each["type"]} for each in objects)]
        return Answer({"items": items, "_meta": {"install_source": "upload", "name": package.name}})

    def _keep_pace(self) -> None:
        now, last = self.instance.clock(), self._last_upload
        if last is not None and (now - last).total_seconds() < _PAUSE_S:
            raise RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"Too many requests. Please wait {_PAUSE_S}s before uploading again.",
                headers={"retry-after": str(_PAUSE_S)},
            )
        self._last_upload = now

    def _tags(self, package: Package, space: str) -> Iterable[dict[str, Any]]:
        names = {
            f"{_MANAGED_TAG}{space}": "Managed",
            f"{_PACKAGE_TAG}{package.name}-{space}": package.manifest["title"],
        }
        for tag_id, name in names.items():
            attributes = {"name": name, "description": "", "color": "#0077CC"}
            yield {"id": tag_id, "type": "tag", "attributes": attributes, "references": []}

    def _import(self, line: Mapping[str, Any], package: Package, space: str) -> None:
        kind = line["type"]
        try:
            attributes: Any = KINDS[kind].attributes(line["attributes"], "attributes")
        except InvalidError as error:
            raise bad_request(f"Encountered 1 errors creating saved objects: {line['id']}: {error}") from None
        tags = [f"{_MANAGED_TAG}{space}", f"{_PACKAGE_TAG}{package.name}-{space}"] if kind != "tag" else []
        references = [*line.get("references", ())]
        references += [{"type": "tag", "id": each, "name": f"tag-ref-{each}"} for each in tags]
        spaces = self.store.spaces_of(kind, space)
        self.store.put(SavedObject(kind, line["id"], attributes, references, spaces, managed=True))

    def _get(self, ask: Ask) -> Answer:
        name, wanted = ask.parts["name"], ask.parts.get("version")
        package = self._installed.get(name)
        if package is None or wanted not in {None, package.version}:
            raise not_found(f"[{name}] package not found in registry")
        objects = [{"id": each["id"], "type": each["type"]} for each in package.saved_objects]
        installation = {
            "install_status": "installed",
            "install_source": "upload",
            "name": name,
            "version": package.version,
            "installed_es": self._list_elasticsearch(package),
            "installed_kibana": objects,
            "installed_kibana_space_id": self._spaces[name],
            "verification_status": "unknown",
        }
        item = {"name": name, "version": package.version, "title": package.manifest["title"], "status": "installed"}
        return Answer({"item": {**item, "installationInfo": installation}})

    def _delete(self, ask: Ask) -> Answer:
        name = ask.parts["name"]
        package = self._installed.get(name)
        if package is None:
            raise bad_request(f"{name} is not installed")
        if name in self.in_use and not ask.query.get("force"):
            raise bad_request("unable to remove package with existing package policy(s) in use by agent(s)")
        space = self._spaces.pop(name)
        del self._installed[name]
        gone = [{"id": each["id"], "type": each["type"]} for each in package.saved_objects]
        for each in [*gone, {"id": f"{_PACKAGE_TAG}{name}-{space}", "type": "tag"}]:
            saved = self.store.find(each["type"], each["id"], space)
            if saved is not None:
                self.store.remove(saved)
        return Answer({"items": [*self._list_elasticsearch(package), *gone]})

    @staticmethod
    def _list_elasticsearch(package: Package) -> list[dict[str, Any]]:
        return [{"id": asset_id, "type": kind} for asset_id, kind in package.assets]
