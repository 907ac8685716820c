"""What one policy asks for, running: its pipelines, the local state that they share, and what watches them.

Promises: a collection ends in order, and what it had not settled is read again by the next one on the same data folder
and policy. Several can follow each other in one process; two at once on one data folder cannot be.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from collector.agent.monitoring import Monitoring
from collector.agent.pipeline import Pipeline
from collector.assets.templates import DATASETS, LOGS
from collector.policy import EventHubStream, Policy
from collector.state.sqlite import SqliteCheckpointStore
from collector.state.sqlite_shards import SqliteShards

logger = logging.getLogger(__name__)

_DRAIN_SECONDS: Final = 6.5
"""Of the 10 s that a stop may take; the rest is for checkpoints and for giving partitions back."""
_STOP_SECONDS: Final = 8.5
"""When whatever still hangs is left behind."""
_SUMMARY_SECONDS: Final = 30.0


class Collection:
    """Collects what a policy asks for, from `start` to `end`."""

    def __init__(self, policy: Policy, data: Path) -> None:
        """Build every part; nothing is sent yet.

        Raises:
            StateInUseError: another collector works on the data folder.
            OSError: the data folder or a certificate cannot be used.
        """
        self._policy = policy
        hubs, metrics = list(policy.streams()), list(policy.metrics_streams())
        kept_here = [stream for _, stream in (*hubs, *metrics) if stream.checkpoint_store == "sqlite"]
        # It locks the data folder for both.
        self._local_store = SqliteCheckpointStore(data) if kept_here else None
        self._local_shards = SqliteShards(data) if metrics and kept_here else None
        self._data = data
        self._pipelines: dict[str, Pipeline] = {}
        self._tasks: list[asyncio.Task[None]] = []
        try:
            self._add_streams()
        except OSError:
            self._close_state()
            raise
        self.monitoring = Monitoring(policy, self._pipelines)

    def _add_streams(self) -> None:
        for source, stream in self._policy.streams():
            pipeline = self._pipeline(source.use_output)
            pipeline.add_stream(stream, self._local_store, source.processors + stream.processors)
        for source, stream in self._policy.metrics_streams():
            pipeline = self._pipeline(source.use_output)
            pipeline.add_metrics_stream(stream, self._local_shards, source.processors + stream.processors)

    def _pipeline(self, output: str) -> Pipeline:
        """Return the pipeline of an output; one for all streams that feed it."""
        pipeline = self._pipelines.get(output)
        if pipeline is None:
            pipeline = self._pipelines[output] = Pipeline(output, self._policy.outputs[output], self._data)
        return pipeline

    async def start(self) -> None:
        """Begin to collect; each output begins when it is ready to be written to."""
        for note in self._policy.notes:
            logger.info("policy: %s", note)
        await self.monitoring.start()
        self._tasks = [asyncio.create_task(_run_pipeline(pipeline)) for pipeline in self._pipelines.values()]
        self._tasks.append(asyncio.create_task(self._log_summaries()))

    async def failed(self) -> BaseException:
        """Wait until a part dies, which only a fault of ours can cause, and return why."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        failures = (task.exception() for task in self._tasks if task.done())
        return next(failure for failure in failures if failure is not None)

    async def end(self) -> None:
        """Take nothing more in, drain, write checkpoints, give partitions back, close every connection."""
        for task in self._tasks:
            task.cancel()
        logger.info("collector stops: draining what is under way")
        deadline = asyncio.get_running_loop().time() + _STOP_SECONDS
        stops = [
            pipeline.stop(drain_seconds=_DRAIN_SECONDS, deadline=deadline) for pipeline in self._pipelines.values()
        ]
        drained = all(await asyncio.gather(*stops))
        self._close_state()
        self._log_summary()
        await self.monitoring.close()
        if drained:
            logger.info("collector stopped")
        else:
            logger.warning("collector stopped before everything was settled; the rest is read again at the next start")

    def _close_state(self) -> None:
        for store in (self._local_shards, self._local_store):
            if store is not None:
                store.close()

    async def _log_summaries(self) -> None:
        with suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(_SUMMARY_SECONDS)
                self._log_summary()

    def _log_summary(self) -> None:
        for pipeline in self._pipelines.values():
            fates = {name: value for name, value in asdict(pipeline.counters).items() if isinstance(value, int)}
            logger.info("records so far", extra={"output": pipeline.name} | fates)


async def _run_pipeline(pipeline: Pipeline) -> None:
    await pipeline.wait_until_ready()
    pipeline.start()
    for stream in pipeline.streams:
        _announce(stream.policy, pipeline.name)
    for metrics in pipeline.metrics:
        metrics.announce(pipeline.name)
    raise await pipeline.failed()


def _announce(stream: EventHubStream, output: str) -> None:
    """Say that a stream starts, and what differs when its records go to a data stream of another package."""
    logger.info("stream starts", extra={"stream": stream.id, "eventhub": stream.eventhub, "output": output})
    target = stream.data_stream
    if target.dataset not in {dataset.name for dataset in DATASETS}:
        logger.warning(
            "records go to a data stream that is not of this package: the template and the pipeline that Elasticsearch "
            "has for it apply, and none of ours; with none there, they stay as text in message",
            extra={
                "stream": stream.id,
                "target": f"{target.type}-{target.dataset}-{target.namespace}",
                "hint": f"for this package's fields write data_stream.dataset: {LOGS.name}",
            },
        )
