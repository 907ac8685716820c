"""The processes that the demo starts: the engine's host and the daemon, each sure to end with the demo.

Both run in sessions of their own, so that a Ctrl-C in the terminal reaches the demo alone, which ends them in order.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from collector.demo.errors import DemoError
from collector.demo.tether import tether

ENGINE_GRACE_S: Final = 12.0
"""The engine's host gives its JVM ten seconds."""

DAEMON_GRACE_S: Final = 15.0
"""The daemon drains within ten seconds of SIGTERM."""

_LAST_LINES: Final = 8
# Reports are short; an engine's error comes with the tail of its log.
_LONGEST_REPORT: Final = 1 << 20


class Child:
    """A process of the demo, from its start to its end. What it writes to standard error is in ``log``."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, name: str, command: Sequence[str], log: Path, *, reports: bool = False) -> "Child":
        """Start a command, tied to this process.

        With ``reports`` its standard output is for ``read_report`` and its input stays open; else that is logged too.
        """
        with log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                *tether(command),
                stdin=asyncio.subprocess.PIPE if reports else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if reports else sink,
                stderr=sink,
                start_new_session=True,
                limit=_LONGEST_REPORT,
            )
        return cls(name, process, log)

    async def read_report(self) -> dict[str, Any]:
        """Return the next line of its standard output, parsed.

        Raises:
            DemoError: it has ended.
        """
        line = await self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            await self.fail_when_ended()
        return json.loads(line)

    async def fail_when_ended(self) -> None:
        """Wait until it ends, which it must not do by itself.

        Raises:
            DemoError: always, with the exit code and the last lines of its log.
        """
        code = await self._process.wait()
        raise DemoError(f"{self.name} ended unexpectedly (exit code {code}).{self.last_words()}")

    def last_words(self) -> str:
        """The end of its log as the tail of a message; empty when it wrote nothing."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "".join(f"\n  {line}" for line in lines[-_LAST_LINES:])

    async def stop(self, grace_s: float) -> int:
        """Ask it to end, by SIGTERM; kill it after ``grace_s``. Return its exit code, negative for a signal."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self._process.wait(), grace_s)
        except TimeoutError:
            return await self._end()
        except asyncio.CancelledError:
            await self._end()
            raise

    async def _end(self) -> int:
        self.kill()
        return await self._process.wait()

    def kill(self) -> None:
        """End it and what it started, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


async def start_engine(home: Path) -> Child:
    """Start the process that prepares and holds the engine; ``follow_engine`` then waits for it."""
    command = [sys.executable, "-m", "collector.demo.engine_host", str(home)]
    return await Child.start("The engine", command, home.with_suffix(".log"), reports=True)


async def follow_engine(child: Child, on_report: Callable[[dict[str, Any]], None]) -> str:
    """Pass on what the engine's host reports until the engine is ready; return its URL.

    Raises:
        DemoError: it cannot be prepared or started, or its process ended.
    """
    while True:
        report = await child.read_report()
        if "error" in report:
            raise DemoError(report["error"])
        if "url" in report:
            return report["url"]
        on_report(report)


async def start_daemon(policy: Path, data: Path) -> Child:
    """Start the product's own daemon on a policy file, as a person would."""
    command = [sys.executable, "-m", "collector", "run", "--policy", str(policy), "--data", str(data)]
    return await Child.start("The collector", command, data.with_suffix(".log"))


async def list_gaps(policy: Path, data: Path) -> list[dict[str, Any]]:
    """Return the lines of ``aoai-collector gaps --json``.

    Raises:
        DemoError: the ledger cannot be read.
    """
    command = [sys.executable, "-m", "collector", "gaps", "--policy", str(policy), "--data", str(data), "--json"]
    process = await asyncio.create_subprocess_exec(
        *tether(command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True
    )
    lines, complaint = await process.communicate()
    if process.returncode != 0:
        raise DemoError(f"The gap ledger cannot be read: {complaint.decode(errors='replace').strip()}")
    return [json.loads(line) for line in lines.splitlines()]
