"""What `setup` does: lists the assets, shows the plan, asks, applies it, and says what became of each."""

import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import typer
from elasticsearch import AsyncElasticsearch
from rich.console import Console

from collector.assets.errors import AssetError
from collector.assets.setup.asset import Asset
from collector.assets.setup.elasticsearch.cluster import inspect
from collector.assets.setup.elasticsearch.listing import KINDS, elasticsearch_assets
from collector.assets.setup.kibana import fleet_assets, kibana_assets, open_kibana
from collector.assets.setup.kinds import Kind
from collector.assets.setup.plan import Action, Outcome, Plan, apply, plan_installation, plan_removal
from collector.assets.setup.wishes import ElasticsearchWishes, KibanaWishes, Login
from collector.commands.options import FAILED, INCOMPLETE
from collector.commands.setup_pages import Progress, show_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupRequest:
    """What was asked for. ``elasticsearch`` is its address with the arguments of ``AsyncElasticsearch``.

    Either place may be missing. ``only`` names kinds; none means all.
    """

    elasticsearch: tuple[str, dict[str, Any]] | None = None
    kibana: Login | None = None
    space: str = "default"
    in_elasticsearch: ElasticsearchWishes = field(default_factory=ElasticsearchWishes)
    in_kibana: KibanaWishes = field(default_factory=KibanaWishes)
    only: tuple[Kind, ...] = ()
    uninstall: bool = False
    dry_run: bool = False
    yes: bool = False


_EVERYTHING = KibanaWishes(rules=True, slos=True, ml=True)
"""What a removal looks for."""


async def run_setup(request: SetupRequest) -> int | str:
    """Do it; returns the exit code, or in one line why nothing was done."""
    console = Console()
    try:
        async with AsyncExitStack() as stack:
            assets = await _list_assets(request, stack)
            plan = await (plan_removal if request.uninstall else plan_installation)(assets)
            if request.dry_run:
                show_plan(plan, console)
                return INCOMPLETE if plan.count(Action.REFUSE) else 0
            if not _agreed(plan, request, console):
                return FAILED
            with Progress(console) as progress:
                report = await apply(plan, progress.add)
    except AssetError as error:
        return str(error)
    return INCOMPLETE if report.count(Outcome.REFUSED) else 0


async def _list_assets(request: SetupRequest, stack: AsyncExitStack) -> list[Asset]:
    """List what is to be looked at; both places answer before the first change."""
    assets: list[Asset] = []
    if request.elasticsearch is not None and (not request.only or set(request.only) & set(KINDS)):
        url, settings = request.elasticsearch
        client = await stack.enter_async_context(AsyncElasticsearch(**settings, max_retries=0))
        cluster = await inspect(client, url)
        assets += await elasticsearch_assets(cluster, request.in_elasticsearch, request.only or KINDS)
    if request.kibana is not None and (not request.only or set(request.only) - set(KINDS)):
        kibana = await stack.enter_async_context(open_kibana(request.kibana, request.space))
        list_assets = fleet_assets if request.in_elasticsearch.fleet else kibana_assets
        wishes = _EVERYTHING if request.uninstall else request.in_kibana
        listed = await list_assets(kibana, wishes)
        assets += [asset for asset in listed if not request.only or asset.id.kind in request.only]
    return assets


def _agreed(plan: Plan, request: SetupRequest, console: Console) -> bool:
    """Ask at a terminal. Without one an installation goes on, and a removal does so only with ``--yes``."""
    if request.yes or not plan.changes:
        return True
    if not sys.stdin.isatty():
        if request.uninstall:
            typer.echo("error: there is no terminal to ask at: give --yes to remove all this", err=True)
        return not request.uninstall
    show_plan(plan, console)
    return typer.confirm(f"Make {len(plan.changes)} changes?")
