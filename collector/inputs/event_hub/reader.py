"""Reads one stream of the policy: the bridge between the Azure SDK's callbacks and delivery."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from azure.eventhub import CloseReason, EventData
from azure.eventhub.aio import PartitionContext

from collector.delivery.acknowledgement import Lane
from collector.delivery.checkpointing import Checkpointer
from collector.delivery.intake import Intake
from collector.events import Entry, Position, RecordTexts
from collector.inputs.event_hub.body import read_body
from collector.inputs.event_hub.connection import StreamConnection
from collector.inputs.event_hub.progress import StreamProgress
from collector.inputs.event_hub.replay_bounds import ReplayBounds
from collector.inputs.event_hub.start_position import sdk_position
from collector.inputs.event_hub.trimming import Trimmer
from collector.inputs.splitting import split_at_once, split_slowly
from collector.policy.start_position import StartPosition
from collector.state.refusals import ContainerUnusableError
from collector.telemetry.trouble import Trouble

logger = logging.getLogger(__name__)

_BYTES_BETWEEN_YIELDS: Final = 256 * 1024
"""About 5 ms of work; then the event loop may send and receive."""
_SECONDS_BEFORE_ANOTHER_START: Final = 5.0
_CANNOT_BE_READ: Final = "the event hub cannot be read"
_STOLEN: Final = "link:stolen"
"""How the SDK shortens the condition ``amqp:link:stolen``."""


class PartitionGoneError(Exception):
    """Another reader has this partition. The SDK then lets go of it, and claims it anew if it may."""

    def __init__(self, partition: str) -> None:
        super().__init__(f"partition {partition} is no longer ours")


class EventHubReader:
    """Takes in the events of one hub for one consumer group."""

    def __init__(  # noqa: PLR0913 - what a stream is made of, and its two settings
        self,
        connection: StreamConnection,
        intake: Intake,
        trouble: Trouble,
        *,
        checkpoint_interval: float,
        absent_limit: int,
        progress: StreamProgress | None = None,
        trimmer: Trimmer | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Read from a connection into an intake; ``absent_limit`` is for ``ReplayBounds``."""
        self._client = connection.client
        self._replay_bounds = ReplayBounds(
            connection.client, resumes=connection.checkpoints.has_shown, absent_limit=absent_limit
        )
        self._checkpoints = connection.checkpoints
        connection.openings.done = lambda _: trouble.over()
        connection.openings.failed = self._on_opening_failed
        self._prefetch = connection.prefetch
        self._intake = intake
        self._trouble = trouble
        self._clock = clock
        self._trimmer = trimmer or Trimmer()
        self._paused = False
        self._half_in = 0
        self._none_half_in = asyncio.Event()
        self._none_half_in.set()
        self._contexts: dict[str, PartitionContext] = {}
        self._taking_in: dict[str, asyncio.Task[Any]] = {}
        self.progress = progress or StreamProgress("")
        self.checkpointer = Checkpointer(self._write_checkpoint, interval=checkpoint_interval)

    async def run(self, *, start_position: StartPosition, prefetch: int) -> None:
        """Read until cancelled; ``start_position`` is for partitions without a checkpoint."""
        while True:
            try:
                await self._client.receive_batch(
                    self._on_events,
                    max_batch_size=prefetch,
                    prefetch=prefetch,
                    starting_position=sdk_position(start_position),
                    on_error=self._on_error,
                    on_partition_initialize=self._on_partition_claimed,
                    on_partition_close=self._on_partition_left,
                )
            except Exception as error:  # noqa: BLE001 - after the start nothing from the network ends the process
                self._trouble.report(_CANNOT_BE_READ, _describe(error))
            await asyncio.sleep(_SECONDS_BEFORE_ANOTHER_START)

    async def prepare(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do what must succeed before reading starts, as often as it takes."""
        while True:
            try:
                await step()
            except ContainerUnusableError as error:
                self._trouble.report("the checkpoint container cannot be used", str(error), grave=True)
            except Exception as error:  # noqa: BLE001 - as above
                self._trouble.report("the checkpoint container cannot be used", _describe(error), grave=True)
            else:
                self._trouble.over()
                return
            await asyncio.sleep(_SECONDS_BEFORE_ANOTHER_START)

    async def pause(self) -> None:
        """Begin no further event; return when none is half in, so that what was taken in can be drained."""
        self._paused = True
        await self._none_half_in.wait()

    async def _on_events(self, context: PartitionContext, events: Sequence[EventData]) -> None:
        self._trouble.over()
        partition = context.partition_id
        # These events belong to the lane of this moment, even if the partition is lost and claimed anew meanwhile.
        lane = self.checkpointer.lane(partition)
        if lane is None:
            raise PartitionGoneError(partition)
        if (task := asyncio.current_task()) is not None:
            self._taking_in[partition] = task
        if lane.fresh:
            self._replay_bounds.seek(lane)
        share = self._prefetch.share(partition)
        self.progress.receive(partition, events[-1].sequence_number, events=len(events))
        try:
            await self._take_in(lane, events)
        finally:
            self.progress.take_in(partition)
            share.taken(len(events))

    async def _take_in(self, lane: Lane, events: Sequence[EventData]) -> None:
        since_yield = 0
        for event in events:
            body = read_body(event)
            entries = split_at_once(body)
            if entries is None:
                async with self._intake.turn:
                    await self._take_in_one(lane, self._position(event), body, split_slowly(body))
                self._trimmer.trim()
            else:
                await self._take_in_one(lane, self._position(event), body, entries)
            since_yield += len(body)
            if since_yield > _BYTES_BETWEEN_YIELDS:
                since_yield = 0
                await asyncio.sleep(0)

    async def _take_in_one(
        self, lane: Lane, position: Position, body: bytes, entries: Iterable[Entry] | RecordTexts
    ) -> None:
        size = len(body)
        await self._intake.reserve(size)
        if self._paused:
            self._intake.forgo(size)
            await asyncio.Event().wait()  # until the SDK ends this partition; nobody will set it
        if lane.revoked:
            self._intake.forgo(size)
            raise PartitionGoneError(lane.partition)
        self._half_in += 1
        self._none_half_in.clear()
        try:
            await self._intake.accept(lane, position, body, entries)
        finally:
            self._half_in -= 1
            if not self._half_in:
                self._none_half_in.set()

    def _position(self, event: EventData) -> Position:
        enqueued: Any = event.enqueued_time
        sequence_number = event.sequence_number
        dated = isinstance(enqueued, datetime)
        return Position(
            offset=str(event.offset),
            sequence_number=sequence_number if sequence_number is not None else -1,
            enqueued_time=enqueued if dated else self._clock(),
            dated=dated,
        )

    async def _on_partition_claimed(self, context: PartitionContext) -> None:
        self._contexts[context.partition_id] = context
        self._prefetch.open(context.partition_id)
        self._checkpoints.pin(context.partition_id)
        self.progress.claim(context.partition_id, resumes_after=self._checkpoints.resumes_after(context.partition_id))
        self.checkpointer.open_lane(context.partition_id)
        logger.info("partition claimed", extra={"azure.partition_id": context.partition_id})

    async def _on_partition_left(self, context: PartitionContext, reason: CloseReason) -> None:
        """Write what is settled before the SDK gives the partition back, then stop writing.

        A batch that still waits for room is let go of: the SDK has left it behind when the link was lost.
        """
        if (task := self._taking_in.pop(context.partition_id, None)) is not None:
            task.cancel()
        await self.checkpointer.flush_partition(context.partition_id)
        self.checkpointer.revoke_lane(context.partition_id)
        self._prefetch.close(context.partition_id)
        self.progress.leave(context.partition_id)
        logger.info("partition left", extra={"azure.partition_id": context.partition_id, "reason": reason.name})

    async def _write_checkpoint(self, partition: str, position: Position) -> None:
        """Store a position under the names by which the SDK will look it up."""
        context = self._contexts[partition]
        checkpoint: dict[str, str | int | None] = {
            "fully_qualified_namespace": context.fully_qualified_namespace,
            "eventhub_name": context.eventhub_name,
            "consumer_group": context.consumer_group,
            "partition_id": partition,
            "offset": position.offset,
            "sequence_number": position.sequence_number,
        }
        await self._checkpoints.update_checkpoint(checkpoint)
        self.progress.save(partition, position.sequence_number)

    def _on_opening_failed(self, partition: str, error: Exception) -> None:
        """Say what the SDK keeps to itself: no network, no token, a reader that Event Hubs refuses."""
        if not self._paused:
            self._trouble.report(_CANNOT_BE_READ, f"partition {partition}: {_describe(error)}")

    async def _on_error(self, context: PartitionContext | None, error: Exception) -> None:
        if isinstance(error, PartitionGoneError) or getattr(error, "error", None) == _STOLEN:
            # What readers do that share a hub, so it is no trouble; how many partitions are ours is told elsewhere.
            extra = {"component": f"stream {self.progress.stream}", "error.message": _describe(error)}
            logger.warning("another reader has taken a partition", extra=extra)
            return
        partition = f"partition {context.partition_id}: " if context is not None else ""
        self._trouble.report(_CANNOT_BE_READ, partition + _describe(error))


def _describe(error: Exception) -> str:
    """The first two lines: AMQP errors have their condition in one and what it means in the next."""
    lines = [line.strip() for line in str(error).splitlines()[:2]]
    return f"{type(error).__name__}: {' '.join(lines) or 'no message'}"
