"""What goes into a bulk request: items, each one document, and parcels of documents that nothing tells apart.

Nearly all documents are written at the first try. So those of an event travel as one parcel, which costs what one item
costs; as soon as one of them might have a fate of its own, the parcel is unfolded into items.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar, Final

import msgspec

from collector.output.elasticsearch.replay_window import ReplayWindow

_CERTAIN: Final = ReplayWindow.closed()


class Item(msgspec.Struct, gc=False):
    """An action line with its document line, and whom to tell when Elasticsearch has answered for it.

    Thousands are under way at once, so the garbage collector is not made to look at them; none is part of a cycle.
    """

    count: ClassVar[int] = 1
    """Documents, as of a parcel."""

    lines: bytes
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


class Parcel(msgspec.Struct, gc=False):
    """Documents of records of one event, none of which is a dead letter or was sent before."""

    count: int
    lines: bytes
    """Two for each."""
    settle: Callable[[int], None]
    """Takes how many of them are settled."""
    window: ReplayWindow = _CERTAIN
    sequence_number: int = -1
    size: int = 0
    """Bytes of all records as received."""
    unsure: bool = False
    """Whether an earlier reading of the event may have sent them."""

    def unfold(self) -> list[Item]:
        """Return an item for each document, in their order."""
        lines = self.lines.splitlines(keepends=True)  # within a document a line break is escaped
        settle, size = partial(self.settle, 1), self.size // self.count
        return [
            Item(action + document, settle, None, self.window, self.sequence_number, size, self.unsure)
            for action, document in zip(lines[::2], lines[1::2], strict=True)
        ]


type Load = Item | Parcel


def unfold(loads: Iterable[Load]) -> list[Item]:
    """Return the items that loads hold, in their order."""
    items: list[Item] = []
    for load in loads:
        if isinstance(load, Item):
            items.append(load)
        else:
            items += load.unfold()
    return items
