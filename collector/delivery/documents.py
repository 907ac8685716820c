"""The way in for documents that are no records: whoever hands them over waits until each is settled.

Promises: they share the byte budget and the account of the output with the records of event hubs. Whoever is cancelled
while waiting leaves nothing behind: what was handed over is settled by the output and gives its room back.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from collector.delivery.budget import Budget
from collector.output.elasticsearch.items import Item
from collector.telemetry.counters import Counters

_BYTES_AT_ONCE: Final = 64 * 1024
"""Small beside any budget, so that streams of an output take turns."""


class Output(Protocol):
    """Where items go; it settles each of them exactly once, whatever happens."""

    def add(self, load: Item) -> None:
        """Take one item over; never blocks."""
        ...


class DocumentIntake:
    """Takes in the documents of one stream."""

    def __init__(self, output: Output, budget: Budget, counters: Counters) -> None:
        """Share what the streams of an output share."""
        self._output = output
        self._budget = budget
        self._counters = counters

    async def deliver(self, lines: Sequence[bytes], *, in_doubt: bool = False, dropped: int = 0) -> None:
        """Hand over documents, each as its bulk lines, and return when Elasticsearch has answered for all of them.

        Those `in_doubt` may have been written before, by this process or an earlier one, so they are looked for first.
        So many beside them were `dropped`, by processors of the policy: they are counted, and that is all.
        """
        self._counters.received += dropped
        self._counters.dropped += dropped
        loop = asyncio.get_running_loop()
        parts = list(_cut(lines))
        slices = [_Slice(len(part), sum(map(len, part)), self._budget, loop.create_future()) for part in parts]
        for part, slice_ in zip(parts, slices, strict=True):
            await self._budget.take(slice_.size, slice_.records)
            self._counters.received += slice_.records
            self._counters.in_flight += slice_.records
            for line in part:
                self._output.add(Item(line, slice_.settle, unsure=in_doubt))
        for slice_ in slices:
            await slice_.done


class _Slice:
    """Documents that share room in the budget and give it back together."""

    __slots__ = ("_budget", "_unsettled", "done", "records", "size")

    def __init__(self, records: int, size: int, budget: Budget, done: asyncio.Future[None]) -> None:
        self.records = records
        self.size = size
        self.done = done
        self._unsettled = records
        self._budget = budget

    def settle(self) -> None:
        """Note that one more of them is settled."""
        self._unsettled -= 1
        if self._unsettled == 0:
            self._budget.give_back(self.size, self.records)
            if not self.done.done():  # nobody waits any more when the stream was ended
                self.done.set_result(None)


def _cut(lines: Iterable[bytes]) -> Iterable[list[bytes]]:
    """Yield the lines in parts of about 64 KiB."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        if part and size + len(line) > _BYTES_AT_ONCE:
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line)
    if part:
        yield part
