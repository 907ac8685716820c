"""How `setup` finds Kibana: what is there, whether it may be trusted, whether the login and the space are right."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from plugins.http_server import listen
from plugins.kibana import ADMIN, KibanaRig, open_kibana_rig
from plugins.tls_server import ACCEPTED, REFUSALS, TlsCase, serve_tls

from collector.assets.setup.kibana import Kibana, open_kibana
from collector.assets.setup.refusal import RefusalError
from collector.assets.setup.wishes import Login
from collector.emulators.kibana import Instance, Licence, User
from collector.policy.secret import Secret

if TYPE_CHECKING:
    from plugins.tls_server import Certificates

KEY = "id:canary-key"
SERVICE = User("service", api_key=KEY, superuser=True)


def log_in(url: str, password: str | None = ADMIN.password, authority: Path | None = None) -> Login:
    return Login(url, username=ADMIN.name, password=Secret(password or ""), authority=authority)


async def refuse(login: Login, space: str = "default") -> RefusalError:
    """Return why Kibana cannot be opened."""
    with pytest.raises(RefusalError) as caught:
        async with open_kibana(login, space):
            pass
    assert "canary" not in str(caught.value)
    return caught.value


@asynccontextmanager
async def serve(status: int, text: str, **headers: str) -> AsyncIterator[str]:
    """Something that is no Kibana; yields its address."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=text, headers=headers, content_type="application/json")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with listen(application) as port:
        yield f"http://localhost:{port}"


async def test_an_opened_kibana_knows_its_space_and_licence() -> None:
    async with (
        open_kibana_rig(Instance(licence=Licence.GOLD)) as rig,
        open_kibana(log_in(rig.emulator.url), "default") as kibana,
    ):
        assert (kibana.space, kibana.licence, kibana.has_platinum) == ("default", "gold", False)


@pytest.mark.parametrize("key", [KEY, "aWQ6Y2FuYXJ5LWtleQ=="], ids=["id and key", "encoded"])
async def test_an_api_key_may_be_written_either_way(key: str) -> None:
    async with (
        open_kibana_rig(users=[SERVICE]) as rig,
        open_kibana(Login(rig.emulator.url, api_key=Secret(key)), "default"),
    ):
        assert rig.emulator.journal[0].user == "service"


async def test_looking_changes_nothing(kibana: KibanaRig) -> None:
    async with open_kibana(log_in(kibana.emulator.url), "default"):
        pass

    assert kibana.emulator.changes == []


async def test_a_wrong_password_is_refused_with_the_fix(kibana: KibanaRig) -> None:
    refusal = await refuse(log_in(kibana.emulator.url, password="canary-wrong"))

    assert refusal.what == "Kibana does not know this login (status 401)"
    assert refusal.fix == "Check the API key, or the user name and its password"


async def test_without_a_login_kibana_tells_too_little(kibana: KibanaRig) -> None:
    refusal = await refuse(Login(kibana.emulator.url))

    assert refusal.what == "Kibana tells its version to users only"
    assert "AOAI_SETUP_API_KEY" in refusal.fix


@pytest.mark.parametrize(
    ("version", "refused"), [("8.15.9", True), ("7.17.29", True), ("8.16.0", False), ("9.2.1", False)]
)
async def test_a_kibana_older_than_the_dashboards_is_refused(version: str, refused: bool) -> None:
    async with open_kibana_rig(Instance(version=version)) as rig:
        if refused:
            refusal = await refuse(log_in(rig.emulator.url))
            assert (refusal.what, refusal.fix) == (f"Kibana {version} is too old", "Update it to 8.16 or later")
        else:
            async with open_kibana(log_in(rig.emulator.url), "default"):
                pass


async def test_a_kibana_that_is_not_up_is_told_with_its_level() -> None:
    async with open_kibana_rig(Instance(level="unavailable")) as rig:
        refusal = await refuse(log_in(rig.emulator.url))

    assert refusal.what == "Kibana is unavailable"


async def test_a_space_that_there_is_not_is_refused_with_those_there_are(kibana: KibanaRig) -> None:
    await kibana.call("POST", "/api/spaces/space", {"id": "ops", "name": "Operations"})
    refusal = await refuse(log_in(kibana.emulator.url), "opps")

    assert refusal.what == "there is no space opps, or this login may not enter it"
    assert refusal.fix.endswith("It may enter: default, ops")


async def test_a_space_that_the_login_may_not_enter_is_refused() -> None:
    user = User("half", password="canary-password", privileges={"ops": ["dashboard.all"]})
    instance = Instance()
    instance.spaces["ops"] = {"id": "ops", "name": "Operations"}
    async with open_kibana_rig(instance, users=[user]) as rig:
        login = Login(rig.emulator.url, username="half", password=Secret("canary-password"))
        refusal = await refuse(login)
        async with open_kibana(login, "ops") as kibana:
            assert kibana.space == "ops"

    assert refusal.fix.endswith("It may enter: ops")


async def test_the_address_of_elasticsearch_is_recognised() -> None:
    text = '{"error":"no handler found for uri [/api/status] and method [GET]"}'
    async with serve(400, text) as url:
        refusal = await refuse(log_in(url))

    assert refusal.what == "this is Elasticsearch, not Kibana"
    assert "5601" in refusal.fix


async def test_a_redirect_is_told_and_not_followed() -> None:
    async with serve(302, "", Location="/base") as url:
        refusal = await refuse(log_in(url))

    assert refusal.what == "it sends us to /base"


async def test_something_else_is_refused_by_its_status() -> None:
    async with serve(200, "<html>") as url:
        refusal = await refuse(log_in(url))

    assert refusal.what == "this is not Kibana: it answered with status 200"


@pytest.mark.parametrize("status", [502, 520])
async def test_an_answer_of_a_proxy_is_told_by_its_status(status: int) -> None:
    async with serve(status, "<html>") as url, aiohttp.ClientSession() as session:
        reply = await Kibana(session, url).get("/api/alerting/rule_types")

    assert str(reply.refuse("alert rules", "Run this again")) == (
        f"alert rules: it answered with status {status}. Run this again"
    )


async def test_where_nobody_listens_the_address_is_doubted() -> None:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    refusal = await refuse(log_in(f"http://localhost:{port}"))

    assert refusal.what.startswith("it cannot be reached: ")
    assert refusal.fix == "Check the address, and whether Kibana runs there"


@pytest.mark.parametrize("url", ["localhost:5601", "ftp://localhost", "https://elastic:canary@localhost:5601"])
async def test_an_address_that_is_none_or_holds_a_credential_is_refused(url: str) -> None:
    assert (await refuse(log_in(url))).where == "--kibana"


async def test_an_authority_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    refusal = await refuse(log_in("https://localhost:1", authority=tmp_path / "none.pem"))

    assert refusal.where == "--ca"


@pytest.mark.parametrize("case", [each for each in REFUSALS if not each.redirects], ids=str)
async def test_a_server_that_cannot_be_trusted_never_sees_the_login(
    case: TlsCase, certificates: "Certificates"
) -> None:
    async with serve_tls(case, certificates) as server:
        refusal = await refuse(log_in(server.url, authority=certificates.ca_path))

    assert b"Authorization" not in server.received
    assert refusal.what.startswith("it cannot be reached: ")


async def test_a_redirect_to_a_port_without_tls_takes_the_login_nowhere(certificates: "Certificates") -> None:
    (case,) = [each for each in REFUSALS if each.redirects]
    async with serve_tls(case, certificates) as server:
        await refuse(log_in(server.url, authority=certificates.ca_path))

    assert server.diverted == b""


async def test_a_server_that_can_be_trusted_sees_the_login(certificates: "Certificates") -> None:
    """Else the test before this one would prove nothing."""
    async with serve_tls(ACCEPTED, certificates) as server:
        await refuse(log_in(server.url, authority=certificates.ca_path))

    assert b"Authorization: Basic" in server.received


async def test_kibana_is_reached_through_tls_of_a_private_authority(certificates: "Certificates") -> None:
    async with (
        open_kibana_rig(ssl_context=certificates.serve()) as rig,
        open_kibana(log_in(rig.emulator.url, authority=certificates.ca_path), "default") as kibana,
    ):
        assert kibana.url.startswith("https:")
