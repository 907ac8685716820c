"""An HTTP server that answers ``_bulk`` and ``_index_template`` like Elasticsearch and stores nothing.

It runs as a process of its own, so that its time is not the collector's. The body is inflated and its lines counted,
nothing more; the reply holds what ``filter_path`` asks for, or all a bulk reply has when it does not ask.
"""

import sys
from typing import Final

import msgspec
from aiohttp import web
from isal import igzip

_HEADERS: Final = {"X-Elastic-Product": "Elasticsearch", "Content-Type": "application/vnd.elasticsearch+json"}
_SHORT_ITEM: Final = b'{"create":{"status":201}}'
_FULL_ITEM: Final = (
    b'{"create":{"_index":".ds-logs-aoai.logs-default-2026.11.01-000001","_id":"AAAAAAAAAAAAAAAAAAAAAA","_version":1,'
    b'"result":"created","_shards":{"total":2,"successful":1,"failed":0},"_seq_no":1,"_primary_term":1,"status":201}}'
)


class Sink:
    """Counts the documents that it was sent."""

    def __init__(self) -> None:
        self.documents = 0

    async def bulk(self, request: web.Request) -> web.Response:
        """Accept every item."""
        body = await request.read()
        if body.startswith(b"\x1f\x8b"):  # aiohttp inflates what says so; this is for what does not
            body = igzip.decompress(body)
        count = body.count(b"\n") // 2
        self.documents += count
        wanted = request.query.get("filter_path")
        items = b",".join([_FULL_ITEM if wanted is None else _SHORT_ITEM] * count)
        told = b'"took":1,' if wanted is None else b""
        told += b'"errors":false,' if wanted is None or "errors" in wanted else b""
        reply = b"{" + told + b'"items":[' + items + b"]}"
        return web.Response(body=reply, headers=_HEADERS)

    async def count(self, _request: web.Request) -> web.Response:
        """Tell how many documents came so far."""
        return web.json_response({"documents": self.documents}, headers={"X-Elastic-Product": "Elasticsearch"})

    async def add(self, request: web.Request) -> web.Response:
        """Count what a subject without documents says it has read."""
        self.documents += msgspec.json.decode(await request.read())["documents"]
        return web.Response()

    async def info(self, _request: web.Request) -> web.Response:
        """Introduce itself as Elasticsearch does."""
        body = (
            b'{"name":"sink","version":{"number":"8.19.0","build_flavor":"default"},"tagline":"You Know, for Search"}'
        )
        return web.Response(body=body, headers=_HEADERS)

    async def anything(self, request: web.Request) -> web.Response:
        """Refuse the rest as Elasticsearch refuses a key that may only write."""
        error = {"error": {"type": "security_exception", "reason": f"may not {request.method} {request.path}"}}
        return web.Response(body=msgspec.json.encode(error | {"status": 403}), status=403, headers=_HEADERS)


def make_app(sink: Sink) -> web.Application:
    """Return the application that counts in the sink; ``GET /documents`` tells the count."""
    app = web.Application(client_max_size=256 * 1024 * 1024)
    app.router.add_post("/_bulk", sink.bulk)
    app.router.add_put("/_bulk", sink.bulk)
    app.router.add_get("/", sink.info)
    app.router.add_get("/documents", sink.count)
    app.router.add_post("/documents", sink.add)
    app.router.add_route("*", "/{path:.*}", sink.anything)
    return app


if __name__ == "__main__":
    web.run_app(make_app(Sink()), host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
