"""The roles: what the collector, a reader and `setup` itself may do, and no more."""

from typing import Final, cast, override

from collector.assets.files import Body
from collector.assets.setup.asset import ABSENT, CURRENT, Asset, AssetId, Comparison, Place, State
from collector.assets.setup.differences import describe
from collector.assets.setup.elasticsearch.cluster import STREAMS, Cluster
from collector.assets.setup.kinds import Kind
from collector.assets.setup.refusal import RefusalError
from collector.assets.templates import META

COLLECTOR_NAME: Final = "aoai_collector"
MARK: Final[Body] = {"managed_by": META["managed_by"]}
"""In the metadata of what has no ``_meta``."""


def _indices(names: tuple[str, ...], *privileges: str) -> Body:
    return {"names": list(names), "privileges": list(privileges)}


COLLECTOR: Final[Body] = {
    "cluster": ["monitor"],
    "indices": [_indices(STREAMS, "auto_configure", "create_doc", "read", "view_index_metadata")],
}
"""What `run` and `replay` need (docs/elasticsearch-permissions.md tells what each is for)."""

ROLES: Final[dict[str, Body]] = {
    COLLECTOR_NAME: COLLECTOR | {"description": "Azure OpenAI collector: writes its data streams, and reads them."},
    "aoai_reader": {
        "description": "Reads Azure OpenAI data without gateway bodies and dead letters, which may hold prompts.",
        "cluster": [],
        "indices": [
            _indices(("logs-aoai.logs-*", "logs-aoai.endpoints-*", "metrics-aoai.*-*"), "read", "view_index_metadata")
        ],
    },
    "aoai_setup": {
        "description": "Runs aoai-collector setup; roles are made by somebody with manage_security.",
        "cluster": [
            "monitor",
            "manage_ingest_pipelines",
            "manage_index_templates",
            "manage_own_api_key",
            "read_security",
        ],
        "indices": [_indices(STREAMS, "auto_configure", "create_doc", "read", "view_index_metadata", "manage")],
    },
}
"""By name. The creator of a key must have what the key may do: hence the collector's privileges for `aoai_setup`."""


class Role(Asset):
    """One role of `ROLES`."""

    place = Place.ELASTICSEARCH

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.id = AssetId(Kind.ROLE, name)
        self._cluster = cluster
        self._body: Body = {**ROLES[name], "metadata": MARK}

    @property
    def _path(self) -> str:
        return f"/_security/role/{self.id.name}"

    @override
    async def compare(self) -> Comparison:
        stored = cast("Body | None", (await self._cluster.read(self._path, str(self.id))).get(self.id.name))
        if stored is None:
            return ABSENT
        words = describe(normalise(stored), normalise(self._body))
        ours = cast("Body", stored.get("metadata") or {}).get("managed_by") == MARK["managed_by"]
        return Comparison(State.DIFFERENT, words, ours=ours) if words else CURRENT

    @override
    async def find_obstacle(self) -> RefusalError | None:
        if not (await self.compare()).ours:
            return self._cluster.foreign(self.id)
        return self._cluster.lack(self.id, "manage_security")

    @override
    async def write(self) -> None:
        await self._cluster.write("PUT", self._path, str(self.id), self._body)

    @override
    async def remove(self) -> None:
        await self._cluster.write("DELETE", self._path, str(self.id))


def normalise(role: Body) -> Body:
    """A role or role descriptor as far as it was asked for, with its lists in one order: the server adds defaults."""
    indices = cast("list[dict[str, list[str]]]", role.get("indices") or [])
    entries = [{"names": sorted(entry["names"]), "privileges": sorted(entry["privileges"])} for entry in indices]
    return {
        "cluster": sorted(cast("list[str]", role.get("cluster") or [])),
        "indices": sorted(entries, key=str),
        "applications": role.get("applications") or [],
        "run_as": role.get("run_as") or [],
        "description": role.get("description") or "",
        "metadata": role.get("metadata") or {},
    }
