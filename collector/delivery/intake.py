"""The way in: gives each record of an event its id and hands it to the output."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

from collector.delivery.acknowledgement import EventTicket, Lane, SettledTwiceError
from collector.delivery.budget import Budget
from collector.delivery.identity import RecordIds
from collector.delivery.processing import RecordProcessing
from collector.delivery.tap import Taps
from collector.events import Entry, Position, Record, Source
from collector.output.elasticsearch.encoding import Origin, StreamEncoder
from collector.output.elasticsearch.items import Item
from collector.policy.processors import Processor
from collector.redact import ContentPolicy
from collector.telemetry.counters import Counters

_BYTES_BESIDE_A_RECORD: Final = 512
"""What a document holds beside its record: position, data stream, id, and the objects that carry it."""
_BYTES_OF_A_SLICE: Final = 64 * 1024
"""Of an event: small beside any budget, so that 32 partitions may each have one ready while it is full."""


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
        budget: Budget,
        counters: Counters,
        *,
        processors: Sequence[Processor] = (),
        content: ContentPolicy | None = None,
        taps: Taps | None = None,
    ) -> None:
        """Take the stream's parts; ``processors`` are those that look at the record, no ``content`` means all of it.

        ``taps`` are shown what passes.
        """
        self._encode: Callable[[bytes, Origin, Record], bytes | None] = (
            RecordProcessing(encoder, processors).encode if processors else encoder.record
        )
        self._source = source
        self._encoder = encoder
        self._output = output
        self._budget = budget
        self._counters = counters
        self._content = content
        self._taps = taps or Taps()
        self._ids: dict[str, RecordIds] = {}

    @property
    def turn(self) -> asyncio.Lock:
        """To be held while an event is taken in that needs much memory meanwhile; the streams of an output share it."""
        return self._budget.turn

    async def reserve(self, size: int) -> None:
        """Wait for room for an event of ``size`` bytes; ``accept`` or ``forgo`` must follow."""
        await self._budget.take(size)

    def forgo(self, size: int) -> None:
        """Give reserved room back without taking anything in."""
        self._budget.give_back(size)

    async def accept(self, lane: Lane, position: Position, entries: Iterable[Entry], size: int) -> None:
        """Hand the records of an event to the output, in slices, each when there is room for it.

        The reserved bytes are used first, and no event that they suffice for waits. Nothing is held while a slice
        waits, so that the records under way can always make room for it. When the lane is revoked meanwhile, the rest
        is the next owner's. An event that is under way in this lane already is not taken in twice.
        """
        if lane.holds(position):
            self.forgo(size)
            return
        event = _Event(lane, position, lane.came_before(position), self._encoder.origin(lane.partition, position))
        left = size
        for slice_, cost in _slices(entries):
            if event.records and cost > left:
                self._budget.give_back(left)
                left = cost
                await self._budget.take(cost, len(slice_))
                if lane.revoked:
                    self._budget.give_back(cost, len(slice_))
                    return
            else:
                self._budget.add(max(cost - left, 0), len(slice_))
            left = max(left - cost, 0)
            self._hand_over(event, slice_, cost)
        self._counters.events += 1
        self._counters.empty_events += not event.records
        self._budget.give_back(left)
        event.ticket.close()

    def _hand_over(self, event: "_Event", entries: Sequence[Entry], cost: int) -> None:
        """Hand a slice of an event to the output."""
        counters = self._counters
        counters.received += len(entries)
        counters.in_flight += len(entries)
        event.ticket.expect(len(entries))
        slice_ = _Slice(event.ticket, len(entries), cost, self._budget)
        lane, number, written = event.lane, event.position.sequence_number, 0
        partition = lane.partition
        ids = self._ids.get(partition) or self._ids.setdefault(partition, RecordIds(self._source, partition))
        watched = self._taps.watched
        for index, received in enumerate(entries, event.records):
            record_id = ids.record_id(number, index, received.source)
            entry = received if self._content is None else self._content.apply(received)
            if watched:
                self._taps.offer(self._source, partition, number, entry)
            if isinstance(entry, Record):
                counters.repaired += entry.repaired
                line = self._encode(record_id, event.origin, entry)
                if line is None:
                    self._drop(slice_)
                    continue
                reason = None
            else:
                line = self._encoder.reject(record_id, event.origin, index, entry)
                reason = entry.reason
            written += len(line)
            self._output.add(Item(line, slice_.settle, reason, lane.window, number, len(received.source), event.unsure))
        event.records += len(entries)
        slice_.count_what_was_written(written)

    def _drop(self, slice_: "_Slice") -> None:
        """Settle a record that a processor drops: nobody has to answer for it."""
        self._counters.in_flight -= 1
        self._counters.dropped += 1
        slice_.settle()


class _Event:
    """An event on its way in."""

    __slots__ = ("lane", "origin", "position", "records", "ticket", "unsure")

    def __init__(self, lane: Lane, position: Position, unsure: bool, origin: Origin) -> None:
        self.lane = lane
        self.position = position
        self.unsure = unsure
        self.origin = origin
        self.ticket = lane.begin(position)
        self.records = 0


class _Slice:
    """Records that share room in the budget and give it back together."""

    __slots__ = ("_budget", "_bytes", "_records", "_ticket", "_unsettled")

    def __init__(self, ticket: EventTicket, records: int, size: int, budget: Budget) -> None:
        self._ticket = ticket
        self._records = records
        self._unsettled = records
        self._bytes = size
        self._budget = budget

    def settle(self) -> None:
        """Note that one more of them is settled; the event hears of it when all are.

        Raises:
            SettledTwiceError: every record was settled before.
        """
        self._unsettled -= 1
        if self._unsettled == 0:
            self._ticket.settle(self._records)
            self._budget.give_back(self._bytes, self._records)
        elif self._unsettled < 0:
            raise SettledTwiceError("a slice has no unsettled record")

    def count_what_was_written(self, written: int) -> None:
        """Take as much more as the documents turned out to be larger; control characters, say, grow sixfold."""
        excess = written - self._bytes
        if excess > 0 and self._unsettled:
            self._budget.add(excess)
            self._bytes += excess


def _slices(entries: Iterable[Entry]) -> Iterator[tuple[list[Entry], int]]:
    """Cut the entries where their documents come to about 64 KiB; yield each slice with its size."""
    slice_: list[Entry] = []
    size = 0
    for entry in entries:
        more = len(entry.source) + _BYTES_BESIDE_A_RECORD
        if slice_ and size + more > _BYTES_OF_A_SLICE:
            yield slice_, size
            slice_, size = [], 0
        slice_.append(entry)
        size += more
    if slice_:
        yield slice_, size
