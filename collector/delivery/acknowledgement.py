"""Acknowledgement: per record inside an event, contiguous per partition.

A *lane* is what is under way of one partition. Events enter it in the order of the partition; their records settle in
any order. The lane's *prefix* ends at the last event before the first one that still has an unsettled record; only
that far may a checkpoint go.
"""

from collections import deque
from collections.abc import Callable

from collector.events import Position
from collector.output.elasticsearch.replay_window import ReplayWindow


class SettledTwiceError(RuntimeError):
    """More records of an event were settled than it has: a fault of ours, never of the data."""


def _ignore() -> None:
    """Do nothing when an event is done."""


class EventTicket:
    """One event under way; counts down its unsettled records.

    Its records may come in several steps: ``expect`` them, and ``close`` when there are no more.
    """

    __slots__ = ("_lane", "_on_done", "_open", "_unsettled", "position")

    def __init__(self, lane: "Lane", position: Position, on_done: Callable[[], None]) -> None:
        self.position = position
        self._lane = lane
        self._unsettled = 0
        self._open = True
        self._on_done = on_done

    @property
    def done(self) -> bool:
        """Whether all records of the event have come and are settled."""
        return self._unsettled == 0 and not self._open

    def expect(self, records: int) -> None:
        """Note that so many more records of the event are under way."""
        self._unsettled += records
        self._lane.unsettled_records += records

    def close(self) -> None:
        """Note that the event has no further records."""
        self._open = False
        self._finish_if_done()

    def settle(self, records: int = 1) -> None:
        """Note that Elasticsearch has answered for so many more records of the event.

        Raises:
            SettledTwiceError: fewer than that were unsettled.
        """
        if records > self._unsettled:
            raise SettledTwiceError(f"event {self.position.sequence_number} has {self._unsettled} unsettled records")
        self._unsettled -= records
        self._lane.unsettled_records -= records
        if self._unsettled == 0:
            self._finish_if_done()

    def _finish_if_done(self) -> None:
        if self.done:
            self._on_done()
            self._lane.advance()


class Lane:
    """What is under way of one partition, in order.

    ``revoke`` ends its right to a checkpoint: another reader owns the partition now. ``window`` tells which of its
    records an earlier reader may have written already.
    """

    def __init__(self, partition: str, window: ReplayWindow | None = None) -> None:
        """Begin with nothing under way; without a window nobody has read the partition before."""
        self.partition = partition
        self.unsettled_records = 0
        self.window = window or ReplayWindow.closed()
        self._newest: int | None = None
        self._tickets: deque[EventTicket] = deque()
        self._prefix: Position | None = None
        self._checkpointed: Position | None = None
        self._revoked = False

    def open(self, position: Position, records: int, on_done: Callable[[], None]) -> EventTicket:
        """Enter the next event; ``on_done`` runs once, when its last record settles (now, if it has none)."""
        ticket = self.begin(position, on_done)
        ticket.expect(records)
        ticket.close()
        return ticket

    def begin(self, position: Position, on_done: Callable[[], None] = _ignore) -> EventTicket:
        """Enter the next event, whose records are still to come."""
        ticket = EventTicket(self, position, on_done)
        self._tickets.append(ticket)
        newest = self._newest
        self._newest = position.sequence_number if newest is None else max(newest, position.sequence_number)
        return ticket

    def advance(self) -> None:
        """Move the prefix over the events that are done."""
        while self._tickets and self._tickets[0].done:
            position = self._tickets.popleft().position
            # The SDK may hand out events again after a reconnect: the prefix never goes back.
            if self._prefix is None or position.sequence_number > self._prefix.sequence_number:
                self._prefix = position
                if self.window.open:
                    self.window.pass_by(position.sequence_number)

    @property
    def fresh(self) -> bool:
        """Whether no event was entered yet."""
        return self._newest is None

    def came_before(self, position: Position) -> bool:
        """Tell whether this lane may have had the event already: after a reconnect the SDK may hand it out again."""
        return self._newest is not None and position.sequence_number <= self._newest

    def holds(self, position: Position) -> bool:
        """Tell whether this very event is under way."""
        return self.came_before(position) and any(ticket.position == position for ticket in self._tickets)

    @property
    def prefix(self) -> Position | None:
        """The end of the contiguous done prefix; None before the first event is done."""
        return self._prefix

    @property
    def checkpoint_due(self) -> Position | None:
        """The position to write, or None when nothing moved since the last one or the lane is revoked."""
        moved = self._prefix is not self._checkpointed
        return self._prefix if moved and not self._revoked else None

    def checkpoint_written(self, position: Position) -> None:
        """Note what the store holds now."""
        self._checkpointed = position

    def revoke(self) -> None:
        """Give up the right to a checkpoint, for good; the next owner may write what is not settled."""
        self._revoked = True
        self.window.contest()

    @property
    def revoked(self) -> bool:
        """Whether another reader owns the partition."""
        return self._revoked
