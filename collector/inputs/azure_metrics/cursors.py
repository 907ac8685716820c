"""The engine's state in a store of `collector.state`: gaps are lines of JSON there."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from collector.inputs.azure_metrics.gaps import Gap
from collector.inputs.azure_metrics.ports import OvertakenError
from collector.state.ownership import StaleOwnerError

_GAP: Final = msgspec.json.Decoder(Gap)


class Shards(Protocol):
    """Shards of opaque state and a ledger of opaque lines, of one stream."""

    async def load(self) -> Mapping[str, bytes]:
        """Return the newest state of every shard."""
        ...

    async def save(self, shard: str, state: bytes, lines: Sequence[bytes]) -> None:
        """Replace the state of a shard and append lines to the ledger.

        Raises:
            StaleOwnerError: someone else has written since it was loaded.
        """
        ...


class Cursors:
    """A `CursorStore` on shards."""

    def __init__(self, shards: Shards) -> None:
        """Use the shards of one stream."""
        self._shards = shards

    async def load(self) -> Mapping[str, bytes]:
        """Return the newest state of every shard."""
        return await self._shards.load()

    async def save(self, shard: str, state: bytes, settled: Sequence[Gap]) -> None:
        """Store a shard and what was settled in it; see `ports.CursorStore`."""
        try:
            await self._shards.save(shard, state, [msgspec.json.encode(gap) for gap in settled])
        except StaleOwnerError as error:
            raise OvertakenError(str(error)) from error


def read_ledger(lines: Sequence[bytes]) -> list[Gap]:
    """Return the gaps of a ledger; a line that was cut off or damaged is passed over."""
    gaps: list[Gap] = []
    for line in lines:
        try:
            gaps.append(_GAP.decode(line))
        except (ValueError, RecursionError):  # bytes that are not UTF-8 are no DecodeError
            continue
    return gaps
