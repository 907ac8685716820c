"""The collectors' own day: what each told of itself every minute.

`draw_upkeep` is the ledger: reports made of the numbers that the collector's telemetry has, `write_upkeep` writes them
as its documents. An incident is a value like those of the traffic: it is known by its name.
"""

import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from elasticsearch import Elasticsearch

from collector import __version__
from collector.inputs.azure_metrics.gaps import GapReason
from collector.scenario.conditions import Incident, beside_calls, names_under_way
from collector.scenario.writing import write_reports
from collector.telemetry.counters import Counters
from collector.telemetry.documents import DATASET, TYPE, Identity, build_documents
from collector.telemetry.status import (
    DeadLetterStatus,
    GapStatus,
    OutputStatus,
    PartitionStatus,
    PollingStatus,
    ProcessStatus,
    Status,
    StreamStatus,
)

GONE, STALLED, REFUSED = "collector gone", "collector stalls", "records refused"
DROPPED, UNANSWERED = "events dropped by the hub", "minutes of metrics lost"
OUTPUT, STREAM, METRICS_STREAM = "default", "logs", "metrics"
REASON: Final = "truncated"
"""Why records are refused."""

_MINUTE: Final = timedelta(minutes=1)
_LITTLE_LAG: Final = 2_000
_DROPPED_EACH_MINUTE: Final = 500
_MORE_EACH_MINUTE: Final = 10_000
_REFUSED_EACH_MINUTE: Final = 3
_RECORDS_AN_EVENT: Final = 20
_BYTES_A_RECORD: Final = 1_500
_LIMIT_BYTES: Final = 64 * 1024 * 1024
_KEPT_OPEN: Final = 10
_FULL: Final = 40_000
"""Records in flight when the budget of bytes is used up."""


@dataclass(frozen=True, slots=True)
class Collector:
    """A collector, and which partitions it reads; one of them polls metrics."""

    name: str
    ephemeral_id: str
    partitions: tuple[str, ...]
    polls: bool = False
    version: str = __version__


ALONE: Final = (Collector("collector-1", "6a1f5d1e-0d3b-4a7c-9a3f-2f6c1f3f8a10", ("0",), polls=True),)
"""One collector of a hub with one partition."""
TOGETHER: Final = (
    Collector("collector-1", "6a1f5d1e-0d3b-4a7c-9a3f-2f6c1f3f8a10", ("0", "1"), polls=True),
    Collector("collector-2", "c0ffee42-7d0c-4f58-8a52-0b9a6d1e7c21", ("2", "3"), version="0.0.9"),
)
"""Two that share a hub; the second was not updated yet."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a collector told at a moment; every number counts from its start."""

    at: datetime
    collector: Collector
    statuses: tuple[Status, ...]

    def of[S: Status](self, kind: type[S]) -> Sequence[S]:
        """The subjects of a kind."""
        return [status for status in self.statuses if isinstance(status, kind)]


def be_gone(since: datetime, until: datetime) -> Incident:
    """Make the collectors tell nothing."""
    return beside_calls(GONE, since, until)


def stall(since: datetime, until: datetime) -> Incident:
    """Make Elasticsearch take nothing: the budget of bytes fills, no checkpoint is written, the partitions grow."""
    return beside_calls(STALLED, since, until)


def refuse_records(since: datetime, until: datetime) -> Incident:
    """Make some records of each minute become dead letters."""
    return beside_calls(REFUSED, since, until)


def drop_events(since: datetime, until: datetime) -> Incident:
    """Make the hub drop events that are older than its retention before the collectors receive them."""
    return beside_calls(DROPPED, since, until)


def leave_unanswered(since: datetime, until: datetime) -> Incident:
    """Make Azure Monitor give no answer: minutes are in a gap, and after a while the first are declared lost."""
    return beside_calls(UNANSWERED, since, until)


def draw_upkeep(  # noqa: PLR0913 - when, what goes wrong, and who tells how often
    seed: int,
    start: datetime,
    end: datetime,
    incidents: Sequence[Incident],
    *,
    collectors: Sequence[Collector] = ALONE,
    step: timedelta = _MINUTE,
) -> Sequence[Report]:
    """Return the reports from ``start`` to before ``end``, in the order of time."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret
    running = [_Running(collector, start) for collector in collectors]
    reports: list[Report] = []
    for number in range((end - start) // step):
        at = start + number * step + timedelta(seconds=7)
        wrong = names_under_way(at, incidents)
        for one in running:
            one.live(dice, at, wrong, step / _MINUTE)
            if GONE not in wrong:
                reports.append(Report(at, one.collector, tuple(one.tell(at))))
    return reports


def write_upkeep(client: Elasticsearch, reports: Sequence[Report], namespace: str) -> None:
    """Write the documents of the reports to the data stream of a namespace, and refresh it.

    Raises:
        ScenarioRefusedError: a document was refused.
    """
    documents = (
        document
        for report in reports
        for document in build_documents(report.statuses, _identify(report.collector), namespace, report.at)
    )
    write_reports(client, f"{TYPE}-{DATASET}-{namespace}", documents)


def _identify(collector: Collector) -> Identity:
    return Identity(collector.name, collector.version, collector.ephemeral_id)


@dataclass(slots=True)
class _Running:
    """A collector at work, from one report to the next."""

    collector: Collector
    started: datetime
    counters: Counters = field(default_factory=Counters)
    behind: Counter[str] = field(default_factory=Counter[str])
    dropped: Counter[str] = field(default_factory=Counter[str])
    waiting_since: datetime | None = None
    cpu_seconds: float = 0.0
    resident_bytes: int = 0
    asked: int = 0
    unanswered: int = 0
    open_minutes: int = 0
    lost_minutes: int = 0

    def live(self, dice: random.Random, at: datetime, wrong: Collection[str], minutes: float) -> None:
        """Do the work of some minutes."""
        stalled = STALLED in wrong
        for partition in self.collector.partitions:
            before = self.behind[partition] if stalled else 0
            self.behind[partition] = before + round(_MORE_EACH_MINUTE * minutes * stalled) + dice.randrange(_LITTLE_LAG)
            self.dropped[partition] += round(_DROPPED_EACH_MINUTE * minutes) if DROPPED in wrong else 0
        self.waiting_since = (self.waiting_since or at - _MINUTE) if stalled else None
        self.cpu_seconds += round(dice.uniform(1, 6) * minutes, 2)
        self.resident_bytes = dice.randrange(110, 150) * 1024 * 1024
        self._deliver(dice, round(dice.randrange(400, 900) * minutes), wrong, minutes)
        self._poll(wrong, minutes)

    def _deliver(self, dice: random.Random, arrived: int, wrong: Collection[str], minutes: float) -> None:
        told, refused = self.counters, round(_REFUSED_EACH_MINUTE * minutes) if REFUSED in wrong else 0
        reasons = told.dead_letter_reasons + Counter({REASON: refused})
        self.counters = told = replace(told, dead_letter_reasons=reasons)
        told.bulk_requests += round(6 * minutes)
        if STALLED in wrong:
            told.failed_requests += round(6 * minutes)
            told.received += max(0, _FULL - told.in_flight)
            told.in_flight = _FULL
            return
        told.received += arrived
        told.in_flight = dice.randrange(200)
        told.dead_lettered += refused
        told.indexed = told.received - told.in_flight - told.dead_lettered
        told.events = told.received // _RECORDS_AN_EVENT
        told.bulk_bytes = told.indexed * _BYTES_A_RECORD
        told.retried_items += dice.choice((0, 0, 0, 5))

    def _poll(self, wrong: Collection[str], minutes: float) -> None:
        if self.collector.polls:
            self.asked += round(10 * minutes)
            self.unanswered += round(10 * minutes) if UNANSWERED in wrong else 0
            self.lost_minutes += round(minutes) if self.open_minutes >= _KEPT_OPEN else 0
            self.open_minutes = self.open_minutes + round(minutes) if UNANSWERED in wrong else 0

    def tell(self, at: datetime) -> Iterator[Status]:
        """Yield what it tells, in the order and with the subjects of the daemon."""
        told, now = self.counters, at.timestamp()
        stuck = self.waiting_since is not None
        waited = 0.0 if self.waiting_since is None else (at - self.waiting_since).total_seconds()
        held = _LIMIT_BYTES if stuck else told.in_flight * _BYTES_A_RECORD
        mine = self.collector.partitions
        yield ProcessStatus(self.collector.version, self.started.timestamp(), self.cpu_seconds, self.resident_bytes)
        yield OutputStatus(OUTPUT, told, held, _LIMIT_BYTES, now - waited, healthy=not stuck)
        for reason, records in told.dead_letter_reasons.items():
            yield DeadLetterStatus(OUTPUT, reason, records)
        yield StreamStatus(OUTPUT, STREAM, len(mine), now - waited, healthy=True)
        for partition in mine:
            in_flight, lag = told.in_flight // len(mine), self.behind[partition]
            lost = self.dropped[partition]
            yield PartitionStatus(
                OUTPUT, STREAM, partition, in_flight, lag, lag + in_flight, waited, lost, now - waited, healthy=True
            )
        if self.collector.polls:
            lag_seconds = 60.0 * self.open_minutes
            yield StreamStatus(OUTPUT, METRICS_STREAM, None, now, healthy=not self.open_minutes)
            yield PollingStatus(OUTPUT, METRICS_STREAM, 3, lag_seconds, self.asked, 0, self.unanswered, 0)
            if self.open_minutes or self.lost_minutes:
                lost = self.lost_minutes
                yield GapStatus(OUTPUT, METRICS_STREAM, GapReason.UNAVAILABLE, self.open_minutes, 0, lost)
