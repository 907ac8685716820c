"""Stores documents as the collector sends them, and tells what they take."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched, count
from typing import Any, Final, cast

import msgspec
from elasticsearch import AsyncElasticsearch, Elasticsearch

from benchmarks.measuring import BenchmarkError
from benchmarks.sizing.kinds import Kind
from collector.assets.installation import install
from collector.delivery.identity import EventIds, record_id
from collector.delivery.routing import routes_beside
from collector.engine import EmbeddedEngine
from collector.events import DataStream, Entry, Position, Record, Source
from collector.inputs.azure_metrics.ports import Document
from collector.inputs.azure_metrics.sink import METRICS
from collector.output.elasticsearch.encoding import CONTENT_TAG_PREFIX, StreamEncoder, action
from collector.redact.hash_key import derive_key
from collector.redact.levels import MetadataLevel, RedactedLevel
from collector.redact.patterns import PATTERNS, TextRedactor

_KEY: Final = derive_key("the texts of a benchmark are nobody's secret")
LEVELS: Final[dict[str, Callable[[Entry], Entry]]] = {
    "metadata": MetadataLevel(_KEY).apply,
    "redacted": RedactedLevel(_KEY, TextRedactor(PATTERNS).redact).apply,
    "full": lambda entry: entry,
}
"""What the content policy does to a record, by level."""
_SOURCE: Final = Source("benchmark.servicebus.windows.net", "insights-logs", "$Default")
_PARTITION: Final = "0"
_ARRIVED: Final = datetime(2026, 3, 10, 9, 10, tzinfo=UTC)
_LINES_A_REQUEST: Final = 500
_HEAP: Final = "1g"


@dataclass(frozen=True, slots=True)
class Stored:
    """What documents of one kind take in one primary shard with one segment."""

    documents: int
    bytes: int

    @property
    def each(self) -> float:
        """Bytes a document."""
        return self.bytes / self.documents


class Store:
    """An engine with the package; each measurement has data streams of its own."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client
        self._numbers = count()

    def store_records(self, kind: Kind, level: str, *, original: bool = False) -> Stored:
        """Store records at a content level.

        Raises:
            BenchmarkError: a document was refused, failed in its pipeline or was dropped.
        """
        target = DataStream("logs", kind.dataset, f"sizing{next(self._numbers)}")
        tags = (f"{CONTENT_TAG_PREFIX}{level}",)
        routes = routes_beside(kind.dataset)
        encoder = StreamEncoder(_SOURCE, target, tags, preserve_original=original, routes=routes)
        return self._store(target, _lines(encoder, kind, LEVELS[level]))

    def store_metrics(self, documents: Iterable[Document]) -> Stored:
        """Store documents of the poller of Azure Monitor.

        Raises:
            BenchmarkError: as above.
        """
        target = DataStream("metrics", METRICS, f"sizing{next(self._numbers)}")
        shared = {
            "data_stream": {"type": target.type, "dataset": target.dataset, "namespace": target.namespace},
            "event": {"module": "azure", "dataset": target.dataset},
        }
        bodies = ((action(target.name, each.id.encode()), {**each.source, **shared}) for each in documents)
        return self._store(target, (head + msgspec.json.encode(body) + b"\n" for head, body in bodies))

    def _store(self, target: DataStream, lines: Iterable[bytes]) -> Stored:
        sent = 0
        for part in batched(lines, _LINES_A_REQUEST):
            answer = self._client.bulk(operations=cast("Any", part))  # encoded lines go through as they are
            sent += len(part)
            if answer["errors"]:
                raise BenchmarkError(f"a document of {target.name} was refused: {str(answer)[:500]}")
        self._client.indices.forcemerge(index=target.name, max_num_segments=1)
        self._client.indices.refresh(index=target.name)
        failed = self._client.count(index=target.name, query={"term": {"event.kind": "pipeline_error"}})["count"]
        stored = self._read_segment(target.name)
        if failed or stored.documents != sent:
            raise BenchmarkError(f"of {sent} documents of {target.name}, {stored.documents} are there, {failed} failed")
        self._client.indices.delete_data_stream(name=target.name)
        return stored

    def _read_segment(self, stream: str) -> Stored:
        """Return the size of the one segment that is left; what ``_stats`` tells of a store is up to 10 s old."""
        (index,) = self._client.indices.segments(index=stream)["indices"].values()
        ((shard,),) = index["shards"].values()
        (segment,) = (each for each in shard["segments"].values() if each["search"])
        return Stored(segment["num_docs"], segment["size_in_bytes"])


def _lines(encoder: StreamEncoder, kind: Kind, apply: Callable[[Entry], Entry]) -> Iterator[bytes]:
    ids = EventIds(_SOURCE, _PARTITION)
    for number, text in enumerate(kind.texts):
        received = Record(text)
        entry = apply(received)
        if not isinstance(entry, Record):
            raise BenchmarkError(f"the content policy takes this for no record: {text[:200]}")
        origin = encoder.origin(_PARTITION, Position(str(number * 512), number, _ARRIVED))
        yield encoder.record(record_id(ids.event_id(number, origin.timestamp, text.encode()), 0), origin, entry)


@contextmanager
def connected(url: str) -> Iterator[Store]:
    """Yield an engine that runs already, with the package installed."""
    asyncio.run(_install(url))
    with Elasticsearch(url, request_timeout=300) as client:
        yield Store(client)


@contextmanager
def started() -> Iterator[Store]:
    """Yield an engine of our own, with the package installed."""
    with EmbeddedEngine(heap=_HEAP) as engine, connected(engine.url) as store:
        yield store


async def _install(url: str) -> None:
    async with AsyncElasticsearch(url, request_timeout=60) as client:
        await install(client)
