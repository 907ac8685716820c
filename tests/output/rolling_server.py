"""A bulk server whose data streams roll over: like Elasticsearch, `create` sees the write index only."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, override

from aiohttp import web
from plugins.bulk_server import BulkServer, Reply, SentItem, answer
from plugins.http_server import listen

STREAM = "logs-aoai.logs-default"


@dataclass
class RollingServer(BulkServer):
    """One data stream with backing indices; the last is the write index."""

    made: list[datetime] = field(default_factory=lambda: [datetime(2026, 3, 1, tzinfo=UTC)])
    """When each backing index was made."""
    looked_up: list[tuple[str, list[str]]] = field(default_factory=list)
    """The backing index and the ids of each `_mget`."""
    refusals: deque[int] = field(default_factory=deque)
    """Statuses for the next requests that are no bulk."""

    def index(self, number: int) -> str:
        return f".ds-{STREAM}-{number + 1:06}"

    def roll_over(self, moment: datetime) -> None:
        self.made.append(moment)

    def copies(self) -> dict[str, int]:
        """How many documents there are with each id."""
        ids = [each for _, each in self.stored]
        return {each: ids.count(each) for each in ids}

    @override
    def _store_one(self, item: SentItem) -> Reply:
        return super()._store_one(SentItem(self.index(len(self.made) - 1), item.id, item.document))

    async def serve_others(self, request: web.Request) -> web.StreamResponse:
        if self.refusals:
            status = self.refusals.popleft()
            return answer({"error": {"type": "some_exception", "reason": "refused"}, "status": status}, status)
        names = [self.index(number) for number in range(len(self.made))]
        if request.path.startswith("/_data_stream/"):
            return answer({"data_streams": [{"name": STREAM, "indices": [{"index_name": name} for name in names]}]})
        if "/_settings/" in request.path:
            dates = {name: str(round(made.timestamp() * 1000)) for name, made in zip(names, self.made, strict=True)}
            return answer({name: {"settings": {"index.creation_date": date}} for name, date in dates.items()})
        assert request.path.endswith("/_mget"), request.path
        body: dict[str, Any] = await request.json()
        index = request.path.split("/")[1]
        self.looked_up.append((index, body["ids"]))
        return answer({"docs": [{"_id": each, "found": (index, each) in self.stored} for each in body["ids"]]})


@asynccontextmanager
async def rolling(server: RollingServer) -> AsyncIterator[RollingServer]:
    """Let the server listen on a free port."""
    application = web.Application()
    application.router.add_post("/_bulk", server.serve)
    application.router.add_route("*", "/{path:.*}", server.serve_others)
    async with listen(application) as server.port:
        try:
            yield server
        finally:
            server.released.set()
