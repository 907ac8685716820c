"""A proxy that knows CONNECT and nothing else, and remembers where it was asked to go.

async with ConnectProxy() as proxy:
    ...  # a client with http://127.0.0.1:{proxy.port}
    assert proxy.targets == ["localhost:5671"]
"""

import asyncio
import base64
from asyncio import StreamReader, StreamWriter
from types import TracebackType
from typing import Self

_HEAD_END = b"\r\n\r\n"


class ConnectProxy:
    """Tunnels as RFC 9110, section 9.3.6 says; with credentials it insists on Basic (RFC 7617)."""

    def __init__(self, credentials: str | None = None) -> None:
        """Take `NAME:PASSWORD`, or None to serve everybody."""
        self.port = 0
        self.targets: list[str] = []
        self.refused = 0
        self._credentials = credentials
        self._server: asyncio.Server | None = None
        self._writers: set[StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._tunnel(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # either end has gone
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _tunnel(self, reader: StreamReader, writer: StreamWriter) -> None:
        request, *fields = (await reader.readuntil(_HEAD_END)).decode("latin-1").split("\r\n")
        method, target, _ = request.split(" ")
        if method != "CONNECT":
            return _answer(writer, "405 Method Not Allowed")
        if not self._knows(fields):
            self.refused += 1
            return _answer(writer, "407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="proxy"')
        self.targets.append(target)
        host, _, port = target.rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        self._writers.add(far_writer)
        _answer(writer, "200 Connection established")
        try:
            await asyncio.gather(_pipe(reader, far_writer), _pipe(far_reader, writer))
        finally:
            self._writers.discard(far_writer)
            far_writer.close()
        return None

    def _knows(self, fields: list[str]) -> bool:
        if self._credentials is None:
            return True
        expected = f"Basic {base64.b64encode(self._credentials.encode()).decode()}"
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        return headers.get("proxy-authorization") == expected


def _answer(writer: StreamWriter, status: str, *fields: str) -> None:
    writer.write("\r\n".join((f"HTTP/1.1 {status}", *fields, "", "")).encode())


async def _pipe(reader: StreamReader, writer: StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()
