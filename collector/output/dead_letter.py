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
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OWNER_ONLY)
        with open(descriptor, "ab") as file:  # noqa: PTH123 - Path.open takes no descriptor
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
