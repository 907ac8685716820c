"""Where a stream of metrics stands, in a local SQLite file: opaque shards of state, and a ledger of what is settled.

Promises: a shard and its lines of the ledger are on disk together before ``save`` returns. The file may be read by
another process meanwhile (``aoai-collector gaps``). Does not lock the data folder: ``SqliteCheckpointStore`` does.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

_FILE: Final = "metrics.sqlite"
_OWNER_ONLY: Final = 0o700
LEDGER_DAYS: Final = 93
"""As long as Azure Monitor keeps metrics."""
_SCHEMA: Final = (
    """
    CREATE TABLE IF NOT EXISTS shard (
        stream TEXT NOT NULL,
        shard TEXT NOT NULL,
        state BLOB NOT NULL,
        PRIMARY KEY (stream, shard)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE IF NOT EXISTS ledger (stream TEXT NOT NULL, written_at TEXT NOT NULL, line BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS ledger_by_time ON ledger (written_at)",
)
_REPLACE: Final = """
INSERT INTO shard VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state
"""


class SqliteShards:
    """The shards of every stream in ``FOLDER/metrics.sqlite``."""

    def __init__(self, folder: Path) -> None:
        """Open or create the file.

        Raises:
            OSError: the folder cannot be written.
            sqlite3.Error: the file cannot be used.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY)
        self._database = sqlite3.connect(folder / _FILE, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        for statement in _SCHEMA:
            self._database.execute(statement)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def of_stream(self, stream: str) -> "SqliteStreamShards":
        """Return the shards of one stream of the policy."""
        return SqliteStreamShards(self._database, stream)


class SqliteStreamShards:
    """The shards of one stream."""

    def __init__(self, database: sqlite3.Connection, stream: str) -> None:
        """Use an open file."""
        self._database = database
        self._stream = stream

    async def load(self) -> Mapping[str, bytes]:
        """Return the state of every shard."""
        return dict(_read_shards(self._database, self._stream))

    async def save(self, shard: str, state: bytes, lines: Sequence[bytes]) -> None:
        """Replace the state of a shard and append lines to the ledger, both or neither."""
        now = datetime.now(UTC)
        written = [(self._stream, now.isoformat(), line) for line in lines]
        with closing(self._database.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                cursor.execute(_REPLACE, (self._stream, shard, state))
                if written:
                    cursor.executemany("INSERT INTO ledger VALUES (?, ?, ?)", written)
                    old = (now - timedelta(days=LEDGER_DAYS)).isoformat()
                    cursor.execute("DELETE FROM ledger WHERE written_at < ?", (old,))
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")


class SqliteShardsReading:
    """The same file, read only, also while a collector writes it."""

    def __init__(self, folder: Path, stream: str) -> None:
        """Look at one stream; a file that is not there holds nothing."""
        self._path = folder / _FILE
        self._stream = stream

    async def load(self) -> Mapping[str, bytes]:
        """Return the state of every shard.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        if not self._path.exists():
            return {}
        with closing(self._open()) as database:
            return dict(_read_shards(database, self._stream))

    async def ledger(self) -> Sequence[bytes]:
        """Return the lines of the ledger, oldest first.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        if not self._path.exists():
            return ()
        statement = "SELECT line FROM ledger WHERE stream = ? ORDER BY rowid"
        with closing(self._open()) as database, closing(database.execute(statement, (self._stream,))) as rows:
            return [line for (line,) in rows]

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)


def _read_shards(database: sqlite3.Connection, stream: str) -> Iterator[tuple[str, bytes]]:
    with closing(database.execute("SELECT shard, state FROM shard WHERE stream = ?", (stream,))) as rows:
        yield from rows
