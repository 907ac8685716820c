"""What `setup` does: lists the assets, shows the plan, asks, applies it, and says what became of each."""

import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import typer
from elasticsearch import AsyncElasticsearch
from rich.console import Console

from collector.assets.errors import AssetError
from collector.assets.setup.asset import Asset
from collector.assets.setup.elasticsearch.cluster import inspect
from collector.assets.setup.elasticsearch.listing import KINDS, elasticsearch_assets
from collector.assets.setup.kinds import Kind
from collector.assets.setup.plan import Action, Outcome, Plan, apply, plan_installation, plan_removal
from collector.assets.setup.wishes import ElasticsearchWishes
from collector.commands.options import FAILED, INCOMPLETE
from collector.commands.setup_pages import Progress, show_plan, show_report


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupRequest:
    """What was asked for, by the options' names. ``settings`` are the arguments of ``AsyncElasticsearch``."""

    elasticsearch: str
    settings: dict[str, Any]
    only: tuple[Kind, ...] = ()
    rollover: bool = False
    uninstall: bool = False
    with_data: bool = False
    dry_run: bool = False
    yes: bool = False


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
    show_report(report, console)
    return INCOMPLETE if report.count(Outcome.REFUSED) else 0


async def _list_assets(request: SetupRequest, stack: AsyncExitStack) -> list[Asset]:
    client = await stack.enter_async_context(AsyncElasticsearch(**request.settings, max_retries=0))
    cluster = await inspect(client, request.elasticsearch)
    wishes = ElasticsearchWishes(
        rollover=request.rollover,
        another_key=request.only == (Kind.API_KEY,) and not request.uninstall,
        with_data=request.with_data,
    )
    return await elasticsearch_assets(cluster, wishes, request.only or KINDS)


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
