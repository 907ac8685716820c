"""An event hub of 32 partitions, full of events of all sizes, as a process of its own, so that its memory is its own.

``python full_hub.py SEED HOSTILE TINY`` prints one line of JSON, the connection string and the ledger (how many
documents each event must become), then serves until it is ended. The first events of ``HOSTILE`` partitions hold
``TINY`` records each, of a few bytes.
"""

import asyncio
import gzip
import json
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.emulators.event_hubs import EventHubsEmulator, Hub

HUB = "hub"
PARTITIONS = 32
KIB, MIB = 1024, 1024 * 1024
LARGEST = MIB - 16 * KIB
"""What is left of 1 MiB for a body."""

type Ledger = dict[str, dict[int, int]]
"""Partition -> sequence number -> documents."""


@dataclass(frozen=True)
class FullHub:
    """The running process, as a job and a test see it."""

    text: str
    ledger: Ledger

    def connection_string(self) -> str:
        return self.text

    @property
    def documents(self) -> int:
        return sum(count for events in self.ledger.values() for count in events.values())


class Filler:
    """Makes events whose number of documents is known, because it puts them together."""

    def __init__(self, seed: int) -> None:
        self._source = random.Random(seed)

    def ordinary(self, records: int) -> tuple[bytes, int]:
        return json.dumps({"records": [self._record() for _ in range(records)]}).encode(), records

    def one_large_record(self) -> tuple[bytes, int]:
        record = self._record() | {"properties": self._source.randbytes(LARGEST // 2 - KIB).hex()}
        return json.dumps({"records": [record]}).encode(), 1

    def tiny(self, records: int) -> tuple[bytes, int]:
        return b'{"records":[' + b",".join([b"{}"] * records) + b"]}", records

    def tiny_and_broken(self, records: int) -> tuple[bytes, int]:
        """The envelope is cut: what follows the last whole record is lost without a trace of a record."""
        return b'{"records":[' + b",".join([b"{}"] * records), records

    def inflating(self) -> tuple[bytes, int]:
        records = 3000
        body = b'{"records":[' + b",".join([b'{"padding":"%b"}' % (b"x" * 10_000)] * records) + b"]}"
        return gzip.compress(body), records

    def _record(self) -> dict[str, Any]:
        """About 800 bytes."""
        return {"time": "2026-03-10T09:00:00Z", "category": "Trace", "properties": self._source.randbytes(360).hex()}

    def partition(self, first: list[tuple[bytes, int]]) -> list[tuple[bytes, int]]:
        """About 4 MiB in any order, after what comes first."""
        rest = [self.ordinary(25) for _ in range(10)] + [self.ordinary(320) for _ in range(4)]
        rest += [self.ordinary(1200), self.one_large_record(), self.one_large_record()]
        self._source.shuffle(rest)
        return first + rest


def fill(emulator: EventHubsEmulator, seed: int, hostile: int, tiny: int) -> Ledger:
    filler = Filler(seed)
    odd = [filler.inflating(), filler.tiny_and_broken(tiny // 4)]
    ledger: Ledger = {}
    for number in range(PARTITIONS):
        first = [filler.tiny(tiny)] if number < hostile else []
        if number >= PARTITIONS - len(odd):
            first.append(odd[PARTITIONS - number - 1])
        ledger[str(number)] = {}
        for body, documents in filler.partition(first):
            assert len(body) <= MIB
            ledger[str(number)][emulator.append(HUB, str(number), body)] = documents
    return ledger


async def serve(seed: int, hostile: int, tiny: int) -> None:
    async with EventHubsEmulator([Hub(HUB, PARTITIONS)]) as emulator:
        ledger = fill(emulator, seed, hostile, tiny)
        print(json.dumps({"connection_string": emulator.connection_string(), "ledger": ledger}), flush=True)  # noqa: T201
        await asyncio.Event().wait()


@asynccontextmanager
async def full_hub(*, seed: int, hostile: int, tiny: int) -> AsyncIterator[FullHub]:
    """Run the process; it is ended afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(Path(__file__)), str(seed), str(hostile), str(tiny)),
        stdout=asyncio.subprocess.PIPE,
        limit=8 * MIB,
    )
    try:
        assert process.stdout is not None
        told = json.loads(await process.stdout.readline())
        ledger = {name: {int(number): count for number, count in each.items()} for name, each in told["ledger"].items()}
        yield FullHub(told["connection_string"], ledger)
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(serve(*(int(text) for text in sys.argv[1:4])))
