"""Whether what this version needs is on the server."""

import asyncio
from collections.abc import Mapping
from typing import cast

from elasticsearch import AsyncElasticsearch

from collector import __version__
from collector.assets.bodies import ShippedBody, shipped_bodies
from collector.assets.files import Body
from collector.assets.server import PATHS, is_embedded, is_of_fleet, read_stored
from collector.assets.setup.kinds import Kind


async def missing_assets(client: AsyncElasticsearch) -> list[str]:
    """Names of the assets that are absent or of another version, such as ``index template logs-aoai.logs``.

    Reads only. An empty list means that documents may be sent.

    Raises:
        AssetsUnreadableError: the credentials may not look; nothing is known then.
        AssetError: the server did not answer.
    """
    embedded = await is_embedded(client)
    stored = {kind: await read_stored(client, kind) for kind in PATHS}
    # Reading ours takes seconds on a busy machine, and other outputs deliver meanwhile.
    assets = await asyncio.to_thread(shipped_bodies, embedded=embedded)
    return [str(asset) for asset in assets if not _is_current(asset, stored[asset.kind].get(asset.name))]


def _is_current(asset: ShippedBody, stored: Body | None) -> bool:
    if stored is None:
        return False
    # A pipeline has the version in its name. Fleet's templates name pipelines, and those are looked for as well.
    return asset.kind is Kind.PIPELINE or is_of_fleet(stored) or _version(stored) == __version__


def _version(stored: Mapping[str, object]) -> object:
    meta = cast("Mapping[str, object]", stored.get("_meta") or {})
    return cast("Mapping[str, object]", meta.get("package") or {}).get("version")
