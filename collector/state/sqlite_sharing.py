"""Checkpoints in a local SQLite file that the worker processes of one collector share, and who owns which partition.

Promises: a partition has one owner; of two claims that knew the same state one is granted; who lost a partition cannot
write its checkpoint any more. Ages go by the machine's monotonic clock, which all of its processes share, so that a
clock which is set makes no owner look dead. What a worker owned is free at the moment at which its end is told.

The folder is locked by the supervisor of the workers (``collector.state.shared_folder``), and by no worker.
"""

import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, override
from uuid import uuid4

from collector.state.ownership import StaleOwnerError
from collector.state.sqlite import SqliteCheckpointStore, key_of, normalise

_RENEWAL_SECONDS: Final = 10.0
"""What is younger need not be renewed; a renewal costs a write to the disk."""
_LIST: Final = """
SELECT partition_id, owner_id, renewed_at, etag FROM ownership
WHERE namespace = ? AND eventhub = ? AND consumer_group = ?
"""
_TAKE_NEW: Final = "INSERT INTO ownership VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_TAKE_KNOWN: Final = """
UPDATE ownership SET owner_id = ?, worker = ?, renewed_at = ?, etag = ?
WHERE namespace = ? AND eventhub = ? AND consumer_group = ? AND partition_id = ? AND etag = ?
"""
_OWNER: Final = """
SELECT owner_id FROM ownership WHERE namespace = ? AND eventhub = ? AND consumer_group = ? AND partition_id = ?
"""
_FREE_OWNER: Final = "UPDATE ownership SET owner_id = '', etag = '' WHERE owner_id = ?"


class SharedSqliteCheckpointStore(SqliteCheckpointStore):
    """The checkpoints, as one of the workers sees them."""

    def __init__(self, folder: Path, worker: int) -> None:
        """Open the file of a folder that a ``SharedFolder`` holds.

        Raises:
            OSError: the folder cannot be written.
        """
        super().__init__(folder, locks=False)
        self._worker = worker
        self._mine: dict[tuple[str, str, str, str], str] = {}
        """Under which of this process's names each partition was claimed last."""

    @override
    async def list_ownership(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **_: Any
    ) -> Iterable[dict[str, Any]]:
        """Return who owns what; times are as this machine's clock of the day has them now."""
        names = {
            "fully_qualified_namespace": fully_qualified_namespace,
            "eventhub_name": eventhub_name,
            "consumer_group": consumer_group,
        }
        ahead = time.time() - time.monotonic()
        key = normalise(fully_qualified_namespace, eventhub_name, consumer_group)
        with closing(self._database.execute(_LIST, key)) as rows:
            return [
                names
                | {"partition_id": partition, "owner_id": owner, "last_modified_time": renewed + ahead, "etag": etag}
                for partition, owner, renewed, etag in rows
            ]

    @override
    async def claim_ownership(self, ownership_list: Iterable[dict[str, Any]], **_: Any) -> Iterable[dict[str, Any]]:
        """Grant the claims of what nobody else has changed since it was listed; renew what is due for it."""
        fresh: list[dict[str, Any]] = []
        due: list[dict[str, Any]] = []
        for wanted in ownership_list:
            (fresh if self._is_fresh(wanted) else due).append(dict(wanted))
        if not due:
            return fresh
        with self._transaction():
            granted = [each for each in due if self._claim(each)]
        for each in granted:
            self._mine[_place(each)] = each["owner_id"]
        return fresh + granted

    @override
    async def update_checkpoint(self, checkpoint: dict[str, Any], **_: Any) -> None:
        """Store a checkpoint unless a later one is there.

        Raises:
            StaleOwnerError: the partition is another's.
        """
        place = _place(checkpoint)
        with self._transaction():
            owner = self._database.execute(_OWNER, place).fetchone()
            if owner is None or owner[0] != self._mine.get(place):
                raise StaleOwnerError("/".join(place))
            self._write(checkpoint)

    def release(self, owners: Iterable[str]) -> None:
        """Give back whatever these names of this process own still."""
        for owner in owners:
            self._database.execute(_FREE_OWNER, (owner,))

    def _is_fresh(self, ownership: Mapping[str, Any]) -> bool:
        """Whether it is ours, by what was just listed, and was renewed a moment ago."""
        ours = "etag" in ownership and self._mine.get(_place(ownership)) == ownership["owner_id"]
        return ours and time.time() - ownership["last_modified_time"] < _RENEWAL_SECONDS

    def _claim(self, ownership: dict[str, Any]) -> bool:
        """Write a claim if nobody was faster; return whether it was written, with what it is known by from now on."""
        place, now, etag = _place(ownership), time.monotonic(), uuid4().hex
        owner = (ownership["owner_id"], self._worker, now, etag)
        known: str | None = ownership.get("etag")
        statement, values = (_TAKE_NEW, (*place, *owner)) if known is None else (_TAKE_KNOWN, (*owner, *place, known))
        written = self._database.execute(statement, values).rowcount == 1
        if written:
            ownership |= {"last_modified_time": time.time(), "etag": etag}
        return written

    @contextmanager
    def _transaction(self) -> Generator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # a full disk may have rolled it back already
                self._database.execute("ROLLBACK")
            raise


def _place(names: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (*key_of(names), str(names["partition_id"]))
