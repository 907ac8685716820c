"""Serves /metrics, /healthz and /readyz.

Promises: GET and HEAD only; on loopback, a request whose Host is the name of another machine is refused, so that no
web page can read the numbers by giving its own name this address (DNS rebinding); the pages hold no secret and nothing
of a record. It shares the event loop with delivery: when that is stuck, no page answers, which is what a probe looks
for.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from collector.telemetry.exposition import render
from collector.telemetry.health import Component, State
from collector.telemetry.status import Status

_SECONDS_FOR_LAST_ANSWERS: Final = 0.5
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Server": "aoai-collector"}


class Endpoint:
    """The three pages on one address."""

    def __init__(
        self, statuses: Callable[[], Iterable[Status]], components: Callable[[], Sequence[Component]], version: str
    ) -> None:
        """Ask ``statuses`` and ``components`` anew for each page."""
        self._statuses = statuses
        self._components = components
        self._version = version
        self._runner: web.AppRunner | None = None

    async def listen(self, host: str, port: int) -> str:
        """Start to answer; return the URL.

        Raises:
            OSError: the address is not of this machine, or the port is taken.
        """
        app = web.Application(middlewares=[_guard(host)])
        app.router.add_get("/metrics", self._answer_metrics)
        app.router.add_get("/healthz", self._answer_healthz)
        app.router.add_get("/readyz", self._answer_readyz)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_SECONDS_FOR_LAST_ANSWERS)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop answering."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer_metrics(self, request: web.Request) -> web.Response:
        body, content_type = render(self._statuses(), request.headers.get(hdrs.ACCEPT, ""))
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})

    async def _answer_healthz(self, _: web.Request) -> web.Response:
        return _as_json({"status": "alive", "version": self._version})

    async def _answer_readyz(self, _: web.Request) -> web.Response:
        components = self._components()
        ready = all(component.state is State.HEALTHY for component in components)
        body = {"ready": ready, "components": [_describe(component) for component in components]}
        return _as_json(body, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)


def _describe(component: Component) -> Mapping[str, object]:
    troubles = [{"what": trouble.what, "reason": trouble.reason} for trouble in component.present]
    said = {"component": component.kind, "name": component.name, "state": component.state.value}
    return said | ({"troubles": troubles} if troubles else {})


def _as_json(body: Mapping[str, object], status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(
        text=json.dumps(body, indent=2, ensure_ascii=False) + "\n", status=status, content_type="application/json"
    )


def _guard(host: str) -> Middleware:
    """Return what every request passes first."""
    on_loopback = is_loopback(host)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if on_loopback and not _names_loopback(request.headers.get(hdrs.HOST, "")):
                raise web.HTTPMisdirectedRequest(text="ask for this machine: http://localhost\n")
            response = await handler(request)
        except web.HTTPException as refusal:
            refusal.headers.update(_HEADERS)
            raise
        response.headers.update(_HEADERS)
        return response

    return guard


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    return host == "localhost" or ip_address(host).is_loopback


def _names_loopback(host_header: str) -> bool:
    """Whether a Host header names this machine; without one the client is no browser."""
    if not host_header:
        return True
    try:
        name = urlsplit(f"//{host_header}").hostname or ""
        return is_loopback(name)
    except ValueError:
        return False
