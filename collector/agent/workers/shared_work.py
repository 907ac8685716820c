"""The work of a supervisor with workers: the pool of them, and the pages that tell of all."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from collector.agent.control_socket import Answer
from collector.agent.page_server import PageServer
from collector.agent.policy_changes import PolicyInForce
from collector.agent.workers.pool import WorkerPool
from collector.agent.workers.views import WorkerViews
from collector.policy import Policy, PolicyError, load_with_text
from collector.telemetry.logs import RecentLines


class SharedWork:
    """Workers and pages, from `start` to `end`."""

    def __init__(self, force: PolicyInForce, data: Path, recent: RecentLines) -> None:
        """Prepare what the policy asks for; its file is read once more, for its text is what workers are given.

        Raises:
            StateInUseError: another collector works on the data folder.
            OSError: the folder cannot be written, or the file was made wrong since it was read.
        """
        try:
            force.policy, text = load_with_text(force.file, os.environ)
        except PolicyError as error:
            raise OSError(str(error)) from error
        self._monitoring = force.policy.agent.monitoring
        self._pool = WorkerPool(text, force.policy.agent.workers, data)
        views = WorkerViews(self._pool.workers, force, recent, data)
        self._pages = PageServer(views.pages)
        self.answers: Mapping[str, Answer] = views.answers
        """What answers on the control socket, by path."""

    async def start(self) -> None:
        """Begin to answer, then begin the workers.

        Raises:
            OSError: a worker cannot follow the policy on this machine; nothing runs.
        """
        await self._pages.start(self._monitoring)
        try:
            await self._pool.start()
        except OSError:
            await self._pages.close()
            raise

    async def failed(self) -> BaseException:
        """Wait for a fault of ours, and return it."""
        return await self._pool.failed()

    async def change(self, policy: Policy, text: str) -> Sequence[str]:
        """Let all workers follow another policy, or none; return the outputs that were begun anew.

        Raises:
            OSError: it cannot be followed on this machine.
        """
        begun = await self._pool.change(text)
        before, self._monitoring = self._monitoring, policy.agent.monitoring
        await self._pages.change(before, self._monitoring)
        return begun

    async def end(self) -> None:
        """End the workers in order, then stop answering."""
        await self._pool.end()
        await self._pages.close()
