"""``aoai-collector diagnostics``: one archive for a ticket."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from collector.commands.options import FAILED, DataFolder, default_data_folder, fail, run_to_end

_OWNER_ONLY: Final = 0o600
_EXPLANATION: Final = """Diagnostics of an aoai-collector, made by `aoai-collector diagnostics`.

policy.yml       the policy in force, secrets masked, defaults filled in
status.json      what `aoai-collector status --json` tells
metrics.txt      the page /metrics
log.ndjson       the last lines of the log
tasks.txt        where each asyncio task stands in the code
threads.txt      where each thread stands in the code
platform.json    versions, system, limits; names of environment variables, no values
data-folder.txt  names and sizes of the files in the data folder

No secret and nothing of a record is meant to be here. Names of hosts, hubs and resources are: look through it before
you hand it to somebody.
"""


def diagnostics(
    data: DataFolder = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The archive to write.", show_default="aoai-diagnostics-TIME.zip in this folder"),
    ] = None,
) -> None:
    """Write one archive for a ticket: status, masked policy, recent log, tasks, versions. No secrets, no records.

    Exit code 0: it holds what a running collector told. 1: none answered, so it holds only what can be seen without.
    """
    from collector.agent.control_client import NoCollectorError, ask  # noqa: PLC0415
    from collector.agent.diagnostics import describe_platform, list_folder  # noqa: PLC0415

    folder = data or default_data_folder()
    path = out or Path(f"aoai-diagnostics-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip")
    failure: str | None = None
    try:
        texts = run_to_end(ask(folder, "/diagnostics"))
    except NoCollectorError as error:
        failure = str(error)
        texts = {
            "failure.txt": failure,
            "platform.json": json.dumps(describe_platform(), indent=2),
            "data-folder.txt": "\n".join(list_folder(folder)),
        }
    try:
        _write(path, texts)
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}")
    typer.echo(path)
    if failure is not None:
        typer.echo(f"error: {failure}", err=True)
        raise typer.Exit(FAILED)


def _write(path: Path, texts: Mapping[str, str]) -> None:
    from zipfile import ZIP_DEFLATED, ZipFile  # noqa: PLC0415

    path.touch(mode=_OWNER_ONLY)
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _EXPLANATION)
        for name, text in texts.items():
            archive.writestr(name, text)
