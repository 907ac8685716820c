"""Ingest pipelines, component templates and index templates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast, override

from collector.assets.files import Body
from collector.assets.server import PATHS
from collector.assets.setup.asset import ABSENT, CURRENT, Asset, AssetId, Comparison, Place, State
from collector.assets.setup.differences import describe
from collector.assets.setup.elasticsearch.cluster import Cluster
from collector.assets.setup.elasticsearch.normal_form import align, flat_settings
from collector.assets.setup.kinds import Kind
from collector.assets.setup.refusal import RefusalError
from collector.assets.templates import META

ENDED: Final = frozenset({"logs-aoai.endpoints-0.1.0-endpoint"})
"""Pipelines that an earlier state of a version installed under that version's name, and that it ships no more."""
_PRIVILEGES: Final = {
    Kind.PIPELINE: "manage_ingest_pipelines",
    Kind.COMPONENT_TEMPLATE: "manage_index_templates",
    Kind.INDEX_TEMPLATE: "manage_index_templates",
}


@dataclass(frozen=True, slots=True)
class Bodies:
    """One asset's body as it was stored when the assets were listed, and as it is shipped; either may be missing."""

    stored: Body | None
    shipped: Body | None


class StoredAsset(Asset):
    """A pipeline or a template; one that is not shipped is retired."""

    place = Place.ELASTICSEARCH

    def __init__(self, cluster: Cluster, asset: AssetId, bodies: Bodies) -> None:
        self.id = asset
        self.retired = bodies.shipped is None
        self.needs = frozenset(find_needs(asset, bodies.shipped or bodies.stored or {}))
        self._cluster = cluster
        self._bodies = bodies

    @property
    def _path(self) -> str:
        return f"{PATHS[self.id.kind]}/{self.id.name}"

    @override
    async def compare(self) -> Comparison:
        stored, shipped = self._bodies.stored, self._bodies.shipped
        if stored is None:
            return ABSENT
        words = describe(*align(stored, shipped)) if shipped else ("not part of this version",)
        return Comparison(State.DIFFERENT, words, ours=self._is_ours()) if words else CURRENT

    @override
    async def find_obstacle(self) -> RefusalError | None:
        if not self._is_ours():
            return self._cluster.foreign(self.id)
        return self._cluster.lack(self.id, _PRIVILEGES[self.id.kind])

    @override
    async def write(self) -> None:
        await self._cluster.write("PUT", self._path, str(self.id), self._bodies.shipped)

    @override
    async def remove(self) -> None:
        await self._cluster.write("DELETE", self._path, str(self.id))

    def _is_ours(self) -> bool:
        stored = self._bodies.stored
        return stored is None or is_ours(self.id, stored, shipped=not self.retired)


def is_ours(asset: AssetId, body: Mapping[str, object], *, shipped: bool) -> bool:
    """Whether `setup` made what is stored, now or in an earlier version.

    Somebody who edits a pipeline may drop its mark, and the embedded engine keeps none; its name then tells.
    """
    managed_by = cast("Mapping[str, object]", body.get("_meta") or {}).get("managed_by")
    known = asset.kind is Kind.PIPELINE and (shipped or asset.name in ENDED)
    return managed_by == META["managed_by"] or (known and managed_by is None)


def find_needs(asset: AssetId, body: Body) -> Iterator[AssetId]:
    """Name what a body refers to: pipelines that it calls or that documents pass, and component templates."""
    if asset.kind is Kind.PIPELINE:
        for name in _called(body):
            yield AssetId(Kind.PIPELINE, name)
    elif asset.kind is Kind.COMPONENT_TEMPLATE:
        name = flat_settings(body).get("index.default_pipeline")
        if name is not None:
            yield AssetId(Kind.PIPELINE, name)
    else:
        for name in cast("list[str]", body.get("composed_of") or []):
            yield AssetId(Kind.COMPONENT_TEMPLATE, name)


def _called(value: object) -> Iterator[str]:
    """The names in all ``pipeline`` processors of a pipeline, wherever they stand."""
    if isinstance(value, list):
        for entry in cast("list[object]", value):
            yield from _called(entry)
    elif isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, object]", value).items():
            if key == "pipeline" and isinstance(inner, Mapping):
                yield str(cast("Mapping[str, object]", inner)["name"])
            else:
                yield from _called(inner)
