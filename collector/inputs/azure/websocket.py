"""Keeps AMQP over WebSocket on TLS, where the Azure SDK (azure-eventhub 5.15) follows a redirect to plain HTTP.

The SDK has no option against that and no place to put a transport of our own, so its transport class is replaced by one
that looks at the connection before the first AMQP byte, and so before any token. This is the only place of the project
that replaces a part of a library; ``tests/contract/test_event_hubs_ways_in.py`` fails when it stops working.
"""

from typing import Any, cast

from azure.eventhub._pyamqp.aio import _connection_async as sdk_connections  # pyright: ignore[reportPrivateUsage]
from azure.eventhub._pyamqp.aio._sasl_async import SASLWithWebSocket


class PlainConnectionError(ConnectionError):
    """A server sent us on to an address without TLS."""


class TlsWebSocket(SASLWithWebSocket):
    """The SDK's WebSocket transport that speaks to nobody without TLS, unless none was asked for."""

    async def negotiate(self) -> None:
        """Negotiate as the SDK does, over TLS only.

        Raises:
            PlainConnectionError: the connection ended up without TLS.
        """
        socket: Any = cast("Any", self).sock
        if self._use_tls and socket.get_extra_info("ssl_object") is None:
            raise PlainConnectionError("the server redirects to an address without TLS")
        await super().negotiate()


def keep_websockets_on_tls() -> None:
    """Make every client that the SDK builds from now on use ``TlsWebSocket``."""
    sdk_connections.SASLWithWebSocket = TlsWebSocket  # pyright: ignore[reportPrivateImportUsage] - see above
