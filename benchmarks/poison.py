"""How soon a partition goes on after poison (D10 of the guarantees): ``python -m benchmarks.poison``.

The real daemon reads one partition, one event at a time: a sound record alone, then one right after an event of each
kind of poison that the fault tests know. The time counts from the sound record's arrival in the hub to its arrival at a
server that stores nothing. Writes ``results/POISON.md``; exits with 1 when any kind costs more than the target.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from aiohttp import web

from benchmarks.bodies import compact
from benchmarks.feeding import HUB
from benchmarks.hub import make_record
from benchmarks.sink import Sink, make_app
from benchmarks.subjects import daemon
from benchmarks.surroundings import measured_by
from collector.emulators.event_hubs import EventHubsEmulator, Hub

PAGE: Final = Path(__file__).parent / "results" / "POISON.md"
TESTS: Final = Path(__file__).parents[1] / "tests"
TARGET_SECONDS: Final = 1.0
_ROUNDS: Final = 5
_PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Poison:
    """One kind: its name, the event's body, and how many documents it becomes."""

    kind: str
    body: bytes
    documents: int


def read_corpus() -> Iterator[Poison]:
    """Yield the kinds that the fault tests know (``tests/plugins/poison.py``)."""
    sys.path.insert(0, str(TESTS))
    from plugins.poison import ALIVE, DEAD, EMPTY  # noqa: PLC0415 - the tests' folder is not a package of ours

    yield from (Poison(kind, body, 1) for kind, (body, _) in DEAD.items())
    yield from (Poison(kind, body, 1) for kind, body in ALIVE.items())
    yield from (Poison(kind, body, 0) for kind, body in EMPTY.items())


class Race:
    """Feeds the hub and takes the time until the documents have arrived."""

    def __init__(self, emulator: EventHubsEmulator, sink: Sink) -> None:
        self._emulator = emulator
        self._sink = sink
        self._source = random.Random(7)  # noqa: S311 - the same load in every run

    async def run(self, poison: Poison | None = None) -> float:
        """Seconds from a sound record's arrival in the hub to its arrival at the server, with poison before it or not.

        Raises:
            TimeoutError: it did not arrive.
        """
        expected = self._sink.documents + 1
        if poison is not None:
            expected += poison.documents
            self._emulator.append(HUB, "0", poison.body)
        self._emulator.append(HUB, "0", compact({"records": [make_record(self._source)]}).encode())
        begun = time.perf_counter()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self._sink.documents < expected:  # noqa: ASYNC110 - the sink only counts
                await asyncio.sleep(0.002)
        return time.perf_counter() - begun


@asynccontextmanager
async def set_race() -> AsyncIterator[Race]:
    """Start hub, server and daemon, and wait until the first record has gone through."""
    sink = Sink()
    runner = web.AppRunner(make_app(sink), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    with tempfile.TemporaryDirectory() as folder:
        async with EventHubsEmulator([Hub(HUB, 1)]) as emulator:
            command = daemon(emulator.connection_string(), url, Path(folder))
            process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
            try:
                race = Race(emulator, sink)
                await race.run()
                yield race
            finally:
                with suppress(ProcessLookupError):
                    process.terminate()
                await process.wait()
                await runner.cleanup()


async def main() -> int:
    """Run it."""
    corpus = list(read_corpus())
    alone: list[float] = []
    after: dict[str, list[float]] = {poison.kind: [] for poison in corpus}
    async with set_race() as race:
        for _ in range(_ROUNDS):
            for poison in corpus:
                alone.append(await race.run())
                after[poison.kind].append(await race.run(poison))
    page = _render(median(alone), {kind: median(taken) for kind, taken in after.items()})
    PAGE.write_text(page, encoding="utf-8")
    print(page)
    return 0 if max(map(median, after.values())) - median(alone) <= TARGET_SECONDS else 1


def _render(alone: float, after: dict[str, float]) -> str:
    slowest = sorted(after.items(), key=lambda each: -each[1])[:10]
    shown = [*slowest, ("the median of all kinds", median(after.values()))]
    rows = [f"| {kind} | {seconds * 1000:,.0f} | {seconds / alone:.1f} |" for kind, seconds in shown]
    return "\n".join(
        [
            "# How soon a partition goes on after poison",
            "",
            f"{measured_by('benchmarks.poison')}.",
            "",
            f"A sound record alone takes {alone * 1000:,.0f} ms from the hub to the server. Right after one event of",
            f"each of {len(after)} kinds of poison it takes this long (the ten slowest; medians of {_ROUNDS} rounds).",
            f"The target is at most {TARGET_SECONDS:.0f} s more.",
            "",
            "| before the record | ms | times the record alone |",
            "|---|---:|---:|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
