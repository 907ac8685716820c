"""``aoai-collector completion``: commands and options at the Tab key."""

from enum import StrEnum
from typing import Annotated, Final

import typer
from typer.completion import (
    completion_init,  # pyright: ignore[reportPrivateImportUsage] - typer names it nowhere else
    get_completion_script,  # pyright: ignore[reportPrivateImportUsage] - as above
)

_PROGRAM: Final = "aoai-collector"
_VARIABLE: Final = "_AOAI_COLLECTOR_COMPLETE"
"""The script that is printed sets it and calls the program, which then answers with words (typer's protocol)."""

# Teaches typer each shell's way to ask; its own options for that would stand in the help, and edit the user's files.
completion_init()


class Shell(StrEnum):
    """What completion is there for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell to complete in.", show_default=False)],
) -> None:
    """Print the script that completes commands and options in a shell.

    Into this bash: source <(aoai-collector completion bash). Where it is kept for good, docs/install.md says.
    """
    typer.echo(get_completion_script(prog_name=_PROGRAM, complete_var=_VARIABLE, shell=shell.value))
