"""A gate before a real engine: sees every item of every bulk, and can answer in the engine's place.

    async with BulkGate(engine_url) as gate:
        gate.request_rule = ...   # looks at a request; a status it returns is answered, and the engine sees nothing
        gate.fate = ...           # looks at an item each time it comes, and says what becomes of it
        gate.faults.append(...)   # a queue: each takes the answer to one request in hand after the engine has indexed

Everything else goes to the engine and back as it is.
"""

import asyncio
import io
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web
from plugins.bulk_server import PRODUCT, SentItem, parse
from plugins.http_server import listen

_HOST = "127.0.0.1"
_LARGEST_BODY = 256 * 2**20
_HOP_BY_HOP = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection", "host"})


@dataclass(frozen=True)
class Fate:
    """What becomes of one item: whether the engine gets it, and the status that is told instead of the engine's."""

    is_forwarded: bool = True
    status: int | None = None

    def reply(self) -> dict[str, Any]:
        error = {"error": {"type": f"told_{self.status}", "reason": "the gate says so"}}
        return {"status": self.status} | ({} if self.status in {200, 201} else error)


ORDINARY = Fate()
Fault = Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]
"""Answers a request that the engine has carried out, given the engine's answer."""


class BulkGate:
    """The gate, open to the test."""

    def __init__(self, target: str) -> None:
        self.port = 0
        self.requests: list[int] = []
        """The number of items of each bulk request that came."""
        self.times_sent: Counter[str] = Counter()
        """How often each record came, by its correlation id."""
        self.fate: Callable[[SentItem, int], Fate] = lambda _item, _times: ORDINARY
        self.request_rule: Callable[[list[SentItem]], web.Response | None] = lambda _: None
        self.faults: deque[Fault] = deque()
        self.others: list[str] = []
        """The paths of all requests that were no bulk."""
        self.refused_paths: tuple[str, ...] = ()
        """Ends of paths that are answered with 403: the key has no right to them."""
        self.news = asyncio.Event()
        """Set by every bulk request."""
        self.ended = asyncio.Event()
        self._target = target
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = await self._stack.enter_async_context(aiohttp.ClientSession(auto_decompress=True))
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._serve)
        self.port = await self._stack.enter_async_context(listen(application))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        await self._stack.aclose()

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self.port}"

    async def wait_for_requests(self, count: int) -> None:
        """Wait until that many bulk requests have come; fail when none comes for a minute."""
        async with asyncio.timeout(60) as patience:
            while len(self.requests) < count:
                patience.reschedule(asyncio.get_running_loop().time() + 60)
                self.news.clear()
                await self.news.wait()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if not request.path.endswith("/_bulk"):
            self.others.append(request.path)
            if request.path.endswith(self.refused_paths or ("//",)):
                return refusal(403, b'{"error":{"type":"security_exception","reason":"no right"}}')
            status, headers, answer = await self._forward(request, body)
            return web.Response(body=answer, status=status, headers=headers)
        items = parse(body)
        self.requests.append(len(items))
        self.news.set()
        for item in items:
            self.times_sent[correlation_id(item)] += 1
        return self.request_rule(items) or await self._index(request, items, body)

    async def _index(self, request: web.Request, items: list[SentItem], body: bytes) -> web.StreamResponse:
        """Let the engine have what it may have, and answer for all."""
        fates = [self.fate(item, self.times_sent[correlation_id(item)]) for item in items]
        lines = body.split(b"\n")
        kept = [number for number, fate in enumerate(fates) if fate.is_forwarded]
        forwarded = b"".join(lines[2 * number] + b"\n" + lines[2 * number + 1] + b"\n" for number in kept)
        replies: list[dict[str, Any]] = []
        if kept:
            status, headers, answer = await self._forward(request, forwarded)
            if status != web.HTTPOk.status_code:
                return web.Response(body=answer, status=status, headers=headers)
            replies = [reply["create"] for reply in json.loads(answer)["items"]]
        told = dict(zip(kept, replies, strict=True))
        whole = [fate.reply() if fate.status is not None else told[number] for number, fate in enumerate(fates)]
        answer = json.dumps({"items": [{"create": reply} for reply in whole]}).encode()
        if self.faults:
            return await self.faults.popleft()(request, answer)
        return web.Response(body=answer, headers=PRODUCT | {"Content-Type": "application/json"})

    async def _forward(self, request: web.Request, body: bytes) -> tuple[int, dict[str, str], bytes]:
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        async with self._session.request(
            request.method, self._target + request.path_qs, data=io.BytesIO(body) if body else None, headers=headers
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            return answer.status, kept, await answer.read()


def correlation_id(item: SentItem) -> str:
    """Which record an item is; a dead letter is that of its original, so far as it is a record."""
    document = item.document
    original = document["event"]["original"] if item.is_dead_letter else document["message"]
    return str(json.loads(original)["correlationId"])


def answer_with(status: int, body: bytes = b'{"error":{"type":"t","reason":"r"}}', **headers: str) -> Fault:
    """Tell another status than the engine's, or other bytes."""

    async def fault(_request: web.Request, _answer: bytes) -> web.StreamResponse:
        return refusal(status, body, **headers)

    return fault


def refusal(status: int, body: bytes = b'{"error":{"type":"t","reason":"r"}}', **headers: str) -> web.Response:
    return web.Response(body=body, status=status, headers=PRODUCT | {"Content-Type": "application/json"} | headers)


async def reset(request: web.Request, _answer: bytes) -> web.StreamResponse:
    """Break the connection in place of an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def cut(request: web.Request, answer: bytes) -> web.StreamResponse:
    """Break the connection in the middle of the answer."""
    response = web.StreamResponse(headers=PRODUCT | {"Content-Type": "application/json"})
    response.content_length = len(answer)
    await response.prepare(request)
    await response.write(answer[: len(answer) // 2])
    return await reset(request, answer)


def silence(gate: BulkGate) -> Fault:
    """Never answer."""

    async def fault(_request: web.Request, _answer: bytes) -> web.StreamResponse:
        await gate.ended.wait()
        return web.Response()

    return fault
