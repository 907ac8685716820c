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

SECONDS_FOR_A_REQUEST: Final = 20.0
"""How long a connection may take for the head of a request, the next one included; then it is closed."""
_SECONDS_FOR_LAST_ANSWERS: Final = 0.5
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Server": "aoai-collector"}


class Pages:
    """The three pages of one process."""

    def __init__(
        self, statuses: Callable[[], Iterable[Status]], components: Callable[[], Sequence[Component]], version: str
    ) -> None:
        """Ask ``statuses`` and ``components`` anew for each page."""
        self._statuses = statuses
        self._components = components
        self._version = version

    @property
    def answers(self) -> Mapping[str, Handler]:
        """What answers, by path."""
        return {
            "/metrics": self._answer_metrics,
            "/healthz": self._answer_healthz,
            "/readyz": self._answer_readyz,
        }

    async def _answer_metrics(self, request: web.Request) -> web.Response:
        return show_metrics(*render(self._statuses(), request.headers.get(hdrs.ACCEPT, "")))

    async def _answer_healthz(self, _: web.Request) -> web.Response:
        return show_alive(self._version)

    async def _answer_readyz(self, _: web.Request) -> web.Response:
        return show_readiness([describe(component) for component in self._components()])


class Endpoint:
    """Pages on one address."""

    def __init__(self, answers: Mapping[str, Handler]) -> None:
        """Serve what answers these paths."""
        self._answers = answers
        self._runner: web.AppRunner | None = None

    async def listen(self, host: str, port: int) -> str:
        """Start to answer; return the URL.

        Raises:
            OSError: the address is not of this machine, or the port is taken.
        """
        runner = make_runner(self._answers, _guard(host))
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


def make_runner(answers: Mapping[str, Handler], *middlewares: Middleware) -> web.AppRunner:
    """Return what answers GET requests for these paths, wherever it is let listen; nobody holds it up for long."""
    app = web.Application(middlewares=middlewares)
    for path, answer in answers.items():
        app.router.add_get(path, answer)
    return web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        keepalive_timeout=SECONDS_FOR_A_REQUEST,
        shutdown_timeout=_SECONDS_FOR_LAST_ANSWERS,
    )


def show_metrics(body: bytes, content_type: str) -> web.Response:
    """Return the page /metrics."""
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})


def show_alive(version: str) -> web.Response:
    """Return the page /healthz."""
    return _as_json({"status": "alive", "version": version})


def show_readiness(components: Sequence[Mapping[str, object]]) -> web.Response:
    """Return the page /readyz, with status 503 unless every component is healthy."""
    ready = all(component["state"] == State.HEALTHY for component in components)
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return _as_json({"ready": ready, "components": components}, status)


def describe(component: Component) -> Mapping[str, object]:
    """Return what /readyz says of a component."""
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
