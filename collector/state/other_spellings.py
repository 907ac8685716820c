"""Checkpoints of the Go SDK, whose paths keep the capital letters that its user typed.

Promises: reads only. Source: azeventhubs 1.x, ``checkpoints/blob_store.go``: blob
``NAMESPACE/HUB/GROUP/checkpoint/PARTITION`` as typed, with metadata ``offset`` and ``sequencenumber``, each of them
only where the caller gave it.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from azure.storage.blob.aio import ContainerClient

logger = logging.getLogger(__name__)


async def list_other_spellings(container: ContainerClient, names: tuple[str, str, str]) -> list[dict[str, Any]]:
    """Return the checkpoints of namespace, hub and consumer group whose path is not in lower case.

    Of two spellings of one partition the later position counts.
    """
    latest: dict[str, dict[str, Any]] = {}
    async for folder in _walk(container, "", (*names, "checkpoint")):
        if folder == folder.lower():
            continue
        async for blob in container.list_blobs(name_starts_with=folder, include=["metadata"]):
            checkpoint = _read(blob, names)
            if checkpoint is None:
                logger.warning("a checkpoint of another program holds no offset", extra={"blob": blob.name})
                continue
            partition, number = checkpoint["partition_id"], checkpoint["sequence_number"]
            if partition not in latest or number > latest[partition]["sequence_number"]:
                latest[partition] = checkpoint
    return list(latest.values())


async def _walk(container: ContainerClient, above: str, names: Sequence[str]) -> AsyncIterator[str]:
    """Yield the folders, each with its last slash, that match the names without regard to case."""
    if not names:
        yield above
        return
    async for entry in container.walk_blobs(name_starts_with=above, delimiter="/"):
        if entry.name[len(above) :].lower() == f"{names[0]}/".lower():
            async for folder in _walk(container, entry.name, names[1:]):
                yield folder


def _read(blob: Any, names: tuple[str, str, str]) -> dict[str, Any] | None:
    given = cast("dict[str, str]", blob.metadata or {})
    metadata = {key.lower(): value for key, value in given.items()}
    offset, number = metadata.get("offset", ""), metadata.get("sequencenumber", "")
    if not offset or not number.isdecimal():
        return None
    return {
        "fully_qualified_namespace": names[0],
        "eventhub_name": names[1],
        "consumer_group": names[2],
        "partition_id": blob.name.rpartition("/")[2],
        "sequence_number": int(number),
        "offset": offset,
        "written_at": blob.last_modified,
    }
