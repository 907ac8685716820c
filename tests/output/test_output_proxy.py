"""The way through an HTTP proxy: tunnels for TLS, credentials for the proxy alone, the environment's variables."""

import base64

import pytest
from output.cluster_rig import (
    BODY,
    ConnectProxy,
    chain_with_root,
    connected,
    fingerprint,
    output_policy,
    proxying,
    serving,
)
from plugins.tls_server import Certificates

from collector.output.elasticsearch.client import UnreachableError
from collector.output.elasticsearch.connection import client_settings
from collector.output.elasticsearch.proxies import find_proxy

LOGIN = f"Basic {base64.b64encode(b'aoai:p@ss').decode()}"
CLOUD_HOST = "abc.example.org"
CLOUD_ID = f"logs:{base64.b64encode(b'example.org$abc$def').decode()}"


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def test_requests_over_tls_go_through_a_tunnel_that_the_proxy_cannot_read(certificates: Certificates) -> None:
    trusted = {"certificate_authorities": str(certificates.ca_path)}
    async with serving(certificates.serve()) as cluster, proxying(ConnectProxy(cluster.port, wants=LOGIN)) as proxy:
        keys = {"proxy_url": f"http://aoai:p%40ss@127.0.0.1:{proxy.port}", "proxy_headers": {"X-Site": "a"}}
        output = output_policy(cluster.url, api_key="id:canary", ssl=trusted, **keys)
        async with connected(output) as client:
            assert (await client.send(BODY)).status == 200

    [head] = proxy.heads
    assert head.startswith(f"CONNECT localhost:{cluster.port} HTTP/1.1\r\n")
    assert "X-Site: a\r\n" in head
    assert "ApiKey" not in head
    [request] = cluster.seen
    assert request.headers["Authorization"].startswith("ApiKey ")
    assert {"Proxy-Authorization", "X-Site"} & request.headers.keys() == set()


async def test_a_cloud_id_is_reached_by_its_name_through_the_proxy(certificates: Certificates) -> None:
    trusted = {"certificate_authorities": str(certificates.ca_path)}
    async with serving(certificates.serve(CLOUD_HOST)) as cluster, proxying(ConnectProxy(cluster.port)) as proxy:
        output = output_policy(cloud_id=CLOUD_ID, proxy_url=f"127.0.0.1:{proxy.port}", ssl=trusted)
        async with connected(output) as client:
            assert (await client.send(BODY)).status == 200
    assert proxy.heads[0].startswith(f"CONNECT {CLOUD_HOST}:443 HTTP/1.1\r\n")


async def test_a_fingerprint_is_looked_for_through_the_proxy(certificates: Certificates) -> None:
    context = chain_with_root(certificates.authority, certificates.authority.issue_cert("localhost"))
    pinned = {"ca_trusted_fingerprint": fingerprint(certificates.authority.cert_pem)}
    async with serving(context) as cluster, proxying(ConnectProxy(cluster.port, wants=LOGIN)) as proxy:
        output = output_policy(cluster.url, ssl=pinned, proxy_url=f"http://aoai:p%40ss@127.0.0.1:{proxy.port}")
        async with connected(output) as client:
            assert (await client.send(BODY)).status == 200
    assert [head.split()[0] for head in proxy.heads] == ["CONNECT", "CONNECT"]
    assert len(cluster.seen) == 1


@pytest.mark.parametrize("pinned", [False, True])
async def test_a_proxy_that_wants_other_credentials_is_named(pinned: bool, certificates: Certificates) -> None:
    keys = {"ssl": {"ca_trusted_fingerprint": "ab" * 32}} if pinned else {}
    async with proxying(ConnectProxy(wants=LOGIN)) as proxy:
        output = output_policy(
            "https://localhost:9200", proxy_url=f"http://aoai:canary@127.0.0.1:{proxy.port}", api_key="id:key", **keys
        )
        async with connected(output) as client:
            with pytest.raises(UnreachableError, match="opens no tunnel: 407") as caught:
                await client.send(BODY)
    assert "canary" not in str(caught.value)


async def test_requests_without_tls_are_handed_to_the_proxy_with_its_credentials() -> None:
    async with proxying(ConnectProxy(wants=LOGIN)) as proxy:
        output = output_policy("http://search.example.org", proxy_url=f"http://aoai:p%40ss@127.0.0.1:{proxy.port}")
        async with connected(output) as client:
            assert (await client.send(BODY)).status == 200
    assert proxy.heads[0].startswith("POST http://search.example.org:9200/_bulk?")


async def test_a_proxy_that_is_down_is_an_output_that_cannot_be_reached() -> None:
    async with proxying(ConnectProxy()) as proxy:
        port = proxy.port
    output = output_policy("https://search.example.org", proxy_url=f"http://127.0.0.1:{port}")
    async with connected(output) as client:
        with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}"):
            await client.send(BODY)


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("https://search.example.org", {"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ("https://search.example.org", {"https_proxy": "proxy:3128"}, "http://proxy:3128"),
        ("http://search.example.org", {"HTTPS_PROXY": "http://proxy:3128"}, None),
        ("http://search.example.org", {"HTTP_PROXY": "http://proxy"}, "http://proxy:80"),
        ("https://search.example.org", {"HTTPS_PROXY": "http://proxy", "NO_PROXY": ".example.org"}, None),
        ("https://localhost", {"HTTPS_PROXY": "http://proxy:3128"}, None),
        ("https://127.0.0.1", {"HTTPS_PROXY": "http://proxy:3128"}, None),
        ("https://[::1]", {"HTTPS_PROXY": "http://proxy:3128"}, None),
        ("https://search.example.org", {}, None),
    ],
)
def test_the_variables_of_the_environment_are_followed(
    url: str, environment: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    output = output_policy(url)
    found = find_proxy(output, output.urls[0])
    assert (found.url if found else None) == proxy


@pytest.mark.parametrize("keys", [{}, {"proxy_url": "http://other:3128"}])
def test_proxy_disable_passes_over_all_of_them(keys: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    output = output_policy("https://search.example.org", proxy_disable=True, **keys)
    assert find_proxy(output, output.urls[0]) is None


def test_the_policy_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    output = output_policy("https://search.example.org", proxy_url="http://other:3128")
    proxy = find_proxy(output, output.urls[0])
    assert proxy is not None
    assert proxy.url == "http://other:3128"


def test_a_variable_that_names_no_http_proxy_ends_the_start_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://u:canary@proxy:1080")
    with pytest.raises(OSError, match="the variable HTTPS_PROXY is not the address of an HTTP proxy") as caught:
        client_settings(output_policy("https://search.example.org"))
    assert "canary" not in str(caught.value)
