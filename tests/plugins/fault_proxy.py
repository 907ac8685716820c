"""A TCP proxy on this machine whose network fails as a test tells it.

    async with FaultProxy(engine_port) as proxy:
        ...  # a client of 127.0.0.1:{proxy.port}
        proxy.hold()      # every packet is lost, in both directions; connections stay and new ones get no answer
        await proxy.holds_something()   # a packet was lost since then
        proxy.hold(requests=False)      # what the server answers is lost, and what it is asked arrives
        proxy.release()   # what was lost is sent again, as TCP does
        proxy.cut()       # every connection is reset
        await proxy.refuse()   # nobody listens any more, and every connection is reset
        await proxy.listen()   # somebody listens again, at the same port
        proxy.reset_after(1000)   # the next connection to send is reset in the middle, after that many bytes
        proxy.delay = 0.05     # seconds that each piece of up to 64 KiB takes

With `ssl_context` it speaks TLS to its clients, and none to the server behind it; `present(context)` changes the
certificate for new connections and resets the old ones.
"""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_HOST = "127.0.0.1"
_PIECE = 65_536


class FaultProxy:
    """Stands before the port of a server on this machine."""

    def __init__(self, target: int | str, *, ssl_context: ssl.SSLContext | None = None) -> None:
        """Take the port, or a URL with it."""
        port = target if isinstance(target, int) else urlsplit(target).port
        assert port is not None
        self.port = 0
        self.delay = 0.0
        self.connections = 0
        """How many were begun."""
        self._target = port
        self._context = ssl_context
        self._bytes_before_reset: int | None = None
        self._flowing = {True: asyncio.Event(), False: asyncio.Event()}
        self._held = asyncio.Event()
        self.release()
        self._server: asyncio.Server | None = None
        self._writers: set[StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.refuse()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def url(self, scheme: str = "http", host: str = _HOST) -> str:
        return f"{scheme}://{host}:{self.port}"

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, _HOST, self.port, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    async def present(self, context: ssl.SSLContext) -> None:
        self._context = context
        await self.refuse()
        await self.listen()

    def hold(self, *, requests: bool = True) -> None:
        self._held.clear()
        self._flowing[False].clear()
        if requests:
            self._flowing[True].clear()

    async def holds_something(self) -> None:
        async with asyncio.timeout(60):
            await self._held.wait()

    def release(self) -> None:
        for way in self._flowing.values():
            way.set()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def reset_after(self, size: int) -> None:
        self._bytes_before_reset = size

    async def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self.connections += 1
        try:
            with suppress(OSError, asyncio.CancelledError):  # either end has gone, or the test has ended
                await self._serve(reader, writer)
        finally:
            self._serving.discard(task)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._pass(is_request=True)
            far_reader, far_writer = await asyncio.open_connection(_HOST, self._target)
            self._writers.add(far_writer)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pump(reader, far_writer, is_request=True))
                    both.create_task(self._pump(far_reader, writer, is_request=False))
            except* OSError:
                pass
            finally:
                self._end(far_writer)
        finally:
            self._end(writer)

    def _end(self, writer: StreamWriter) -> None:
        self._writers.discard(writer)
        if self._context is not None:  # TLS would wait for the client's goodbye
            writer.transport.abort()
        else:
            writer.close()

    async def _pump(self, reader: StreamReader, writer: StreamWriter, *, is_request: bool) -> None:
        while piece := await reader.read(_PIECE):
            if self.delay:
                await asyncio.sleep(self.delay)
            await self._pass(is_request=is_request)
            writer.write(self._spoil(piece) if is_request else piece)
            await writer.drain()
        raise ConnectionResetError  # one side has ended, and so does the other

    async def _pass(self, *, is_request: bool) -> None:
        """Wait while packets of this direction are lost."""
        if not self._flowing[is_request].is_set():
            self._held.set()
            await self._flowing[is_request].wait()

    def _spoil(self, piece: bytes) -> bytes:
        """Break off where it was asked for."""
        if self._bytes_before_reset is None:
            return piece
        self._bytes_before_reset -= len(piece)
        if self._bytes_before_reset > 0:
            return piece
        self._bytes_before_reset = None
        raise ConnectionResetError
