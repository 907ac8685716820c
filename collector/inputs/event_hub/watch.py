"""Asks each partition once a minute where it ends: for its lag, and to notice a reader that is refused in silence.

The Python SDK (5.15) tries again without telling anyone when Event Hubs refuses a reader, for a consumer group that
does not exist or a position that cannot be read. What shows from outside: the partition holds more than was received,
and nothing arrives although nobody here is in its way.

The SDK can also have the end of the partition sent along with each event. That would cost a tenth of the work of
receiving an event, for every event, and would tell nothing when none arrives; a question a minute does both jobs.

Limit: where reading goes on from a checkpoint, what lay in the partition before the first question is not known to be
unread, so a refused reader shows only when something new comes.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from collector.inputs.event_hub.progress import PartitionProgress, StreamProgress

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS: Final = 60.0
"""Each question is a connection of its own: for 32 partitions one every two seconds."""
SECONDS_OF_SILENCE: Final = 60.0
"""So long must a partition hold back what it has; the SDK's own wait between tries is at most half of it."""


class PartitionClient(Protocol):
    """What answers where a partition ends: the SDK's consumer client."""

    async def get_partition_properties(self, partition_id: str) -> Mapping[str, Any]:
        """Return the first and last sequence number, and whether the partition is empty."""
        ...


class PartitionWatch:
    """Watches the partitions of one stream that are ours."""

    def __init__(
        self,
        client: PartitionClient,
        progress: StreamProgress,
        *,
        reads_from_the_start: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask the client; ``reads_from_the_start`` tells it of a partition of which nothing was received yet."""
        self._client = client
        self._progress = progress
        self._reads_from_the_start = reads_from_the_start
        self._clock = clock
        self._silent_since: dict[str, tuple[int, float]] = {}
        """For each silent partition: how far reading had come, and since when."""

    async def run(self) -> None:
        """Look once a minute until cancelled."""
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            await self.look()

    async def look(self) -> None:
        """Ask every partition once, one after the other."""
        for progress in self._progress:
            try:
                properties = await self._client.get_partition_properties(progress.partition)
            except Exception as error:  # noqa: BLE001 - who reads the partition says what is wrong with the hub
                logger.debug("a partition does not say where it ends", extra={"error.message": str(error)})
                continue
            progress.end = properties["last_enqueued_sequence_number"]
            if progress.start is None:
                first = properties["beginning_sequence_number"] - 1
                progress.start = first if self._reads_from_the_start(progress.partition) else progress.end
            self._judge(progress, is_empty=properties["is_empty"])

    def _judge(self, progress: PartitionProgress, *, is_empty: bool) -> None:
        reached = progress.reached
        if is_empty or progress.in_hand or not progress.lag or reached is None:
            self._silent_since.pop(progress.partition, None)
            if progress.trouble.what is not None:
                progress.trouble.over()
            return
        place, since = self._silent_since.get(progress.partition, (None, 0.0))
        if place != reached:
            self._silent_since[progress.partition] = (reached, self._clock())
        elif self._clock() - since >= SECONDS_OF_SILENCE:
            progress.trouble.report(
                "a partition holds events that do not arrive: check that the consumer group exists",
                f"partition {progress.partition} ends at {progress.end}, reading stands at {reached}",
            )
