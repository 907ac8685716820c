"""Options that several commands share, and how a command ends."""

import os
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

FAILED: Final = 1
WRONG_POLICY: Final = 2
INCOMPLETE: Final = 3
INTERRUPTED: Final = 130

ApiKey = Annotated[
    str | None,
    typer.Option(
        envvar="AOAI_SETUP_API_KEY",
        help="API key, as id:key or encoded; better given in the environment.",
        show_default=False,
    ),
]
UserName = Annotated[
    str | None,
    typer.Option(help="User name, in place of an API key; its password is AOAI_SETUP_PASSWORD in the environment."),
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
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(FAILED) from None
