"""``aoai-collector check``: its options."""

import os
from pathlib import Path
from typing import Annotated

import typer

from collector.commands.options import (
    INTERRUPTED,
    WRONG_POLICY,
    Authority,
    DataFolder,
    UserName,
    default_data_folder,
)


def check(  # noqa: PLR0913, PLR0917 - each of them is an option
    policy: Annotated[
        Path, typer.Option("--policy", help="The Elastic Agent policy to look at, a YAML file.", show_default=False)
    ],
    data: DataFolder = None,
    kibana: Annotated[
        str | None,
        typer.Option(help="URL of Kibana, to look at it too; its login is that of setup.", show_default=False),
    ] = None,
    space: Annotated[str, typer.Option(help="Kibana's space.")] = "default",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")] = False,
    username: UserName = None,
    ca: Authority = None,
) -> None:
    """Say in under 30 s whether this host can do what the policy asks for, and how to mend what is wrong.

    Asks every server that the policy names, and writes nothing anywhere. Exit code 0: nothing failed, though there may
    be warnings. 1: something failed. 2: the policy itself is wrong.
    """
    from collector.check import explain_policy, list_probes  # noqa: PLC0415
    from collector.commands.check_run import run_check, show  # noqa: PLC0415
    from collector.commands.login import find_credentials, log_in_to_kibana  # noqa: PLC0415
    from collector.policy import PolicyError, load_policy  # noqa: PLC0415
    from collector.telemetry.logs import configure_logs  # noqa: PLC0415

    configure_logs(level="critical")
    login = log_in_to_kibana(kibana, username, ca) if kibana else None
    setup_login = find_credentials(username)
    try:
        loaded = load_policy(policy, os.environ)
    except PolicyError as error:
        show(explain_policy(error), as_json=as_json)
        raise typer.Exit(WRONG_POLICY) from None
    try:
        probes = list_probes(loaded, data or default_data_folder(), login, space, setup_login)
        code = run_check(probes, as_json=as_json)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(code)
