"""The start-up archive: the engine's classes as the JVM has them after loading and linking, mapped at every start.

It is made once by a rehearsal: start, stop, and let the JVM write down what it loaded (JEP 514). That takes about ten
seconds and halves every later start. It is an optimisation only: where the JVM cannot make or use it, starts are
slower and nothing else changes; an empty file then remembers that it was tried.
"""

import dataclasses
import logging
import tempfile
import time
from pathlib import Path

from collector.engine.cache import exclusive
from collector.engine.errors import EngineError
from collector.engine.launch import Launch
from collector.engine.process import EngineProcess
from collector.engine.progress import Progress, ProgressCallback

logger = logging.getLogger(__name__)

_START_S = 120.0
_WRITE_S = 120.0
"""Bounds, not expectations: 5 s and 9 s on two cores."""

_HEAP = "512m"


def ensure_archive(launch: Launch, root: Path, archive: Path, on_progress: ProgressCallback) -> Launch:
    """Return the launch with the archive at that path, rehearsing first if it is not there."""
    if not archive.exists():
        with exclusive(root, on_progress):
            if not archive.exists():
                on_progress(Progress("archive", 0, 1))
                _rehearse(launch, archive)
                on_progress(Progress("archive", 1, 1))
    return dataclasses.replace(launch, archive=archive) if archive.stat().st_size else launch


def _rehearse(launch: Launch, archive: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="engine-rehearsal-", dir=archive.parent) as home:
        written = Path(home) / archive.name
        command = launch.command(heap=_HEAP, settings={"path.home": home}, extra=(f"-XX:AOTCacheOutput={written}",))
        process = EngineProcess(command, Path(home) / "engine.log")
        try:
            port = process.wait_until_ready(time.monotonic() + _START_S)
            process.wait_until_green(port, time.monotonic() + _START_S)
        except EngineError as failure:
            logger.warning("No start-up archive; starts will be slower", exc_info=failure)
        finally:
            process.stop(_WRITE_S)
        if not written.exists():
            logger.warning("The Java runtime wrote no start-up archive; starts will be slower")
            written.touch()
        written.replace(archive)
