"""Finds out where the replay window of a claimed partition ends (decision 0007).

By the time our link hands out its first event, Event Hubs has closed every earlier link of the consumer group to that
partition. So no earlier reader has an event that was enqueued later, and the end of the partition at that moment is the
end of the window, whatever that reader was and however its checkpoints lagged.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from collector.delivery.acknowledgement import Lane

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_TRIES: Final = 5.0


class Partitions(Protocol):
    """What is asked of the client of an event hub."""

    async def get_partition_properties(self, partition_id: str) -> dict[str, int]:
        """Return what the service says of a partition."""
        ...


class ReplayBounds:
    """Sets the ends of the replay windows of one stream's lanes."""

    def __init__(self, hub: Partitions, *, resumes: Callable[[str], bool], absent_limit: int) -> None:
        """Ask this hub; ``resumes`` tells whether reading a partition began at a checkpoint.

        ``absent_limit`` is the most bytes that an earlier reader can have had under way. It counts only after a
        checkpoint: without one nobody knows where earlier readers began, and what lies before is no sign of their end.
        """
        self._hub = hub
        self._resumes = resumes
        self._absent_limit = absent_limit
        self._asking: set[asyncio.Task[None]] = set()

    def seek(self, lane: Lane) -> None:
        """Find the end of the lane's window, beside everything else; call it when the lane's first events are there."""
        limit = self._absent_limit if self._resumes(lane.partition) else None
        task = asyncio.create_task(self._ask(lane, limit))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, lane: Lane, limit: int | None) -> None:
        """Until there is an answer the window covers everything, which costs requests and doubles nothing."""
        while lane.window.unbounded:
            try:
                properties = await self._hub.get_partition_properties(lane.partition)
            except Exception as error:  # noqa: BLE001 - whatever ails the hub's management, reading goes on
                logger.debug("the end of a partition is not known yet", extra={"error.type": type(error).__name__})
                await asyncio.sleep(_SECONDS_BETWEEN_TRIES)
            else:
                lane.window.end_at(int(properties["last_enqueued_sequence_number"]), absent_limit=limit)
