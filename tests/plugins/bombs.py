"""Small things that become large: gzip of zeros, nesting, keys; and servers that answer with them."""

import json
import zlib
from collections.abc import Iterator
from typing import Final

from aiohttp import web
from plugins.bulk_server import PRODUCT
from plugins.feeding import make_record

MIB: Final = 2**20
_STEP: Final = 64 * MIB
_GZIP: Final = 31


def inflating_to(size: int) -> Iterator[bytes]:
    """Yield pieces of a gzip stream of so many zeros, a thousandth of their size; its end is never reached.

    After a full flush deflate knows nothing of what was before, so one piece does for all that follow.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    yield packer.compress(b"[") + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(bytes(_STEP)) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(size // _STEP):
        yield piece


def hostile_events() -> dict[str, tuple[bytes, str | None]]:
    """Bodies of events, each with the reason of its one dead letter; None where it is one record."""
    record = json.dumps(make_record("odd"))[:-1]
    keys = ",".join(f'"{number:x}":1' for number in range(10**6))
    return {
        "gzip, 10 MB to 10 GB": (b"".join(inflating_to(10 * 1024 * MIB)), "inflates_too_far"),
        "gzip, 1 MB to 1 GB": (b"".join(inflating_to(1024 * MIB)), "inflates_too_far"),
        "lists in lists": (b'{"records":[{"a":' + b"[" * 10**5 + b"]" * 10**5 + b"}]}", "nested_too_deeply"),
        "objects in objects": (b'{"records":[' + b'{"a":' * 10**5 + b"1" + b"}" * 10**5 + b"]}", "nested_too_deeply"),
        "lists that never end": (b'{"records":[{"a":' + b"[" * 10**6, "nested_too_deeply"),
        "a million keys": (f'{{"records":[{record},"properties":{{{keys}}}}}]}}'.encode(), None),
        "a text of a megabyte": (f'{{"records":[{record},"operationName":"{"x" * MIB}"}}]}}'.encode(), None),
        "a key of a megabyte": (f'{{"records":[{record},"{"k" * MIB}":1}}]}}'.encode(), None),
        "a number of a megabyte": (f'{{"records":[{record},"durationMs":{"1" * MIB}}}]}}'.encode(), None),
    }


async def answer_inflating(request: web.Request) -> web.StreamResponse:
    """Answer 10 GB, as 10 MB of gzip."""
    response = web.StreamResponse(headers=PRODUCT | {"Content-Type": "application/json", "Content-Encoding": "gzip"})
    await response.prepare(request)
    for piece in inflating_to(10 * 1024 * MIB):
        await response.write(piece)
    return response


async def answer_without_end(request: web.Request) -> web.StreamResponse:
    """Answer until the other side goes."""
    response = web.StreamResponse(headers=PRODUCT | {"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(bytes(MIB))


async def answer_with_a_long_header(_: web.Request) -> web.StreamResponse:
    """Answer a header of a megabyte."""
    return web.Response(headers=PRODUCT | {"X-Long": "x" * MIB})
