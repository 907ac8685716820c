"""Options that several commands share, and how a command ends."""

from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

FAILED: Final = 1
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


def fail(message: str) -> NoReturn:
    """End the command with one line on standard error."""
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(FAILED) from None
