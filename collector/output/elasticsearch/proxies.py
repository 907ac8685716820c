"""Which HTTP proxy leads to a node, and what it is told.

Promise: the proxy's password stands in headers for the proxy only, in no address, so that no error can show it.
"""

import base64
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from collector.policy import ElasticsearchOutput, Secret
from collector.policy.elasticsearch_access import ProxyUrl
from collector.policy.problems import RefusedError


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy: its address without credentials, and the headers that it gets and nobody behind it."""

    url: str
    host: str
    port: int
    login: Mapping[str, Secret]
    tunnel_headers: Mapping[str, Secret]
    """For requests for a tunnel: the login among them."""

    @classmethod
    def parse(cls, address: str, headers: Mapping[str, Secret]) -> Self:
        """Read ``http://[user:password@]host[:port]``; `headers` are for requests for a tunnel."""
        url = urlsplit(address)
        login: dict[str, Secret] = {}
        if url.username is not None:
            pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
            login["Proxy-Authorization"] = Secret(f"Basic {base64.b64encode(pair.encode()).decode()}")
        host, port = url.hostname or "", url.port or 80
        whole = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        return cls(whole, host, port, login, {**headers, **login})


def find_proxy(output: ElasticsearchOutput, url: str) -> Proxy | None:
    """Return the proxy for requests to this node: the policy's, else the environment's, else None.

    Raises:
        OSError: the environment names something else than an HTTP proxy.
    """
    if output.proxy_disable:
        return None
    if output.proxy_url is not None:
        return Proxy.parse(output.proxy_url.reveal(), output.proxy_headers)
    address = _find_in_environment(url)
    return Proxy.parse(address, {}) if address is not None else None


def _find_in_environment(url: str) -> str | None:
    """Like the Elastic Agent (Go's ``ProxyFromEnvironment``): never for this machine's own addresses."""
    target = urlsplit(url)
    address = getproxies_environment().get(target.scheme)
    if not address or is_loopback(target.hostname or "") or proxy_bypass(target.netloc):
        return None
    try:
        return ProxyUrl().check(address).reveal()
    except RefusedError as error:
        name = f"{target.scheme}_proxy".upper()
        raise OSError(f"the variable {name} {error.what}; correct it, or write proxy_disable: true") from error


def is_loopback(host: str) -> bool:
    """Tell whether the host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
