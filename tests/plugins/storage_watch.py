"""A watch before Azurite: notes every checkpoint that is written, and lets ownerships grow old at once.

    async with StorageWatch(azurite) as storage:
        ...  # a policy with storage.connection_string
        await storage.expire({"0", "2"})   # as if 40 s had passed since these partitions were claimed or renewed
        assert storage.regressions() == []

A signature of storage covers neither host nor port, so requests go on as they come.
"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import pytest
from aiohttp import web
from azure.storage.blob.aio import ContainerClient
from plugins.azurite import Azurite
from plugins.http_server import listen
from yarl import URL

_HOST: Final = "127.0.0.1"
_PATIENCE_SECONDS: Final = 60.0
_HOP_BY_HOP: Final = frozenset({"content-length", "transfer-encoding", "connection", "host", "keep-alive"})
_LONG_AGO: Final = "<Last-Modified>Thu, 01 Jan 2026 00:00:00 GMT</Last-Modified>"
_WRITTEN: Final = frozenset({200, 201})


@dataclass(frozen=True)
class CheckpointWrite:
    """A checkpoint that storage was asked to keep, and its answer."""

    partition: str
    sequence_number: int
    status: int


class StorageWatch:
    """The watch, open to the test."""

    def __init__(self, azurite: Azurite, container: str) -> None:
        self.container = container
        self.writes: list[CheckpointWrite] = []
        """In the order of the answers. What is written under an ETag is answered in the order of its writing."""
        self.port = 0
        self._azurite = azurite
        self._expired: set[str] = set()
        self._news = asyncio.Event()
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=("Content-Type",))
        )
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._serve)
        self.port = await self._stack.enter_async_context(listen(application))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def connection_string(self) -> str:
        return Azurite(self.port).connection_string

    @property
    def policy(self) -> dict[str, Any]:
        """The keys of a stream whose checkpoints are kept here."""
        return {
            "storage_account_connection_string": self.connection_string,
            "storage_account_container": self.container,
        }

    def checkpoints(self) -> dict[str, int]:
        """The last checkpoint of each partition."""
        return {write.partition: write.sequence_number for write in self.writes if write.status in _WRITTEN}

    async def wait_for_checkpoints(self, expected: Mapping[str, int]) -> None:
        """Wait until every partition's checkpoint is there; fail when they are others after a minute."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while self.checkpoints() != expected:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pytest.fail(f"the checkpoints are {self.checkpoints()}, not {expected}")

    def regressions(self) -> list[tuple[CheckpointWrite, CheckpointWrite]]:
        """Checkpoints that were written over a later one, each behind that one."""
        latest: dict[str, CheckpointWrite] = {}
        found: list[tuple[CheckpointWrite, CheckpointWrite]] = []
        for write in self.writes:
            if write.status not in _WRITTEN:
                continue
            former = latest.get(write.partition)
            if former is not None and write.sequence_number < former.sequence_number:
                found.append((former, write))
            latest[write.partition] = write
        return found

    async def expire(self, partitions: set[str]) -> None:
        """Show the ownerships of partitions as of long ago, until someone writes them anew."""
        async with ContainerClient.from_connection_string(self._azurite.connection_string, self.container) as client:
            async for blob in client.list_blobs():
                if "/ownership/" in blob.name and blob.name.rpartition("/")[2] in partitions:
                    self._expired.add(blob.etag.strip('"'))

    async def _serve(self, request: web.Request) -> web.Response:
        assert self._session is not None
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        url = URL(f"http://{_HOST}:{self._azurite.port}{request.raw_path}", encoded=True)
        async with self._session.request(request.method, url, data=body, headers=headers) as answer:
            told = await answer.read()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        self._note(request, answer.status)
        if request.query.get("comp") == "list":
            told = re.sub(r"<Blob>.*?</Blob>", self._show, told.decode(), flags=re.DOTALL).encode()
        return web.Response(body=told, status=answer.status, headers=kept)

    def _note(self, request: web.Request, status: int) -> None:
        number = request.headers.get("x-ms-meta-sequencenumber")
        if request.method == "PUT" and "/checkpoint/" in request.path and number is not None:
            self.writes.append(CheckpointWrite(request.path.rpartition("/")[2], int(number), status))
            self._news.set()

    def _show(self, blob: re.Match[str]) -> str:
        etag = re.search(r"<Etag>(.*?)</Etag>", blob[0])
        if etag is None or etag[1].replace("&quot;", "").strip('"') not in self._expired:
            return blob[0]
        return re.sub(r"<Last-Modified>.*?</Last-Modified>", _LONG_AGO, blob[0])
