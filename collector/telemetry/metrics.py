"""The table of every number that the collector tells of itself.

Promise: the pages of /metrics, the documents in ``metrics-aoai.collector-*``, their mapping and docs/monitoring.md are
made from this table, so they cannot differ.

Grammar of a name: ``collector_<what>_<unit>``, with ``_total`` behind it when it only grows; ``collector_<what>_up`` is
1 or 0. The document's field follows from the name: ``collector_in_flight_records`` is
``aoai.collector.in_flight.records``. Names that Prometheus itself gives to every process (``process_*``) are kept.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from collector.telemetry.status import (
    DeadLetterStatus,
    GapStatus,
    OutputStatus,
    PartitionStatus,
    PollingStatus,
    ProcessStatus,
    StreamStatus,
    WorkerStatus,
)

FIELD_ROOT: Final = "aoai.collector"
_NAME: Final = re.compile(
    r"(?:collector_)?(?P<what>[a-z]+(?:_[a-z]+)*?)_"
    r"(?P<unit>bytes|documents|events|items|minutes|partitions|records|requests|resources|restarts|seconds|up)(?:_total)?"
)


class Kind(StrEnum):
    """How a number moves."""

    COUNTER = "counter"
    """Only grows, from 0 at the start of the process."""
    GAUGE = "gauge"


@dataclass(frozen=True)
class Metric[S]:
    """One number: its name on /metrics, its sentence, and how it is read from its subject (None: not known now)."""

    name: str
    help: str
    read: Callable[[S], float | None]

    @property
    def kind(self) -> Kind:
        """A counter's name ends in ``_total``."""
        return Kind.COUNTER if self.name.endswith("_total") else Kind.GAUGE

    @property
    def unit(self) -> str:
        """The unit that the name ends in."""
        return self._parts()["unit"]

    @property
    def field(self) -> str:
        """The field of the document."""
        return f"{FIELD_ROOT}.{self._parts()['what']}.{self.unit}"

    def _parts(self) -> re.Match[str]:
        match = _NAME.fullmatch(self.name)
        if match is None:
            raise ValueError(f"{self.name} does not follow the grammar of names")
        return match


@dataclass(frozen=True)
class Scope[S]:
    """A kind of subject: its labels, which are attributes of its status, and its numbers."""

    name: str
    subject: type[S]
    labels: tuple[str, ...]
    metrics: tuple[Metric[S], ...]


_PROCESS: Final[Scope[ProcessStatus]] = Scope(
    "process",
    ProcessStatus,
    (),
    (
        Metric(
            "process_start_time_seconds", "When the process started, in seconds since 1970.", lambda it: it.started_at
        ),
        Metric("process_cpu_seconds_total", "Processor time, in user and system mode.", lambda it: it.cpu_seconds),
        Metric("process_resident_memory_bytes", "Memory that the process holds.", lambda it: it.resident_bytes),
    ),
)

_OUTPUT: Final[Scope[OutputStatus]] = Scope(
    "output",
    OutputStatus,
    ("output",),
    (
        Metric(
            "collector_received_records_total",
            "Records taken in: each is in exactly one of the next four, or in flight.",
            lambda it: it.counters.received,
        ),
        Metric(
            "collector_indexed_records_total", "Records that Elasticsearch indexed.", lambda it: it.counters.indexed
        ),
        Metric(
            "collector_already_there_records_total",
            "Records that were read again and that Elasticsearch had already.",
            lambda it: it.counters.already_there,
        ),
        Metric(
            "collector_dropped_records_total",
            "Records dropped on purpose, by an ingest pipeline or a processor of the policy.",
            lambda it: it.counters.dropped,
        ),
        Metric(
            "collector_dead_lettered_records_total",
            "Records that became dead letters, or went to the failure store.",
            lambda it: it.counters.dead_lettered,
        ),
        Metric(
            "collector_in_flight_records",
            "Records taken in that Elasticsearch has not answered for yet.",
            lambda it: it.counters.in_flight,
        ),
        Metric("collector_in_flight_bytes", "Bytes that records in flight hold.", lambda it: it.in_flight_bytes),
        Metric(
            "collector_in_flight_limit_bytes",
            "The most of them before reading waits: max_in_flight_bytes of the output.",
            lambda it: it.in_flight_limit_bytes,
        ),
        Metric(
            "collector_dead_lettered_on_disk_records_total",
            "Dead letters that Elasticsearch refused too, and that are in the local file.",
            lambda it: it.counters.dead_letters_on_disk,
        ),
        Metric(
            "collector_repaired_records_total",
            "Records that were not well-formed JSON and were repaired.",
            lambda it: it.counters.repaired,
        ),
        Metric("collector_received_events_total", "Events taken in from event hubs.", lambda it: it.counters.events),
        Metric("collector_empty_events_total", "Events that held no record.", lambda it: it.counters.empty_events),
        Metric("collector_bulk_requests_total", "Bulk requests sent.", lambda it: it.counters.bulk_requests),
        Metric(
            "collector_failed_bulk_requests_total",
            "Bulk requests that were refused as a whole, or not answered.",
            lambda it: it.counters.failed_requests,
        ),
        Metric(
            "collector_bulk_bytes_total",
            "Bytes of bulk bodies before compression.",
            lambda it: it.counters.bulk_bytes,
        ),
        Metric(
            "collector_retried_items_total",
            "Items of bulk requests that had to be sent again one by one.",
            lambda it: it.counters.retried_items,
        ),
        Metric(
            "collector_lookup_requests_total",
            "Requests for what is there already, after a start or a request without an answer.",
            lambda it: it.counters.lookup_requests,
        ),
        Metric(
            "collector_found_by_lookup_records_total",
            "Of the records already there or dead-lettered: those found by a look-up and not sent.",
            lambda it: it.counters.found_by_lookup,
        ),
        Metric(
            "collector_output_last_success_timestamp_seconds",
            "When Elasticsearch last accepted a bulk request in full, in seconds since 1970.",
            lambda it: it.last_success_at,
        ),
        Metric("collector_output_up", "1 while the output is healthy, as in /readyz.", lambda it: float(it.healthy)),
    ),
)

_DEAD_LETTER: Final[Scope[DeadLetterStatus]] = Scope(
    "dead_letter",
    DeadLetterStatus,
    ("output", "reason"),
    (
        Metric(
            "collector_dead_letter_reason_records_total",
            "collector_dead_lettered_records_total by reason; a reason appears with its first dead letter.",
            lambda it: it.records,
        ),
    ),
)

_STREAM: Final[Scope[StreamStatus]] = Scope(
    "stream",
    StreamStatus,
    ("output", "stream"),
    (
        Metric(
            "collector_owned_partitions",
            "Partitions that this collector reads; the others are another collector's.",
            lambda it: it.owned_partitions,
        ),
        Metric(
            "collector_stream_last_success_timestamp_seconds",
            "When events last came from the event hub, or metrics from Azure Monitor, in seconds since 1970.",
            lambda it: it.last_success_at,
        ),
        Metric("collector_stream_up", "1 while the stream is healthy, as in /readyz.", lambda it: float(it.healthy)),
    ),
)

_POLLING: Final[Scope[PollingStatus]] = Scope(
    "polling",
    PollingStatus,
    ("output", "stream"),
    (
        Metric(
            "collector_metrics_polled_resources",
            "Resources whose metrics this collector polls; 0 while another collector does.",
            lambda it: it.resources,
        ),
        Metric(
            "collector_metrics_lag_seconds",
            "How long ago the newest minute that is final and not read became final, of the slowest resource.",
            lambda it: it.lag_seconds,
        ),
        Metric("collector_metrics_requests_total", "Questions to Azure Monitor.", lambda it: it.requests),
        Metric(
            "collector_metrics_throttled_requests_total",
            "Of these, those that Azure throttled.",
            lambda it: it.throttled_requests,
        ),
        Metric(
            "collector_metrics_failed_requests_total",
            "Of these, those that Azure refused or did not answer.",
            lambda it: it.failed_requests,
        ),
        Metric(
            "collector_metrics_restated_documents_total",
            "Documents that keep a value which Azure has changed since; `aoai-collector gaps` lists their minutes.",
            lambda it: it.restated_documents,
        ),
    ),
)

_GAP: Final[Scope[GapStatus]] = Scope(
    "gap",
    GapStatus,
    ("output", "stream", "reason"),
    (
        Metric(
            "collector_metrics_open_gap_minutes",
            "Minutes without a value that may still get one, of all resources and groups of metrics.",
            lambda it: it.open_minutes,
        ),
        Metric(
            "collector_metrics_closed_gap_minutes_total",
            "Minutes that were in a gap and got their values.",
            lambda it: it.closed_minutes,
        ),
        Metric(
            "collector_metrics_lost_gap_minutes_total",
            "Minutes that were in a gap and were declared lost.",
            lambda it: it.lost_minutes,
        ),
    ),
)

_PARTITION: Final[Scope[PartitionStatus]] = Scope(
    "partition",
    PartitionStatus,
    ("output", "stream", "partition"),
    (
        Metric(
            "collector_partition_lag_events",
            "Events that the partition held, when it was asked in the last minute, and that were not received yet.",
            lambda it: it.lag_events,
        ),
        Metric(
            "collector_partition_checkpoint_lag_events",
            "The same, counted from the last checkpoint; known once this collector has written one.",
            lambda it: it.checkpoint_lag_events,
        ),
        Metric(
            "collector_partition_checkpoint_age_seconds",
            "How long received events have waited for a checkpoint; 0 when all of them are covered.",
            lambda it: it.checkpoint_age_seconds,
        ),
        Metric(
            "collector_partition_lost_events_total",
            "Events that the hub dropped before they were received: they were older than its retention.",
            lambda it: it.lost_events,
        ),
        Metric(
            "collector_partition_in_flight_records",
            "Records of the partition that Elasticsearch has not answered for yet.",
            lambda it: it.in_flight_records,
        ),
        Metric(
            "collector_partition_last_received_timestamp_seconds",
            "When events last came from the partition, in seconds since 1970.",
            lambda it: it.last_received_at,
        ),
        Metric(
            "collector_partition_up",
            "0 while the partition holds events that do not arrive.",
            lambda it: float(it.healthy),
        ),
    ),
)

SCOPES: Final[tuple[Scope[Any], ...]] = (_PROCESS, _OUTPUT, _DEAD_LETTER, _STREAM, _PARTITION, _POLLING, _GAP)

WORKER: Final[Scope[WorkerStatus]] = Scope(
    "worker",
    WorkerStatus,
    ("worker",),
    (
        Metric(
            "collector_worker_up", "1 while the worker runs and has done so for a while.", lambda it: float(it.healthy)
        ),
        Metric(
            "collector_worker_restarts_total",
            "How often the worker ended by itself and was begun anew.",
            lambda it: it.restarts,
        ),
    ),
)
"""Of the supervisor of several workers, and on its page only: each worker sends documents of its own."""
