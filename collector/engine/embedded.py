"""The embedded engine as its users see it."""

import re
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from collector.engine.errors import EngineError
from collector.engine.installation import prepare
from collector.engine.process import EngineProcess
from collector.engine.progress import Progress, ProgressCallback, ignore_progress

START_TIMEOUT_S = 120.0
"""A start takes 2 to 10 s; an overloaded machine gets ten times that."""

STOP_GRACE_S = 10.0
"""An engine that stops by itself does so in well under a second."""

LOG_NAME = "engine.log"


class EmbeddedEngine:
    """A search engine on 127.0.0.1 that lives as long as this object lets it.

    Blocking, and meant to be used from one thread at a time. As a context manager it starts and stops.

    Args:
        home: where it keeps data, configuration and its log ``engine.log``. None makes a temporary directory that is
            removed at stop. A home that is given survives: starting on it again finds the data.
        http_port: 0 for a free one.
        heap: the JVM's heap, such as ``512m``; the process takes little more.
        on_progress: told how far slow steps are, some of them from other threads.
        jvm_options: further options of the JVM; they win over the ones it always has.
    """

    def __init__(
        self,
        *,
        home: Path | None = None,
        http_port: int = 0,
        heap: str = "512m",
        on_progress: ProgressCallback | None = None,
        jvm_options: tuple[str, ...] = (),
    ) -> None:
        if not re.fullmatch(r"[1-9]\d*[mg]", heap):
            raise ValueError(f"heap must be a number of megabytes or gigabytes such as '512m', not {heap!r}")
        self._given_home = home
        self._http_port = http_port
        self._heap = heap
        self._on_progress = on_progress or ignore_progress
        self._jvm_options = jvm_options
        self._temporary_home: Path | None = None
        self._process: EngineProcess | None = None
        self._url: str | None = None

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT`` of the started engine."""
        if self._url is None:
            raise EngineError("The engine is not running; start() it first.")
        return self._url

    @property
    def pid(self) -> int | None:
        """The process id of the JVM; None when it does not run."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Prepare what is missing, start the JVM, and return when all shards are in place.

        Raises:
            EngineError: something cannot be fetched, verified or compiled, or the JVM did not come up; the message
                says what to do, or ends with the last lines of the JVM's log.
        """
        if self._process:
            raise EngineError("The engine runs already.")
        launch = prepare(self._on_progress)
        self._on_progress(Progress("start", 0, 1))
        home = self._make_home()
        settings = {"path.home": str(home), "http.port": str(self._http_port)}
        try:
            command = launch.command(heap=self._heap, settings=settings, extra=self._jvm_options)
            self._process = EngineProcess(command, home / LOG_NAME)
            self._await(self._process)
        except BaseException:
            self.stop()
            raise
        self._on_progress(Progress("start", 1, 1))

    def wait(self) -> None:
        """Return when the JVM has ended by itself; at once when none runs. ``stop`` is still to be called."""
        if self._process:
            self._process.wait()

    def stop(self) -> None:
        """End the JVM and remove a temporary home; does nothing when there is nothing to do."""
        process, self._process, self._url = self._process, None, None
        if process:
            process.stop(STOP_GRACE_S)
        home, self._temporary_home = self._temporary_home, None
        if home:
            shutil.rmtree(home, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _make_home(self) -> Path:
        if self._given_home is None:
            self._temporary_home = Path(tempfile.mkdtemp(prefix="aoai-engine-"))
            return self._temporary_home
        self._given_home.mkdir(parents=True, exist_ok=True)
        return self._given_home.resolve()

    def _await(self, process: EngineProcess) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        port = process.wait_until_ready(deadline)
        process.wait_until_green(port, deadline)
        self._url = f"http://127.0.0.1:{port}"
