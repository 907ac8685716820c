"""A node of the output, as the official client talks to it.

Adds to the client's own: an HTTP proxy, trust by fingerprint, errors that say what to do, a limit for replies. Takes
away: redirects, which would carry records to another address, and the client's log of whole requests, which would show
headers (they may be credentials) and bodies (they may be prompts).
"""

import asyncio
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Final, cast, override

import aiohttp
from elastic_transport import AiohttpHttpNode, ConnectionTimeout, HttpHeaders, NodeConfig, TlsError
from elastic_transport import ConnectionError as NodeConnectionError
from elastic_transport.client_utils import DEFAULT, DefaultType

from collector.output.elasticsearch.pinning import FingerprintError, PinnedAuthority
from collector.output.elasticsearch.proxies import Proxy
from collector.output.elasticsearch.tls_failures import explain_tls, find_tls_error
from collector.replies import BoundedResponse, LongResponse

PASSAGE: Final = "_aoai_passage"
"""The key of a `Passage` among the extras of a `NodeConfig`."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Passage:
    """How a node is reached."""

    proxy: Proxy | None = None
    pin: PinnedAuthority | None = None


class OutputNode(AiohttpHttpNode):
    """One node; use as ``node_class`` of the official client."""

    response: ClassVar[type[BoundedResponse]] = BoundedResponse

    def __init__(self, config: NodeConfig) -> None:
        super().__init__(config)
        extras = config._extras  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - made for what others add
        self._passage: Passage = extras.get(PASSAGE) or Passage()
        self._must_look = self._passage.pin is not None

    @override
    async def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: Any = DEFAULT,
    ) -> Any:
        """Perform a request; the errors are those of the base class, with a text that says what to do.

        A redirect is an error.
        """
        try:
            await self._look_at_chain(request_timeout)
            reply = await super().perform_request(method, target, body, headers, request_timeout)
        except NodeConnectionError as error:
            # What the server shows may have changed; the next request looks again and can say so.
            self._must_look = self._passage.pin is not None
            raise self._explain(error) from None
        if reply.meta.status in _REDIRECTS and "location" in reply.meta.headers:
            raise NodeConnectionError(
                f"{self.base_url}: the server redirects ({reply.meta.status}), which is not followed: "
                "write the address of Elasticsearch itself"
            )
        return reply

    async def _look_at_chain(self, request_timeout: Any) -> None:
        """See that the pinned certificate is there, before the first request and after each failure."""
        pin = self._passage.pin
        if pin is None or not self._must_look:
            return
        seconds = self.config.request_timeout if isinstance(request_timeout, DefaultType) else request_timeout
        try:
            async with asyncio.timeout(seconds):
                await pin.establish(self.host, self.port, self._passage.proxy)
        except TimeoutError as error:
            raise ConnectionTimeout(f"{self.base_url}: no TLS handshake in {seconds} s", errors=(error,)) from None
        except FingerprintError as error:
            raise TlsError(f"{self.base_url}: {error}", errors=(error,)) from None
        except (ssl.SSLError, ConnectionResetError) as error:
            raise TlsError(f"{self.base_url}: {explain_tls(error)}", errors=(error,)) from None
        except OSError as error:
            raise NodeConnectionError(f"{self.base_url}: {error}", errors=(error,)) from None
        self._must_look = False

    def _explain(self, error: NodeConnectionError) -> NodeConnectionError:
        cause = error.errors[0] if error.errors else error
        if isinstance(cause, aiohttp.ClientHttpProxyError):
            reason = f"{cause.status} {cause.message}"
            if cause.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                reason += ": write user name and password into proxy_url"
            return NodeConnectionError(f"{self.base_url}: the proxy opens no tunnel: {reason}")
        tls = find_tls_error(cause)
        if tls is not None and self.scheme == "https":
            return TlsError(f"{self.base_url}: {explain_tls(tls)}", errors=error.errors)
        return error

    @override
    def _create_aiohttp_session(self) -> None:
        super()._create_aiohttp_session()
        session = cast("Any", self.session)
        session._response_class = self.response  # noqa: SLF001 - the base class makes the session, and without it
        self.session = cast("aiohttp.ClientSession", _Session(session, self._passage.proxy))

    @override
    def _log_request(self, *_: Any, **__: Any) -> None:
        """Log nothing: the base class would log headers and bodies."""


class LetterNode(OutputNode):
    """A node that is asked for dead letters, fifty whole events at a time."""

    response = LongResponse


class _Session:
    """What the node uses of its HTTP session, with the proxy, and without redirects."""

    def __init__(self, session: aiohttp.ClientSession, proxy: Proxy | None) -> None:
        self._session = session
        self._proxy = proxy

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Begin a request."""
        options["allow_redirects"] = False
        if self._proxy is not None:
            options["proxy"] = self._proxy.url
            if url.startswith("https://"):
                tunnel = self._proxy.tunnel_headers
                options["proxy_headers"] = {name: value.reveal() for name, value in tunnel.items()}
            else:
                login = {name: value.reveal() for name, value in self._proxy.login.items()}
                options["headers"] = {**options["headers"], **login}
        return self._session.request(method, url, **options)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
