"""All assets of Elasticsearch: what this version ships, what an earlier one left, and what was made from it."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from elasticsearch import ApiError, TransportError

from collector.assets.bodies import shipped_bodies
from collector.assets.errors import AssetError
from collector.assets.files import Body
from collector.assets.server import PATHS, is_of_fleet, read_stored
from collector.assets.setup.asset import Asset, AssetId
from collector.assets.setup.elasticsearch.api_key import ApiKey
from collector.assets.setup.elasticsearch.cluster import Cluster
from collector.assets.setup.elasticsearch.data_streams import DataStream, read_streams
from collector.assets.setup.elasticsearch.refusals import refuse
from collector.assets.setup.elasticsearch.roles import ROLES, Role
from collector.assets.setup.elasticsearch.stored_assets import Bodies, StoredAsset, is_ours
from collector.assets.setup.kinds import Kind
from collector.assets.setup.refusal import RefusalError
from collector.assets.setup.wishes import ElasticsearchWishes
from collector.assets.templates import PACKAGE

SHIPPED_KINDS: Final = tuple(PATHS)
KINDS: Final = (*SHIPPED_KINDS, Kind.DATA_STREAM, Kind.ROLE, Kind.API_KEY)
"""The kinds of Elasticsearch, in the order in which they are installed."""
_CUSTOM: Final = "@custom"
"""The end of each name that belongs to the user."""


async def elasticsearch_assets(
    cluster: Cluster, wishes: ElasticsearchWishes, kinds: Collection[Kind] = KINDS
) -> list[Asset]:
    """List the assets of some kinds, each after what it needs; reads only, and only what these kinds ask for.

    A cluster without security has no roles and no API keys: asked for nothing else, it is refused, and otherwise they
    are left out.

    Raises:
        RefusalError: the cluster does not let the login look, or Fleet has installed the package there.
    """
    assets: list[Asset] = []
    if not wishes.fleet and set(kinds) & {*SHIPPED_KINDS, Kind.DATA_STREAM}:
        stored = await _stored_assets(cluster)
        assets += [asset for asset in stored if asset.id.kind in kinds]
        if Kind.DATA_STREAM in kinds:
            assets += await _data_streams(cluster, stored, wishes)
    if cluster.login is not None:
        roles = [Role(cluster, name) for name in ROLES] if Kind.ROLE in kinds else []
        keys = [ApiKey(cluster, another=wishes.another_key)] if Kind.API_KEY in kinds else []
        assets += [*roles, *keys]
    elif set(kinds) & set(KINDS) <= {Kind.ROLE, Kind.API_KEY}:
        raise RefusalError(
            "security is off, so there are neither roles nor API keys",
            where=cluster.url,
            fix="Collect without a login, or turn xpack.security.enabled on",
        )
    return assets


async def _stored_assets(cluster: Cluster) -> list[StoredAsset]:
    shipped = {AssetId(each.kind, each.name): each.body for each in shipped_bodies(embedded=cluster.embedded)}
    stored = await _read_stored(cluster)
    if any(is_of_fleet(body) for body in stored.values()):
        raise RefusalError(
            f"Fleet has installed the package {PACKAGE} here, with assets of the same names",
            where=cluster.url,
            fix="Update or remove it with --fleet or in Kibana; nothing was changed",
        )
    left = [asset for asset, body in stored.items() if asset not in shipped and is_ours(asset, body, shipped=False)]
    return list(
        _by_needs(StoredAsset(cluster, each, Bodies(stored.get(each), shipped.get(each))) for each in [*shipped, *left])
    )


async def _read_stored(cluster: Cluster) -> dict[AssetId, Body]:
    try:
        return {
            AssetId(kind, name): body
            for kind in PATHS
            for name, body in (await read_stored(cluster.client, kind)).items()
            if not name.endswith(_CUSTOM)
        }
    except AssetError as error:
        cause = error.__cause__
        if isinstance(cause, ApiError | TransportError):
            raise refuse(cause, cluster.url) from error
        raise


def _by_needs(assets: Iterable[StoredAsset]) -> Iterator[StoredAsset]:
    """Order assets so that each comes after what it needs; otherwise as they are."""
    waiting = {asset.id: asset for asset in assets}

    def take(wanted: AssetId) -> Iterator[StoredAsset]:
        asset = waiting.pop(wanted, None)
        if asset is not None:
            for need in sorted(asset.needs, key=str):
                yield from take(need)
            yield asset

    for each in list(waiting):
        yield from take(each)


async def _data_streams(
    cluster: Cluster, stored: Iterable[StoredAsset], wishes: ElasticsearchWishes
) -> list[DataStream]:
    of_id = {asset.id: asset for asset in stored}
    assets: list[DataStream] = []
    for stream in await read_streams(cluster):
        index_template = of_id.get(AssetId(Kind.INDEX_TEMPLATE, stream.template))
        if index_template is not None:
            parts = [of_id[need] for need in sorted(index_template.needs, key=str) if need in of_id]
            assets.append(DataStream(cluster, stream, [*parts, index_template], wishes))
    return assets
