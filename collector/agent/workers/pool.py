"""All workers of one supervisor."""

import asyncio
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.agent.workers.process import WorkerProcess
from collector.state.shared_folder import SharedFolder

logger = logging.getLogger(__name__)


class WorkerPool:
    """The workers, from `start` to `end`."""

    def __init__(self, policy: str, workers: int, data: Path) -> None:
        """Lock the data folder that they share; ``policy`` is the text of the one that they follow first.

        Raises:
            StateInUseError: another collector works on the folder.
            OSError: the folder cannot be written.
        """
        self._folder = SharedFolder(data)
        self._policy = policy
        self.workers = [
            WorkerProcess(number, policy=lambda: self._policy, free=self._free) for number in range(1, workers + 1)
        ]
        self._runs: list[asyncio.Task[None]] = []
        self._failure: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self._ending = False

    async def start(self) -> None:
        """Begin every worker, and return when each works, or has ended and will be begun anew.

        Raises:
            OSError: one of them cannot follow the policy on this machine; none runs.
        """
        for worker in self.workers:
            run = asyncio.create_task(worker.run())
            run.add_done_callback(self._note_failure)
            self._runs.append(run)
        await asyncio.gather(*(worker.has_spoken.wait() for worker in self.workers))
        refusals = [worker.refusal for worker in self.workers if worker.refusal is not None]
        if refusals and not self._ending:
            await self.end()
            raise OSError(refusals[0])

    async def failed(self) -> BaseException:
        """Wait until the care for a worker dies, which only a fault of ours can cause, and return why."""
        return await self._failure

    async def change(self, policy: str) -> Sequence[str]:
        """Let all workers follow another policy; return the outputs that were begun anew. One call at a time.

        The first worker tries it alone. A worker that is being begun anew follows the policy that is in force by then.

        Raises:
            OSError: a worker refuses it; all follow the one before.
        """
        first, *others = sorted(self.workers, key=lambda worker: worker.pid is None)
        tried = await first.follow(policy)
        if "refusal" in tried:
            raise OSError(tried["refusal"])
        before, self._policy = self._policy, policy
        verdicts = [tried, *await asyncio.gather(*(worker.follow(policy) for worker in others))]
        refusals = [verdict["refusal"] for verdict in verdicts if "refusal" in verdict]
        if refusals and not self._ending:
            await self._go_back(before, zip((first, *others), verdicts, strict=True))
            raise OSError(refusals[0])
        return tuple(dict.fromkeys(output for verdict in verdicts for output in verdict.get("begun", ())))

    async def end(self) -> None:
        """Let all workers end in order, at the same time, and return when they have."""
        self._ending = True
        for worker in self.workers:
            worker.end()
        await asyncio.gather(*self._runs, return_exceptions=True)
        self._folder.close()

    async def _go_back(self, policy: str, verdicts: "zip[tuple[WorkerProcess, Mapping[str, Any]]]") -> None:
        """Let those who follow another policy follow this one again; who does not is begun anew with it."""
        self._policy = policy
        followers = [worker for worker, verdict in verdicts if "refusal" not in verdict]
        words = await asyncio.gather(*(worker.follow(policy) for worker in followers))
        for worker, word in zip(followers, words, strict=True):
            if "begun" not in word:
                worker.kill()

    def _free(self, worker: int) -> None:
        try:
            self._folder.free(worker)
        except sqlite3.Error as error:
            logger.warning(
                "what a worker owned is not free at once, but in 40 s",
                extra={"worker": worker, "error.message": str(error)},
            )

    def _note_failure(self, run: asyncio.Task[None]) -> None:
        failure = None if run.cancelled() else run.exception()
        if failure is not None and not self._failure.done():
            self._failure.set_result(failure)
