"""An item: one document on its way into a bulk request."""

from collections.abc import Callable

import msgspec


class Item(msgspec.Struct, gc=False):
    """An action line with its document line, and whom to tell when Elasticsearch has answered for it.

    Thousands are under way at once, so the garbage collector is not made to look at them; none is part of a cycle.
    """

    line: bytes
    settle: Callable[[], None]
    dead_letter_reason: str | None = None
    """Set once the item is a dead letter."""
    server_errors: int = 0
    """Answers of 500 so far."""
