"""Events of the Responses API that each bring a piece of one text, gathered until the text ends.

Such an event differs from the one before it in its piece, its number and its padding alone, so merging the last of them
with all pieces is as good as merging each. One with another member, or with a value of another type, is none of them.

Source of the format: the streaming events of the Responses API, ``response.output_text.delta`` for one.
"""

from contextlib import suppress
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType


class _Delta(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """All members that such an event may have."""

    type: str
    sequence_number: int
    delta: str
    item_id: str | UnsetType = UNSET
    output_index: int | UnsetType = UNSET
    content_index: int | UnsetType = UNSET
    summary_index: int | UnsetType = UNSET
    logprobs: tuple[()] | UnsetType = UNSET
    obfuscation: str | UnsetType = UNSET
    """Padding, so that the length of a packet does not tell that of a word."""


_decode: Final = msgspec.json.Decoder(_Delta).decode


class DeltaRun:
    """Events of one text, one right after the other."""

    def __init__(self) -> None:
        self._last: _Delta | None = None
        self._pieces: list[str] = []

    def begin(self, event: dict[str, Any], data: str) -> None:
        """Take note of an event that was merged, and of the JSON that it was read from; more of its kind may follow."""
        if type(event.get("delta")) is str:
            with suppress(msgspec.DecodeError):
                self._last = _decode(data)

    def gather(self, data: str) -> bool:
        """Gather the JSON of the next event, or return False when it has to be read as any other."""
        last = self._last
        if last is None:
            return False
        try:
            delta = _decode(data)
        except msgspec.DecodeError:
            return False
        is_next = (
            delta.item_id == last.item_id
            and delta.output_index == last.output_index
            and delta.content_index == last.content_index
            and delta.summary_index == last.summary_index
            and delta.type == last.type
            and delta.logprobs == last.logprobs
            and (delta.obfuscation is UNSET) is (last.obfuscation is UNSET)
        )
        if is_next:
            self._pieces.append(delta.delta)
            self._last = delta
        return is_next

    def end(self) -> tuple[int, dict[str, Any]]:
        """Return how many events were gathered, and the one to merge in place of them."""
        pieces, last = self._pieces, self._last
        self._last = None
        if last is None or not pieces:
            return 0, {}
        self._pieces = []
        padding = {} if last.obfuscation is UNSET else {"obfuscation": last.obfuscation}
        return len(pieces), {"sequence_number": last.sequence_number, "delta": "".join(pieces)} | padding
