"""The way between a collector and the cluster: what is late, lost, refused or answered with rubbish.

The official client is real down to its node; the node here hands each request to the model instead of a socket. A
request goes on whatever becomes of its sender: it may be carried out after the collector was killed.
"""

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from random import Random
from typing import Any, override

from elastic_transport import ApiResponseMeta, BaseAsyncNode, ConnectionTimeout, HttpHeaders
from elastic_transport import ConnectionError as NodeConnectionError
from elastic_transport._node import NodeApiResponse
from elastic_transport.client_utils import DEFAULT
from plugins.world.cluster import Answer, Cluster, Request
from plugins.world.virtual_time import WORLD, Life, Process, running_process

_GZIP_WINDOW_BITS = 31
_REFUSALS = {
    "429": (HTTPStatus.TOO_MANY_REQUESTS, "circuit_breaking_exception"),
    "502": (HTTPStatus.BAD_GATEWAY, "bad_gateway"),
    "503": (HTTPStatus.SERVICE_UNAVAILABLE, "cluster_block_exception"),
    "401": (HTTPStatus.UNAUTHORIZED, "security_exception"),
    "403": (HTTPStatus.FORBIDDEN, "security_exception"),
}
_LATE = 8.0
"""Seconds after which the last stalled request has arrived."""
_ALMOST = 0.4
"""How many items of a bulk are throttled when some are."""

_BLIND = 75.0
"""Seconds after a refused look-up in which a collector may send unseen: it asks again after 60 s."""

Reply = Answer | NodeConnectionError | None
"""What comes back; None: nothing ever."""


class Network:
    """Carries requests to the cluster, in whatever weather."""

    def __init__(self, cluster: Cluster, random: Random, note: Callable[..., None]) -> None:
        self.faults: tuple[str, ...] = ()
        """What may happen to a request now, each as likely as the other; ``""`` is nothing."""
        self.lookups_allowed = True
        self._blind_until: dict[str, float] = {}
        self._cluster = cluster
        self._random = random
        self._note = note

    def carry(self, sender: Process, request: Request, answer: asyncio.Future[Answer]) -> None:
        """Let a request set out; the answer, if any, arrives in its future."""
        fault = self._random.choice(self.faults) if self.faults else ""
        delay = self._random.random() * (_LATE if fault == "stall" else 0.02)
        asyncio.get_running_loop().call_later(delay, self._arrive, sender, request, fault, answer, context=WORLD)

    def _arrive(self, sender: Process, request: Request, fault: str, answer: asyncio.Future[Answer]) -> None:
        is_late = answer.done() or sender.life is not Life.RUNS
        is_blind = asyncio.get_running_loop().time() < self._blind_until.get(request.sender, 0.0)
        reply = self._outcome(replace(request, irregular=is_late or is_blind), fault)
        said = reply.status if isinstance(reply, Answer) else reply
        path, size, why = request.target.partition("?")[0], len(request.body), f" [{fault}]" if fault else ""
        self._note(request.sender, "{} {} bytes{}{}: {!r}", path, size, " late" if is_late else "", why, said)
        if reply is not None:
            delay = self._random.random() * (3.0 if fault == "slow" else 0.05)
            asyncio.get_running_loop().call_later(delay, _deliver, answer, reply, context=WORLD)

    def _outcome(self, request: Request, fault: str) -> Reply:
        is_lookup = "_bulk" not in request.target
        if is_lookup and (fault in {"401", "403"} or not self.lookups_allowed):
            self._blind_until[request.sender] = asyncio.get_running_loop().time() + _BLIND
        if fault in _REFUSALS:
            status, kind = _REFUSALS[fault]
            wait = {"retry-after": "1"} if fault == "429" and self._random.random() < 0.5 else {}
            return Answer.refusal(status, kind, **wait)
        if fault == "refused":
            return NodeConnectionError("connection refused")
        if fault == "swallowed":
            return None
        if is_lookup and not self.lookups_allowed:
            return Answer.refusal(HTTPStatus.FORBIDDEN, "security_exception")
        return self._spoil(self._cluster.serve(request, self._throttle if fault == "mixed" else _let_through), fault)

    def _spoil(self, reply: Answer, fault: str) -> Reply:
        """Let the answer to what was carried out get lost or broken."""
        if fault == "answer lost":
            return None
        if fault == "reset":
            return NodeConnectionError("connection reset by peer")
        if fault == "504":
            return Answer.refusal(HTTPStatus.GATEWAY_TIMEOUT, "gateway_timeout")
        if fault == "garbage":
            cut = self._random.randrange(len(reply.body))
            return Answer(
                reply.status, self._random.choice((reply.body[:cut], b"<html>hello</html>", b"{}")), reply.headers
            )
        return reply

    def _throttle(self) -> int:
        if self._random.random() > _ALMOST:
            return 0
        return self._random.choice((HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.FORBIDDEN))


def _let_through() -> int:
    return 0


def _deliver(answer: asyncio.Future[Answer], reply: Answer | Exception) -> None:
    if answer.done():
        return
    if isinstance(reply, Exception):
        answer.set_exception(reply)
    else:
        answer.set_result(reply)


class ModelNode(BaseAsyncNode):
    """A node of the official client that knows the model in place of a network."""

    @override
    async def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: Any = DEFAULT,
    ) -> NodeApiResponse:
        process = running_process()
        plain = body or b""
        if headers is not None and headers.get("content-encoding") == "gzip":
            plain = zlib.decompress(plain, _GZIP_WINDOW_BITS)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        process.world.network.carry(process, Request(process.name, method, target, plain), answer)
        seconds = self.config.request_timeout if request_timeout is DEFAULT else request_timeout
        try:
            async with asyncio.timeout(seconds):
                reply = await answer
        except TimeoutError as error:
            raise ConnectionTimeout(f"no answer in {seconds} s", errors=(error,)) from None
        meta = ApiResponseMeta(reply.status, "1.1", HttpHeaders(reply.headers), 0.0, self.config)
        return NodeApiResponse(meta, reply.body)

    @override
    async def close(self) -> None: ...
