"""One output with everything that feeds it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from collector.agent.output_settings import bulk_settings, dead_letter_path
from collector.agent.readiness import wait_until_ready
from collector.agent.stream_encoding import build_encoder
from collector.delivery.budget import Budget
from collector.delivery.documents import DocumentIntake
from collector.delivery.intake import Intake
from collector.delivery.processing import is_constant
from collector.delivery.routing import routes_beside
from collector.delivery.tap import Taps
from collector.events import DataStream
from collector.inputs.event_hub.beginning import Part
from collector.inputs.event_hub.connection import StreamConnection, connect
from collector.inputs.event_hub.progress import StreamProgress
from collector.inputs.event_hub.reader import EventHubReader
from collector.inputs.event_hub.watch import PartitionWatch
from collector.output.elasticsearch.connection import client_settings
from collector.output.elasticsearch.output import ElasticsearchOutput
from collector.policy import AzureMetricsStream, EventHubStream
from collector.policy import ElasticsearchOutput as OutputPolicy
from collector.policy.processors import Processor
from collector.redact.choice import choose_policy
from collector.state.sqlite import SqliteCheckpointStore
from collector.state.sqlite_shards import SqliteShards
from collector.telemetry.counters import Counters
from collector.telemetry.trouble import Trouble

if TYPE_CHECKING:
    from collector.agent.metrics_stream import RunningMetrics

logger = logging.getLogger(__name__)

_ROOM_OF_EARLIER_READERS: Final = 4
"""Times our own byte budget: an earlier reader may have had another policy (decision 0007)."""


@dataclass(frozen=True, slots=True)
class RunningStream:
    """A stream of the policy with its clients and its reader."""

    policy: EventHubStream
    connection: StreamConnection
    reader: EventHubReader
    trouble: Trouble


class Pipeline:
    """Reads the streams of one output and delivers their records."""

    def __init__(
        self,
        name: str,
        policy: OutputPolicy,
        data: Path,
        *,
        taps: Taps | None = None,
        predecessor: "Pipeline | None" = None,
    ) -> None:
        """Build the output.

        A predecessor, which ends before this one starts, leaves its counters to it; ``taps`` are shown what passes.
        """
        self.counters = Counters() if predecessor is None else predecessor.counters
        self._policy = policy
        self._was_ready = predecessor is not None and predecessor.started and predecessor.is_for(policy)
        self.name = name
        self._data = data
        self._taps = taps
        self.started = False
        self.budget = Budget(policy.max_in_flight_bytes, policy.max_in_flight_records)
        self._absent_limit = _ROOM_OF_EARLIER_READERS * policy.max_in_flight_bytes
        self.readiness = Trouble(f"output {name}")
        self.trouble = Trouble(f"output {name}")
        self.client_settings: dict[str, Any] = client_settings(policy)
        self._output = ElasticsearchOutput(
            self.client_settings,
            bulk_settings(policy),
            dead_letter_file=dead_letter_path(data, name),
            counters=self.counters,
            trouble=self.trouble,
        )
        self._streams: list[RunningStream] = []
        self._metrics: list[RunningMetrics] = []
        self._tasks: list[asyncio.Task[None]] = []

    def add_stream(
        self,
        stream: EventHubStream,
        local_store: SqliteCheckpointStore | None,
        processors: Sequence[Processor] = (),
        part: Part | None = None,
    ) -> None:
        """Build the clients and the reader of a stream.

        ``processors`` are the input's and its own, in that order; ``part`` is what one of several workers begins with.
        """
        connection = connect(stream, local_store if stream.checkpoint_store == "sqlite" else None, part)
        target = DataStream(stream.data_stream.type, stream.data_stream.dataset, stream.data_stream.namespace)
        intake = Intake(
            connection.source,
            build_encoder(connection.source, stream, target, processors, routes=routes_beside(target.dataset)),
            self._output,
            self.budget,
            self.counters,
            processors=() if is_constant(processors) else processors,
            content=choose_policy(stream, self._data),
            taps=self._taps,
        )
        trouble = Trouble(f"stream {stream.id}")
        reader = EventHubReader(
            connection,
            intake,
            trouble,
            checkpoint_interval=stream.processor_update_interval.total_seconds(),
            progress=StreamProgress(stream.id),
            absent_limit=self._absent_limit,
        )
        self._streams.append(RunningStream(stream, connection, reader, trouble))

    def add_metrics_stream(
        self, stream: AzureMetricsStream, local: SqliteShards | None, processors: Sequence[Processor] = ()
    ) -> None:
        """Build the clients and the reader of a stream of metrics; ``processors`` as for ``add_stream``."""
        from collector.agent.metrics_stream import open_metrics_stream  # noqa: PLC0415 - half of what a start imports

        intake = DocumentIntake(self._output, self.budget, self.counters)
        kept_here = local if stream.checkpoint_store == "sqlite" else None
        self._metrics.append(open_metrics_stream(stream, intake, kept_here, processors))

    def is_for(self, policy: OutputPolicy) -> bool:
        """Whether the output is this one, with all its settings."""
        return policy == self._policy

    async def wait_until_ready(self) -> None:
        """Return when the output can be written to; what a predecessor has seen of it need not be seen again."""
        if not self._was_ready:
            await wait_until_ready(self.client_settings, self.readiness)

    def start(self) -> None:
        """Start the output, then every stream."""
        self.started = True
        self._output.start()
        for stream in self._streams:
            self._tasks.append(asyncio.create_task(_run_stream(stream)))
            self._tasks.append(asyncio.create_task(stream.reader.checkpointer.run()))
            self._tasks.append(asyncio.create_task(_watch(stream).run()))
        self._tasks += [asyncio.create_task(metrics.reader.run()) for metrics in self._metrics]

    async def failed(self) -> BaseException:
        """Wait until a part dies, which only a fault of ours can cause, and return why."""
        return await self._output.failed()

    async def stop(self, *, drain_seconds: float, deadline: float) -> bool:
        """End everything in order; return whether all that was taken in was settled in time.

        At ``deadline``, in the time of the event loop, whatever still hangs is left behind: nothing is lost by it, for
        what has no checkpoint is read again.
        """
        drained = await self._drain(drain_seconds)
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.gather(*(stream.reader.checkpointer.flush() for stream in self._streams))
                await self._disconnect()
        except TimeoutError:
            logger.warning("connections did not close in time", extra={"output": self.name})
        await self._output.close()
        return drained

    async def _drain(self, seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        try:
            async with asyncio.timeout_at(end):
                await asyncio.gather(*(stream.reader.pause() for stream in (*self._streams, *self._metrics)))
        except TimeoutError:
            return False
        return await self._output.drain(end - loop.time())

    async def _disconnect(self) -> None:
        for task in self._tasks:
            task.cancel()
        closing = [stream.connection.close() for stream in self._streams]
        closing += [metrics.close() for metrics in self._metrics]
        closed = await asyncio.gather(*closing, return_exceptions=True)
        for stream, error in zip((*self._streams, *self._metrics), closed, strict=True):
            if isinstance(error, Exception):
                logger.warning(
                    "connections of a stream did not close in order, so what it holds may be free a minute late",
                    extra={"stream": stream.policy.id, "error.type": type(error).__name__, "error.message": str(error)},
                )
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def streams(self) -> Sequence[RunningStream]:
        """The streams of event hubs that feed this output."""
        return self._streams

    @property
    def metrics(self) -> Sequence["RunningMetrics"]:
        """The streams of metrics that feed this output."""
        return self._metrics


async def _run_stream(stream: RunningStream) -> None:
    store = stream.connection.store
    if not isinstance(store, SqliteCheckpointStore):
        await stream.reader.prepare(store.ensure_container)
    await stream.reader.run(start_position=stream.policy.processor_start_position, prefetch=stream.policy.prefetch)


def _watch(stream: RunningStream) -> PartitionWatch:
    start = stream.policy.processor_start_position
    earliest = start == "earliest"
    return PartitionWatch(
        stream.connection.client,
        stream.reader.progress,
        reads_from_the_start=lambda partition: earliest and not stream.connection.checkpoints.has_shown(partition),
    )
