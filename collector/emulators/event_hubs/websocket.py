"""AMQP over WebSocket: the same connections, in binary messages at `/$servicebus/websocket`.

The service has it at port 443 for clients that may not leave by AMQP's own ports. How the bytes are cut into messages
means nothing.

Source: OASIS "AMQP over WebSocket" 1.0 (subprotocol); Microsoft Learn, "AMQP 1.0 in Azure Service Bus and Event Hubs
protocol guide" (path).
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import override

from aiohttp import WSMsgType, web

from collector.emulators.event_hubs.outbox import HIGH_WATER_BYTES, LOW_WATER_BYTES

PATH = "/$servicebus/websocket"
# The service's own name for what IANA registers as `amqp`.
SUBPROTOCOLS = ("AMQPWSB10", "amqp")
_MAX_MESSAGE_BYTES = 4 * 1024 * 1024


class WebSocketServer:
    """Listens for WebSockets and gives each a protocol of its own, as `loop.create_server` does."""

    def __init__(self, accept: Callable[[], asyncio.Protocol]) -> None:
        self._accept = accept
        self._runner = web.ServerRunner(web.Server(self._serve))
        self.port = 0

    async def start(self, host: str, port: int, ssl_context: ssl.SSLContext | None) -> None:
        """Listen; `port` is the real one from here on.

        Raises:
            OSError: when the port is taken.
        """
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=ssl_context).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; connections that are not over by now are dropped."""
        await self._runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path != PATH:
            return web.Response(status=404)
        socket = web.WebSocketResponse(protocols=SUBPROTOCOLS, max_msg_size=_MAX_MESSAGE_BYTES, autoping=True)
        if not socket.can_prepare(request):
            return web.Response(status=400)
        await socket.prepare(request)
        protocol = self._accept()
        transport = WebSocketTransport(socket, protocol)
        await transport.run()
        return socket


class WebSocketTransport(asyncio.Transport):
    """A transport over one WebSocket, as far as the emulator's connections use transports."""

    def __init__(self, socket: web.WebSocketResponse, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._socket = socket
        self._protocol = protocol
        self._waiting: list[bytes] = []
        self._size = 0
        self._high, self._low = HIGH_WATER_BYTES, LOW_WATER_BYTES
        self._writing_paused = False
        self._closing = False
        self._something_to_do = asyncio.Event()
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._reading: asyncio.Task[None] | None = None
        self._sending: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Carry bytes both ways until either side ends it."""
        self._protocol.connection_made(self)
        self._reading = asyncio.create_task(self._read())
        self._sending = asyncio.create_task(self._send())
        try:
            await asyncio.wait((self._reading, self._sending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._closing = True
            self._reading.cancel()
            self._sending.cancel()
            await asyncio.gather(self._reading, self._sending, return_exceptions=True)
            self._protocol.connection_lost(None)

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes after those sent before; what comes once closing has begun is dropped."""
        if self._closing:
            return
        self._waiting.append(bytes(data))
        self._size += len(data)
        self._something_to_do.set()
        if self._size > self._high and not self._writing_paused:
            self._writing_paused = True
            self._protocol.pause_writing()

    @override
    def close(self) -> None:
        """Send what waits, then close the WebSocket."""
        self._closing = True
        self._something_to_do.set()

    @override
    def abort(self) -> None:
        """Drop the connection at once."""
        self._closing = True
        for task in (self._reading, self._sending):
            if task is not None:
                task.cancel()

    @override
    def is_closing(self) -> bool:
        """Return whether the end has begun."""
        return self._closing

    @override
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set when writing pauses and when it resumes, in bytes."""
        self._high = HIGH_WATER_BYTES if high is None else high
        self._low = self._high // 4 if low is None else low

    @override
    def get_write_buffer_size(self) -> int:
        """Return how many bytes the peer has not been sent."""
        return self._size

    @override
    def pause_reading(self) -> None:
        """Let what comes wait in the peer."""
        self._may_read.clear()

    @override
    def resume_reading(self) -> None:
        """Take in what comes again."""
        self._may_read.set()

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is not WSMsgType.BINARY:
                return  # AMQP has no text
            self._protocol.data_received(message.data)
            await self._may_read.wait()

    async def _send(self) -> None:
        while self._waiting or not self._closing:
            if not self._waiting:
                self._something_to_do.clear()
                await self._something_to_do.wait()
                continue
            parts, self._waiting = self._waiting, []
            data = b"".join(parts)
            await self._socket.send_bytes(data)
            self._size -= len(data)
            if self._writing_paused and self._size <= self._low:
                self._writing_paused = False
                self._protocol.resume_writing()
        await self._socket.close()
