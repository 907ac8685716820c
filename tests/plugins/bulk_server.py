"""A server that behaves like Elasticsearch's `_bulk`, and misbehaves on request.

It stores documents by stream and id, answers 409 when an id is taken, and insists on a well-formed body: an action line
and a document line in turn, each one JSON value, a line feed at the end. What it is told to do otherwise:

`item_rule`     looks at one item and returns its reply, or None for the ordinary one;
`request_rule`  looks at all items of a request and returns a whole response, or None;
`faults`        a queue of handlers; each serves one request in place of the ordinary one.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from plugins.http_server import listen

Reply = dict[str, Any]
PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
MAX_BODY = 256 * 2**20


@dataclass(frozen=True)
class SentItem:
    """One item as the server received it."""

    stream: str
    id: str
    document: dict[str, Any]

    @property
    def sequence_number(self) -> int:
        return self.document["azure"]["sequence_number"]

    @property
    def is_dead_letter(self) -> bool:
        return self.stream.startswith("logs-aoai.deadletter-")


Fault = Callable[["BulkServer", web.Request], Awaitable[web.StreamResponse]]


@dataclass
class BulkServer:
    """The state of the server, open to the test."""

    stored: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    requests: list[list[SentItem]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    item_rule: Callable[[SentItem], Reply | None] = lambda _: None
    request_rule: Callable[[list[SentItem]], web.Response | None] = lambda _: None
    port: int = 0
    arrivals: int = 0
    """Requests that began, faulty ones included."""
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def documents(self, stream: str) -> list[dict[str, Any]]:
        return [document for (name, _), document in self.stored.items() if name == stream]

    def times_sent(self) -> dict[int, int]:
        """How often each sequence number came as a record, over all requests that could be read."""
        times: dict[int, int] = {}
        for request in self.requests:
            for item in request:
                if not item.is_dead_letter:
                    times[item.sequence_number] = times.get(item.sequence_number, 0) + 1
        return times

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.arrivals += 1
        if self.faults:
            return await self.faults.popleft()(self, request)
        items = await self.receive(request)
        return self.request_rule(items) or self.store(items)

    async def receive(self, request: web.Request) -> list[SentItem]:
        """Read a request and note it."""
        body = await request.read()  # aiohttp undoes the compression
        self.headers.append(dict(request.headers))
        items = parse(body)
        self.requests.append(items)
        return items

    def store(self, items: list[SentItem]) -> web.Response:
        """Answer as Elasticsearch does."""
        replies = [self._store_one(item) for item in items]
        errors = any("error" in reply for reply in replies)
        return answer({"errors": errors, "took": 1, "items": [{"create": reply} for reply in replies]})

    def _store_one(self, item: SentItem) -> Reply:
        ruled = self.item_rule(item)
        if ruled is not None:
            return ruled
        key = item.stream, item.id
        if key in self.stored:
            return {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "it exists"}}
        self.stored[key] = item.document
        return {"status": 201, "result": "created"}


def parse(body: bytes) -> list[SentItem]:
    """Read a bulk body as strictly as can be."""
    assert body.endswith(b"\n"), "a bulk body must end with a line feed"
    lines = body.split(b"\n")[:-1]
    assert len(lines) % 2 == 0, "action and document lines must come in pairs"
    items: list[SentItem] = []
    for action_line, document_line in zip(lines[::2], lines[1::2], strict=True):
        action = json.loads(action_line)
        assert list(action) == ["create"], "nothing but create may be sent"
        assert set(action["create"]) == {"_index", "_id"}, "nothing else may decide where a document goes"
        items.append(SentItem(action["create"]["_index"], action["create"]["_id"], json.loads(document_line)))
    return items


def answer(body: Any, status: int = 200, **headers: str) -> web.Response:
    """A response with the header by which clients know Elasticsearch."""
    return web.json_response(body, status=status, headers=PRODUCT | headers)


def refuse(status: int, reason: str = "refused", **headers: str) -> Fault:
    """Answer a request with an error and store nothing."""

    async def fault(server: BulkServer, request: web.Request) -> web.StreamResponse:
        await server.receive(request)
        return answer({"error": {"type": "some_exception", "reason": reason}, "status": status}, status, **headers)

    return fault


def reply_with(body: bytes, status: int = 200, content_type: str = "application/json", product: str = "1") -> Fault:
    """Store everything, then answer these bytes; with an empty `product` it is not Elasticsearch that speaks."""

    async def fault(server: BulkServer, request: web.Request) -> web.StreamResponse:
        server.store(await server.receive(request))
        headers = {"Content-Type": content_type} | (PRODUCT if product else {})
        return web.Response(body=body, status=status, headers=headers)

    return fault


def redirect_to(location: str) -> Fault:
    """Send the client elsewhere."""

    async def fault(server: BulkServer, request: web.Request) -> web.StreamResponse:
        await server.receive(request)
        return web.Response(status=307, headers={"Location": location})

    return fault


async def reset_while_receiving(_: BulkServer, request: web.Request) -> web.StreamResponse:
    """Break the connection before the whole body is read."""
    await request.content.read(1)
    return _abort(request)


async def reset_after_storing(server: BulkServer, request: web.Request) -> web.StreamResponse:
    """Index everything, then break the connection without a word."""
    server.store(await server.receive(request))
    return _abort(request)


async def cut_the_reply(server: BulkServer, request: web.Request) -> web.StreamResponse:
    """Index everything, then send half of the reply."""
    whole = server.store(await server.receive(request)).body
    assert isinstance(whole, bytes)
    response = web.StreamResponse(headers=PRODUCT | {"Content-Type": "application/json"})
    response.content_length = len(whole)
    await response.prepare(request)
    await response.write(whole[: len(whole) // 2])
    _abort(request)
    return response


async def stay_silent_after_storing(server: BulkServer, request: web.Request) -> web.StreamResponse:
    """Index everything, and let the client wait until the test ends."""
    response = server.store(await server.receive(request))
    await server.released.wait()
    return response


def _abort(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def listening(server: BulkServer) -> AsyncIterator[BulkServer]:
    """Let the server listen on its port, or on a free one."""
    application = web.Application(client_max_size=MAX_BODY)
    application.router.add_post("/_bulk", server.serve)
    async with listen(application, port=server.port) as server.port:
        try:
            yield server
        finally:
            server.released.set()
