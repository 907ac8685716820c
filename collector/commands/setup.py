"""``aoai-collector setup``: its options."""

from typing import Annotated

import typer

from collector.assets.setup.kinds import Kind
from collector.commands.options import Authority, UserName, fail, run_to_end


def parse_kind(text: str) -> Kind:
    """Read a kind as ``--only`` takes it."""
    for kind in Kind:
        if text in {kind.option, kind.value}:
            return kind
    raise typer.BadParameter(f"{text!r} is none of {', '.join(kind.option for kind in Kind)}")


def setup(  # noqa: PLR0913, PLR0917 - each of them is an option
    elasticsearch: Annotated[
        str | None, typer.Option(help="URL of the cluster, such as https://localhost:9200.", show_default=False)
    ] = None,
    kibana: Annotated[
        str | None, typer.Option(help="URL of Kibana, such as https://localhost:5601.", show_default=False)
    ] = None,
    space: Annotated[str, typer.Option(help="Kibana's space for dashboards, rules and SLOs.")] = "default",
    fleet: Annotated[
        bool, typer.Option("--fleet", help="Give Fleet the package, in place of pipelines, templates and dashboards.")
    ] = False,
    only: Annotated[
        list[Kind] | None,
        typer.Option(
            parser=parse_kind,
            metavar="KIND",
            help="Only this kind, such as index-template; may be given more than once.",
        ),
    ] = None,
    with_rules: Annotated[bool, typer.Option("--with-rules", help="Alert rules, too.")] = False,
    connector: Annotated[
        str | None,
        typer.Option(help="With --with-rules: id of the connector that alerts go to.", show_default=False),
    ] = None,
    overwrite_rules: Annotated[
        bool, typer.Option("--overwrite-rules", help="With --with-rules: take back what somebody changed in a rule.")
    ] = False,
    with_slos: Annotated[
        bool, typer.Option("--with-slos", help="SLOs, too; where the licence has none, rules for error budgets.")
    ] = False,
    with_ml: Annotated[bool, typer.Option("--with-ml", help="Anomaly jobs, too.")] = False,
    rollover: Annotated[
        bool, typer.Option("--rollover", help="Roll over the data streams that lack something of new templates.")
    ] = False,
    uninstall: Annotated[
        bool, typer.Option("--uninstall", help="Remove what is ours; documents stay, and what they were made from.")
    ] = False,
    with_data: Annotated[
        bool, typer.Option("--with-data", help="With --uninstall: delete our data streams and their documents, too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; without a terminal --uninstall needs it.")] = False,
    username: UserName = None,
    ca: Authority = None,
) -> None:
    """Install pipelines, templates, roles, the collector's API key, and dashboards. Changes only what differs.

    The addresses say where to install. Exit code 0: all is as it should be. 3: something was refused, and is said with
    its fix. 1: nothing was done.
    """
    from collector.assets.setup.wishes import ElasticsearchWishes, KibanaWishes  # noqa: PLC0415
    from collector.commands.login import log_in, log_in_to_kibana  # noqa: PLC0415
    from collector.commands.setup_run import SetupRequest, run_setup  # noqa: PLC0415

    on_request = with_rules or with_slos or with_ml
    _check(elasticsearch or kibana, "give --elasticsearch URL, --kibana URL, or both")
    _check(kibana or not (fleet or on_request), "--fleet and all that begins with --with needs --kibana URL")
    _check(with_rules or not (connector or overwrite_rules), "--connector and --overwrite-rules go with --with-rules")
    _check(uninstall or not with_data, "--with-data goes with --uninstall")
    kinds = tuple(only or ())
    renewing = kinds == (Kind.API_KEY,) and not uninstall
    request = SetupRequest(
        elasticsearch=(elasticsearch, log_in(elasticsearch, username, ca)) if elasticsearch else None,
        kibana=log_in_to_kibana(kibana, username, ca) if kibana else None,
        space=space,
        in_elasticsearch=ElasticsearchWishes(rollover, another_key=renewing, with_data=with_data, fleet=fleet),
        in_kibana=KibanaWishes(with_rules, connector, with_slos, with_ml, overwrite_rules),
        only=kinds,
        uninstall=uninstall,
        dry_run=dry_run,
        yes=yes,
    )
    code = run_to_end(run_setup(request))
    if isinstance(code, str):
        fail(code)
    raise typer.Exit(code)


def _check(right: object, otherwise: str) -> None:
    if not right:
        raise typer.BadParameter(otherwise)
