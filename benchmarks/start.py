"""How long a person waits: for ``--help``, and for the first record after a start (P8 of the guarantees).

``python -m benchmarks.start``: each run is a process of its own, in turns, so that what else the machine does meets all
alike. A start counts from the creation of the process to the arrival of the first record, from a hub that has some
waiting, at a server that stores nothing. Writes ``results/START.md``; exits with 1 when a target is missed.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

from aiohttp import web

from benchmarks.feeding import HUB
from benchmarks.hub import make_bodies
from benchmarks.processes import cpu_seconds
from benchmarks.sink import Sink, make_app
from benchmarks.subjects import daemon_with
from benchmarks.surroundings import measured_by
from collector.emulators.event_hubs import EventHubsEmulator, Hub

PAGE: Final = Path(__file__).parent / "results" / "START.md"
_PROGRAM: Final = str(Path(sys.executable).parent / "aoai-collector")
_RUN: Final = "run, to the first record"
_TARGETS: Final = {"--help": 0.3, _RUN: 2.0}
_COMMANDS: Final = ("--help", "--version", "run --help", "completion bash")
_SUBJECT: Final = daemon_with({"flush_timeout": "1ms"}, {})
"""What a bulk waits for company is no part of a start."""
_RUNS: Final = 15
_PARTITIONS: Final = 4
_PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Wait:
    """One run, in seconds: what a clock shows, and processor time of the process."""

    wall: float
    cpu: float


def run_command(arguments: str) -> Wait:
    """Run a command to its end."""
    begun = time.perf_counter()
    process = subprocess.Popen([_PROGRAM, *arguments.split()], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return Wait(time.perf_counter() - begun, used.ru_utime + used.ru_stime)


async def run_daemon(emulator: EventHubsEmulator, sink: Sink, url: str) -> Wait:
    """Start the daemon without any state, wait for its first record, and end it.

    Raises:
        TimeoutError: none arrived.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = _SUBJECT(emulator.connection_string(), url, Path(folder))
        sink.documents = 0
        begun = time.perf_counter()
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not sink.documents:  # noqa: ASYNC110 - the sink only counts
                    await asyncio.sleep(0.002)
            return Wait(time.perf_counter() - begun, cpu_seconds(process.pid))
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def measure() -> dict[str, list[Wait]]:
    """Run everything in turns."""
    waits: dict[str, list[Wait]] = {name: [] for name in (*_COMMANDS, _RUN)}
    sink = Sink()
    runner = web.AppRunner(make_app(sink), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with EventHubsEmulator([Hub(HUB, _PARTITIONS)]) as emulator:
            for number, body in enumerate(islice(make_bodies(1), _PARTITIONS)):
                emulator.append(HUB, str(number), body)
            for _ in range(_RUNS):
                for command in _COMMANDS:
                    waits[command].append(run_command(command))
                waits[_RUN].append(await run_daemon(emulator, sink, url))
    finally:
        await runner.cleanup()
    return waits


def _render(waits: dict[str, list[Wait]]) -> str:
    rows = [_row(name, [run.wall for run in runs], [run.cpu for run in runs]) for name, runs in waits.items()]
    return "\n".join(
        [
            "# How long a person waits",
            "",
            f"{measured_by('benchmarks.start')};",
            f"load average {os.getloadavg()[0]:.1f}, niceness {os.nice(0)}. {_RUNS} runs of each, in turns.",
            "",
            f"`run` reads a hub of {_PARTITIONS} partitions with a record waiting in each, has no state yet, and sends",
            "each record at once (`flush_timeout: 1ms`). About 1 s of its time is the Azure SDK's way to open a",
            "connection and then a link to each partition, which it does in steps of 50 to 100 ms.",
            "",
            "| `aoai-collector` | target | median | fastest | slowest | processor time |",
            "|---|---:|---:|---:|---:|---:|",
            *rows,
            "",
        ]
    )


def _row(name: str, walls: list[float], cpus: list[float]) -> str:
    target = f"{_TARGETS[name]:.1f} s" if name in _TARGETS else ""
    figures = " | ".join(f"{seconds:.2f} s" for seconds in (median(walls), min(walls), max(walls), median(cpus)))
    return f"| {name} | {target} | {figures} |"


def main() -> int:
    """Run it."""
    waits = asyncio.run(measure())
    page = _render(waits)
    PAGE.write_text(page, encoding="utf-8")
    print(page)
    return int(any(median(run.wall for run in waits[name]) > target for name, target in _TARGETS.items()))


if __name__ == "__main__":
    sys.exit(main())
