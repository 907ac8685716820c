"""Trust by fingerprint, as the Elastic Agent means it: the pinned certificate is trusted, and all is verified."""

import datetime as dt
import ssl

import pytest
import trustme
from output.cluster_rig import BODY, chain_with_root, connected, fingerprint, output_policy, serving
from plugins.tls_server import Certificates

from collector.output.elasticsearch.client import UnreachableError
from collector.policy import ElasticsearchOutput


def pinning(url: str, pinned_certificate: trustme.Blob, **ssl_keys: str) -> ElasticsearchOutput:
    pinned = {"ca_trusted_fingerprint": fingerprint(pinned_certificate), **ssl_keys}
    return output_policy(url, api_key="id:canary", ssl=pinned)


def serve_with_root(certificates: Certificates, *names: str, days: int = 1) -> ssl.SSLContext:
    now = dt.datetime.now(dt.UTC)
    dates = {"not_before": now - dt.timedelta(days=9), "not_after": now + dt.timedelta(days=days)}
    return chain_with_root(certificates.authority, certificates.authority.issue_cert(*names or ("localhost",), **dates))


async def test_an_authority_in_the_chain_is_trusted_by_its_fingerprint(certificates: Certificates) -> None:
    async with (
        serving(serve_with_root(certificates)) as cluster,
        connected(pinning(cluster.url, certificates.authority.cert_pem)) as client,
    ):
        assert [(await client.send(BODY)).status for _ in range(3)] == [200, 200, 200]
    assert len(cluster.seen) == 3


async def test_an_intermediate_authority_may_be_pinned(certificates: Certificates) -> None:
    intermediate = certificates.authority.create_child_ca()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    intermediate.issue_cert("localhost").configure_cert(context)
    async with serving(context) as cluster, connected(pinning(cluster.url, intermediate.cert_pem)) as client:
        assert (await client.send(BODY)).status == 200


async def test_the_certificate_of_the_server_itself_may_be_pinned(certificates: Certificates) -> None:
    leaf = certificates.stranger.issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    async with serving(context) as cluster, connected(pinning(cluster.url, leaf.cert_chain_pems[0])) as client:
        assert (await client.send(BODY)).status == 200


@pytest.mark.parametrize(
    ("names", "days", "reason"),
    [(("elsewhere.example",), 1, "Hostname mismatch"), (("localhost",), -1, "expired")],
    ids=["host", "dates"],
)
async def test_host_name_and_dates_are_verified_under_a_pinned_authority(
    names: tuple[str, ...], days: int, reason: str, certificates: Certificates
) -> None:
    async with (
        serving(serve_with_root(certificates, *names, days=days)) as cluster,
        connected(pinning(cluster.url, certificates.authority.cert_pem)) as client,
    ):
        with pytest.raises(UnreachableError, match=reason):
            await client.send(BODY)
    assert cluster.seen == []


async def test_a_chain_that_only_shows_the_pinned_authority_is_not_trusted(certificates: Certificates) -> None:
    """Anyone can copy the authority's certificate; it must have signed the server's."""
    forged = chain_with_root(certificates.authority, certificates.stranger.issue_cert("localhost"))
    async with (
        serving(forged) as cluster,
        connected(pinning(cluster.url, certificates.authority.cert_pem)) as client,
    ):
        for _ in range(2):
            with pytest.raises(UnreachableError, match="unable to get local issuer"):
                await client.send(BODY)
    assert cluster.seen == []


async def test_a_pinned_authority_alone_is_trusted(certificates: Certificates) -> None:
    """certificate_authorities opens nothing beside it."""
    keys = {"certificate_authorities": str(certificates.ca_path)}
    async with (
        serving(serve_with_root(certificates)) as cluster,
        connected(pinning(cluster.url, certificates.stranger.cert_pem, **keys)) as client,
    ):
        with pytest.raises(UnreachableError, match="no certificate that the server shows has the fingerprint"):
            await client.send(BODY)
    assert cluster.seen == []


async def test_a_renewed_certificate_of_the_pinned_authority_is_accepted(certificates: Certificates) -> None:
    context = serve_with_root(certificates)
    async with (
        serving(context) as cluster,
        connected(pinning(cluster.url, certificates.authority.cert_pem)) as client,
    ):
        await client.send(BODY)
        certificates.authority.issue_cert("localhost").configure_cert(context)
        assert (await client.send(BODY)).status == 200


async def test_a_server_that_changes_to_another_authority_is_refused_and_the_message_says_so(
    certificates: Certificates,
) -> None:
    context = serve_with_root(certificates)
    async with (
        serving(context) as cluster,
        connected(pinning(cluster.url, certificates.authority.cert_pem)) as client,
    ):
        await client.send(BODY)
        certificates.stranger.issue_cert("localhost").configure_cert(context)
        with pytest.raises(UnreachableError, match="unable to get local issuer"):
            await client.send(BODY)
        with pytest.raises(UnreachableError, match="no certificate that the server shows has the fingerprint"):
            await client.send(BODY)
    assert len(cluster.seen) == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls-1.2", "tls-1.3"])
async def test_a_pin_goes_together_with_a_client_certificate(
    version: ssl.TLSVersion, certificates: Certificates
) -> None:
    context = serve_with_root(certificates)
    context.verify_mode = ssl.CERT_REQUIRED
    certificates.authority.configure_trust(context)
    context.maximum_version = version
    leaf = certificates.authority.issue_cert("collector@example.org", common_name="collector")
    shown = {"certificate": leaf.cert_chain_pems[0].bytes().decode(), "key": leaf.private_key_pem.bytes().decode()}
    async with (
        serving(context) as cluster,
        connected(pinning(cluster.url, certificates.authority.cert_pem, **shown)) as client,
    ):
        assert (await client.send(BODY)).status == 200
    assert [request.client_name for request in cluster.seen] == ["collector"]
