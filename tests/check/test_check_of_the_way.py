"""What `check` says of the way to a server: its name, the connection, a proxy before it, its certificate, its clock."""

import asyncio
import datetime as dt
import socket
import ssl
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from plugins.checking import CheckReport, make_policy
from plugins.connect_proxy import ConnectProxy
from plugins.fault_proxy import FaultProxy
from plugins.http_server import listen
from plugins.tls_server import ACCEPTED, REFUSALS, Certificates, serve_tls

from collector.check import Finding, Outcome, Row, list_probes, peers, run_probes
from collector.check.peers import Peer
from collector.output.elasticsearch.proxies import Proxy

ID = "33333333-3333-4333-8333-333333333333"
# What must be said, by case: words of the specification of each refusal.
WORDS = {
    "expired": "expired",
    "not-yet-valid": "not yet valid",
    "wrong-host": "ostname mismatch",
    "wrong-authority": "unable to get local issuer",
    "self-signed": "self-signed",
    "tls-1.1": "",
    "plain-http": "",
}


async def meet(port: int, trust: ssl.SSLContext | None = None, **options: Any) -> CheckReport:
    peer = Peer("localhost", port, lambda: trust, **options)
    return CheckReport(await run_probes([peer.probe()]))


def tell(finding: Finding) -> tuple[Outcome, str]:
    return finding.outcome, finding.what


async def test_a_name_without_an_address_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    report = await meet(443)

    found = report.one(Row.DNS)
    assert tell(found) == (Outcome.FAILED, "the name localhost has no address (Name or service not known)")
    assert "private endpoint" in found.fix
    assert tell(report.one(Row.CONNECTION)) == (Outcome.NOT_RUN, "dns failed")


async def test_a_port_where_nobody_listens_fails() -> None:
    async with FaultProxy(9) as way:
        await way.refuse()
        report = await meet(way.port, detour=", or go another way")

    found = report.one(Row.CONNECTION)
    assert tell(found) == (Outcome.FAILED, "no connection (Connection refused)")
    assert found.fix.endswith(f"let port {way.port} through the firewalls in between, or go another way.")


async def test_a_server_that_is_silent_fails_after_its_time(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "_SECONDS", 0.2)
    async with serve_tls(ACCEPTED, certificates) as server, FaultProxy(server.port) as way:
        way.hold()
        report = await meet(way.port, certificates.trust())

    assert tell(report.one(Row.TLS)) == (Outcome.FAILED, "there is no TLS handshake")
    assert report.one(Row.CONNECTION).outcome is Outcome.OK


@pytest.mark.parametrize("case", [each for each in REFUSALS if each.name in WORDS], ids=str)
async def test_a_certificate_that_is_not_trusted_fails(case: Any, certificates: Certificates) -> None:
    async with serve_tls(case, certificates) as server:
        report = await meet(server.port, certificates.trust(), tells_time=True)

    found = report.one(Row.TLS)
    assert found.outcome is Outcome.FAILED
    assert WORDS[case.name] in found.what
    assert found.fix
    assert tell(report.one(Row.CLOCK)) == (Outcome.NOT_RUN, "tls failed")
    assert b"HEAD" not in server.received


@pytest.mark.parametrize(("days", "expected"), [(5, Outcome.WARNING), (50, Outcome.OK)])
async def test_the_days_of_a_certificate_are_counted(certificates: Certificates, days: int, expected: Outcome) -> None:
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days, hours=1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.authority.issue_cert("localhost", not_after=end).configure_cert(context)
    async with listen(web.Application(), ssl_context=context) as port:
        found = (await meet(port, certificates.trust())).one(Row.TLS)

    assert found.outcome is expected
    assert found.what.endswith(f"its certificate is trusted and ends in {days} days")


@pytest.mark.parametrize(
    ("behind", "expected"), [(0, Outcome.OK), (120, Outcome.WARNING), (3600, Outcome.FAILED), (-3600, Outcome.FAILED)]
)
async def test_a_clock_apart_from_the_servers_is_said(
    certificates: Certificates, behind: int, expected: Outcome
) -> None:
    async def tell_time(_: web.Request) -> web.Response:
        date = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=behind)
        return web.Response(status=401, headers={"Date": format_datetime(date, usegmt=True)})

    application = web.Application()
    application.router.add_route("*", "/", tell_time)
    async with listen(application, ssl_context=certificates.serve()) as port:
        found = (await meet(port, certificates.trust(), tells_time=True)).one(Row.CLOCK)

    assert found.outcome is expected
    assert (behind == 0) or ("ahead of" if behind > 0 else "behind") in found.what


async def test_the_way_through_a_proxy_is_gone_and_its_password_is_not_shown(certificates: Certificates) -> None:
    async with serve_tls(ACCEPTED, certificates) as server, ConnectProxy("name:canary") as proxy:
        opened, refused = await asyncio.gather(
            *(
                meet(
                    server.port,
                    certificates.trust(),
                    proxy=Proxy.parse(f"http://name:{password}@127.0.0.1:{proxy.port}", {}),
                )
                for password in ("canary", "canary-wrong")
            )
        )

    assert tell(opened.one(Row.CONNECTION)) == (Outcome.OK, f"answers, through the proxy 127.0.0.1:{proxy.port}")
    assert opened.one(Row.TLS).outcome is Outcome.OK
    found = refused.one(Row.CONNECTION)
    assert found.outcome is Outcome.FAILED
    assert "opens no tunnel: 407" in found.what
    assert found.fix.startswith("Check proxy_url")
    assert "canary" not in f"{found.what} {found.fix}"


def test_every_server_of_a_policy_is_met_once(tmp_path: Path) -> None:
    hub = {"connection_string": "Endpoint=sb://hubs.example;SharedAccessKeyName=n;SharedAccessKey=k"}
    account = {"storage_account": "positions", "storage_account_key": "a2V5"}
    login = {"auth_type": "client_secret", "tenant_id": ID, "client_id": ID, "client_secret": "s"}
    policy = make_policy(
        tmp_path,
        {"eventhub": "one", "id": "one", **hub, **account},
        {"eventhub": "two", "id": "two", **hub, **account},
        {"eventhub": "three", "id": "three", "transport": "websocket", "eventhub_namespace": "hubs", **login},
        {"subscription_id": ID, **login},
        hosts=["https://one.example", "http://127.0.0.1:19"],
    )

    met = [each.target for each in list_probes(policy, tmp_path, None, "default") if Row.DNS in each.rows]

    assert sorted(met) == [
        "127.0.0.1:19",
        "hubs.example:5671",
        "hubs.servicebus.windows.net:443",
        "login.microsoftonline.com:443",
        "management.azure.com:443",
        "one.example:9200",
        "positions.blob.core.windows.net:443",
    ]
