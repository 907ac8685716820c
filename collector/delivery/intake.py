"""The way in: gives each record of an event its id and hands it to the output."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

from collector.delivery.acknowledgement import EventTicket, Lane
from collector.delivery.budget import ByteBudget
from collector.delivery.identity import RecordIds
from collector.delivery.processing import RecordProcessing
from collector.events import Entry, Position, Record, Source
from collector.output.elasticsearch.encoding import Origin, StreamEncoder
from collector.output.elasticsearch.items import Item
from collector.policy.processors import Processor
from collector.redact import ContentPolicy
from collector.telemetry.counters import Counters

_BYTES_BESIDE_A_RECORD: Final = 512
"""What a document holds beside its record: position, data stream, id, and the objects that carry it."""


class Output(Protocol):
    """Where items go; it settles each of them exactly once, whatever happens."""

    def add(self, item: Item) -> None:
        """Take one item over; never blocks."""
        ...


class Intake:
    """Takes in the events of one stream."""

    def __init__(  # noqa: PLR0913 - the parts of one stream
        self,
        source: Source,
        encoder: StreamEncoder,
        output: Output,
        budget: ByteBudget,
        counters: Counters,
        *,
        processors: Sequence[Processor] = (),
        content: ContentPolicy | None = None,
    ) -> None:
        """Take the stream's parts; ``processors`` are those that look at the record, no ``content`` means all of it."""
        self._encode: Callable[[bytes, Origin, Record], bytes | None] = (
            RecordProcessing(encoder, processors).encode if processors else encoder.record
        )
        self._source = source
        self._encoder = encoder
        self._output = output
        self._budget = budget
        self._counters = counters
        self._content = content
        self._ids: dict[str, RecordIds] = {}

    async def reserve(self, size: int) -> None:
        """Wait for room for an event of ``size`` bytes; ``accept`` or ``forgo`` must follow."""
        await self._budget.take(size)

    def forgo(self, size: int) -> None:
        """Give reserved room back without taking anything in."""
        self._budget.give_back(size)

    def accept(self, lane: Lane, position: Position, entries: Sequence[Entry], size: int) -> None:
        """Hand the records of an event to the output; its reserved bytes come back when it is done.

        An event that is under way in this lane already is not taken in twice.
        """
        if lane.holds(position):
            self.forgo(size)
            return
        counters = self._counters
        counters.events += 1
        counters.empty_events += not entries
        counters.received += len(entries)
        counters.in_flight += len(entries)
        extra = _underestimate(entries, size)
        self._budget.add(extra)
        partition, unsure = lane.partition, lane.came_before(position)
        ticket = lane.open(position, len(entries), partial(self._budget.give_back, size + extra))
        ids = self._ids.get(partition) or self._ids.setdefault(partition, RecordIds(self._source, partition))
        origin = self._encoder.origin(partition, position)
        for index, received in enumerate(entries):
            record_id = ids.record_id(position.sequence_number, index, received.source)
            entry = received if self._content is None else self._content.apply(received)
            if isinstance(entry, Record):
                counters.repaired += entry.repaired
                line = self._encode(record_id, origin, entry)
                if line is None:
                    self._drop(ticket)
                    continue
                reason = None
            else:
                line = self._encoder.reject(record_id, origin, index, entry)
                reason = entry.reason
            number, length = position.sequence_number, len(received.source)
            self._output.add(Item(line, ticket.settle, reason, lane.window, number, length, unsure))

    def _drop(self, ticket: EventTicket) -> None:
        """Settle a record that a processor drops: nobody has to answer for it."""
        self._counters.in_flight -= 1
        self._counters.dropped += 1
        ticket.settle()


def _underestimate(entries: Sequence[Entry], size: int) -> int:
    """How many bytes more than its body an event takes: a small body can hold many records, or inflate."""
    records = sum(len(entry.source) for entry in entries)
    return max(records - size, 0) + len(entries) * _BYTES_BESIDE_A_RECORD
