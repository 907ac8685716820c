"""The command line, ``aoai-collector``.

Promise: ``--help`` answers a newcomer; a wrong policy ends with exit code 2 and every mistake named; no command prints
a traceback for what a user or a server did. Imports lie inside the commands, so that ``--help`` needs none of them.
"""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from collector import __version__
from collector.commands.check import check
from collector.commands.completion import completion
from collector.commands.diagnostics import diagnostics
from collector.commands.fleet import agent_component, install_component
from collector.commands.options import (
    FAILED,
    INCOMPLETE,
    WRONG_POLICY,
    Authority,
    UserName,
    default_data_folder,
    fail,
    run_to_end,
)
from collector.commands.setup import setup
from collector.commands.status import status
from collector.commands.tap import tap
from collector.telemetry.plain_text import make_printable

if TYPE_CHECKING:
    from collector.emulators.event_hubs import Hub
    from collector.policy import Policy

app = typer.Typer(
    name="aoai-collector",
    help="Azure OpenAI logs from Event Hubs into Elasticsearch: nothing lost, nothing doubled.",
    epilog="Start with: aoai-collector setup --elasticsearch URL, then: aoai-collector run --policy FILE",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
emulate = typer.Typer(
    help="Stand-ins for Azure services on this machine, for trying out and for tests.", no_args_is_help=True
)
app.add_typer(emulate, name="emulate")
replay = typer.Typer(help="Send again what was read before, under the same ids.", no_args_is_help=True)
app.add_typer(replay, name="replay")


def _print_version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


@app.callback()
def take_options(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before a command."""


class LogLevel(StrEnum):
    """How much the log says."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


PolicyFile = Annotated[
    Path, typer.Option("--policy", help="The Elastic Agent policy to follow, a YAML file.", show_default=False)
]


@app.command()
def run(
    policy: PolicyFile,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder for local state: checkpoints and refused dead letters.",
            show_default="~/.local/state/aoai-collector",
        ),
    ] = None,
    log_level: Annotated[LogLevel, typer.Option(help="How much the log says.")] = LogLevel.INFO,
    worker: Annotated[int | None, typer.Option(hidden=True, help="Be this worker of the supervisor.")] = None,
) -> None:
    """Collect until stopped: read event hubs, deliver to Elasticsearch, keep checkpoints.

    SIGTERM and Ctrl-C drain what is under way and write checkpoints; a second one leaves at once. A policy that changes
    in its file is taken over, at SIGHUP at once; one with mistakes is refused, and the one before stays in force.
    """
    from collector.state.checkpoint_file import StateInUseError
    from collector.telemetry.logs import configure_logs

    recent, folder = configure_logs(level=log_level.value, worker=worker), data or default_data_folder()
    if worker is None:
        from collector.agent.standalone import supervise

        running = supervise(_load(policy), policy, folder, recent)
    else:
        from collector.agent.workers.worker import work

        running = work(worker, policy, folder, recent)
    try:
        code = run_to_end(running)
    except StateInUseError as error:
        fail(str(error))
    except OSError as error:
        fail(f"the collector cannot start: {error}")
    raise typer.Exit(code)


app.command()(setup)
app.command()(check)
app.command()(status)
app.command()(tap)
app.command()(diagnostics)
app.command("agent-component", hidden=True)(agent_component)
app.command("install-component")(install_component)
app.command()(completion)


@app.command()
def config(policy: PolicyFile) -> None:
    """Print the effective policy: variables resolved, defaults filled in, secrets masked."""
    from collector.policy import render_effective

    loaded = _load(policy)
    typer.echo(render_effective(loaded), nl=False)
    for note in loaded.notes:
        typer.echo(f"note: {make_printable(note)}", err=True)


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Process a fixed, seeded amount, print the summary and end.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed makes the same traffic.")] = 7,
    records: Annotated[
        int, typer.Option(help="How many records lie in the hub when the daemon starts.", min=1)
    ] = 20_000,
    page: Annotated[Path, typer.Option(help="Where to write the dashboards at the end.")] = Path("dist/demo.html"),
) -> None:
    """Show the main job on this machine: engine, event hub, daemon and live summary. Needs no Azure and no Docker."""
    from rich.console import Console

    from collector.demo.run import run_demo

    raise typer.Exit(run_demo(once=once, seed=seed, records=records, console=Console(), page=page))


@app.command()
def gaps(
    policy: PolicyFile,
    data: Annotated[
        Path | None,
        typer.Option(help="The daemon's folder for local state.", show_default="~/.local/state/aoai-collector"),
    ] = None,
    stream: Annotated[str | None, typer.Option(help="Only this stream of metrics.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show gaps that were closed, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the minutes of metrics that stayed empty, each with its reason: open, lost, or restated by Azure.

    Reads only, also while a collector works on the same folder or container.
    """
    loaded = _load(policy)
    from rich.console import Console

    from collector.agent.gaps_command import GapsRequest, GapsUnreadableError, show_gaps

    request = GapsRequest(data or default_data_folder(), stream, everything, as_json)
    try:
        run_to_end(show_gaps(loaded, request, Console()))
    except GapsUnreadableError as error:
        fail(str(error))


@app.command()
def build(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; name each file that a build would change, and exit with 1.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for the archive.")] = Path("dist"),
) -> None:
    """Build the Elastic package: integration/ from its sources, and the archive that Kibana installs.

    For a checkout of the project.
    """
    from collector.assets.errors import AssetError
    from collector.assets.files import package_root
    from collector.assets.package.archive import pack
    from collector.assets.package.building import build_package, find_changes

    try:
        root = package_root()
        changes = find_changes(root) if check else build_package(root)
        name, content = pack(root)
        if not check:
            out.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(content)
    except AssetError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename} cannot be written: {error.strerror}")
    for change in changes:
        typer.echo(str(change), err=check)
    if check:
        raise typer.Exit(FAILED if changes else 0)
    typer.echo(f"{out / name}: {len(content):,} bytes")


@app.command()
def preview(  # noqa: PLR0913, PLR0917 - each of them is an option
    elasticsearch: Annotated[str, typer.Option(help="URL of the cluster.")] = "http://localhost:9200",
    dashboard: Annotated[
        list[str] | None, typer.Option(help="Id of a dashboard, such as aoai-overview; all of them without it.")
    ] = None,
    start: Annotated[str, typer.Option("--from", help="Start: 2026-03-10T09:00, or now-24h; in UTC.")] = "now-24h",
    end: Annotated[str, typer.Option("--to", help="End, written as the start.")] = "now",
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("preview.html"),
    png: Annotated[
        Path | None, typer.Option(help="Folder for pictures of each dashboard, light and dark.", show_default=False)
    ] = None,
    username: UserName = None,
    ca: Authority = None,
) -> None:
    """Draw the package's dashboards from live data, as one HTML page that needs no Kibana and no network."""
    from collector.commands.login import log_in

    settings = log_in(elasticsearch, username, ca)
    try:
        from collector.preview.command import PreviewError, write_preview
    except ModuleNotFoundError as error:
        fail(f"{error.name} is missing: install azure-openai-collector[preview]")
    try:
        for path in write_preview(settings, dashboard or (), (start, end), out, png):
            typer.echo(path)
    except PreviewError as error:
        fail(str(error))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"aoai-collector {__version__}")


@replay.command("dead-letters")
def replay_dead_letters(  # noqa: PLR0913, PLR0917 - one for each option
    policy: PolicyFile,
    data: Annotated[
        Path | None,
        typer.Option(help="The daemon's folder for local state.", show_default="~/.local/state/aoai-collector"),
    ] = None,
    output: Annotated[
        str | None, typer.Option(help="Output of the policy; needed when there are several.", show_default=False)
    ] = None,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only records meant for this data set; may be given more than once.")
    ] = None,
    reason: Annotated[
        list[str] | None, typer.Option(help="Only letters with this event.reason; may be given more than once.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only records enqueued since then: 2h, 7d, or a time in ISO 8601.")
    ] = None,
    from_file: Annotated[
        list[Path] | None, typer.Option(help="Read this file in place of the data streams and the local file.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")] = False,
) -> None:
    """Send dead letters again after a fix, into the data streams that they were meant for.

    A record that is there already is not written again. Exit code 0: each is where it belongs. 3: some were refused
    again, or hold no record. 1: it could not be done.
    """
    loaded = _load(policy)
    from collector.agent.replay_command import ReplayRequest, WrongRequestError, replay_letters
    from collector.telemetry.logs import configure_logs

    configure_logs(level="warning")
    request = ReplayRequest(
        data or default_data_folder(), output, dataset or [], reason or [], since, from_file or [], dry_run
    )
    try:
        complete = run_to_end(replay_letters(loaded, request))
    except WrongRequestError as error:
        raise typer.BadParameter(str(error)) from error
    except OSError as error:
        fail(str(error))
    if isinstance(complete, str):
        fail(complete)
    raise typer.Exit(0 if complete else INCOMPLETE)


@emulate.command("event-hubs")
def event_hubs(
    hub: Annotated[list[str], typer.Option(help="NAME or NAME:PARTITIONS; may be given more than once.")] = ["hub:4"],  # noqa: B006 - typer copies it
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 5672,
) -> None:
    """Serve event hubs over AMQP 1.0 until Ctrl-C; any Azure SDK can connect with the connection string it prints."""
    from collector.emulators.event_hubs.command import serve

    hubs = [_parse_hub(text) for text in hub]
    try:
        run_to_end(serve(hubs, host, port, typer.echo))
    except OSError as error:
        fail(f"cannot listen on {host}:{port}: {error.strerror}")


ClientId = Annotated[str, typer.Option(help="The application that may log in.")]
ClientSecret = Annotated[str, typer.Option(help="Its secret.")]
ListenAt = Annotated[str, typer.Option(help="Address to listen on.")]
_EMULATED_CLIENT: Final = "22222222-2222-4222-8222-222222222222"
_EMULATED_SECRET: Final = "emulated"  # noqa: S105 - of an emulator, and no secret


@emulate.command("entra")
def entra(
    client_id: ClientId = _EMULATED_CLIENT,
    client_secret: ClientSecret = _EMULATED_SECRET,
    host: ListenAt = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 18443,
) -> None:
    """Serve logins of Entra ID over TLS until Ctrl-C; print the keys of a stream that lead there."""
    from collector.emulators.entra import Application
    from collector.emulators.entra.command import serve

    try:
        run_to_end(serve(Application(client_id, client_secret), host, port, typer.echo))
    except OSError as error:
        fail(f"cannot listen on {host}:{port}: {error.strerror}")


@emulate.command("azure-monitor")
def azure_monitor(  # noqa: PLR0913, PLR0917 - each of them is an option
    client_id: ClientId = _EMULATED_CLIENT,
    client_secret: ClientSecret = _EMULATED_SECRET,
    host: ListenAt = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            help="Port of the login host; Resource Manager and the metrics have the next two. 0 takes free ones.",
            min=0,
            max=65533,
        ),
    ] = 18443,
    accounts: Annotated[int, typer.Option(help="How many accounts there are.", min=1, max=1000)] = 3,
    seed: Annotated[int, typer.Option(help="The same seed gives the same values.")] = 7,
    late: Annotated[float, typer.Option(help="Share of values that come late.", min=0, max=1)] = 0.0,
    restated: Annotated[float, typer.Option(help="Share of values that are corrected later.", min=0, max=1)] = 0.0,
    missing: Annotated[float, typer.Option(help="Share of values that never come.", min=0, max=1)] = 0.0,
) -> None:
    """Serve metrics of made-up accounts over TLS until Ctrl-C; print the keys of a stream that lead there.

    Its login host is in it: tokens of another one are not good here.
    """
    from collector.emulators.azure_monitor import Arrival
    from collector.emulators.azure_monitor.command import Ports, serve
    from collector.emulators.entra import Application

    ports = Ports(port, port and port + 1, port and port + 2)
    arrival = Arrival(seed, late=late, restated=restated, missing=missing)
    application = Application(client_id, client_secret)
    try:
        run_to_end(serve(application, host, ports, typer.echo, accounts=accounts, arrival=arrival))
    except OSError as error:
        fail(f"cannot listen: {error.strerror}")


@emulate.command("kibana")
def kibana(  # noqa: PLR0913, PLR0917 - each of them is an option
    username: Annotated[str, typer.Option(help="The user who may do everything.")] = "elastic",
    password: Annotated[str, typer.Option(help="The user's password.")] = _EMULATED_SECRET,
    host: ListenAt = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 5601,
    version: Annotated[str, typer.Option(help="The version of Kibana to be.")] = "9.2.1",
    licence: Annotated[str, typer.Option(help="basic, standard, gold, platinum, enterprise or trial.")] = "basic",
) -> None:
    """Serve Kibana's API, as far as `setup` uses it, until Ctrl-C; print the options of `setup` that lead there."""
    from collector.emulators.kibana import Instance, Licence
    from collector.emulators.kibana.command import Superuser, serve

    if licence not in set(Licence):
        raise typer.BadParameter(f"{licence!r} is none of {', '.join(Licence)}")
    instance = Instance(version=version, licence=Licence(licence))
    try:
        run_to_end(serve(instance, Superuser(username, password), host, port, typer.echo))
    except OSError as error:
        fail(f"cannot listen on {host}:{port}: {error.strerror}")


def _parse_hub(text: str) -> "Hub":
    from collector.emulators.event_hubs import Hub

    name, _, partitions = text.partition(":")
    if not name or not (partitions or "4").isdecimal():
        raise typer.BadParameter(f"{text!r} is not NAME or NAME:PARTITIONS, such as hub:4")
    try:
        return Hub(name, int(partitions or "4"))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _load(path: Path) -> "Policy":
    from collector.policy import PolicyError, load_policy

    try:
        return load_policy(path, os.environ)
    except PolicyError as error:
        for problem in error.problems:
            typer.echo(make_printable(problem.render()), err=True)
        raise typer.Exit(WRONG_POLICY) from None


def main() -> None:
    """Run the command line."""
    sys.exit(app())
