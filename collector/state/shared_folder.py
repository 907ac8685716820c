"""A data folder that workers share, as their supervisor holds it: its lock, and who owns which partition."""

from pathlib import Path
from typing import Final

from collector.state.checkpoint_file import lock_folder, open_checkpoints

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS ownership (
    namespace TEXT NOT NULL,
    eventhub TEXT NOT NULL,
    consumer_group TEXT NOT NULL,
    partition_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    worker INTEGER NOT NULL,
    renewed_at REAL NOT NULL,
    etag TEXT NOT NULL,
    PRIMARY KEY (namespace, eventhub, consumer_group, partition_id)
) WITHOUT ROWID
"""
_FREE_WORKER: Final = "UPDATE ownership SET owner_id = '', etag = '' WHERE worker = ?"


class SharedFolder:
    """A data folder that workers share, held by their supervisor."""

    def __init__(self, folder: Path) -> None:
        """Lock the folder, and forget the owners of former workers: none of them lives.

        Raises:
            StateInUseError: another collector works on the folder.
            OSError: the folder cannot be written.
        """
        self._lock = lock_folder(folder)
        self._database = open_checkpoints(folder)
        self._database.execute(_SCHEMA)
        self._database.execute("DELETE FROM ownership")

    def free(self, worker: int) -> None:
        """Give everybody what a worker owned, which has ended.

        Raises:
            sqlite3.Error: it cannot be written; then it is free once nobody has renewed it for a while.
        """
        self._database.execute(_FREE_WORKER, (worker,))

    def close(self) -> None:
        """Let another collector have the folder."""
        self._database.close()
        self._lock.close()
