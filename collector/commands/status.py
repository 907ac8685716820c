"""``aoai-collector status``: its options."""

import json
import sys
from typing import Annotated

import typer

from collector.commands.options import INCOMPLETE, DataFolder, default_data_folder, fail, run_to_end
from collector.telemetry.plain_text import escape_json


def status(
    data: DataFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, and end.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Print the tables once, and end.")] = False,
) -> None:
    """Show what the collector on this machine does: outputs, inputs, partitions, lag, rates, last errors.

    At a terminal the tables are renewed each second until Ctrl-C. Exit code 0: every output and stream is healthy.
    3: one is not. 1: no collector answers.
    """
    from collector.agent.control_client import NoCollectorError, ask  # noqa: PLC0415
    from collector.commands.status_page import show_live, show_once  # noqa: PLC0415

    folder = data or default_data_folder()
    try:
        if as_json:
            report = run_to_end(ask(folder, "/status"))
            typer.echo(escape_json(json.dumps(report, indent=2, ensure_ascii=False)))
        elif once or not sys.stdout.isatty():
            report = run_to_end(show_once(folder))
        else:
            run_to_end(show_live(folder))
            return
    except NoCollectorError as error:
        fail(str(error))
    healthy = all(each["state"] == "healthy" for each in report["components"])
    raise typer.Exit(0 if healthy else INCOMPLETE)
