"""Answers a request for records as they pass: a line of JSON each, twice a second."""

import asyncio
from typing import Final

from aiohttp import web

from collector.delivery.tap import Tap, Taps, TooManyTapsError

_SECONDS_BETWEEN_WRITES: Final = 0.5
"""With the room of a tap this makes 1,000 records and 2 MiB a second at the most, whoever reads them."""


async def answer_tap(request: web.Request, taps: Taps) -> web.StreamResponse:
    """Write what passes until the other side goes; ``{"missed": N}`` says how many entries found no room."""
    tap = Tap(request.query.getall("category", []), request.query.getall("deployment", []))
    try:
        with taps.open(tap):
            response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
            await response.prepare(request)
            while True:
                await asyncio.sleep(_SECONDS_BETWEEN_WRITES)
                lines, missed = tap.take()
                if missed:
                    lines = (*lines, b'{"missed":%d}' % missed)
                # An empty line tells that the other side has gone, where nothing passes.
                await response.write(b"".join(line + b"\n" for line in lines) or b"\n")
    except TooManyTapsError as error:
        return web.Response(text=str(error), status=503)
    except ConnectionError:
        return web.Response()
