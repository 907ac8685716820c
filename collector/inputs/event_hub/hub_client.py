"""The Azure SDK's client, which does not ask a hub twice in a row what it is."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, override

from azure.eventhub.aio import EventHubConsumerClient

_FRESH_SECONDS: Final = 2.0


class HubClient(EventHubConsumerClient):
    """Answers the second of two like questions from the first: once, and only while that is fresh.

    Before its first claim the SDK asks for the partitions; right after it, its checkpoint store asks what the hub is.
    To the hub both are one question, and each has a connection of its own, which the SDK takes half a second to open.
    """

    partitions: Sequence[str] = ()
    """As the hub has told last."""
    _told: tuple[dict[str, Any], float] | None = None

    @override
    async def get_partition_ids(self) -> list[str]:
        """Ask the hub, and keep what else it said."""
        told = await super().get_eventhub_properties()
        self._told = told, asyncio.get_running_loop().time()
        self.partitions = told["partition_ids"]
        return told["partition_ids"]

    @override
    async def get_eventhub_properties(self) -> dict[str, Any]:
        """Return what the hub has just said, or ask it."""
        kept, self._told = self._told, None
        if kept is not None and asyncio.get_running_loop().time() - kept[1] < _FRESH_SECONDS:
            return kept[0]
        return await super().get_eventhub_properties()
