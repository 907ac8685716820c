"""Options that several commands share, and how a command runs and ends."""

import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from collector.telemetry.plain_text import make_printable

FAILED: Final = 1
WRONG_POLICY: Final = 2
INCOMPLETE: Final = 3
INTERRUPTED: Final = 130

UserName = Annotated[
    str | None,
    typer.Option(
        help="User name; its password is AOAI_SETUP_PASSWORD in the environment. Without one: the API key in "
        "AOAI_SETUP_API_KEY, if there is one."
    ),
]
Authority = Annotated[
    Path | None,
    typer.Option(help="PEM file of the authority that signed the cluster's certificate.", show_default=False),
]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data", help="The daemon's folder for local state.", show_default="~/.local/state/aoai-collector"),
]


def default_data_folder() -> Path:
    """Return where local state is kept unless told otherwise: the user's state directory."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "aoai-collector"


def fail(message: str) -> NoReturn:
    """End the command with one line on standard error."""
    typer.echo(f"error: {make_printable(message)}", err=True)
    raise typer.Exit(FAILED) from None


def run_to_end[T](work: Coroutine[Any, Any, T]) -> T:
    """Run it in an event loop and return what it returns; Ctrl-C ends the command."""
    import asyncio  # noqa: PLC0415 - a quarter of the time of `--help`, which has no use for it

    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
