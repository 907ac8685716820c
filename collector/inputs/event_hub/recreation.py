"""Notices that a hub was deleted and made anew, where the Azure SDK would wait for ever.

A new hub counts from 0. A reader that asks it for what comes after an old, higher checkpoint is refused, and the Python
SDK (5.15) tries that again in silence without end. So each checkpoint is held against the end of its partition before
the SDK sees it; one that lies beyond is left out, said loudly, and the partition is read from the start position.
Records that are there already keep their ids and are not doubled.

Limit: a hub that was made anew and has grown past the old checkpoint looks like the old one.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from azure.eventhub.aio import CheckpointStore, EventHubConsumerClient

from collector.state.blob import FencedBlobCheckpointStore
from collector.state.sqlite import SqliteCheckpointStore

logger = logging.getLogger(__name__)


class CurrentCheckpoints(CheckpointStore):
    """A checkpoint store that shows the SDK only positions that its hub still has."""

    def __init__(self, store: SqliteCheckpointStore | FencedBlobCheckpointStore) -> None:
        """Wrap a store; ``look_at`` must follow before the SDK uses it."""
        self._store = store
        self._client: EventHubConsumerClient | None = None
        self._claimed: frozenset[str] = frozenset()
        self._shown: frozenset[str] = frozenset()

    def has_shown(self, partition: str) -> bool:
        """Tell whether the SDK was shown a checkpoint of this partition when it last asked."""
        return partition in self._shown

    def look_at(self, client: EventHubConsumerClient) -> None:
        """Ask this client where partitions end."""
        self._client = client

    async def list_ownership(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **options: Any
    ) -> Iterable[dict[str, Any]]:
        """Pass on."""
        return await self._store.list_ownership(fully_qualified_namespace, eventhub_name, consumer_group, **options)

    async def claim_ownership(
        self, ownership_list: Iterable[dict[str, Any]], **options: Any
    ) -> Iterable[dict[str, Any]]:
        """Pass on, and remember which partitions are ours."""
        claimed = list(await self._store.claim_ownership(ownership_list, **options))
        self._claimed = frozenset(ownership["partition_id"] for ownership in claimed)
        return claimed

    async def update_checkpoint(self, checkpoint: dict[str, Any], **options: Any) -> None:
        """Pass on."""
        await self._store.update_checkpoint(checkpoint, **options)

    async def list_checkpoints(
        self, fully_qualified_namespace: str, eventhub_name: str, consumer_group: str, **options: Any
    ) -> Iterable[dict[str, Any]]:
        """Return our partitions' checkpoints that lie within them; the SDK asks right after a claim."""
        names = (fully_qualified_namespace, eventhub_name, consumer_group)
        listed = await self._store.list_checkpoints(*names, **options)
        found = [checkpoint for checkpoint in listed if checkpoint["partition_id"] in self._claimed]
        beyond = await asyncio.gather(*(self._lies_beyond_the_end(checkpoint) for checkpoint in found))
        shown = [checkpoint for checkpoint, is_beyond in zip(found, beyond, strict=True) if not is_beyond]
        self._shown = frozenset(checkpoint["partition_id"] for checkpoint in shown)
        return shown

    async def _lies_beyond_the_end(self, checkpoint: dict[str, Any]) -> bool:
        if self._client is None:
            return False
        partition = checkpoint["partition_id"]
        end = (await self._client.get_partition_properties(partition))["last_enqueued_sequence_number"]
        if int(checkpoint["sequence_number"]) <= end:
            return False
        logger.error(
            "checkpoint lies beyond the end of its partition: the hub was made anew, reading from the start position",
            extra={"azure.partition_id": partition, "checkpoint": checkpoint["sequence_number"], "end": end},
        )
        self._store.discard_checkpoint(checkpoint)
        return True
