"""Writes a day into an engine, through its pipelines, as documents of the collector."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, Final, cast

import msgspec
from elasticsearch import Elasticsearch

from collector.delivery.identity import EventIds, record_id
from collector.delivery.routing import LOGS, routes_beside
from collector.events import DataStream, Position, Record, Source
from collector.inputs.azure_metrics.ports import Document
from collector.inputs.azure_metrics.sink import METRICS
from collector.output.elasticsearch.encoding import CONTENT_TAG_PREFIX, StreamEncoder, action
from collector.redact.hash_key import derive_key
from collector.redact.levels import MetadataLevel
from collector.scenario.budget import own_prices
from collector.scenario.ledger import Ledger
from collector.scenario.metering import write_metrics
from collector.scenario.records import write_key_listing, write_records

_SOURCE: Final = Source("scenario.servicebus.windows.net", "insights-logs", "$Default")
_PARTITION: Final = "0"
_ON_THE_WAY: Final = timedelta(minutes=4)
"""From a record's time until Event Hubs has it; Azure says 3 to 10 minutes."""
_LINES_A_REQUEST: Final = 1_000
_HASH_KEY: Final = "the texts of a scenario are nobody's secret"


class ScenarioRefusedError(Exception):
    """The engine did not take a document. The message has its words."""


def write_day(client: Elasticsearch, ledger: Ledger, *, namespace: str = "default") -> None:
    """Write everything that Azure has of a day to the data streams of a namespace, and refresh them.

    Pipelines and templates must be installed. Writing the same day again changes nothing. Costs have a budget.

    Raises:
        ScenarioRefusedError: a document was refused.
        OwnPricesError: the cluster has a pipeline of somebody's own prices.
    """
    write_texts(client, _texts(ledger), namespace)
    with own_prices(client, namespace):
        write_documents(client, DataStream("metrics", METRICS, namespace), write_metrics(ledger))
    client.indices.refresh(index=f"*-aoai.*-{namespace}")


def write_texts(client: Elasticsearch, texts: Iterable[tuple[datetime, str]], namespace: str) -> None:
    """Write records with their times to the data streams of their categories.

    Raises:
        ScenarioRefusedError: a document was refused.
    """
    write_lines(client, _encode_records(texts, namespace))


def write_documents(client: Elasticsearch, target: DataStream, documents: Iterable[Document]) -> None:
    """Write documents of the poller of Azure Monitor to a data stream, and refresh it.

    Raises:
        ScenarioRefusedError: a document was refused.
    """
    shared = {
        "data_stream": {"type": target.type, "dataset": target.dataset, "namespace": target.namespace},
        "event": {"module": "azure", "dataset": target.dataset},
    }
    bodies = ((document.id, {**document.source, **shared}) for document in documents)
    write_lines(
        client, (action(target.name, number.encode()) + msgspec.json.encode(body) + b"\n" for number, body in bodies)
    )
    client.indices.refresh(index=target.name)


def write_reports(client: Elasticsearch, target: str, documents: Iterable[Mapping[str, Any]]) -> None:
    """Write documents of the collector about itself, which have no ids, to a data stream, and refresh it.

    Raises:
        ScenarioRefusedError: a document was refused.
    """
    create = msgspec.json.encode({"create": {"_index": target}})
    write_lines(client, (b"\n".join((create, msgspec.json.encode(document), b"")) for document in documents))
    client.indices.refresh(index=target)


def write_lines(client: Elasticsearch, lines: Iterable[bytes]) -> None:
    """Send lines of bulk requests, each an action with its document.

    Raises:
        ScenarioRefusedError: a document was refused.
    """
    for part in batched(lines, _LINES_A_REQUEST):
        answer = client.bulk(operations=cast("Any", part))  # encoded lines go through as they are
        refused = [item["create"] for item in answer["items"] if item["create"]["status"] not in {201, 409}]
        if refused:
            raise ScenarioRefusedError(str(refused[0]))


def _encode_records(texts: Iterable[tuple[datetime, str]], namespace: str) -> Iterator[bytes]:
    tags = (f"{CONTENT_TAG_PREFIX}metadata",)
    target = DataStream("logs", LOGS, namespace)
    encoder = StreamEncoder(_SOURCE, target, tags, preserve_original=False, routes=routes_beside(LOGS))
    ids, content = EventIds(_SOURCE, _PARTITION), MetadataLevel(derive_key(_HASH_KEY))
    for number, (at, text) in enumerate(texts):
        received = Record(text)
        origin = encoder.origin(_PARTITION, Position(str(number * 512), number, at + _ON_THE_WAY))
        entry = content.apply(received)
        if not isinstance(entry, Record):
            raise ScenarioRefusedError(f"the content policy takes this for no record: {text}")
        yield encoder.record(record_id(ids.event_id(number, origin.timestamp, text.encode()), 0), origin, entry)


def _texts(ledger: Ledger) -> Iterator[tuple[datetime, str]]:
    for call in ledger.calls:
        for text in write_records(call):
            yield call.at, text
    for listing in ledger.key_listings:
        yield listing.at, write_key_listing(listing)
