"""What `aoai-collector setup` cannot do is said with its fix, without a traceback and without a credential."""

from typing import Any

import pytest
from aiohttp import web
from plugins.http_server import listen
from plugins.setup_cluster import (
    ADMIN,
    CLUSTER_PRIVILEGES,
    INDEX_PRIVILEGES,
    Person,
    SetupCluster,
    run_setup,
    serving_setup,
)
from typer.testing import CliRunner, Result

from collector.cli import app

TEMPLATE = "logs-aoai.logs"
EVERYTHING = CLUSTER_PRIVILEGES | INDEX_PRIVILEGES


def told(result: Result) -> str:
    """The one line of a run that did not begin."""
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    return line


async def test_an_elasticsearch_that_is_too_old() -> None:
    async with serving_setup(SetupCluster(version="8.15.3")) as cluster:
        line = told(await run_setup(cluster))
        assert cluster.changes == []
    assert line.endswith("Elasticsearch 8.15.3 is too old. Upgrade it to 8.16 or later, or to 9.x")


async def test_a_login_that_is_refused() -> None:
    async with serving_setup(SetupCluster()) as cluster:
        line = told(await run_setup(cluster, person=Person("stranger", "canary-password")))
    assert "missing authentication credentials" in line
    assert "AOAI_SETUP_API_KEY in the environment, or --username with AOAI_SETUP_PASSWORD" in line


async def test_an_address_where_something_else_answers() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"name": "something", "version": {"number": "9.0.0"}})

    application = web.Application()
    application.router.add_get("/", answer)
    async with listen(application) as port:
        line = told(await run_setup(SetupCluster(port=port)))
    assert "not Elasticsearch" in line
    assert "Kibana's goes into --kibana" in line


async def test_an_address_where_nobody_answers(unused_tcp_port: int) -> None:
    line = told(await run_setup(SetupCluster(port=unused_tcp_port)))
    assert "the server does not answer" in line
    assert "Check address, port and proxy" in line


async def test_a_package_that_fleet_has_installed() -> None:
    cluster = SetupCluster()
    meta = {"package": {"name": "aoai"}, "managed_by": "fleet", "managed": True}
    cluster.stored["_index_template"][TEMPLATE] = {"index_patterns": ["logs-aoai.logs-*"], "_meta": meta}
    async with serving_setup(cluster):
        before = cluster.snapshot()
        installing = told(await run_setup(cluster))
        removing = told(await run_setup(cluster, "--uninstall", "--yes"))
        assert cluster.snapshot() == before
    assert "Fleet has installed the package aoai here" in installing
    assert "--fleet or in Kibana" in installing
    assert removing == installing


PRIVILEGES = {
    "manage_ingest_pipelines": "ingest-pipeline",
    "manage_index_templates": "index-template",
    "manage_security": "role",
    "manage_own_api_key": "api-key",
    "create_doc": "api-key",
}
"""A privilege, and a kind that needs it."""


@pytest.mark.parametrize("privilege", PRIVILEGES)
async def test_a_missing_privilege_is_named_with_a_role_that_has_it(privilege: str) -> None:
    person = Person("limited", "canary-password", EVERYTHING - {privilege})
    async with serving_setup(SetupCluster(people=(person,))) as cluster:
        before = cluster.snapshot()
        result = await run_setup(cluster, "--only", PRIVILEGES[privilege], person=person)
        assert cluster.snapshot() == before
    assert result.exit_code in {1, 3}
    assert privilege in result.output
    assert "superuser" in result.output


async def test_a_login_by_key_cannot_make_a_key_and_makes_the_rest() -> None:
    person = Person("limited", "canary-password", by_key=True)
    async with serving_setup(SetupCluster(people=(person,))) as cluster:
        result = await run_setup(cluster, person=person)
        assert TEMPLATE in cluster.stored["_index_template"]
        assert cluster.keys == []
    assert result.exit_code == 3
    assert "a login by API key cannot make a key that has privileges" in result.stdout
    assert "Log in with --username and AOAI_SETUP_PASSWORD, or leave it out with --only" in result.stdout


async def test_a_login_by_key_can_remove_a_key() -> None:
    person = Person("limited", "canary-password", by_key=True)
    cluster = SetupCluster(people=(ADMIN, person))
    async with serving_setup(cluster):
        assert (await run_setup(cluster, "--only", "api-key")).exit_code == 0
        result = await run_setup(cluster, "--only", "api-key", "--uninstall", "--yes", person=person)
        assert cluster.keys == []
    assert result.exit_code == 0


async def test_a_key_of_somebody_else_is_not_changed() -> None:
    cluster = SetupCluster()
    mark = {"managed_by": "aoai-collector"}
    key = {"id": "k", "username": "before-me", "name": "aoai-collector", "metadata": mark, "role_descriptors": {}}
    cluster.keys = [key]
    async with serving_setup(cluster):
        result = await run_setup(cluster)
        assert cluster.keys == [key]
    assert result.exit_code == 3
    assert "belongs to before-me" in result.stdout
    assert "Log in as before-me, or make another one with --only api-key" in result.stdout


async def test_a_cluster_that_is_read_only() -> None:
    async with serving_setup(SetupCluster(read_only=True)) as cluster:
        result = await run_setup(cluster, "--only", "ingest-pipeline")
    assert result.exit_code == 3
    assert "FORBIDDEN/6/cluster read-only (api)" in result.stdout
    assert "set cluster.blocks.read_only to null" in result.stdout


async def test_another_template_with_the_same_priority() -> None:
    cluster = SetupCluster()
    cluster.stored["_index_template"]["theirs"] = {
        "index_patterns": ["logs-aoai.logs-*"],
        "priority": 250,
        "composed_of": [],
    }
    async with serving_setup(cluster):
        result = await run_setup(cluster)
        assert "theirs" in cluster.stored["_index_template"]
    assert result.exit_code == 3
    assert "matching patterns from existing templates [theirs]" in result.stdout
    assert "Give that other template another priority, or delete it" in result.stdout


FOREIGN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "index template": (
        "_index_template",
        TEMPLATE,
        {"index_patterns": ["x-*"], "priority": 1, "composed_of": []},
    ),
    "component template": ("_component_template", "logs-aoai.logs@package", {"template": {}}),
    "role": ("_security/role", "aoai_collector", {"cluster": ["all"], "indices": []}),
}


@pytest.mark.parametrize("case", FOREIGN)
async def test_what_somebody_else_made_under_our_name_is_not_replaced(case: str) -> None:
    kind, name, body = FOREIGN[case]
    cluster = SetupCluster()
    cluster.stored[kind][name] = body
    async with serving_setup(cluster):
        result = await run_setup(cluster)
        assert cluster.stored[kind][name] == body
    assert result.exit_code == 3
    assert "one of this name is there that aoai-collector did not make" in result.stdout


async def test_neither_roles_nor_keys_can_be_had_without_security() -> None:
    async with serving_setup(SetupCluster(people=())) as cluster:
        line = told(await run_setup(cluster, "--only", "api-key"))
    assert "security is off, so there are neither roles nor API keys" in line


WRONG_OPTIONS = {
    "no address": ([], "give --elasticsearch URL, --kibana URL, or both"),
    "Fleet without Kibana": (["--elasticsearch", "http://a", "--fleet"], "needs --kibana URL"),
    "rules without Kibana": (["--elasticsearch", "http://a", "--with-rules"], "needs --kibana URL"),
    "connector without rules": (["--kibana", "http://a", "--connector", "x"], "go with --with-rules"),
    "data without removal": (["--elasticsearch", "http://a", "--with-data"], "--with-data goes with --uninstall"),
    "unknown kind": (["--elasticsearch", "http://a", "--only", "pipelines"], "is none of ingest-pipeline,"),
}


@pytest.mark.parametrize("case", WRONG_OPTIONS)
def test_options_that_do_not_go_together(case: str) -> None:
    options, words = WRONG_OPTIONS[case]
    result = CliRunner().invoke(app, ["setup", *options], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert words in result.stderr
