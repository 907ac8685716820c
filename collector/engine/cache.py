"""The user's cache: where fetched and compiled parts lie, and how processes take turns at it."""

import fcntl
import os
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from collector.engine.progress import Progress, ProgressCallback

UNUSED_S = 30 * 24 * 3600
"""A part that no start has used for a month belongs to another version of the project."""


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


def mark_used(*parts: Path) -> None:
    """Note on each directory that a start uses it now."""
    for part in parts:
        os.utime(part)


def remove_unused(root: Path, now: float | None = None) -> None:
    """Remove the parts that no start has used for ``UNUSED_S``; call it while holding the cache."""
    oldest = (time.time() if now is None else now) - UNUSED_S
    for part in root.glob("engine-*-*"):
        if part.is_dir() and part.stat().st_mtime < oldest:
            shutil.rmtree(part, ignore_errors=True)
