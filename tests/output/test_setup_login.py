"""`aoai-collector setup` logs in as a policy would, and fails with one clear line."""

import asyncio
import base64
from dataclasses import dataclass, field
from typing import Any, override

import pytest
from aiohttp import web
from output.cluster_rig import INFO, Cluster, serving
from plugins.tls_server import REFUSALS, Certificates, TlsCase, serve_tls
from typer.testing import CliRunner, Result

from collector.cli import app

ENCODED = base64.b64encode(b"an-id:a-key").decode()


@dataclass
class TemplateCluster(Cluster):
    """Keeps what is installed, and answers as Elasticsearch does when it is asked for it."""

    stored: dict[str, Any] = field(default_factory=dict)

    @override
    async def answer(self, request: web.Request) -> tuple[dict[str, Any], int]:
        if self.status != 200:
            return await super().answer(request)
        if request.path == "/":
            return INFO, 200
        if request.method == "PUT":
            self.stored[request.path] = await request.json()
            return {"acknowledged": True}, 200
        *_, kind, pattern = request.path.split("/")
        folder = request.path.removesuffix(pattern)
        found = {path.removeprefix(folder): body for path, body in self.stored.items() if path.startswith(folder)}
        if not found:
            return {}, 404
        if kind == "pipeline":
            return found, 200
        return {f"{kind[1:]}s": [{"name": name, kind[1:]: body} for name, body in found.items()]}, 200


async def run_setup(*options: str, environment: dict[str, str] | None = None) -> Result:
    """The command beside the server of the test, in a thread of its own."""
    clean = {"AOAI_SETUP_API_KEY": None, "AOAI_SETUP_PASSWORD": None, **(environment or {})}
    return await asyncio.to_thread(CliRunner().invoke, app, ["setup", *options], env=clean)


def error_line(result: Result) -> str:
    """The one line on standard error of a command that failed."""
    assert (result.exit_code, result.stdout) == (1, "")
    [line] = result.stderr.splitlines()
    assert line.startswith("error: ")
    return line


LOGINS = {
    "API key encoded": ([], {"AOAI_SETUP_API_KEY": ENCODED}, f"ApiKey {ENCODED}"),
    "API key as the agent writes it": ([], {"AOAI_SETUP_API_KEY": "an-id:a-key"}, f"ApiKey {ENCODED}"),
    "user": (
        ["--username", "elastic"],
        {"AOAI_SETUP_PASSWORD": "secret"},
        f"Basic {base64.b64encode(b'elastic:secret').decode()}",
    ),
    "none": ([], {}, None),
}


@pytest.mark.parametrize("login", LOGINS)
async def test_assets_are_installed_with_this_login(login: str, certificates: Certificates) -> None:
    options, environment, expected = LOGINS[login]
    cluster = TemplateCluster()
    async with serving(certificates.serve(), cluster):
        ca = ("--ca", str(certificates.ca_path))
        result = await run_setup("--elasticsearch", cluster.url, *ca, *options, environment=environment)

    assert result.exit_code == 0, result.output
    assert any(path.startswith("/_index_template/logs-aoai.logs") for path in cluster.stored)
    assert cluster.authorizations == {expected}


WRONG_OPTIONS: dict[str, tuple[list[str], str]] = {
    "scheme": (["--elasticsearch", "ftp://a"], "--elasticsearch: the value is not a web address"),
    "credentials in the address": (
        ["--elasticsearch", "https://u:canary@a"],
        "--elasticsearch: the address holds a user name or a password",
    ),
    "password": (["--elasticsearch", "https://a", "--username", "u"], "set AOAI_SETUP_PASSWORD in the environment"),
    "CA file": (["--elasticsearch", "https://a", "--ca", "/nowhere/ca.pem"], "No such file or directory"),
    "CA without TLS": (
        ["--elasticsearch", "http://a", "--ca", "/nowhere/ca.pem"],
        "--ca is given, but no host has https://",
    ),
}


@pytest.mark.parametrize("case", WRONG_OPTIONS)
async def test_a_wrong_option_is_explained_in_one_line(case: str) -> None:
    options, words = WRONG_OPTIONS[case]
    line = error_line(await run_setup(*options))
    assert words in line
    assert "canary" not in line


async def test_a_key_that_is_none_is_explained_in_one_line() -> None:
    line = error_line(await run_setup("--elasticsearch", "https://a", environment={"AOAI_SETUP_API_KEY": "canary"}))
    assert "the API key: is neither id:key nor an encoded API key" in line
    assert "canary" not in line


async def test_two_logins_exclude_each_other() -> None:
    environment = {"AOAI_SETUP_API_KEY": "id:canary", "AOAI_SETUP_PASSWORD": "canary"}
    line = error_line(await run_setup("--elasticsearch", "https://a", "--username", "u", environment=environment))
    assert "two ways to log in" in line
    assert "canary" not in line


async def test_a_login_that_is_refused_is_told_in_one_line(certificates: Certificates) -> None:
    async with serving(certificates.serve(), TemplateCluster(status=401)) as cluster:
        options = ("--elasticsearch", cluster.url, "--ca", str(certificates.ca_path))
        line = error_line(await run_setup(*options, environment={"AOAI_SETUP_API_KEY": "id:canary"}))
    assert "security_exception: refused (status 401)" in line
    assert "canary" not in line


@pytest.mark.parametrize("case", REFUSALS, ids=str)
async def test_a_server_that_must_be_refused_gets_no_credential(case: TlsCase, certificates: Certificates) -> None:
    async with serve_tls(case, certificates) as server:
        options = ("--elasticsearch", server.url, "--ca", str(certificates.ca_path))
        error_line(await run_setup(*options, environment={"AOAI_SETUP_API_KEY": "id:canary"}))
    assert server.diverted == b""
    if not case.redirects:
        assert b"uthorization" not in server.received


async def test_an_authority_that_is_not_known_is_told_with_what_to_do(certificates: Certificates) -> None:
    async with serving(certificates.serve(), TemplateCluster()) as cluster:
        line = error_line(await run_setup("--elasticsearch", cluster.url))
    assert "--ca for setup" in line
