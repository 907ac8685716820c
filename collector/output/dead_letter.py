"""The last resort: a local append-only file for dead letters that Elasticsearch refuses too.

A daemon appends to it while ``replay dead-letters`` takes it away: both hold a lock on the file while they do.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Final

_OWNER_ONLY: Final = 0o600
_BEING_REPLAYED: Final = ".replaying"
_REPLAYED: Final = ".replayed"


class DeadLetterFile:
    """A file of bulk lines that can be sent to ``_bulk`` as it is; each is on disk before ``append`` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, lines: bytes) -> None:
        """Write and fsync.

        Raises:
            OSError: the disk is full or the folder cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self.path.exists()
        with self._locked() as file:
            if _is_torn(file.fileno()):
                file.write(b"\n")
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _sync_folder(self.path.parent)

    def set_aside(self, now: datetime) -> list[Path]:
        """Take the letters away, so that new ones go to a file of their own; return all that is to be replayed.

        That is what was taken now, if anything, and what an earlier replay did not finish, oldest first.

        Raises:
            OSError: the folder cannot be read or written.
        """
        if self.path.exists():
            with self._locked():
                self.path.rename(self._beside(f".{now:%Y%m%dT%H%M%S%fZ}{_BEING_REPLAYED}"))
        return self.unfinished()

    def unfinished(self) -> list[Path]:
        """Return what an earlier replay took away and did not finish, oldest first."""
        return sorted(self.path.parent.glob(f"{self.path.stem}.*{_BEING_REPLAYED}{self.path.suffix}"))

    def finish(self, taken: Path) -> Path:
        """Mark what was taken away as replayed and return its name from now on; it is kept for its owner to delete."""
        return taken.rename(taken.with_name(taken.name.replace(_BEING_REPLAYED, _REPLAYED)))

    def _beside(self, mark: str) -> Path:
        return self.path.with_name(f"{self.path.stem}{mark}{self.path.suffix}")

    @contextmanager
    def _locked(self) -> Generator[IO[bytes]]:
        """Open the file for appending, alone; begin again when it was taken away before the lock was ours."""
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _OWNER_ONLY)
            with open(descriptor, "ab") as file:  # noqa: PTH123 - Path.open takes no descriptor
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if _is_still_there(descriptor, self.path):
                    yield file
                    return


def _is_still_there(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _is_torn(descriptor: int) -> bool:
    """Whether the last write stopped inside a line: the disk was full, or the process died."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def _sync_folder(folder: Path) -> None:
    """A new file's name is on disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
