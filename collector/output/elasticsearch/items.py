"""An item: one document on its way into a bulk request."""

from collections.abc import Callable


class Item:
    """An action line with its document line, and whom to tell when Elasticsearch has answered for it.

    ``dead_letter_reason`` is set once the item is a dead letter; ``server_errors`` counts answers of 500.
    """

    __slots__ = ("dead_letter_reason", "line", "server_errors", "settle")

    def __init__(self, line: bytes, settle: Callable[[], None], dead_letter_reason: str | None = None) -> None:
        self.line = line
        self.settle = settle
        self.dead_letter_reason = dead_letter_reason
        self.server_errors = 0
