"""Checkpoints in a local SQLite file; its single owner owns every partition.

``collector.state.sqlite_sharing`` has what several processes of one collector need beside it.
"""

import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from azure.eventhub.aio import CheckpointStore

from collector.state.checkpoint_file import lock_folder, open_checkpoints

_NEVER_BACKWARDS: Final = """
INSERT INTO checkpoint VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET "offset" = excluded."offset", sequence_number = excluded.sequence_number,
    hub_created_ms = excluded.hub_created_ms
WHERE excluded.sequence_number > checkpoint.sequence_number
"""
_DISCARD: Final = """
DELETE FROM checkpoint WHERE namespace = ? AND eventhub = ? AND consumer_group = ? AND partition_id = ?
"""
_LIST: Final = """
SELECT partition_id, "offset", sequence_number, hub_created_ms FROM checkpoint
WHERE namespace = ? AND eventhub = ? AND consumer_group = ?
"""


class SqliteCheckpointStore(CheckpointStore):
    """Keeps checkpoints in ``FOLDER/checkpoints.sqlite``, each on disk before ``update_checkpoint`` returns.

    A write takes well under the 5 s between two of them, so it is made in the event loop's own thread.
    """

    def __init__(self, folder: Path, *, locks: bool = True) -> None:
        """Open or create the file; without ``locks`` somebody else has locked the folder for this process.

        Raises:
            StateInUseError: another process has it open.
            OSError: the folder cannot be written.
        """
        self._lock = lock_folder(folder) if locks else None
        self._database = open_checkpoints(folder)
        self._owned: dict[tuple[str, str, str], dict[str, dict[str, Any]]] = {}

    def close(self) -> None:
        """Close the file and let another process have it."""
        self._database.close()
        if self._lock is not None:
            self._lock.close()

    async def list_ownership(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **_: Any
    ) -> Iterable[dict[str, Any]]:
        """Return what this process owns; nobody else can own anything here."""
        key = normalise(fully_qualified_namespace, eventhub_name, consumer_group)
        return [dict(ownership) for ownership in self._owned.get(key, {}).values()]

    async def claim_ownership(self, ownership_list: Iterable[dict[str, Any]], **_: Any) -> Iterable[dict[str, Any]]:
        """Grant every claim."""
        claimed: list[dict[str, Any]] = [
            {**wanted, "last_modified_time": time.time(), "etag": "local"} for wanted in ownership_list
        ]
        for ownership in claimed:
            self._owned.setdefault(key_of(ownership), {})[ownership["partition_id"]] = dict(ownership)
        return claimed

    async def update_checkpoint(self, checkpoint: dict[str, Any], **_: Any) -> None:
        """Store a checkpoint unless a later one is there; ``hub_created_ms``, if it has it, is kept with it."""
        self._write(checkpoint)

    def _write(self, checkpoint: dict[str, Any]) -> None:
        key = key_of(checkpoint)
        position = (checkpoint["partition_id"], str(checkpoint["offset"]), int(checkpoint["sequence_number"]))
        self._database.execute(_NEVER_BACKWARDS, (*key, *position, checkpoint.get("hub_created_ms")))

    def discard_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Let the next checkpoint of this partition be a lower one: its hub was made anew and counts from 0."""
        key = key_of(checkpoint)
        self._database.execute(_DISCARD, (*key, checkpoint["partition_id"]))

    async def list_checkpoints(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **_: Any
    ) -> Iterable[dict[str, Any]]:
        """Return the checkpoints of one consumer group."""
        key = normalise(fully_qualified_namespace, eventhub_name, consumer_group)
        names = {
            "fully_qualified_namespace": fully_qualified_namespace,
            "eventhub_name": eventhub_name,
            "consumer_group": consumer_group,
        }
        with closing(self._database.execute(_LIST, key)) as rows:
            return [
                names
                | {"partition_id": partition, "offset": offset, "sequence_number": sequence_number}
                | ({} if created is None else {"hub_created_ms": created})
                for partition, offset, sequence_number, created in rows
            ]


def key_of(names: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return whose checkpoint or ownership it is: namespace, hub and consumer group."""
    return normalise(names["fully_qualified_namespace"], names["eventhub_name"], names["consumer_group"])


def normalise(namespace: str, eventhub: str, consumer_group: str) -> tuple[str, str, str]:
    """Azure compares these names without case, as the blob layout of the SDKs does."""
    return namespace.lower(), eventhub.lower(), consumer_group.lower()
