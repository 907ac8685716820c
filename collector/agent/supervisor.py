"""The standalone agent: from a policy to a running collector, and to its end."""

import asyncio
import gc
import logging
import os
import signal
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from collector import __version__
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
_EXIT_SECONDS: Final = 9.5
"""When the process ends, even if a task does not mind being cancelled, or a thread asks for the name of a host."""
_SUMMARY_SECONDS: Final = 30.0
_EXIT_AT_ONCE: Final = 130


class Supervisor:
    """Runs what a policy asks for until it is told to stop."""

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
        for source, stream in hubs:
            pipeline = self._pipeline(source.use_output)
            pipeline.add_stream(stream, self._local_store, source.processors + stream.processors)
        for source, stream in metrics:
            pipeline = self._pipeline(source.use_output)
            pipeline.add_metrics_stream(stream, self._local_shards, source.processors + stream.processors)
        self._monitoring = Monitoring(policy, self._pipelines)
        self._stopping = asyncio.Event()

    def _pipeline(self, output: str) -> Pipeline:
        """Return the pipeline of an output; one for all streams that feed it."""
        pipeline = self._pipelines.get(output)
        if pipeline is None:
            pipeline = self._pipelines[output] = Pipeline(output, self._policy.outputs[output], self._data)
        return pipeline

    def stop(self) -> None:
        """Ask for the end; a second call leaves at once."""
        if self._stopping.is_set():
            os._exit(_EXIT_AT_ONCE)
        self._stopping.set()

    def listen_for_signals(self) -> None:
        """Stop at SIGTERM and SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)

    async def run(self) -> int:
        """Run until the stop; return the exit code: 0, or 1 after a fault of ours."""
        for note in self._policy.notes:
            logger.info("policy: %s", note)
        logger.info("collector starts", extra={"version": __version__})
        await self._monitoring.start()
        runs = [asyncio.create_task(self._run_pipeline(pipeline)) for pipeline in self._pipelines.values()]
        summary = asyncio.create_task(self._log_summaries())
        stop = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([stop, *runs], return_when=asyncio.FIRST_COMPLETED)
        finally:
            summary.cancel()
            stop.cancel()
        failure = next((run.exception() for run in runs if run.done()), None)
        if failure is not None:
            logger.critical("collector fails", exc_info=failure)
        for run in runs:
            run.cancel()
        code = 0 if failure is None else 1
        _exit_at_the_latest(code)
        await self._end()
        return code

    async def _run_pipeline(self, pipeline: Pipeline) -> None:
        await pipeline.wait_until_ready()
        pipeline.start()
        for stream in pipeline.streams:
            _announce(stream.policy, pipeline.name)
        for metrics in pipeline.metrics:
            metrics.announce(pipeline.name)
        raise await pipeline.failed()

    async def _end(self) -> None:
        logger.info("collector stops: draining what is under way")
        deadline = asyncio.get_running_loop().time() + _STOP_SECONDS
        stops = [
            pipeline.stop(drain_seconds=_DRAIN_SECONDS, deadline=deadline) for pipeline in self._pipelines.values()
        ]
        drained = all(await asyncio.gather(*stops))
        for store in (self._local_shards, self._local_store):
            if store is not None:
                store.close()
        self._log_summary()
        await self._monitoring.close()
        if drained:
            logger.info("collector stopped")
        else:
            logger.warning("collector stopped before everything was settled; the rest is read again at the next start")

    async def _log_summaries(self) -> None:
        with suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(_SUMMARY_SECONDS)
                self._log_summary()

    def _log_summary(self) -> None:
        for pipeline in self._pipelines.values():
            fates = {name: value for name, value in asdict(pipeline.counters).items() if isinstance(value, int)}
            logger.info("records so far", extra={"output": pipeline.name} | fates)


def _exit_at_the_latest(code: int) -> None:
    """End the process when its time is over; nothing is lost by it, for what has no checkpoint is read again."""
    timer = threading.Timer(_EXIT_SECONDS, os._exit, [code])
    timer.daemon = True
    timer.start()


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


async def supervise(policy: Policy, data: Path) -> int:
    """Run a collector in this process until a signal ends it; return its exit code."""
    supervisor = Supervisor(policy, data)
    gc.freeze()  # modules and clients live to the end, so looking through them for garbage is for nothing
    supervisor.listen_for_signals()
    return await supervisor.run()
