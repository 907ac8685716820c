"""How long the engine works: by the kernel's account of its threads, or by the clock on the wall."""

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Final

_COMPILERS: Final = ("C1 Compiler", "C2 Compiler")
"""Threads that compile what ran, whichever pipeline is being timed just then; names are cut at 15 characters."""


class Stopwatch(ABC):
    """Tells how many seconds something takes."""

    name: str
    """What its seconds are, for the page."""

    @abstractmethod
    def time(self, action: Callable[[], object]) -> float:
        """Run the action and return its seconds."""


class WallClock(Stopwatch):
    """For an engine that is not ours to look into."""

    name = "that of the clock on the wall"

    def time(self, action: Callable[[], object]) -> float:
        """Run the action and return the seconds that passed."""
        started = time.perf_counter()
        action()
        return time.perf_counter() - started


class ProcessorTime(Stopwatch):
    """The processor time of a Java process but for its compilers: what else the machine does hardly counts."""

    name = "the processor time of the engine, its garbage collection included and its compilers left out"

    def __init__(self, pid: int) -> None:
        self._tasks = Path(f"/proc/{pid}/task")

    def time(self, action: Callable[[], object]) -> float:
        """Run the action and return the processor seconds that the process spent meanwhile."""
        before = self._nanoseconds()
        action()
        after = self._nanoseconds()
        return sum(taken - before.get(thread, 0) for thread, taken in after.items()) / 1e9

    def _nanoseconds(self) -> dict[str, int]:
        """Time on a processor by thread (Linux, Documentation/scheduler/sched-stats.rst)."""
        taken: dict[str, int] = {}
        for task in self._tasks.iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if not (task / "comm").read_text(encoding="utf-8").startswith(_COMPILERS):
                    taken[task.name] = int((task / "schedstat").read_text(encoding="ascii").split()[0])
        return taken
