"""``aoai-collector install-component``, and ``agent-component``, which an Elastic Agent starts."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

import typer

from collector.commands.options import fail, run_to_end

_WITHOUT_EXTRA: Final = "elastic-agent-client is missing: install azure-openai-collector[fleet]"
_DATA_FOLDER: Final = "path.data="


def agent_component(
    setting: Annotated[
        list[str] | None, typer.Option("-E", metavar="KEY=VALUE", help="path.data=FOLDER; others are passed over.")
    ] = None,
) -> None:
    """Collect what an Elastic Agent asks for. The agent starts it and says on standard input how to reach it."""
    # gRPC's own lines are no JSON and would stand in the agent's log as errors.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        from collector.agent.component.run import run_component  # noqa: PLC0415
        from collector.agent.component.start_up import StartUpError, read_start_up  # noqa: PLC0415
    except ModuleNotFoundError:
        fail(_WITHOUT_EXTRA)
    from collector.telemetry.logs import configure_logs  # noqa: PLC0415

    folders = [text.removeprefix(_DATA_FOLDER) for text in setting or () if text.startswith(_DATA_FOLDER)]
    try:
        info = read_start_up(sys.stdin.buffer.read())
    except StartUpError as error:
        fail(str(error))
    configure_logs(level="info")
    raise typer.Exit(run_to_end(run_component(info, Path(folders[-1] if folders else ".") / "aoai-collector")))


def install_component(
    agent: Annotated[Path, typer.Option(help="Folder that the Elastic Agent is installed in.")] = Path(
        "/opt/Elastic/Agent"
    ),
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Take it out again.")] = False,
) -> None:
    """Put the collector beside the programs of an Elastic Agent, so that Fleet can configure it.

    Run it again after each upgrade of the agent or of the collector.
    """
    from collector.agent.component import installation  # noqa: PLC0415

    if not uninstall and find_spec("elastic_agent_client") is None:
        fail(_WITHOUT_EXTRA)
    try:
        if uninstall:
            changed = installation.uninstall_component(agent)
        else:
            changed = installation.install_component(agent, (sys.executable, "-m", "collector"))
    except installation.InstallationError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    for path in changed:
        typer.echo(f"{'removed' if uninstall else 'written'} {path}")
    typer.echo("Restart the agent: elastic-agent restart" if changed else "Nothing to do.")
