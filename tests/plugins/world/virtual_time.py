"""An event loop whose clock stands still while anything is left to do, and processes that can die or freeze in it.

The order of asyncio is kept: callbacks run in the order in which they became due. What differs from run to run is how
long the world takes to answer, and that comes from a seed.
"""

import asyncio
from asyncio import events
from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar
from enum import Enum, auto
from heapq import heappop
from typing import Any

EPOCH = 1_773_133_200.0
"""2026-03-10T09:00:00Z, when every schedule begins."""


class Life(Enum):
    RUNS = auto()
    FROZEN = auto()
    """As after SIGSTOP, or on a machine that swaps: runs on later where it was."""
    DEAD = auto()
    """As after ``kill -9``: nothing of it runs again, no ``finally`` either."""


class Process:
    """What shares one life: every callback that its tasks cause, however indirectly."""

    def __init__(self, name: str, world: Any) -> None:
        self.name = name
        self.world = world
        self.life = Life.RUNS
        self.skew = 0.0
        """Seconds by which its wall clock is wrong."""
        self.held: deque[events.Handle] = deque()
        self.context = Context()
        self.context.run(PROCESS.set, self)

    def after_step(self) -> None:
        """Look whether all is well between two steps of the event loop."""


PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)
WORLD = Context()
"""The context of what goes on whatever becomes of a process: a request on its way, a server."""


def running_process() -> Process:
    process = PROCESS.get()
    assert process is not None
    return process


class DeadlockError(AssertionError):
    """Nothing is left that could ever happen."""


class EndlessError(AssertionError):
    """Something goes on for ever, perhaps without any time passing."""


_MOST_STEPS = 400_000
"""A schedule needs a tenth of it."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs what is due; when nothing is, sets the clock to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.failure: BaseException | None = None
        """Ends the run when it is set."""
        self.set_exception_handler(self._fail)
        self.is_over = False
        """Whether nothing counts any more, and what is left only has to end."""
        self.steps = 0
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def thaw(self, process: Process) -> None:
        process.life = Life.RUNS
        self._ready.extend(process.held)
        process.held.clear()

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: Any) -> Any:
        """Run it now: a thread would bring real time back in."""
        assert executor is None
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - as an executor does
            done.set_exception(error)
        return done

    def _run_once(self) -> None:
        ready, timers = self._ready, self._scheduled
        while timers and (timers[0]._cancelled or timers[0]._when <= self._now or not ready):
            timer = heappop(timers)
            timer._scheduled = False
            if not timer._cancelled:
                self._now = max(self._now, timer._when)
                ready.append(timer)
        if not ready:
            raise DeadlockError("no callback and no timer is left")
        for _ in range(len(ready)):
            self._step(ready.popleft())

    def _step(self, handle: events.Handle) -> None:
        if handle._cancelled:
            return
        process = handle._context.get(PROCESS)
        if process is None or process.life is Life.RUNS:
            handle._run()
            if process is not None:
                process.after_step()
        else:  # of the dead, too, for their burial
            process.held.append(handle)
        self.steps += 1
        if self.steps == _MOST_STEPS:
            raise EndlessError(f"{_MOST_STEPS} steps and no end: something turns round and round")
        if self.failure is not None and not self.is_over:
            raise self.failure

    def _fail(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """End the run for an error in a callback: of the collector's or of the model's."""
        if "handle" in context and self.failure is None:
            self.failure = context["exception"]

    def _process_events(self, event_list: Any) -> None: ...

    def _write_to_self(self) -> None: ...


def bury(loop: VirtualLoop, processes: list[Process]) -> None:
    """End every task that is left, the dead's too: else the garbage collector would run their ``finally`` blocks."""
    loop.is_over, loop.steps = True, 0
    loop.set_exception_handler(lambda *_: None)
    for process in processes:
        loop.thaw(process)
    while tasks := sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name()):
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.wait(tasks, timeout=1))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
