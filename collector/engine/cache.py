"""The user's cache: where fetched and compiled parts lie, and how processes take turns at it."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from collector.engine.progress import Progress, ProgressCallback


def cache_root() -> Path:
    """``$XDG_CACHE_HOME/aoai-collector``, or the same under ``~/.cache``; made if absent."""
    base = os.environ.get("XDG_CACHE_HOME")
    root = (Path(base) if base else Path.home() / ".cache") / "aoai-collector"
    root.mkdir(parents=True, exist_ok=True)
    return root


@contextmanager
def exclusive(root: Path, on_progress: ProgressCallback) -> Generator[None]:
    """Let one process at a time change the cache.

    The kernel drops the lock when its holder dies, so a killed download never blocks the next one.
    """
    with (root / "engine.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_progress(Progress("wait", 0, None, "another process prepares the engine"))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
