"""The collector watches itself: gathers what there is to tell, serves it as pages and sends it as documents.

Promise: nothing here holds up delivery or ends it. A port that is taken is said once, and the collector goes on.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping

from collector import __version__
from collector.agent.health_documents import HealthDocuments, identify
from collector.agent.metrics_health import describe_metrics, metrics_health
from collector.agent.own_process import describe_process
from collector.agent.page_server import PageServer
from collector.agent.pipeline import Pipeline, RunningStream
from collector.output.elasticsearch.connection import client_settings
from collector.policy import Policy
from collector.telemetry.endpoint import Pages
from collector.telemetry.health import Component, State
from collector.telemetry.status import (
    DeadLetterStatus,
    OutputStatus,
    PartitionStatus,
    ProcessStatus,
    Status,
    StreamStatus,
)
from collector.telemetry.trouble import Trouble


class Monitoring:
    """Everything that ``agent.monitoring`` of the policy asks for."""

    def __init__(self, policy: Policy, pipelines: Mapping[str, Pipeline]) -> None:
        """Watch the pipelines, by the names of their outputs, as they are at each moment."""
        self._policy = policy
        self._pipelines = pipelines
        self._started_at = time.time()
        self._identity = identify(__version__)
        self.answers = Pages(self.statuses, self.components, __version__).answers
        """What answers /metrics, /healthz and /readyz."""
        self._pages = PageServer(self.answers)
        self._documents: HealthDocuments | None = None
        self._sending: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to answer and to send; called before anything else runs, so that a slow start can be watched."""
        await self._pages.start(self._policy.agent.monitoring)
        self._send_documents()

    async def change(self, policy: Policy) -> None:
        """Do what another policy asks for; pages whose settings stay as they were are served on."""
        before, self._policy = self._policy.agent.monitoring, policy
        await self._pages.change(before, policy.agent.monitoring)
        await self._stop_sending()
        self._send_documents()

    async def close(self) -> None:
        """Send the final numbers and stop answering; called when all else has ended."""
        await self._stop_sending()
        if self._documents is not None:
            await self._documents.send_last()
        await self._pages.close()

    def _send_documents(self) -> None:
        self._documents = self._prepare_documents()
        if self._documents is not None:
            self._sending = asyncio.create_task(self._documents.run())

    async def _stop_sending(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])

    def _prepare_documents(self) -> HealthDocuments | None:
        name, settings = self._policy.monitoring_output, self._policy.agent.monitoring
        if name is None or not (settings.enabled and settings.metrics):
            return None
        pipeline = self._pipelines.get(name)
        return HealthDocuments(
            client_settings(self._policy.outputs[name]) if pipeline is None else pipeline.client_settings,
            self.statuses,
            self._identity,
            namespace=settings.namespace,
            interval=settings.metrics_period.total_seconds(),
            ready=lambda: pipeline is None or pipeline.started,
            trouble=Trouble("monitoring"),
        )

    def statuses(self) -> Iterator[Status]:
        """Yield every subject as it is now; nothing else runs in between, so the numbers fit together."""
        yield self.describe_process()
        for pipeline in self._pipelines.values():
            yield _describe_output(pipeline)
            for reason, records in pipeline.counters.dead_letter_reasons.items():
                yield DeadLetterStatus(pipeline.name, reason, records)
            for stream in pipeline.streams:
                yield _describe_stream(pipeline, stream)
                yield from _describe_partitions(pipeline, stream)
            for metrics in pipeline.metrics:
                yield from describe_metrics(pipeline.name, metrics, metrics_health(pipeline.started, metrics))

    def describe_process(self) -> ProcessStatus:
        """Return what the process uses now."""
        return describe_process(self._started_at)

    def components(self) -> list[Component]:
        """Return outputs and streams with their state now."""
        pipelines = self._pipelines.values()
        outputs = [_output_health(pipeline) for pipeline in pipelines]
        hubs = [_stream_health(pipeline, stream) for pipeline in pipelines for stream in pipeline.streams]
        metrics = [metrics_health(pipeline.started, metrics) for pipeline in pipelines for metrics in pipeline.metrics]
        return outputs + hubs + metrics


def _output_health(pipeline: Pipeline) -> Component:
    return Component("output", pipeline.name, pipeline.started, (pipeline.readiness, pipeline.trouble))


def _stream_health(pipeline: Pipeline, stream: RunningStream) -> Component:
    troubles = (stream.trouble, *(partition.trouble for partition in stream.reader.progress))
    return Component("stream", stream.policy.id, pipeline.started, troubles)


def _describe_output(pipeline: Pipeline) -> OutputStatus:
    return OutputStatus(
        pipeline.name,
        pipeline.counters,
        in_flight_bytes=pipeline.budget.taken,
        in_flight_limit_bytes=pipeline.budget.limit,
        last_success_at=pipeline.trouble.last_success_at,
        healthy=_output_health(pipeline).state is State.HEALTHY,
    )


def _describe_stream(pipeline: Pipeline, stream: RunningStream) -> StreamStatus:
    progress = stream.reader.progress
    return StreamStatus(
        pipeline.name,
        stream.policy.id,
        owned_partitions=sum(1 for _ in progress),
        last_success_at=progress.received_at,
        healthy=_stream_health(pipeline, stream).state is State.HEALTHY,
    )


def _describe_partitions(pipeline: Pipeline, stream: RunningStream) -> Iterator[PartitionStatus]:
    progress = stream.reader.progress
    for each in progress:
        lane = stream.reader.checkpointer.lane(each.partition)
        yield PartitionStatus(
            pipeline.name,
            stream.policy.id,
            each.partition,
            in_flight_records=0 if lane is None else lane.unsettled_records,
            lag_events=each.lag,
            checkpoint_lag_events=each.checkpoint_lag,
            checkpoint_age_seconds=progress.checkpoint_age(each),
            lost_events=progress.lost(each.partition),
            last_received_at=each.received_at,
            healthy=each.trouble.what is None,
        )
