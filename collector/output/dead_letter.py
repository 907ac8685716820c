"""The last resort: a local append-only file for dead letters that Elasticsearch refuses too."""

import os
from pathlib import Path
from typing import Final

_OWNER_ONLY: Final = 0o600


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
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _OWNER_ONLY)
        with open(descriptor, "ab") as file:  # noqa: PTH123 - Path.open takes no descriptor
            if _is_torn(descriptor):
                file.write(b"\n")
            file.write(lines)
            file.flush()
            os.fsync(descriptor)
        if is_new:
            _sync_folder(self.path.parent)


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
