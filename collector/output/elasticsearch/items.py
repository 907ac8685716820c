"""An item: one document on its way into a bulk request."""

from collections.abc import Callable
from typing import Final

import msgspec

from collector.output.elasticsearch.replay_window import ReplayWindow

_CERTAIN: Final = ReplayWindow.closed()


class Item(msgspec.Struct, gc=False):
    """An action line with its document line, and whom to tell when Elasticsearch has answered for it.

    Thousands are under way at once, so the garbage collector is not made to look at them; none is part of a cycle.
    """

    line: bytes
    settle: Callable[[], None]
    dead_letter_reason: str | None = None
    """Set once the item is a dead letter."""
    window: ReplayWindow = _CERTAIN
    """Tells whether the record may have been written already."""
    sequence_number: int = -1
    """Of its event."""
    size: int = 0
    """Bytes of the record as received."""
    unsure: bool = False
    """Whether it was sent, and nobody knows whether it was written."""
    looked_up: bool = False
    """Whether it was asked for and was not there."""
    server_errors: int = 0
    """Answers of 500 so far."""
    suspected_at: int = -1
    """How many requests the server had taken when this item first was among those suspected of breaking it; or -1."""

    @property
    def in_doubt(self) -> bool:
        """Whether it has to be looked up before it is sent."""
        window = self.window
        if self.unsure:
            return True
        return window.covers(self.sequence_number) and (window.contested or not self.looked_up)
