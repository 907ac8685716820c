"""A daemon between the emulated hub and a server that answers as Elasticsearch does, without an engine.

The server's key may only write, so the daemon takes templates to be there. What it stored is the test's ledger.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from plugins.bulk_server import MAX_BODY, PRODUCT, BulkServer
from plugins.daemon import Job
from plugins.http_server import listen

from collector.emulators.event_hubs import EventHubsEmulator


class LightJob(Job):
    """A job whose documents lie in the server."""

    def __init__(self, hub: EventHubsEmulator, folder: Path, server: BulkServer, workers: int = 1) -> None:
        super().__init__(hub, "light", folder, server.url, workers)
        self.server = server

    async def command(self, *arguments: str) -> tuple[int, str, str]:
        """Run ``aoai-collector`` on the data folder; return exit code, output and errors."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "collector", *arguments, "--data", str(self.data)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        assert "Traceback" not in errors.decode()
        return process.returncode or 0, output.decode(), errors.decode()

    def correlation_ids(self) -> Counter[str]:
        """How many documents of records there are for each correlation id."""
        return Counter(
            str(json.loads(document["message"])["correlationId"])
            for (stream, _), document in self.server.stored.items()
            if not stream.startswith("logs-aoai.deadletter-")
        )


async def _introduce(_: web.Request) -> web.Response:
    return web.json_response({"version": {"number": "9.2.0", "build_flavor": "default"}}, headers=PRODUCT)


async def _accept_health(_: web.Request) -> web.Response:
    return web.json_response({"errors": False, "items": []}, headers=PRODUCT)


async def _refuse(_: web.Request) -> web.Response:
    error: dict[str, Any] = {"error": {"type": "security_exception", "reason": "may not"}, "status": 403}
    return web.json_response(error, status=403, headers=PRODUCT)


@pytest.fixture
async def light_job(hub: EventHubsEmulator, tmp_path: Path, workers: int) -> AsyncIterator[LightJob]:
    """A job without an engine."""
    server = BulkServer()
    application = web.Application(client_max_size=MAX_BODY)
    application.router.add_post("/_bulk", server.serve)
    application.router.add_put("/_bulk", _accept_health)
    application.router.add_get("/", _introduce)
    application.router.add_route("*", "/{path:.*}", _refuse)
    async with listen(application) as server.port:
        running = LightJob(hub, tmp_path, server, workers)
        yield running
        server.released.set()
        await running.end()
