"""Writes checkpoints: at most one a partition and interval, and once more at the end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from collector.delivery.acknowledgement import Lane
from collector.events import Position
from collector.output.elasticsearch.replay_window import ReplayWindow
from collector.state.ownership import StaleOwnerError
from collector.telemetry.trouble import Trouble

logger = logging.getLogger(__name__)

CheckpointWriter = Callable[[str, Position], Awaitable[None]]
"""Stores the position of a partition. May raise ``StaleOwnerError``; anything else is tried again later."""

_MAX_PAUSE: Final = 3600.0
_LONGEST_WRITE: Final = 4.0
"""A write is given up after this many seconds, so that a silent store is said within 5.

Should it arrive all the same, it stores what is settled, or fails.
"""


class Checkpointer:
    """Keeps the store near the prefixes of the lanes of one input stream."""

    def __init__(
        self,
        write: CheckpointWriter,
        *,
        interval: float,
        longest_write: float = _LONGEST_WRITE,
        component: str = "checkpoints",
    ) -> None:
        """Take what stores a position, and the name under which troubles are said."""
        self._write = write
        self._interval = min(interval, _MAX_PAUSE)
        self._longest_write = longest_write
        self._lanes: dict[str, Lane] = {}
        self._failing: set[str] = set()
        self.trouble = Trouble(component)

    def open_lane(self, partition: str) -> Lane:
        """Begin a fresh lane for a partition that was just claimed; an older lane of it is revoked.

        Its replay window covers everything until it is told where an earlier reader can have ended.
        """
        self.revoke_lane(partition)
        lane = self._lanes[partition] = Lane(partition, ReplayWindow())
        return lane

    def lane(self, partition: str) -> Lane | None:
        """The lane of a partition that is ours, or None."""
        return self._lanes.get(partition)

    def revoke_lane(self, partition: str) -> None:
        """Forget a partition that is no longer ours; its unsettled records are the next owner's to repeat."""
        lane = self._lanes.pop(partition, None)
        self._failing.discard(partition)
        if lane is not None:
            lane.revoke()

    async def run(self) -> None:
        """Write what is due, every interval, until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            await self.flush()

    async def flush(self) -> None:
        """Write every checkpoint that is due, now; none waits for another."""
        await asyncio.gather(*(self.flush_partition(partition) for partition in list(self._lanes)))

    async def flush_partition(self, partition: str) -> None:
        """Write the checkpoint of one partition if it is due; a failed write stays due."""
        lane = self._lanes.get(partition)
        position = lane.checkpoint_due if lane else None
        if lane is None or position is None:
            return
        try:
            async with asyncio.timeout(self._longest_write):
                await self._write(partition, position)
        except StaleOwnerError:
            logger.warning("partition was taken over by another reader", extra={"azure.partition_id": partition})
            lane.revoke()
            if self._lanes.get(partition) is lane:  # the partition may have been claimed anew in the meantime
                del self._lanes[partition]
        except Exception as error:  # noqa: BLE001 - whatever ails the store, the data path goes on
            self._failing.add(partition)
            self.trouble.report(
                "checkpoints cannot be written, trying again",
                f"partition {partition}: {type(error).__name__}: {str(error) or 'no answer in time'}",
            )
        else:
            lane.checkpoint_written(position)
            self._failing.discard(partition)
            if not self._failing:
                self.trouble.over()
