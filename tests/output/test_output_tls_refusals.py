"""Promise S3 for Elasticsearch: what must be refused is refused, and no credential leaves before that."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from output.cluster_rig import BODY, CREATED, PRODUCT, connected, fingerprint, output_policy
from plugins.tls_server import ACCEPTED, PIN_REFUSAL, REFUSALS, Certificates, TlsCase, serve_tls

from collector.agent.readiness import wait_until_ready
from collector.output.elasticsearch.client import UnreachableError
from collector.output.elasticsearch.connection import client_settings
from collector.policy import ElasticsearchOutput
from collector.telemetry.trouble import Trouble

ANSWER: dict[str, Any] = {"body": json.dumps(CREATED).encode(), "headers": PRODUCT}
CREDENTIALS = {"api_key": "id:canary", "headers": {"X-Tenant": "canary"}}

# What the message must tell, by case: words of the specification of each refusal, and what to do.
WORDS = {
    "self-signed": ("self-signed", "name the authority"),
    "expired": ("expired", "renew"),
    "not-yet-valid": ("not yet valid", "clocks"),
    "wrong-host": ("ostname mismatch", "write the host as"),
    "wrong-authority": ("unable to get local issuer", "name the authority"),
    "missing-chain": ("unable to get local issuer", "name the authority"),
    "address-without-san": ("mismatch", "write the host as"),
    "tls-1.0": ("TLS 1.2 or later",),
    "tls-1.1": ("TLS 1.2 or later",),
    "null-cipher": ("TLS 1.2 or later",),
    "plain-http": ("speaks no TLS",),
    "redirect-to-http": ("redirects", "write the address of Elasticsearch itself"),
}


def trusting(url: str, certificates: Certificates) -> ElasticsearchOutput:
    return output_policy(url, ssl={"certificate_authorities": str(certificates.ca_path)}, **CREDENTIALS)


async def test_a_server_without_a_fault_is_accepted(certificates: Certificates) -> None:
    async with (
        serve_tls(ACCEPTED, certificates, **ANSWER) as server,
        connected(trusting(server.url, certificates)) as client,
    ):
        assert (await client.send(BODY)).status == 200
        assert b"\r\nauthorization: ApiKey " in server.received


@pytest.mark.parametrize("case", REFUSALS, ids=str)
async def test_the_output_refuses_it_and_sends_nothing(case: TlsCase, certificates: Certificates) -> None:
    async with (
        serve_tls(case, certificates, **ANSWER) as server,
        connected(trusting(server.url, certificates)) as client,
    ):
        with pytest.raises(UnreachableError) as caught:
            await client.send(BODY)

    assert all(word in str(caught.value) for word in WORDS[case.name]), str(caught.value)
    assert server.diverted == b""
    if not case.redirects:  # that server is trusted, and only what it asks for is refused
        assert b"uthorization" not in server.received
        assert b"canary" not in server.received


@pytest.mark.parametrize("case", REFUSALS, ids=str)
async def test_the_look_at_the_start_refuses_it_too(case: TlsCase, certificates: Certificates) -> None:
    trouble = Trouble("output default")
    async with serve_tls(case, certificates, **ANSWER) as server:
        settings = client_settings(trusting(server.url, certificates))
        looking = asyncio.create_task(wait_until_ready(settings, trouble, seconds_between_looks=0.01))
        async with asyncio.timeout(30):
            while trouble.what is None:  # noqa: ASYNC110 - trouble tells no one
                await asyncio.sleep(0.001)
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking

    assert trouble.what == "Elasticsearch is not ready"
    assert server.diverted == b""
    if not case.redirects:
        assert b"uthorization" not in server.received


@pytest.mark.parametrize("case", [case for case in REFUSALS if not case.redirects], ids=str)
async def test_a_fingerprint_opens_no_back_door(case: TlsCase, certificates: Certificates) -> None:
    pinned = {"ca_trusted_fingerprint": fingerprint(certificates.authority.cert_pem)}
    async with (
        serve_tls(case, certificates, **ANSWER) as server,
        connected(output_policy(server.url, ssl=pinned, **CREDENTIALS)) as client,
    ):
        with pytest.raises(UnreachableError):
            await client.send(BODY)
    assert b"uthorization" not in server.received


async def test_a_server_without_the_pinned_certificate_is_refused(certificates: Certificates) -> None:
    pinned = {"ca_trusted_fingerprint": fingerprint(certificates.stranger.cert_pem)}
    async with (
        serve_tls(PIN_REFUSAL, certificates, **ANSWER) as server,
        connected(output_policy(server.url, ssl=pinned, **CREDENTIALS)) as client,
    ):
        with pytest.raises(UnreachableError, match="no certificate that the server shows has the fingerprint"):
            await client.send(BODY)
    assert server.received == b""


async def test_without_an_authority_in_the_policy_only_those_of_the_system_are_trusted(
    certificates: Certificates,
) -> None:
    async with (
        serve_tls(ACCEPTED, certificates, **ANSWER) as server,
        connected(output_policy(server.url, **CREDENTIALS)) as client,
    ):
        with pytest.raises(UnreachableError, match="name the authority"):
            await client.send(BODY)
    assert server.received == b""


async def test_verification_that_is_turned_off_is_warned_of_at_each_start(
    certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    [self_signed] = [case for case in REFUSALS if case.name == "self-signed"]
    async with serve_tls(self_signed, certificates, **ANSWER) as server:
        for _ in range(2):
            async with connected(output_policy(server.url, ssl={"verification_mode": "none"})) as client:
                assert (await client.send(BODY)).status == 200

    warnings = [record.levelname for record in caplog.records if "not verified" in record.message]
    assert warnings == ["WARNING", "WARNING"]
    assert "TLS certificates of the output are not verified" in caplog.messages


@pytest.mark.parametrize(
    ("url", "login", "warned"),
    [
        ("http://search.example.org:9200", {"api_key": "id:key"}, True),
        ("http://search.example.org:9200", {}, False),
        ("http://127.0.0.1:9200", {"api_key": "id:key"}, False),
        ("https://search.example.org:9200", {"api_key": "id:key"}, False),
    ],
)
async def test_credentials_without_tls_are_warned_of(
    url: str, login: dict[str, str], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(output_policy(url, **login)):
        assert ("credentials are sent to the output without TLS" in caplog.messages) is warned
