"""The collector's own day: what it told of itself each minute.

`draw_upkeep` is the ledger, `write_upkeep` writes it as the collector's own documents. An incident is a value like
those of the traffic: it is known by its name.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from elasticsearch import Elasticsearch

from collector import __version__
from collector.scenario.conditions import Incident, beside_calls, names_under_way
from collector.scenario.writing import write_reports
from collector.telemetry.counters import Counters
from collector.telemetry.documents import DATASET, TYPE, Identity, build_documents
from collector.telemetry.status import OutputStatus, PartitionStatus, Status

COLLECTOR, STREAM, PARTITION, OUTPUT = "collector-1", "logs", "0", "default"
EPHEMERAL_ID: Final = "6a1f5d1e-0d3b-4a7c-9a3f-2f6c1f3f8a10"
GONE, BEHIND, REFUSED = "collector gone", "collector falls behind", "records refused"

_IDENTITY: Final = Identity(COLLECTOR, __version__, EPHEMERAL_ID)
_LITTLE_LAG: Final = 2_000
_MORE_EACH_MINUTE: Final = 10_000
_REFUSED_EACH_MINUTE: Final = 3
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Report:
    """What the collector told at a moment: how far behind a partition is, how many dead letters there were so far."""

    at: datetime
    lag_events: int
    dead_letters: int


def be_gone(since: datetime, until: datetime) -> Incident:
    """Make the collector tell nothing."""
    return beside_calls(GONE, since, until)


def fall_behind(since: datetime, until: datetime) -> Incident:
    """Make the partition grow faster than it is read."""
    return beside_calls(BEHIND, since, until)


def refuse_records(since: datetime, until: datetime) -> Incident:
    """Make some records of each minute become dead letters."""
    return beside_calls(REFUSED, since, until)


def draw_upkeep(seed: int, start: datetime, end: datetime, incidents: Sequence[Incident]) -> Sequence[Report]:
    """Return the reports from ``start`` to before ``end``, one a minute."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret
    reports: list[Report] = []
    behind = letters = 0
    for minute in range((end - start) // _MINUTE):
        at = start + minute * _MINUTE + timedelta(seconds=7)
        wrong = names_under_way(at, incidents)
        behind = behind + _MORE_EACH_MINUTE if BEHIND in wrong else 0
        letters += _REFUSED_EACH_MINUTE if REFUSED in wrong else 0
        lag = behind + dice.randrange(_LITTLE_LAG)
        if GONE not in wrong:
            reports.append(Report(at, lag, letters))
    return reports


def write_upkeep(client: Elasticsearch, reports: Sequence[Report], namespace: str) -> None:
    """Write the documents of the reports to the data stream of a namespace, and refresh it.

    Raises:
        ScenarioRefusedError: a document was refused.
    """
    index = f"{TYPE}-{DATASET}-{namespace}"
    documents = (
        document for report in reports for document in build_documents(_tell(report), _IDENTITY, namespace, report.at)
    )
    write_reports(client, index, documents)


def _tell(report: Report) -> Iterator[Status]:
    counters = Counters()
    counters.dead_lettered = report.dead_letters
    yield OutputStatus(OUTPUT, counters, 0, 1, None, healthy=True)
    yield PartitionStatus(OUTPUT, STREAM, PARTITION, 0, report.lag_events, None, 0.0, None, healthy=True)
