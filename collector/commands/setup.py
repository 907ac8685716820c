"""``aoai-collector setup``: its options."""

import asyncio
from typing import Annotated

import typer

from collector.assets.setup.kinds import Kind
from collector.commands.options import INTERRUPTED, ApiKey, Authority, UserName, fail


def parse_kind(text: str) -> Kind:
    """Read a kind as ``--only`` takes it."""
    for kind in Kind:
        if text in {kind.option, kind.value}:
            return kind
    raise typer.BadParameter(f"{text!r} is none of {', '.join(kind.option for kind in Kind)}")


def setup(  # noqa: PLR0913, PLR0917 - each of them is an option
    elasticsearch: Annotated[
        str | None, typer.Option(help="URL of the cluster, such as https://localhost:9200.", show_default=False)
    ] = None,
    only: Annotated[
        list[Kind] | None,
        typer.Option(
            parser=parse_kind,
            metavar="KIND",
            help="Only this kind, such as index-template; may be given more than once.",
        ),
    ] = None,
    rollover: Annotated[
        bool, typer.Option("--rollover", help="Roll over the data streams that lack something of new templates.")
    ] = False,
    uninstall: Annotated[
        bool, typer.Option("--uninstall", help="Remove what is ours; documents stay, and what they were made from.")
    ] = False,
    with_data: Annotated[
        bool, typer.Option("--with-data", help="With --uninstall: delete our data streams and their documents, too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; without a terminal --uninstall needs it.")] = False,
    api_key: ApiKey = None,
    username: UserName = None,
    ca: Authority = None,
) -> None:
    """Install pipelines, templates, roles and the collector's API key. Can be run again; changes only what differs.

    Exit code 0: all is as it should be. 3: something was refused, and is said with its fix. 1: nothing was done.
    """
    from collector.commands.login import log_in  # noqa: PLC0415
    from collector.commands.setup_run import SetupRequest, run_setup  # noqa: PLC0415

    if elasticsearch is None:
        raise typer.BadParameter("give --elasticsearch URL")
    if with_data and not uninstall:
        raise typer.BadParameter("--with-data goes with --uninstall")
    settings = log_in(elasticsearch, api_key, username, ca)
    request = SetupRequest(
        elasticsearch=elasticsearch,
        settings=settings,
        only=tuple(only or ()),
        rollover=rollover,
        uninstall=uninstall,
        with_data=with_data,
        dry_run=dry_run,
        yes=yes,
    )
    try:
        code = asyncio.run(run_setup(request))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if isinstance(code, str):
        fail(code)
    raise typer.Exit(code)
