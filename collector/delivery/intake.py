"""The way in: gives each record of an event its id and hands it to the output."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from collector.delivery.acknowledgement import EventTicket, Lane, SettledTwiceError
from collector.delivery.budget import Budget
from collector.delivery.identity import EventIds, record_id, record_ids
from collector.delivery.processing import RecordProcessing
from collector.delivery.tap import Taps
from collector.events import Entry, Position, Record, RecordTexts, Reject, Source, categories_of
from collector.output.elasticsearch.encoding import Origin, StreamEncoder
from collector.output.elasticsearch.items import Item, Load, Parcel
from collector.policy.processors import Processor
from collector.redact import ContentPolicy
from collector.telemetry.counters import Counters

_BYTES_BESIDE_A_RECORD: Final = 512
"""What a document holds beside its record: position, data stream, id, and the objects that carry it."""
_BYTES_OF_A_SLICE: Final = 64 * 1024
"""Of an event: small beside any budget, so that 32 partitions may each have one ready while it is full."""
_BYTES_OF_THE_LARGEST_SLICE: Final = _BYTES_OF_A_SLICE * 5 // 4

type _Entries = Sequence[Entry] | RecordTexts


class Output(Protocol):
    """Where items go; it settles each of them exactly once, whatever happens."""

    def add(self, load: Load) -> None:
        """Take documents over; never blocks."""
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
        self._process = RecordProcessing(encoder, processors).encode if processors else None
        self._source = source
        self._encoder = encoder
        self._output = output
        self._budget = budget
        self._counters = counters
        self._content = content
        self._taps = taps or Taps()
        self._ids: dict[str, EventIds] = {}

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

    async def accept(self, lane: Lane, position: Position, body: bytes, entries: Iterable[Entry] | RecordTexts) -> None:
        """Hand the records of an event, which ``body`` was split into, to the output, in slices when there is room.

        The reserved bytes are used first, and no event that they suffice for waits. Nothing is held while a slice
        waits, so that the records under way can always make room for it. When the lane is revoked meanwhile, the rest
        is the next owner's. An event that is under way in this lane already is not taken in twice.
        """
        if lane.holds(position):
            self.forgo(len(body))
            return
        event = self._begin(lane, position, body)
        left = len(body)
        for slice_, cost in _slices(entries, len(body)):
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

    def _begin(self, lane: Lane, position: Position, body: bytes) -> "_Event":
        partition = lane.partition
        ids = self._ids.get(partition) or self._ids.setdefault(partition, EventIds(self._source, partition))
        origin = self._encoder.origin(partition, position)
        event_id = ids.event_id(position.sequence_number, origin.timestamp if position.dated else "", body)
        return _Event(lane, position, event_id, origin)

    def _hand_over(self, event: "_Event", entries: _Entries, cost: int) -> None:
        """Hand a slice of an event to the output."""
        counters = self._counters
        counters.received += len(entries)
        counters.in_flight += len(entries)
        event.ticket.expect(len(entries))
        slice_ = _Slice(event.ticket, len(entries), cost, self._budget)
        texts = _texts_of(entries) if self._process is None and not self._taps.watched else None
        if texts is None:
            written = self._hand_over_each(event, _entries_of(entries), slice_)
        else:
            written = self._hand_over_together(event, texts, slice_)
        slice_.count_what_was_written(written)
        event.records += len(entries)

    def _hand_over_together(self, event: "_Event", received: Sequence[str], slice_: "_Slice") -> int:
        """Hand over records that nothing tells apart; return the bytes written."""
        categories = categories_of(received)
        texts = received if self._content is None else self._content.apply_to_all(received, categories)
        count = len(texts)
        lines = self._encoder.records(record_ids(event.id, event.records, count), event.origin, texts, categories)
        size = slice_.size - count * _BYTES_BESIDE_A_RECORD
        number = event.position.sequence_number
        self._output.add(Parcel(count, lines, slice_.settle, event.lane.window, number, size, event.unsure))
        return len(lines)

    def _hand_over_each(self, event: "_Event", entries: Sequence[Entry], slice_: "_Slice") -> int:
        """Hand over entries each of which may have a way of its own; return the bytes written."""
        window, number, written = event.lane.window, event.position.sequence_number, 0
        for index, received in enumerate(entries, event.records):
            entry = received if self._content is None else self._content.apply(received)
            self._taps.offer(self._source, event.lane.partition, number, entry)
            lines = self._encode(record_id(event.id, index), event.origin, index, entry)
            if lines is None:
                self._drop(slice_)
                continue
            written += len(lines)
            reason = entry.reason if isinstance(entry, Reject) else None
            self._output.add(Item(lines, slice_.settle, reason, window, number, _size(received), event.unsure))
        return written

    def _encode(self, id_: bytes, origin: Origin, index: int, entry: Entry) -> bytes | None:
        if isinstance(entry, Reject):
            return self._encoder.reject(id_, origin, index, entry)
        self._counters.repaired += entry.repaired
        return (self._process or self._encoder.record)(id_, origin, entry)

    def _drop(self, slice_: "_Slice") -> None:
        """Settle a record that a processor drops: nobody has to answer for it."""
        self._counters.in_flight -= 1
        self._counters.dropped += 1
        slice_.settle()


class _Event:
    """An event on its way in."""

    __slots__ = ("id", "lane", "origin", "position", "records", "ticket", "unsure")

    def __init__(self, lane: Lane, position: Position, event_id: bytes, origin: Origin) -> None:
        self.lane = lane
        self.position = position
        self.unsure = lane.came_before(position)
        self.id = event_id
        self.origin = origin
        self.ticket = lane.begin(position)
        self.records = 0


class _Slice:
    """Records that share room in the budget and give it back together."""

    __slots__ = ("_budget", "_records", "_ticket", "_unsettled", "size")

    def __init__(self, ticket: EventTicket, records: int, size: int, budget: Budget) -> None:
        self._ticket = ticket
        self._records = records
        self._unsettled = records
        self.size = size
        self._budget = budget

    def settle(self, records: int = 1) -> None:
        """Note that so many more of them are settled; the event hears of it when all are.

        Raises:
            SettledTwiceError: fewer than that were unsettled.
        """
        self._unsettled -= records
        if self._unsettled == 0:
            self._ticket.settle(self._records)
            self._budget.give_back(self.size, self._records)
        elif self._unsettled < 0:
            raise SettledTwiceError("a slice has no unsettled record")

    def count_what_was_written(self, written: int) -> None:
        """Take as much more as the documents turned out to be larger; control characters, say, grow sixfold."""
        excess = written - self.size
        if excess > 0 and self._unsettled:
            self._budget.add(excess)
            self.size += excess


def _texts_of(entries: _Entries) -> Sequence[str] | None:
    """Return the texts of the entries if nothing tells these apart."""
    if isinstance(entries, RecordTexts):
        return entries
    texts = [entry.text for entry in entries if type(entry) is Record]
    return texts if len(texts) == len(entries) else None


def _entries_of(entries: _Entries) -> Sequence[Entry]:
    return list(map(Record, entries)) if isinstance(entries, RecordTexts) else entries


def _slices(entries: Iterable[Entry] | RecordTexts, body_size: int) -> Iterator[tuple[_Entries, int]]:
    """Cut the entries of a body where their documents come to about 64 KiB; yield each slice with its size."""
    if isinstance(entries, RecordTexts):
        return _slices_of_texts(entries, body_size + len(entries) * _BYTES_BESIDE_A_RECORD)
    return _slices_of_entries(entries)


def _slices_of_texts(texts: RecordTexts, size: int) -> Iterator[tuple[RecordTexts, int]]:
    """Cut into parts of as many records each, and those parts again in which records are larger than elsewhere."""
    if size <= _BYTES_OF_THE_LARGEST_SLICE or len(texts) == 1:
        if texts:
            yield texts, size
        return
    count = max(len(texts) * _BYTES_OF_A_SLICE // size, 1)
    for first in range(0, len(texts), count):
        part = RecordTexts(texts[first : first + count])
        yield from _slices_of_texts(part, sum(map(len, part)) + len(part) * _BYTES_BESIDE_A_RECORD)


def _slices_of_entries(entries: Iterable[Entry]) -> Iterator[tuple[Sequence[Entry], int]]:
    slice_: list[Entry] = []
    cost = 0
    for entry in entries:
        more = _size(entry) + _BYTES_BESIDE_A_RECORD
        if slice_ and cost + more > _BYTES_OF_A_SLICE:
            yield slice_, cost
            slice_, cost = [], 0
        slice_.append(entry)
        cost += more
    if slice_:
        yield slice_, cost


def _size(entry: Entry) -> int:
    return len(entry.source if isinstance(entry, Reject) else entry.text)
