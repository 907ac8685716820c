"""The emulator as its users see it: a server with hubs, and a way to put events in without a client."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from collector.emulators.event_hubs.access import Access, Authorize, Operation
from collector.emulators.event_hubs.connection import Connection
from collector.emulators.event_hubs.errors import LinkError
from collector.emulators.event_hubs.messages import build_content
from collector.emulators.event_hubs.namespace import Hub, Namespace, to_milliseconds
from collector.emulators.event_hubs.partition_log import PartitionLog
from collector.emulators.event_hubs.websocket import WebSocketServer

# How long a client may take to say goodbye when the emulator stops.
_STOP_GRACE_S = 1.0
# The journal of a long run keeps the newest operations only.
_JOURNAL_SIZE = 100_000


def _now() -> datetime:
    return datetime.now(UTC)


class EventHubsEmulator:
    """Serves event hubs to AMQP clients from an event loop.

    All methods must be called on the thread of that loop.
    """

    def __init__(  # noqa: PLR0913  # each of them is a choice of its own
        self,
        hubs: Sequence[Hub],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], datetime] = _now,
        ssl_context: ssl.SSLContext | None = None,
        websocket_port: int | None = None,
        authorize: Authorize | None = None,
    ) -> None:
        """Prepare an emulator; `start` makes it listen.

        Args:
            hubs: what it has.
            host: the address to listen at.
            port: the port to listen at; 0 takes a free one.
            clock: tells the enqueued time of events; must return times with a time zone.
            ssl_context: with it every port speaks TLS, without it none does.
            websocket_port: the port for AMQP over WebSocket; 0 takes a free one, None leaves it out.
            authorize: which tokens are good; every token is, and none is needed, without it.
        """
        self.host = host
        self.port = port
        self.websocket_port = websocket_port
        self.journal: deque[Operation] = deque(maxlen=_JOURNAL_SIZE)
        self._namespace = Namespace(hubs, clock)
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._websockets: WebSocketServer | None = None
        self._ssl_context = ssl_context
        self._authorize = authorize

    async def start(self) -> None:
        """Listen. From here on `port` and `websocket_port` are the real ones.

        Raises:
            OSError: when the port is taken.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, self.host, self.port, ssl=self._ssl_context)
        self.port = self._server.sockets[0].getsockname()[1]
        if self.websocket_port is not None:
            self._websockets = WebSocketServer(self._accept)
            await self._websockets.start(self.host, self.websocket_port, self._ssl_context)
            self.websocket_port = self._websockets.port

    async def stop(self) -> None:
        """Close all connections and stop listening. Events stay; a stopped emulator may be started again."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for connection in list(self._connections):
            connection.shut_down()
        deadline = asyncio.get_running_loop().call_later(_STOP_GRACE_S, self._abort_all)
        try:
            await server.wait_closed()
            if self._websockets is not None:
                await self._websockets.stop()
        finally:
            deadline.cancel()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def connection_string(
        self, hub: str | None = None, *, key_name: str = "RootManageSharedAccessKey", key: str = "SAS_KEY_VALUE"
    ) -> str:
        """Return what a client needs to connect, to one hub if given.

        With TLS it is that of the real service. Some clients, the Python SDK among them, ignore its port then: they
        want it as a custom endpoint.
        """
        parts = [
            f"Endpoint=sb://localhost:{self.port}",
            f"SharedAccessKeyName={key_name}",
            f"SharedAccessKey={key}",
            *([f"EntityPath={hub}"] if hub else []),
            *([] if self._ssl_context else ["UseDevelopmentEmulator=true"]),
        ]
        return ";".join(parts)

    def append(  # noqa: PLR0913  # an event has these parts
        self,
        hub: str,
        partition: str,
        body: bytes,
        *,
        properties: Mapping[str, object] | None = None,
        partition_key: str | None = None,
        enqueued_time: datetime | None = None,
    ) -> int:
        """Store an event as if a client had sent it, and feed it to waiting readers.

        Args:
            hub: the hub's name.
            partition: the partition's id, such as "0".
            body: the event's body, in bytes.
            properties: the event's application properties.
            partition_key: the key the event is said to have been sent with; it does not choose the partition.
            enqueued_time: when it is said to have come; now unless given.

        Returns:
            The event's sequence number.

        Raises:
            LookupError: when there is no such hub or partition.
        """
        log = self._find_partition(hub, partition)
        enqueued_ms = self._namespace.now_ms() if enqueued_time is None else to_milliseconds(enqueued_time)
        return log.append(build_content(body, properties, partition_key), enqueued_ms).sequence_number

    def last_sequence_number(self, hub: str, partition: str) -> int:
        """Return the sequence number of the newest event of a partition; -1 when there never was one.

        Raises:
            LookupError: when there is no such hub or partition.
        """
        return self._find_partition(hub, partition).next_sequence_number - 1

    def recreate(self, hub: str) -> None:
        """Delete a hub and create it again: its links end, its events are gone, offsets begin again.

        Raises:
            LookupError: when there is no such hub.
        """
        try:
            self._namespace.recreate_hub(hub)
        except LinkError as error:
            raise LookupError(error.description) from error

    def _find_partition(self, hub: str, partition: str) -> PartitionLog:
        try:
            return self._namespace.find_hub(hub).find_partition(partition)
        except LinkError as error:
            raise LookupError(error.description) from error

    def _accept(self) -> Connection:
        connection = Connection(self._namespace, Access(self._authorize, self.journal), self._connections.discard)
        self._connections.add(connection)
        return connection

    def _abort_all(self) -> None:
        for connection in list(self._connections):
            connection.abort()
