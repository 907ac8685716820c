"""One worker as its supervisor sees it: a process that is begun anew whenever it ends by itself."""

import asyncio
import logging
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from collector.agent.workers.line import Line, open_line
from collector.telemetry.health import Component, State
from collector.telemetry.status import WorkerStatus
from collector.telemetry.trouble import Trouble

logger = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0
_STEADY_SECONDS: Final = 30.0
"""A worker that lived so long is no part of a loop of crashes."""
_SILENCE_SECONDS: Final = 60.0
"""After this its event loop is taken to be stuck; what it owned is free after 40 s."""
_GONE: Final[Mapping[str, Any]] = {}


class WorkerProcess:
    """Keeps one worker running, from `run` until `end`."""

    def __init__(self, number: int, *, policy: Callable[[], str], free: Callable[[int], None]) -> None:
        """Prepare worker ``number``.

        Each life begins with what ``policy`` returns then; ``free`` is told when one has ended.
        """
        self.number = number
        self.pid: int | None = None
        self.refusal: str | None = None
        """Why it could not follow the policy of its first life."""
        self.has_spoken = asyncio.Event()
        """Set when the first life has begun its work, or could not."""
        self._policy = policy
        self._free = free
        self._trouble = Trouble(f"worker {number}")
        self._process: asyncio.subprocess.Process | None = None
        self._line: Line | None = None
        self._works = False
        self._restarts = 0
        self._verdicts: deque[asyncio.Future[Mapping[str, Any]]] = deque()
        self._ending = asyncio.Event()

    @property
    def component(self) -> Component:
        """Its state: a worker that ended by itself is in trouble until its successor has lived for a while."""
        return Component("worker", str(self.number), self._works, (self._trouble,))

    @property
    def status(self) -> WorkerStatus:
        """The numbers of it."""
        return WorkerStatus(self.number, self._restarts, healthy=self.component.state is State.HEALTHY)

    async def run(self) -> None:
        """Keep it running until `end`, and then until it has ended."""
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE_SECONDS
        while not self._ending.is_set():
            born = loop.time()
            code = await self._live(born)
            self._free(self.number)
            if self._ending.is_set():
                return
            pause = _FIRST_PAUSE_SECONDS if loop.time() - born > _STEADY_SECONDS else pause
            self._tell_of_end(code, pause)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ending.wait()
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def end(self) -> None:
        """Let it end in order, and begin no other."""
        self._ending.set()
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it at once; another is begun."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def follow(self, policy: str) -> Mapping[str, Any]:
        """Let it follow another policy; return its word, which is empty when it does not live."""
        if self._line is None:
            return _GONE
        verdict: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._verdicts.append(verdict)
        self._line.send({"policy": policy})
        return await verdict

    async def _live(self, born: float) -> int:
        """Begin a process, listen to it until it ends, and return its exit code."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = self._process = await asyncio.create_subprocess_exec(
                *_command(self.number),
                stdin=theirs.fileno(),
                process_group=0,  # Ctrl-C at a terminal is for the supervisor alone
            )
        self.pid = process.pid
        self._line = await open_line(ours)
        self._line.send({"policy": self._policy()})
        if self._ending.is_set():  # between the two lines above and the end of the one before
            process.terminate()
        listening = asyncio.create_task(self._listen(self._line, process, born))
        try:
            code = await process.wait()
            await listening  # what it said last
        finally:
            listening.cancel()
            await self._line.close()
            self._line, self.pid, self._works = None, None, False
            while self._verdicts:
                self._verdicts.popleft().set_result(_GONE)
            self.has_spoken.set()
        return code

    async def _listen(self, line: Line, process: asyncio.subprocess.Process, born: float) -> None:
        """Hear what it says, until it ends; end it when it is silent."""
        try:
            while True:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    message = await line.receive()
                if message is None:
                    return
                self._hear(message, born)
        except TimeoutError:
            logger.error(  # noqa: TRY400 - the sentence says it all
                "a worker does not answer any more: it is ended", extra={"worker": self.number}
            )
            process.kill()

    def _hear(self, message: Mapping[str, Any], born: float) -> None:
        if not message:
            if asyncio.get_running_loop().time() - born > _STEADY_SECONDS:
                self._trouble.over()
        elif self._works:
            self._verdicts.popleft().set_result(message)
        elif "refusal" in message:
            self.refusal = message["refusal"]
            self.has_spoken.set()
        else:
            self._works = True
            self._tell_of_begin()
            self.has_spoken.set()

    def _tell_of_begin(self) -> None:
        logger.info("worker begins", extra={"worker": self.number, "pid": self.pid})
        if self._trouble.what is not None:
            self._trouble.report("a worker ended by itself a short while ago, and runs again", self._trouble.reason)

    def _tell_of_end(self, code: int, pause: float) -> None:
        reason = self.refusal or _describe(code)
        self._restarts += 1
        self._trouble.report("a worker ended by itself", reason, grave=True)
        logger.error(
            "a worker ended by itself: it is begun anew",
            extra={"worker": self.number, "error.message": reason, "seconds": pause},
        )


def _command(number: int) -> Sequence[str]:
    """Return the command line of this process once more, with a word for the worker."""
    return (sys.executable, *sys.orig_argv[1:], "--worker", str(number))


def _describe(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
