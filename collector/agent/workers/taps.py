"""Shows records as they pass all workers: the lines of each one's tap, as they come."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final

from aiohttp import web

from collector.agent.control_client import NoCollectorError, follow
from collector.agent.control_socket import worker_socket

_SECONDS_BETWEEN_SIGNS: Final = 0.5
_LINES_HELD: Final = 500
"""A worker's tap drops and counts what finds no room, so nothing here does."""


async def answer_tap(request: web.Request, data: Path, workers: Sequence[int]) -> web.StreamResponse:
    """Write what passes until the other side goes. A worker that is begun anew meanwhile is not shown."""
    lines: asyncio.Queue[bytes] = asyncio.Queue(_LINES_HELD)
    parameters = list(request.query.items())
    refusals: list[str] = []
    async with AsyncExitStack() as stack:
        for worker in workers:
            try:
                passing = await stack.enter_async_context(follow(data, "/tap", parameters, worker_socket(worker)))
            except NoCollectorError as error:
                refusals.append(str(error))
                continue
            relay = asyncio.create_task(_relay(passing, lines))
            stack.callback(relay.cancel)
        if len(refusals) == len(workers):
            return web.Response(text=refusals[0], status=503)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        with suppress(ConnectionError):
            await response.prepare(request)
            while True:
                await response.write(await _next(lines) + b"\n")
    return web.Response()


async def _relay(passing: AsyncIterator[bytes], lines: asyncio.Queue[bytes]) -> None:
    async for line in passing:
        await lines.put(line)


async def _next(lines: asyncio.Queue[bytes]) -> bytes:
    """Return a line; an empty one now and then, which tells that the other side has gone."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS_BETWEEN_SIGNS):
            return await lines.get()
    return b""
