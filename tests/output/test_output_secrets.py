"""Promise S1 for Elasticsearch: credentials are in no log line at any level, no error and no repr."""

import base64
import logging
import traceback
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from output.cluster_rig import BODY, Cluster, ConnectProxy, connected, output_policy, proxying, serving
from plugins.tls_server import ACCEPTED, REFUSALS, Certificates, TlsCase, serve_tls

from collector.agent.readiness import wait_until_ready
from collector.output.elasticsearch.client import BulkClient, NotElasticsearchError, UnreachableError
from collector.output.elasticsearch.connection import client_settings
from collector.policy import Policy, render_effective
from collector.telemetry.trouble import Trouble

CANARY = "canary/5ecret+"
PROMPT = "canary/5ecret+prompt"
LOGGERS = ("elastic_transport", "elastic_transport.node", "elastic_transport.transport", "elasticsearch", "aiohttp")
FORMS = [
    CANARY,
    quote(CANARY, safe=""),
    *(base64.b64encode(b"x" * shift + CANARY.encode())[4:-4].decode() for shift in range(3)),
]
LOGINS: dict[str, dict[str, Any]] = {
    "api_key": {"api_key": f"id:{CANARY}"},
    "password": {"username": "aoai", "password": CANARY},
    "service_token": {"service_token": CANARY},
    "headers": {"headers": {"X-Token": CANARY}},
}


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The log with every line that any library writes."""
    caplog.set_level(logging.DEBUG)
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def said(log: pytest.LogCaptureFixture) -> str:
    """All that the log lines hold, fields and tracebacks included."""
    return log.text + "".join(f"{record.getMessage()} {vars(record)}\n" for record in log.records)


def leaks(text: str) -> list[str]:
    return [form for form in FORMS if form in text]


async def fail(client: BulkClient) -> str:
    """Send, and return all that a failure shows."""
    try:
        answer = await client.send(BODY.replace(b"{}", f'{{"message":"{PROMPT}"}}'.encode()))
    except (UnreachableError, NotElasticsearchError) as error:
        return "".join(traceback.format_exception(error)) + repr(error) + repr(error.__cause__) + repr(client)
    return f"{answer.status} {answer.reason} {client!r} {client!s}"


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("case", [ACCEPTED, *REFUSALS], ids=str)
async def test_a_tls_failure_shows_no_credential(
    case: TlsCase, login: str, certificates: Certificates, everything: pytest.LogCaptureFixture
) -> None:
    trusted = {"certificate_authorities": str(certificates.ca_path)}
    async with (
        serve_tls(case, certificates) as server,
        connected(output_policy(server.url, ssl=trusted, **LOGINS[login])) as client,
    ):
        shown = await fail(client)
    assert leaks(shown + said(everything)) == []


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("status", [200, 401, 403, 500, 503])
async def test_an_answer_shows_no_credential(
    status: int, login: str, certificates: Certificates, everything: pytest.LogCaptureFixture
) -> None:
    trusted = {"certificate_authorities": str(certificates.ca_path)}
    async with serving(certificates.serve(), Cluster(status=status)) as cluster:
        output = output_policy(cluster.url, ssl=trusted, **LOGINS[login])
        async with connected(output) as client:
            shown = await fail(client)
        if status == 200:
            await wait_until_ready(client_settings(output), Trouble("output default"))
    assert cluster.seen
    assert leaks(shown + said(everything)) == []


@pytest.mark.parametrize("login", LOGINS)
async def test_a_host_that_is_down_shows_no_credential(login: str, everything: pytest.LogCaptureFixture) -> None:
    async with serving(None) as cluster:
        url = cluster.url
    async with connected(output_policy(url, **LOGINS[login])) as client:
        shown = await fail(client)
    assert leaks(shown + said(everything)) == []


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("pinned", [False, True])
async def test_a_proxy_that_refuses_shows_no_credential(
    scheme: str, pinned: bool, everything: pytest.LogCaptureFixture
) -> None:
    keys: dict[str, Any] = {"ssl": {"ca_trusted_fingerprint": "ab" * 32}} if pinned else {}
    async with proxying(ConnectProxy(wants="Basic other")) as proxy:
        output = output_policy(
            f"{scheme}://search.example.org:9200",
            proxy_url=f"http://aoai:{quote(CANARY, safe='')}@127.0.0.1:{proxy.port}",
            proxy_headers={"X-Token": CANARY},
            api_key=f"id:{CANARY}",
            **keys,
        )
        async with connected(output) as client:
            shown = await fail(client)
    assert proxy.heads
    assert "407" in shown
    assert leaks(shown + said(everything)) == []


async def test_a_proxy_that_is_down_shows_no_credential(everything: pytest.LogCaptureFixture) -> None:
    async with proxying(ConnectProxy()) as proxy:
        address = f"127.0.0.1:{proxy.port}"
    output = output_policy("https://search.example.org", proxy_url=f"http://u:{quote(CANARY, safe='')}@{address}")
    async with connected(output) as client:
        shown = await fail(client)
    assert leaks(shown + said(everything)) == []


def test_a_key_that_cannot_be_used_shows_neither_itself_nor_its_passphrase(
    certificates: Certificates, everything: pytest.LogCaptureFixture
) -> None:
    leaf = certificates.authority.issue_cert("collector@example.org")
    private = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"another")
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()
    keys = {"certificate": leaf.cert_chain_pems[0].bytes().decode(), "key": pem, "key_passphrase": CANARY}
    with pytest.raises(OSError, match="cannot be used") as caught:
        client_settings(output_policy("https://localhost", ssl=keys))
    shown = "".join(traceback.format_exception(caught.value)) + said(everything)
    assert leaks(shown) == []
    assert pem.splitlines()[1] not in shown


@pytest.mark.parametrize("login", LOGINS)
def test_the_effective_policy_shows_no_credential(login: str) -> None:
    output = output_policy("https://localhost", proxy_url=f"http://u:{quote(CANARY, safe='')}@proxy", **LOGINS[login])
    policy = Policy(outputs={"default": output}, inputs=())
    assert leaks(render_effective(policy) + repr(policy) + policy.model_dump_json()) == []
    assert "proxy_url: http://**********@proxy" in render_effective(policy)
