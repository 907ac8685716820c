"""The standalone agent: from a policy to a running collector, and to its end."""

import asyncio
import gc
import logging
import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from collector import __version__
from collector.agent.collection import Collection
from collector.agent.control_socket import ControlSocket
from collector.agent.diagnostics import gather_diagnostics
from collector.agent.policy_changes import PolicyChanges
from collector.agent.service_manager import ServiceManager
from collector.agent.status_report import report_status
from collector.agent.tap_answer import answer_tap
from collector.policy import Policy
from collector.telemetry.logs import RecentLines

logger = logging.getLogger(__name__)

_EXIT_SECONDS: Final = 9.5
"""When the process ends, even if a task does not mind being cancelled, or a thread asks for the name of a host."""
_EXIT_AT_ONCE: Final = 130


class Supervisor:
    """Runs what a policy asks for until it is told to stop, and takes over what changes in the policy's file."""

    def __init__(
        self, policy: Policy, file: Path, data: Path, *, environ: Mapping[str, str], recent: RecentLines
    ) -> None:
        """Build every part of the policy that was loaded from ``file``; nothing is sent yet.

        Variables are looked up in ``environ`` when the file changes; ``recent`` is what was logged.

        Raises:
            StateInUseError: another collector works on the data folder.
            OSError: the data folder or a certificate cannot be used.
        """
        self._collection = Collection(policy, data)
        self._manager = ServiceManager(environ)
        self._changes = PolicyChanges(policy, file, environ, apply=self._collection.change, manager=self._manager)
        self._recent = recent
        self._data = data
        self._control = ControlSocket(
            data,
            {"/status": self._answer_status, "/diagnostics": self._answer_diagnostics, "/tap": self._answer_tap},
        )
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask for the end; a second call leaves at once."""
        if self._stopping.is_set():
            os._exit(_EXIT_AT_ONCE)
        self._stopping.set()

    def listen_for_signals(self) -> None:
        """Stop at SIGTERM and SIGINT; read the policy again at SIGHUP."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self._changes.look_now)

    async def run(self) -> int:
        """Run until the stop; return the exit code: 0, or 1 after a fault of ours."""
        logger.info("collector starts", extra={"version": __version__})
        await self._control.listen()
        await self._collection.start()
        failed = asyncio.create_task(self._collection.failed())
        stop = asyncio.create_task(self._stopping.wait())
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
        await self._collection.end()
        await self._control.close()
        for task in (stop, failed, changes, alive):
            task.cancel()
        return code

    async def _answer_status(self, _: web.Request) -> web.Response:
        return web.json_response(self._report())

    async def _answer_diagnostics(self, _: web.Request) -> web.Response:
        policy, statuses = self._changes.in_force.policy, self._collection.monitoring.statuses()
        return web.json_response(gather_diagnostics(policy, self._report(), statuses, self._recent.lines, self._data))

    async def _answer_tap(self, request: web.Request) -> web.StreamResponse:
        return await answer_tap(request, self._collection.taps)

    def _report(self) -> dict[str, Any]:
        return report_status(self._collection.monitoring, self._changes.in_force, self._recent.lines)


def exit_at_the_latest(code: int) -> None:
    """End the process when the time of a stop is over; nothing is lost by it, for what has no checkpoint is read again.

    The time is 9.5 s.
    """
    timer = threading.Timer(_EXIT_SECONDS, os._exit, [code])
    timer.daemon = True
    timer.start()


async def supervise(policy: Policy, file: Path, data: Path, recent: RecentLines) -> int:
    """Run a collector in this process until a signal ends it; return its exit code.

    The policy was loaded from ``file``, with variables from the environment.
    """
    supervisor = Supervisor(policy, file, data, environ=os.environ, recent=recent)
    gc.freeze()  # modules and clients live to the end, so looking through them for garbage is for nothing
    supervisor.listen_for_signals()
    return await supervisor.run()
