"""One JVM that runs the engine: started, watched until it answers, ended."""

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO, cast

from collector.engine.errors import EngineError
from collector.engine.launch import clean_environment

_READY = re.compile(rb"^READY (\d+)\n", re.MULTILINE)
_LAST_LINES = 20
_KILL_TIMEOUT_S = 10.0


class EngineProcess:
    """A running JVM and the home it works in.

    It lives in a session of its own, so the terminal's Ctrl-C reaches only the program that uses it, and holds the
    read end of a pipe whose other end is ours: when this process is gone, it ends by itself.
    """

    def __init__(self, command: list[str], log: Path) -> None:
        self._log = log
        with log.open("ab") as errors:
            self._popen = subprocess.Popen(  # noqa: S603 - the program is the runtime's own
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=clean_environment(),
                start_new_session=True,
            )
        # Both were asked for with PIPE, so both are there.
        self._lifeline = cast("IO[bytes]", self._popen.stdin)
        self._answers = cast("IO[bytes]", self._popen.stdout)

    @property
    def pid(self) -> int:
        """The JVM's process id."""
        return self._popen.pid

    def wait_until_ready(self, deadline: float) -> int:
        """Return the HTTP port once the node is up; ``deadline`` is a ``time.monotonic()``.

        Raises:
            EngineError: the JVM ended, or did not get ready in time; the message ends with its last log lines.
        """
        descriptor = self._answers.fileno()
        seen = b""
        while not (ready := _READY.search(seen)):
            readable, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                raise EngineError(f"The engine did not get ready in time.{self.last_words()}")
            chunk = os.read(descriptor, 4096)
            if not chunk:
                code = self._popen.wait(_KILL_TIMEOUT_S)
                raise EngineError(f"The engine ended while it started (exit code {code}).{self.last_words()}")
            seen += chunk
        return int(ready[1])

    def wait_until_green(self, port: int, deadline: float) -> None:
        """Return when every shard that this one node can hold is in place.

        Raises:
            EngineError: that did not happen before ``deadline``, or the JVM ended.
        """
        remaining = max(1, int(deadline - time.monotonic()))
        # An index that asks for replicas stays yellow on one node; all its primaries are in place nevertheless.
        path = f"/_cluster/health?wait_for_status=yellow&wait_for_no_initializing_shards=true&timeout={remaining}s"
        connection = HTTPConnection("127.0.0.1", port, timeout=remaining + 5)
        try:
            connection.request("GET", path)
            health = json.loads(connection.getresponse().read())
        except (OSError, HTTPException, ValueError) as failure:
            raise EngineError(f"The engine does not answer ({failure}).{self.last_words()}") from failure
        finally:
            connection.close()
        if health.get("timed_out", True):
            raise EngineError(f"The engine's shards are not in place: {json.dumps(health)}.{self.last_words()}")

    def wait(self) -> None:
        """Return when the JVM has ended, for whatever reason."""
        self._popen.wait()

    def stop(self, grace_s: float) -> None:
        """End the JVM: ask by closing its input, then insist, then kill; returns when it is gone."""
        with contextlib.suppress(BrokenPipeError):
            self._lifeline.close()
        if not self._wait(grace_s) and not self._signal(signal.SIGTERM):
            self._signal(signal.SIGKILL)
        self._answers.close()

    def last_words(self) -> str:
        """The end of the log, as the tail of an error message; empty when nothing was logged."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines() if self._log.exists() else []
        tail = "\n".join(f"  {line}" for line in lines[-_LAST_LINES:])
        return f"\nThe last lines of {self._log}:\n{tail}" if tail else ""

    def _wait(self, timeout_s: float) -> bool:
        try:
            self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _signal(self, number: signal.Signals) -> bool:
        # The JVM leads its own group; a helper that it started goes with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, number)
        return self._wait(_KILL_TIMEOUT_S)
