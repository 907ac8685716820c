"""How far the reading of each partition has come, for those who watch.

Promise: what is noted is noted once a batch or a checkpoint, never for each event.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from collector.telemetry.trouble import Trouble

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class PartitionProgress:
    """One partition that is ours. Positions are sequence numbers; None is what nobody knows yet."""

    partition: str
    trouble: Trouble
    resumes_after: int | None = None
    """The last event that the checkpoint covers at which reading began."""
    received: int | None = None
    """The last event that the SDK handed out."""
    received_at: float | None = None
    """When, in seconds since 1970."""
    start: int | None = None
    """What was the last event before anything was received, as far as one can tell."""
    end: int | None = None
    """The last event that the partition held when it was asked."""
    checkpointed: int | None = None
    """The last event that a checkpoint of ours covers."""
    behind_since: float | None = None
    """Since when there is something that no checkpoint covers, by a clock that only goes forward."""
    in_hand: bool = False
    """Whether a batch is being taken in now, or waits for room."""

    @property
    def reached(self) -> int | None:
        """How far reading has come."""
        return self.start if self.received is None else self.received

    @property
    def lag(self) -> int | None:
        """Events that the partition held and that were not received."""
        return _distance(self.end, self.reached)

    @property
    def checkpoint_lag(self) -> int | None:
        """Events that the partition held, or we received, and that no checkpoint covers."""
        ends = [end for end in (self.end, self.received) if end is not None]
        return _distance(max(ends, default=None), self.checkpointed)


def _distance(end: int | None, reached: int | None) -> int | None:
    return None if end is None or reached is None else max(0, end - reached)


class StreamProgress:
    """The partitions of one stream."""

    def __init__(
        self, stream: str, clock: Callable[[], float] = time.monotonic, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self.stream = stream
        self.received_at: float | None = None
        """When events were last received, in seconds since 1970."""
        self._clock = clock
        self._wall_clock = wall_clock
        self._partitions: dict[str, PartitionProgress] = {}
        self._lost = Counter[str]()

    def __iter__(self) -> Iterator[PartitionProgress]:
        return iter(list(self._partitions.values()))

    def claim(self, partition: str, *, resumes_after: int | None = None) -> None:
        """Begin anew with a partition, after the event that its checkpoint covers, if it has one."""
        trouble = Trouble(f"stream {self.stream} partition {partition}", self._clock, self._wall_clock)
        self._partitions[partition] = PartitionProgress(partition, trouble, resumes_after)

    def leave(self, partition: str) -> None:
        """Forget a partition: it is another reader's to watch."""
        self._partitions.pop(partition, None)

    def receive(self, partition: str, sequence_number: int | None, *, events: int = 1) -> None:
        """Note that the SDK hands out a batch of so many events that ends with this one."""
        progress = self._partitions.get(partition)
        if progress is None:
            return
        self._note_loss(progress, sequence_number, events)
        self.received_at = progress.received_at = self._wall_clock()
        progress.received, progress.in_hand = sequence_number, True
        if progress.behind_since is None:
            progress.behind_since = self._clock()
        if progress.trouble.what is not None:
            progress.trouble.over()

    def _note_loss(self, progress: PartitionProgress, sequence_number: int | None, events: int) -> None:
        """Event Hubs counts without holes: what is missing in between was dropped before it could be read."""
        before = progress.resumes_after if progress.received is None else progress.received
        missing = 0 if sequence_number is None or before is None else sequence_number - before - events
        if missing > 0:
            self._lost[progress.partition] += missing
            logger.error(
                "events are lost: the event hub dropped them before they were received",
                extra={"azure.partition_id": progress.partition, "events": missing, "after": before},
            )

    def lost(self, partition: str) -> int:
        """Events of a partition that were dropped before they were received, since the start of the process."""
        return self._lost[partition]

    def take_in(self, partition: str) -> None:
        """Note that the batch is taken in, or given up."""
        if (progress := self._partitions.get(partition)) is not None:
            progress.in_hand = False

    def save(self, partition: str, sequence_number: int) -> None:
        """Note that a checkpoint was written."""
        progress = self._partitions.get(partition)
        if progress is None:
            return
        progress.checkpointed = sequence_number
        covered = progress.received is None or sequence_number >= progress.received
        progress.behind_since = None if covered else self._clock()

    def checkpoint_age(self, progress: PartitionProgress) -> float:
        """Seconds for which something has waited for its checkpoint; 0 when all that was received is covered."""
        return 0.0 if progress.behind_since is None else self._clock() - progress.behind_since
