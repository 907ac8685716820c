"""The local file of checkpoints, and the lock of the data folder that it lies in.

Imports nothing of the Azure SDK: a supervisor of workers, and who only wants to know whether a collector runs, need it
not.
"""

import fcntl
import sqlite3
from pathlib import Path
from typing import IO, Final

_OWNER_ONLY: Final = 0o700
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS checkpoint (
    namespace TEXT NOT NULL,
    eventhub TEXT NOT NULL,
    consumer_group TEXT NOT NULL,
    partition_id TEXT NOT NULL,
    "offset" TEXT NOT NULL,
    sequence_number INTEGER NOT NULL,
    hub_created_ms INTEGER,
    PRIMARY KEY (namespace, eventhub, consumer_group, partition_id)
) WITHOUT ROWID
"""
_HAS_CREATION: Final = "SELECT 1 FROM pragma_table_info('checkpoint') WHERE name = 'hub_created_ms'"
_ADD_CREATION: Final = "ALTER TABLE checkpoint ADD COLUMN hub_created_ms INTEGER"
"""Files of older collectors lack the column."""


class StateInUseError(Exception):
    """Another collector works on this data folder."""


def open_checkpoints(folder: Path) -> sqlite3.Connection:
    """Open or create the file of a folder.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY)
    database = sqlite3.connect(folder / "checkpoints.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(_SCHEMA)
    if database.execute(_HAS_CREATION).fetchone() is None:
        database.execute(_ADD_CREATION)
    return database


def lock_folder(folder: Path) -> IO[str]:
    """Make a data folder ours until the file that is returned is closed, or the process ends.

    Raises:
        StateInUseError: another process has it.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY)
    file = (folder / "collector.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise StateInUseError(
            f"another collector works on {folder}; give this one a --data folder of its own"
        ) from error
    return file


_LOCKS: Final = Path("/proc/locks")


def is_in_use(folder: Path) -> bool:
    """Tell whether a process works on this folder, by what Linux tells of locks: to try it would be to take it.

    Elsewhere, and where the folder is not there, nobody is known to.
    """
    try:
        inode = (folder / "collector.lock").stat().st_ino
        locks = _LOCKS.read_text("ascii").splitlines()
    except OSError:
        return False
    return any("FLOCK" in line and f":{inode} " in line for line in locks)
