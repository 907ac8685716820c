"""The replay window: the records of one claim of a partition that someone may have written already.

``create`` answers 409 only for what lies in the data stream's write index. After a rollover between a write and its
replay the same id would be indexed once more, so the records of the window are looked up before they are sent
(``collector.output.elasticsearch.lookup``). Where the window ends, and why there, is decision 0007.
"""


class ReplayWindow:
    """Tells which records of a lane are in doubt; it covers everything until it is told where it ends."""

    __slots__ = ("_absent_bytes", "_absent_limit", "_end", "_furthest_absent", "contested", "open")

    def __init__(self) -> None:
        """Cover everything."""
        self.open = True
        """Whether any record can be in doubt; false is the ordinary state."""
        self.contested = False
        """Whether another reader owns the partition now, and may write the same records at this moment."""
        self._end: int | None = None
        self._absent_limit: int | None = None
        self._absent_bytes = 0
        self._furthest_absent = -1

    @classmethod
    def closed(cls) -> "ReplayWindow":
        """Return a window that covers nothing."""
        window = cls()
        window.open = False
        return window

    @property
    def unbounded(self) -> bool:
        """Whether the window is open and its end is still to be found out."""
        return self.open and self._end is None and not self.contested

    def covers(self, sequence_number: int) -> bool:
        """Tell whether a record of this event may have been written already."""
        return self.open and (self._end is None or sequence_number <= self._end)

    def end_at(self, sequence_number: int, *, absent_limit: int | None = None) -> None:
        """Set the last event that an earlier reader can have read.

        ``absent_limit`` is the most bytes of records that an earlier reader can have had under way; None means that
        nothing is known of it, and only the end counts.
        """
        self._absent_limit = absent_limit
        self._lower_end(sequence_number)

    def note_absent(self, sequence_number: int, size: int) -> None:
        """Note that a record of ``size`` bytes, looked up before, was nowhere and is indexed now.

        An earlier reader took events in order and had at most the limit under way. When more than that was nowhere,
        the furthest of those records is beyond all that it took in.
        """
        self._absent_bytes += size
        self._furthest_absent = max(self._furthest_absent, sequence_number)
        if self._absent_limit is not None and self._absent_bytes > self._absent_limit:
            self._lower_end(self._furthest_absent)

    def pass_by(self, sequence_number: int) -> None:
        """Close when all up to this event is settled and the window ends there."""
        if self._end is not None and sequence_number >= self._end:
            self.open = False

    def contest(self) -> None:
        """Cover everything again: another reader has the partition, and repeats what is not settled."""
        self.open, self.contested, self._end = True, True, None

    def _lower_end(self, sequence_number: int) -> None:
        if not self.contested:
            self._end = sequence_number if self._end is None else min(self._end, sequence_number)
