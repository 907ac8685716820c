"""Brings a server to what this version of the package ships."""

from dataclasses import dataclass
from enum import StrEnum

from elasticsearch import AsyncElasticsearch

from collector.assets.errors import AssetError
from collector.assets.files import Body
from collector.assets.server import Asset, AssetKind, is_embedded, is_of_fleet, read_stored, write
from collector.assets.sources import component_templates, pipelines, templates
from collector.assets.templates import PACKAGE


class Outcome(StrEnum):
    """What `install` did to one asset."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class InstalledAsset:
    """One asset and what became of it."""

    kind: AssetKind
    name: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class InstallReport:
    """What `install` did, in the order in which it did it."""

    assets: tuple[InstalledAsset, ...]

    def count(self, outcome: Outcome) -> int:
        """How many assets had this outcome."""
        return sum(asset.outcome is outcome for asset in self.assets)


async def install(client: AsyncElasticsearch) -> InstallReport:
    """Install pipelines, component templates and index templates, in an order in which each finds what it names.

    May be repeated, also while documents arrive: a body that is stored already changes nothing. Every body is written
    in any case, so that what somebody edited on the server is as shipped afterwards.

    Raises:
        AssetError: the server did not answer or refused an asset; those before it are installed. Or Fleet has installed
            the package here; nothing is changed then.
    """
    assets = shipped_assets(embedded=await is_embedded(client))
    before = {kind: await read_stored(client, kind) for kind in AssetKind}
    if any(is_of_fleet(stored) for stored in before[AssetKind.INDEX_TEMPLATE].values()):
        raise AssetError(
            f"Fleet has installed the package {PACKAGE} here, with assets of the same names: nothing was changed. "
            "Update the package in Kibana, or remove it there first"
        )
    for asset in assets:
        await write(client, asset)
    after = {kind: await read_stored(client, kind) for kind in AssetKind}
    report = [
        InstalledAsset(
            asset.kind, asset.name, _outcome(before[asset.kind].get(asset.name), after[asset.kind][asset.name])
        )
        for asset in assets
    ]
    return InstallReport(tuple(report))


def shipped_assets(*, embedded: bool) -> list[Asset]:
    """Everything to install: for Elasticsearch with geography, or cut to what the embedded engine takes."""
    assets = [Asset(AssetKind.PIPELINE, name, body) for name, body in pipelines(geography=not embedded).items()]
    assets += [Asset(AssetKind.COMPONENT_TEMPLATE, name, body) for name, body in component_templates().items()]
    assets += [Asset(AssetKind.INDEX_TEMPLATE, name, body) for name, body in templates().items()]
    return [_adapt(asset) for asset in assets] if embedded else assets


def _adapt(asset: Asset) -> Asset:
    # Only who runs the embedded engine needs what is in its room.
    from collector.engine.portability import adapt_pipeline, adapt_template  # noqa: PLC0415

    adapt = adapt_pipeline if asset.kind is AssetKind.PIPELINE else adapt_template
    return Asset(asset.kind, asset.name, adapt(asset.body))


def _outcome(before: Body | None, after: Body) -> Outcome:
    """Compares what the server stored before and after, since it stores no body word for word."""
    if before is None:
        return Outcome.CREATED
    return Outcome.UNCHANGED if before == after else Outcome.UPDATED
