"""What every process of the agent does: begins its work, follows what changes, tells who started it, and ends in time.

The work is a collection in this process, or workers.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable
from typing import Final, Protocol

from collector import __version__
from collector.agent.control_socket import ControlSocket

logger = logging.getLogger(__name__)

_EXIT_SECONDS: Final = 9.5
"""When the process ends, even if a task does not mind being cancelled, or a thread asks for the name of a host."""
_EXIT_AT_ONCE: Final = 130


class Work(Protocol):
    """What a supervisor runs."""

    async def start(self) -> None:
        """Begin."""
        ...

    async def failed(self) -> BaseException:
        """Wait for a fault of ours, and return it."""
        ...

    async def end(self) -> None:
        """End in order."""
        ...


class Changes(Protocol):
    """What brings other policies."""

    async def run(self) -> None:
        """Take over changes until cancelled."""
        ...


class Manager(Protocol):
    """Whoever has started this process and wants to know how it stands."""

    def tell_ready(self) -> None:
        """Say that the start is over."""
        ...

    def tell_stopping(self) -> None:
        """Say that the end has begun."""
        ...

    async def keep_alive(self) -> None:
        """Say that the event loop lives, until cancelled."""
        ...


class Supervisor:
    """Runs work until it is told to stop, and lets it follow what changes."""

    def __init__(self, work: Work, changes: Changes, manager: Manager, control: ControlSocket) -> None:
        """Nothing begins yet."""
        self._work = work
        self._changes = changes
        self._manager = manager
        self._control = control
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask for the end."""
        self._stopping.set()

    def listen_for_signals(self, reload: Callable[[], None]) -> None:
        """Stop at SIGTERM and SIGINT, leave at once at a second one; reload at SIGHUP."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_or_leave)
        loop.add_signal_handler(signal.SIGHUP, reload)

    async def run(self) -> int:
        """Run until the stop; return the exit code: 0, or 1 after a fault of ours.

        Raises:
            OSError: the work cannot begin on this machine.
        """
        logger.info("collector starts", extra={"version": __version__})
        await self._control.listen()
        stop = asyncio.create_task(self._stopping.wait())
        begin = asyncio.create_task(self._work.start())
        await asyncio.wait([stop, begin], return_when=asyncio.FIRST_COMPLETED)
        if begin.done() and (failure := begin.exception()) is not None:
            stop.cancel()
            await self._control.close()
            raise failure
        failed = asyncio.create_task(self._work.failed())
        changes = asyncio.create_task(self._changes.run())
        alive = asyncio.create_task(self._manager.keep_alive())
        self._manager.tell_ready()
        await asyncio.wait([stop, failed, changes], return_when=asyncio.FIRST_COMPLETED)
        failure = failed.result() if failed.done() else changes.exception() if changes.done() else None
        if failure is not None:
            logger.critical("collector fails", exc_info=failure)
        self._manager.tell_stopping()
        code = 0 if failure is None else 1
        exit_at_the_latest(code)
        await self._work.end()
        await self._control.close()
        for task in (begin, stop, failed, changes, alive):
            task.cancel()
        return code

    def _stop_or_leave(self) -> None:
        if self._stopping.is_set():
            os._exit(_EXIT_AT_ONCE)
        self.stop()


def exit_at_the_latest(code: int) -> None:
    """End the process when the time of a stop is over; nothing is lost by it, for what has no checkpoint is read again.

    The time is 9.5 s.
    """
    timer = threading.Timer(_EXIT_SECONDS, os._exit, [code])
    timer.daemon = True
    timer.start()
