"""How the HTTP clients of the Azure SDK, and its AMQP over WebSocket, get to Azure: proxies and trusted authorities.

Promise: an HTTP reply is read up to the limit of ``collector.replies``.
"""

import ssl
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from azure.core.pipeline.transport import AioHttpTransport

from collector.policy.azure_login import EntraLogin
from collector.policy.secret import Secret
from collector.policy.tls import is_pem
from collector.replies import BoundedResponse

HTTP_PORT: Final = 80


class BoundedHttpTransport(AioHttpTransport):
    """The SDK's transport with limited replies, and a TLS context of our own; each client needs one for itself."""

    def __init__(self, context: ssl.SSLContext | None = None, *, by_proxy: bool = True) -> None:
        """Nothing is opened before the first request.

        Without a context the authorities of the system are trusted. ``by_proxy`` is whether the proxy that the
        environment names is used.
        """
        super().__init__()  # pyright: ignore[reportUnknownMemberType] - the SDK resolves the class by name
        self._context = context
        self._by_proxy = by_proxy
        self._opened = False

    async def open(self) -> None:
        """Open the session with the context, once; a closed transport stays closed."""
        if not self._opened:
            self._opened = True
            self.session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=True if self._context is None else self._context),
                trust_env=self._by_proxy,
                cookie_jar=aiohttp.DummyCookieJar(),
                response_class=BoundedResponse,  # and the session inflates, piece by piece; the SDK would do it at once
            )
        await super().open()  # pyright: ignore[reportUnknownMemberType] - as above


def trust(login: EntraLogin) -> ssl.SSLContext | None:
    """Return a context that trusts the authorities of the policy alone; None when those of the system are right.

    Raises:
        OSError: a file cannot be read.
        ssl.SSLError: one holds no certificate.
    """
    authorities = login.ssl.certificate_authorities
    if not authorities:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks chain and name; TLS 1.2 and later
    for text in authorities:
        if is_pem(text):
            context.load_verify_locations(cadata=text)
        else:
            context.load_verify_locations(cafile=text)
    return context


def trust_or_system(login: EntraLogin) -> ssl.SSLContext:
    """Return the context of `trust`, or one that trusts the authorities of the system; may raise the same."""
    return trust(login) or ssl.create_default_context()


def http_options(login: EntraLogin) -> dict[str, Any]:
    """Return what every HTTP client of the SDK is made with; call it once for each client.

    Without `proxy_url` the SDK follows HTTPS_PROXY and NO_PROXY by itself.
    """
    options: dict[str, Any] = {"permit_redirects": False, "transport": BoundedHttpTransport(trust(login))}
    if login.proxy_url is not None:
        options["proxies"] = {"https": login.proxy_url.reveal()}
    return options


def find_proxy_address(login: EntraLogin, host: str) -> Secret | None:
    """Return the address of the proxy before a host, with its scheme; that of the environment unless one is named."""
    if login.proxy_url is not None:
        return login.proxy_url
    address = "" if proxy_bypass(host) else getproxies().get("https", "")
    return Secret(address if "://" in address else f"http://{address}") if address else None


def find_proxy(login: EntraLogin, host: str) -> dict[str, Any] | None:
    """Return the proxy of a WebSocket as the Event Hubs SDK wants it."""
    address = find_proxy_address(login, host)
    if address is None:
        return None
    url = urlsplit(address.reveal())
    # The asyncio transport joins the two with a colon and takes them for a URL, so the scheme must stand in the name.
    proxy: dict[str, Any] = {"proxy_hostname": f"{url.scheme}://{url.hostname}", "proxy_port": url.port or HTTP_PORT}
    if url.username is not None:
        proxy |= {"username": unquote(url.username), "password": unquote(url.password or "")}
    return proxy
