"""Cases of single steps in this process: from an event's body to bulk lines, and reading a bulk reply.

Rounds are short and timed in processor time. What else the machine does only makes a round slower, so a run is its
fastest round, as the documentation of ``timeit`` has it, and the median of the runs counts. The parts are the daemon's
own, put together as it puts them together.
"""

import gc
import itertools
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Final, cast

from benchmarks.effort import Effort
from benchmarks.hub import make_bodies
from benchmarks.verdicts import Verdict
from collector.agent.stream_encoding import build_encoder
from collector.delivery.identity import EventIds, record_ids
from collector.delivery.routing import routes_beside
from collector.events import DataStream, Position, RecordTexts, Source, categories_of
from collector.inputs.splitting import split_at_once
from collector.output.elasticsearch.outcomes import all_created
from collector.policy import EventHubStream
from collector.redact.levels import MetadataLevel

_PER_EVENT: Final = 25
_EVENTS_A_ROUND: Final = 8
"""Few, because what the daemon takes apart was received a moment before, and is in the processor's cache."""
_ITEMS: Final = 1600
_ROUNDS_A_RUN: Final = 5_000
_CONNECTION: Final = (
    "Endpoint=sb://localhost;SharedAccessKeyName=bench;SharedAccessKey=bench;UseDevelopmentEmulator=true"
)
_KEY: Final = b"k" * 32
_STREAM: Final = {"id": "logs", "eventhub": "hub", "connection_string": _CONNECTION}
_MICROSECONDS: Final = 1e6
_MOMENT: Final = datetime(2026, 3, 10, 9, 10, tzinfo=UTC)


def measure_encoding(effort: Effort) -> Sequence[Verdict]:
    """Take event bodies apart and make bulk lines of them; then the same with what comes between."""
    way = _Way()
    records = _EVENTS_A_ROUND * _PER_EVENT
    alone, whole = _Timing(way.split_and_encode, effort.runs, records), _Timing(way.go, effort.runs, records)
    return [
        Verdict("encode", "µs a record, split and encode", alone.microseconds, most=1.7, runs=effort.runs),
        Verdict("encode", "the same, median of all rounds", alone.of_all_rounds, runs=effort.runs * _ROUNDS_A_RUN),
        Verdict("encode", "µs with ids, categories and content policy", whole.microseconds, runs=effort.runs),
    ]


def measure_reply(effort: Effort) -> Sequence[Verdict]:
    """Read the reply to a bulk request of which every item was indexed."""
    body = b'{"items":[' + b",".join([b'{"create":{"status":201}}'] * _ITEMS) + b"]}"

    def read() -> None:
        for _ in range(_EVENTS_A_ROUND):
            if not all_created(body, _ITEMS):
                raise AssertionError("the reply was not understood")

    taken = _Timing(read, effort.runs, _EVENTS_A_ROUND)
    return [Verdict("reply", "µs for 1,600 items", taken.microseconds, most=60, runs=effort.runs)]


class _Way:
    """The way of some events from their bodies to bulk lines."""

    def __init__(self) -> None:
        source = Source("localhost", "hub", "$Default")
        stream = EventHubStream.model_validate(_STREAM)
        target = DataStream("logs", stream.data_stream.dataset, stream.data_stream.namespace)
        self._encoder = build_encoder(source, stream, target, (), routes=routes_beside(target.dataset))
        self._content, self._ids = MetadataLevel(_KEY), EventIds(source, "0")
        self._bodies = list(itertools.islice(make_bodies(_PER_EVENT), _EVENTS_A_ROUND))
        self._positions = [Position(str(number), number, _MOMENT) for number in range(_EVENTS_A_ROUND)]
        self._names = record_ids(b"x" * 20, 0, _PER_EVENT)
        self._categories = categories_of(_texts_of(self._bodies[0]))

    def go(self) -> None:
        """Go all of it."""
        for position, body in zip(self._positions, self._bodies, strict=True):
            texts = _texts_of(body)
            categories = categories_of(texts)
            kept = self._content.apply_to_all(texts, categories)
            origin = self._encoder.origin("0", position)
            event_id = self._ids.event_id(position.sequence_number, origin.timestamp, body)
            self._encoder.records(record_ids(event_id, 0, len(kept)), origin, kept, categories)

    def split_and_encode(self) -> None:
        """Leave out what is between."""
        for position, body in zip(self._positions, self._bodies, strict=True):
            origin = self._encoder.origin("0", position)
            self._encoder.records(self._names, origin, _texts_of(body), self._categories)


def _texts_of(body: bytes) -> RecordTexts:
    return cast("RecordTexts", split_at_once(body))


class _Timing:
    """How long a round of some work takes, divided by what is done in it."""

    def __init__(self, work: Callable[[], None], runs: int, times: int) -> None:
        work()
        gc.collect()
        self._runs = [[_time(work) / times for _ in range(_ROUNDS_A_RUN)] for _ in range(runs)]

    @property
    def microseconds(self) -> float:
        """The median of the runs."""
        return median(map(min, self._runs)) * _MICROSECONDS

    @property
    def of_all_rounds(self) -> float:
        """The median of their rounds, in microseconds."""
        return median(itertools.chain.from_iterable(self._runs)) * _MICROSECONDS


def _time(work: Callable[[], None]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun
