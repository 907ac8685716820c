"""``aoai-collector tap``: records as they pass."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from collector.commands.options import DataFolder, default_data_folder, fail, run_to_end
from collector.telemetry.plain_text import escape_json


def tap(
    data: DataFolder = None,
    category: Annotated[
        list[str] | None, typer.Option(help="Only records of this category; may be given more than once.")
    ] = None,
    deployment: Annotated[
        list[str] | None, typer.Option(help="Only records of this deployment; may be given more than once.")
    ] = None,
    count: Annotated[int | None, typer.Option(help="End after so many.", min=1, show_default=False)] = None,
) -> None:
    """Print records as they pass the collector on this machine, as its content policy lets them out, a line each.

    A sample where there are many: the collector waits for nobody, and how many are not shown is said on standard error.
    """
    from collector.agent.control_client import NoCollectorError  # noqa: PLC0415

    parameters = [("category", each) for each in category or ()] + [("deployment", each) for each in deployment or ()]
    try:
        run_to_end(_print_lines(data or default_data_folder(), parameters, count))
    except NoCollectorError as error:
        fail(str(error))


async def _print_lines(data: Path, parameters: Sequence[tuple[str, str]], count: int | None) -> None:
    from collector.agent.control_client import follow  # noqa: PLC0415

    shown = 0
    async with follow(data, "/tap", parameters) as lines:
        async for line in lines:
            if line.startswith(b'{"missed":'):
                typer.echo(f"{json.loads(line)['missed']} more passed and are not shown", err=True)
                continue
            typer.echo(escape_json(line.decode(errors="replace")))
            shown += 1
            if shown == count:
                return
