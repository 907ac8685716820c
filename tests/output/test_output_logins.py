"""Every way to log in to Elasticsearch, over TLS, as the policy writes it."""

import asyncio
import base64
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from output.cluster_rig import BODY, Cluster, connected, output_policy, serving
from plugins.tls_server import Certificates

from collector.agent.readiness import wait_until_ready
from collector.output.elasticsearch.client import UnreachableError
from collector.output.elasticsearch.connection import client_settings
from collector.telemetry.trouble import Trouble

ENCODED = base64.b64encode(b"an-id:a-key").decode()
LOGINS: dict[str, tuple[dict[str, Any], str | None]] = {
    "API key as the agent writes it": ({"api_key": "an-id:a-key"}, f"ApiKey {ENCODED}"),
    "API key encoded": ({"api_key": ENCODED}, f"ApiKey {ENCODED}"),
    "basic": (
        {"username": "aoai", "password": "pässword:1"},
        f"Basic {base64.b64encode('aoai:pässword:1'.encode()).decode()}",
    ),
    "service token": ({"service_token": "AAEAAWVsYXN0aWM"}, "Bearer AAEAAWVsYXN0aWM"),
    "header of a gateway": ({"headers": {"Authorization": "Custom x"}}, "Custom x"),
    "none": ({}, None),
}
PASSPHRASE = "canary passphrase"


def trusting(certificates: Certificates, **ssl_keys: str) -> dict[str, Any]:
    return {"certificate_authorities": str(certificates.ca_path), **ssl_keys}


@pytest.mark.parametrize("login", LOGINS)
async def test_the_login_reaches_elasticsearch_with_bulks_and_with_the_look_at_the_start(
    login: str, certificates: Certificates
) -> None:
    keys, expected = LOGINS[login]
    async with serving(certificates.serve()) as cluster:
        output = output_policy(cluster.url, ssl=trusting(certificates), **keys)
        await wait_until_ready(client_settings(output), Trouble("output default"))
        async with connected(output) as client:
            assert (await client.send(BODY)).status == 200

    assert {request.path for request in cluster.seen} >= {"/", "/_bulk"}
    assert cluster.authorizations == {expected}


async def test_a_path_and_headers_go_with_every_request(certificates: Certificates) -> None:
    async with serving(certificates.serve()) as cluster:
        keys = {"path": "/es/", "headers": {"X-Tenant": "a"}}
        async with connected(output_policy(cluster.url, ssl=trusting(certificates), **keys)) as client:
            await client.send(BODY)

    [request] = cluster.seen
    assert (request.path, request.headers["X-Tenant"]) == ("/es/_bulk", "a")


@pytest.mark.parametrize("kind", ["file", "text", "one of two"])
async def test_the_authority_may_be_a_file_or_a_text(kind: str, certificates: Certificates) -> None:
    text = certificates.ca_path.read_text()
    authorities = {
        "file": str(certificates.ca_path),
        "text": f"\n{text}",
        "one of two": [certificates.stranger.cert_pem.bytes().decode(), str(certificates.ca_path)],
    }[kind]
    async with serving(certificates.serve()) as cluster:
        output = output_policy(cluster.url, ssl={"certificate_authorities": authorities})
        async with connected(output) as client:
            assert (await client.send(BODY)).status == 200


class Identity:
    """A client certificate with its key in every form in which a policy may name them."""

    def __init__(self, certificates: Certificates, folder: Path) -> None:
        leaf = certificates.authority.issue_cert("collector@example.org", common_name="collector")
        self.certificate = leaf.cert_chain_pems[0].bytes().decode()
        self.key = leaf.private_key_pem.bytes().decode()
        private = serialization.load_pem_private_key(self.key.encode(), None)
        self.encrypted = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(PASSPHRASE.encode()),
        ).decode()
        self.certificate_path, self.key_path = folder / "client.pem", folder / "client.key"
        self.certificate_path.write_text(self.certificate)
        self.key_path.write_text(self.key)

    def keys(self, form: str) -> dict[str, str]:
        return {
            "paths": {"certificate": str(self.certificate_path), "key": str(self.key_path)},
            "texts": {"certificate": self.certificate, "key": self.key},
            "encrypted": {"certificate": self.certificate, "key": self.encrypted, "key_passphrase": PASSPHRASE},
        }[form]


@pytest.fixture
def identity(certificates: Certificates, tmp_path: Path) -> Identity:
    return Identity(certificates, tmp_path)


@pytest.mark.parametrize("form", ["paths", "texts", "encrypted"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls-1.2", "tls-1.3"])
async def test_a_client_certificate_is_shown(
    form: str, version: ssl.TLSVersion, identity: Identity, certificates: Certificates
) -> None:
    context = certificates.serve(client_certificates=True)
    context.maximum_version = version
    async with serving(context) as cluster:
        output = output_policy(cluster.url, ssl=trusting(certificates, **identity.keys(form)))
        async with connected(output) as client:
            assert (await client.send(BODY)).status == 200
    assert [request.client_name for request in cluster.seen] == ["collector"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls-1.2", "tls-1.3"])
async def test_without_the_client_certificate_that_the_server_wants_nothing_is_accepted(
    version: ssl.TLSVersion, certificates: Certificates
) -> None:
    context = certificates.serve(client_certificates=True)
    context.maximum_version = version
    async with serving(context) as cluster, connected(output_policy(cluster.url, ssl=trusting(certificates))) as client:
        with pytest.raises(UnreachableError):
            await client.send(BODY)
    assert cluster.seen == []


@pytest.mark.parametrize("given", [{"key_passphrase": "wrong canary"}, {}], ids=["wrong", "missing"])
def test_a_key_that_cannot_be_decrypted_ends_the_start_in_one_line(given: dict[str, str], identity: Identity) -> None:
    keys = {"certificate": identity.certificate, "key": identity.encrypted, **given}
    with pytest.raises(OSError, match="check that both are in PEM form") as caught:
        client_settings(output_policy("https://localhost:1", ssl=keys))
    assert "canary" not in str(caught.value)


def test_a_key_of_another_certificate_ends_the_start_in_one_line(
    identity: Identity, certificates: Certificates
) -> None:
    other = certificates.authority.issue_cert("other").private_key_pem.bytes().decode()
    with pytest.raises(OSError, match="belong together"):
        client_settings(output_policy("https://localhost:1", ssl={"certificate": identity.certificate, "key": other}))


def test_a_file_without_a_certificate_ends_the_start_in_one_line(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("nothing")
    with pytest.raises(OSError, match=r"ca\.pem holds no certificate in PEM form"):
        client_settings(output_policy("https://localhost:1", ssl={"certificate_authorities": str(empty)}))


def test_a_host_that_is_named_twice_is_one_node() -> None:
    assert len(client_settings(output_policy(["http://localhost", "http://localhost:9200"]))["hosts"]) == 1


async def test_delivery_goes_on_when_the_certificate_is_renewed_during_a_run(certificates: Certificates) -> None:
    context = certificates.serve()
    async with (
        serving(context) as cluster,
        connected(output_policy(cluster.url, ssl=trusting(certificates))) as client,
    ):
        await client.send(BODY)
        certificates.authority.issue_cert("localhost", key_type=trustme.KeyType.RSA).configure_cert(context)
        assert (await client.send(BODY)).status == 200
    assert len(cluster.seen) == 2


@pytest.mark.parametrize(("status", "level"), [(401, "ERROR"), (503, "WARNING")])
async def test_a_login_that_is_refused_at_the_start_asks_for_a_person_and_is_tried_again(
    status: int, level: str, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(certificates.serve(), Cluster(status=status)) as cluster:
        settings = client_settings(output_policy(cluster.url, api_key="id:key", ssl=trusting(certificates)))
        trouble = Trouble("output default")
        looking = asyncio.create_task(wait_until_ready(settings, trouble, seconds_between_looks=0.01))
        async with asyncio.timeout(30):
            while trouble.what is None:  # noqa: ASYNC110 - trouble tells no one
                await asyncio.sleep(0.001)
        cluster.status = 200
        await asyncio.wait_for(looking, 30)

    levels = [record.levelname for record in caplog.records if record.message == "Elasticsearch is not ready"]
    assert levels == [level]
    assert trouble.what is None
