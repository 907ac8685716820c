"""The dead letters that reports of collectors count, as the documents that were made of what was refused."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from elasticsearch import Elasticsearch

from collector.delivery.identity import EventIds, record_id
from collector.delivery.routing import LOGS
from collector.events import DataStream, Position, Reject, RejectReason, Source
from collector.output.elasticsearch.encoding import DEAD_LETTER_DATASET, StreamEncoder, iso
from collector.scenario.upkeep import Report
from collector.scenario.writing import write_lines
from collector.telemetry.status import DeadLetterStatus

_SOURCE: Final = Source("scenario.servicebus.windows.net", "insights-logs", "$Default")
_PIECE: Final = b'{"records": ['


def list_dead_letters(reports: Sequence[Report]) -> Iterator[tuple[datetime, str]]:
    """Yield when each was refused, as exactly as the reports tell, and why."""
    known = Counter[tuple[str, str]]()
    for report in reports:
        for told in report.of(DeadLetterStatus):
            subject = report.collector.ephemeral_id, told.reason
            yield from [(report.at, told.reason)] * (told.records - known[subject])
            known[subject] = told.records


def write_dead_letters(client: Elasticsearch, reports: Sequence[Report], namespace: str) -> None:
    """Write the documents to the data stream of a namespace, and refresh it.

    Raises:
        ScenarioRefusedError: a document was refused.
    """
    encoder = StreamEncoder(_SOURCE, DataStream("logs", LOGS, namespace), (), preserve_original=False)
    ids = EventIds(_SOURCE, "0")
    write_lines(
        client,
        (
            encoder.reject(
                record_id(ids.event_id(number, iso(at), _PIECE), 0),
                encoder.origin("0", Position(str(number), number, at)),
                0,
                Reject(_PIECE, RejectReason(reason), "the piece ends too early"),
            )
            for number, (at, reason) in enumerate(list_dead_letters(reports))
        ),
    )
    client.indices.refresh(index=DataStream("logs", DEAD_LETTER_DATASET, namespace).name)
