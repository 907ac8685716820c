"""The engine that runs the pipelines, and how long it takes for a request."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from elasticsearch import AsyncElasticsearch, Elasticsearch

from benchmarks.measuring import BenchmarkError
from benchmarks.pipelines.cuts import Body
from benchmarks.pipelines.stopwatch import ProcessorTime, Stopwatch, WallClock
from collector.assets.bodies import shipped_bodies
from collector.assets.installation import install
from collector.assets.server import JSON_HEADERS
from collector.assets.setup.kinds import Kind
from collector.engine import EmbeddedEngine

URL_VARIABLE: Final = "AOAI_TEST_ELASTICSEARCH_URL"
_FULL_JIT: Final = ("-XX:TieredStopAtLevel=4",)
"""The JVM's own default; the demo and the tests go without the optimising compiler."""
_HEAP: Final = "1g"
_BULK_HEADERS: Final = {"accept": "application/json", "content-type": "application/x-ndjson"}

_EMBEDDED = (
    "the embedded engine with the full JIT; scripts run on the document itself, as in Elasticsearch\n"
    "(`collector/engine/shim/ScriptProcessor.java`)"
)


class Server:
    """An engine with the package's pipelines."""

    def __init__(self, client: Elasticsearch, stopwatch: Stopwatch) -> None:
        self._client = client
        self.stopwatch = stopwatch
        """How requests are timed."""
        self._version = client.info()["version"]
        embedded = self._version.get("build_flavor") == "embedded"
        self.name = _EMBEDDED if embedded else f"Elasticsearch {self._version['number']}"
        """What it is, for the page."""
        self.bodies: dict[str, Body] = {
            asset.name: asset.body for asset in shipped_bodies(embedded=embedded) if asset.kind is Kind.PIPELINE
        }
        """The pipelines of the package as they are on this server, by id."""
        self._written: list[str] = []

    def write(self, identifier: str, body: Body) -> None:
        """Create a pipeline; it is removed at the end."""
        self._client.perform_request("PUT", f"/_ingest/pipeline/{identifier}", headers=JSON_HEADERS, body=body)
        if identifier not in self._written:
            self._written.append(identifier)

    def seconds(self, pipeline: str, bulk: bytes) -> float:
        """Run a bulk request through a pipeline and return how long that took.

        Raises:
            BenchmarkError: a document failed or was not dropped.
        """
        path = f"/_bulk?pipeline={pipeline}&filter_path=errors,items.*.error,items.*._seq_no"

        def send() -> None:
            answer = self._client.perform_request("POST", path, headers=_BULK_HEADERS, body=bulk)
            if answer.body != {"errors": False}:
                raise BenchmarkError(f"documents failed or were not dropped: {str(answer.body)[:500]}")

        return self.stopwatch.time(send)

    def remove_written(self) -> None:
        """Remove what was created, callers before the ones they call."""
        while self._written:
            path = f"/_ingest/pipeline/{self._written.pop()}"
            self._client.perform_request("DELETE", path, headers=JSON_HEADERS)


@contextmanager
def started() -> Iterator[Server]:
    """Yield the engine that the environment names, or one of our own, with the package installed."""
    if url := os.environ.get(URL_VARIABLE):
        with connected(url, WallClock()) as server:
            yield server
        return
    with (
        EmbeddedEngine(heap=_HEAP, jvm_options=_FULL_JIT) as engine,
        connected(engine.url, ProcessorTime(engine.pid or 0)) as server,
    ):
        yield server


@contextmanager
def connected(url: str, stopwatch: Stopwatch) -> Iterator[Server]:
    """Yield an engine that runs already, with the package installed."""
    asyncio.run(_install(url))
    with Elasticsearch(url, request_timeout=120) as client:
        server = Server(client, stopwatch)
        try:
            yield server
        finally:
            server.remove_written()


async def _install(url: str) -> None:
    async with AsyncElasticsearch(url, request_timeout=60) as client:
        await install(client)
