"""Notices that a hub was deleted and made anew, where the Azure SDK would wait for ever or pass over events.

A new hub counts from 0. A reader that asks it for what comes after an old, higher checkpoint is refused, and the Python
SDK (5.15) tries that again in silence without end; once the new hub has grown past it, what lies before is never read.
So each checkpoint is held against its hub before the SDK sees it. One of an earlier hub is left out, said loudly, and
the partition is read from the start position. Records that are there already keep their ids and are not doubled.

How an earlier hub is told, in this order; times are Azure's own, never this machine's:

- our checkpoints carry the time at which their hub was created: it is another one now;
- one without, of another SDK or an older collector, was written before the hub was created (Blob storage tells when);
- it lies beyond the end of its partition.

A false alarm costs time and loses nothing: a namespace that answers in the place of another tells other times, and its
partitions are read from the start position once.

Limits: a checkpoint in the local store that carries no such time, because an older collector wrote it, is told by the
last of these only. A hub is looked at when a partition of it is claimed; one that is deleted and made anew faster than
the SDK gives up its links (some seconds) is not noticed before the next claim.
"""

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from azure.eventhub.aio import CheckpointStore

from collector.inputs.event_hub.beginning import Beginning
from collector.inputs.event_hub.hub_client import HubClient
from collector.state.sqlite import SqliteCheckpointStore
from collector.state.sqlite_sharing import SharedSqliteCheckpointStore

if TYPE_CHECKING:
    from collector.state.blob import FencedBlobCheckpointStore

logger = logging.getLogger(__name__)

_STORAGE_ROUNDS_BY_MS: Final = 1000
"""``Last-Modified`` is a date of HTTP: whole seconds, rounded down."""


class CurrentCheckpoints(CheckpointStore):
    """A checkpoint store that shows the SDK only positions that its hub still has."""

    def __init__(
        self, store: "SqliteCheckpointStore | FencedBlobCheckpointStore", beginning: Beginning | None = None
    ) -> None:
        """Wrap a store; ``look_at`` must follow before the SDK uses it. Only one of several workers has a beginning."""
        self._store = store
        self._beginning = beginning
        self._client: HubClient | None = None
        self._created_ms: int | None = None
        self._pinned: dict[str, int | None] = {}
        self._claimed: frozenset[str] = frozenset()
        self._owners: set[str] = set()
        self._shown: dict[str, int] = {}

    def has_shown(self, partition: str) -> bool:
        """Tell whether the SDK was shown a checkpoint of this partition when it last asked."""
        return partition in self._shown

    def resumes_after(self, partition: str) -> int | None:
        """Return the sequence number of that checkpoint; None where there is none."""
        return self._shown.get(partition)

    def look_at(self, client: HubClient) -> None:
        """Ask this client where partitions end."""
        self._client = client

    async def list_ownership(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **options: Any
    ) -> Iterable[dict[str, Any]]:
        """Pass on; in its beginning a worker is shown another's part as owned."""
        names = {
            "fully_qualified_namespace": fully_qualified_namespace,
            "eventhub_name": eventhub_name,
            "consumer_group": consumer_group,
        }
        listed = await self._store.list_ownership(**names, **options)
        if self._beginning is None or self._client is None:
            return listed
        return self._beginning.show(listed, self._client.partitions, names=names, ours=self._owners)

    async def claim_ownership(
        self, ownership_list: Iterable[dict[str, Any]], **options: Any
    ) -> Iterable[dict[str, Any]]:
        """Pass on, and remember which partitions are ours."""
        claimed = list(await self._store.claim_ownership(ownership_list, **options))
        self._claimed = frozenset(ownership["partition_id"] for ownership in claimed)
        self._owners |= {ownership["owner_id"] for ownership in claimed}
        return claimed

    async def release(self) -> None:
        """Give back what the SDK has not, so that another reader need not wait until it expires.

        Raises:
            azure.core.exceptions.AzureError: storage cannot be reached, or refuses.
        """
        if isinstance(self._store, SharedSqliteCheckpointStore):
            self._store.release(self._owners - {""})
        elif not isinstance(self._store, SqliteCheckpointStore):
            await self._store.release()

    def pin(self, partition: str) -> None:
        """Note that this partition is read from the hub that was looked at last; its checkpoints will say so."""
        self._pinned[partition] = self._created_ms

    async def update_checkpoint(self, checkpoint: dict[str, Any], **options: Any) -> None:
        """Pass on, with the time at which the hub was created that the partition is read from."""
        created = self._pinned.get(checkpoint["partition_id"])
        stamp = {} if created is None else {"hub_created_ms": created}
        await self._store.update_checkpoint(checkpoint | stamp, **options)

    async def list_checkpoints(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **options: Any
    ) -> Iterable[dict[str, Any]]:
        """Return our partitions' checkpoints that lie within them; the SDK asks right after a claim."""
        names = (fully_qualified_namespace, eventhub_name, consumer_group)
        listed = await self._store.list_checkpoints(*names, **options)
        found = [checkpoint for checkpoint in listed if checkpoint["partition_id"] in self._claimed]
        if self._client is not None:
            created_at: datetime = (await self._client.get_eventhub_properties())["created_at"]
            self._created_ms = _to_milliseconds(created_at)
        current = await asyncio.gather(*(self._is_current(checkpoint) for checkpoint in found))
        shown = [checkpoint for checkpoint, is_current in zip(found, current, strict=True) if is_current]
        self._shown = {checkpoint["partition_id"]: int(checkpoint["sequence_number"]) for checkpoint in shown}
        return shown

    async def _is_current(self, checkpoint: dict[str, Any]) -> bool:
        sign = self._sign_of_an_earlier_hub(checkpoint) or await self._sign_beyond_the_end(checkpoint)
        if sign is None:
            return True
        logger.error(
            "checkpoint is of a hub that was deleted and made anew since: reading from the start position",
            extra={
                "azure.partition_id": checkpoint["partition_id"],
                "checkpoint": checkpoint["sequence_number"],
                "sign": sign,
            },
        )
        self._store.discard_checkpoint(checkpoint)
        return False

    def _sign_of_an_earlier_hub(self, checkpoint: dict[str, Any]) -> str | None:
        if self._created_ms is None:
            return None
        stamp: int | None = checkpoint.get("hub_created_ms")
        if stamp is not None:
            return None if stamp == self._created_ms else "it names another time of the hub's creation"
        written_at: datetime | None = checkpoint.get("written_at")
        if written_at is None or _to_milliseconds(written_at) + _STORAGE_ROUNDS_BY_MS > self._created_ms:
            return None
        return "it was written before the hub was created"

    async def _sign_beyond_the_end(self, checkpoint: dict[str, Any]) -> str | None:
        if self._client is None:
            return None
        properties = await self._client.get_partition_properties(checkpoint["partition_id"])
        end = properties["last_enqueued_sequence_number"]
        return None if int(checkpoint["sequence_number"]) <= end else f"its partition ends at {end}"


def _to_milliseconds(moment: datetime) -> int:
    """Return a moment in milliseconds since 1970: as exact as Event Hubs tells it."""
    return round(moment.timestamp() * 1000)
