"""What one policy asks for, running: its pipelines, the local state that they share, and what watches them.

Promises: a collection ends in order, and what it had not settled is read again by the next one on the same data folder
and policy. Several can follow each other in one process; two at once on one data folder cannot be.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from collector.agent.monitoring import Monitoring
from collector.agent.pipeline import Pipeline
from collector.agent.shares import LocalState, Share, add_streams, share_out
from collector.assets.templates import DATASETS, LOGS
from collector.delivery.tap import Taps
from collector.inputs.event_hub.beginning import Part
from collector.policy import EventHubStream, Policy
from collector.state.checkpoint_file import StateInUseError

logger = logging.getLogger(__name__)

_DRAIN_SECONDS: Final = 6.5
"""Of the 10 s that a stop may take; the rest is for checkpoints and for giving partitions back."""
_STOP_SECONDS: Final = 8.5
"""When whatever still hangs is left behind."""
_DISCARD_SECONDS: Final = 2.0
_SUMMARY_SECONDS: Final = 30.0


class Collection:
    """Collects what a policy asks for, from `start` to `end`."""

    def __init__(self, policy: Policy, data: Path, worker: int | None = None) -> None:
        """Build every part; nothing is sent yet. ``worker`` is the number of one that shares the data folder.

        Raises:
            StateInUseError: another collector works on the data folder.
            OSError: the data folder or a certificate cannot be used.
        """
        self._policy = policy
        self._data = data
        self._state = LocalState(data, worker)
        self._part = None if worker is None else Part(worker, policy.agent.workers)
        self._shares = share_out(policy)
        self.taps = Taps()
        """Those who look at records as they pass, whichever policy is in force."""
        self.pipelines: dict[str, Pipeline] = {}
        """By the names of their outputs; those of the present policy."""
        self._runs: dict[Pipeline, asyncio.Task[None]] = {}
        self._stops: dict[Pipeline, asyncio.Task[bool]] = {}
        self._summary: asyncio.Task[None] | None = None
        self._failures: asyncio.Queue[BaseException] = asyncio.Queue()
        self._ending = False
        try:
            for name, share in self._shares.items():
                pipeline = self.pipelines[name] = Pipeline(name, share.output, data, taps=self.taps)
                add_streams(pipeline, share, self._state, self._part)
        except OSError:
            self._state.close()
            raise
        self.monitoring = Monitoring(policy, self.pipelines)

    async def start(self) -> None:
        """Begin to collect; each output begins when it is ready to be written to."""
        self._log_notes()
        await self.monitoring.start()
        self._run(self.pipelines.values())
        self._summary = asyncio.create_task(self._log_summaries())

    async def failed(self) -> BaseException:
        """Wait until a part dies, which only a fault of ours can cause, and return why."""
        return await self._failures.get()

    async def change(self, policy: Policy) -> Sequence[str]:
        """Follow another policy from now on; return the outputs that were begun anew.

        An output of which nothing changed, with all that feeds it, runs on. The others are drained and their
        checkpoints written, as at a stop, before their successors begin. One call at a time.

        Raises:
            StateInUseError: another collector works on the data folder, which is needed now.
            OSError: the data folder or a certificate cannot be used. In both cases nothing has changed.
        """
        shares = share_out(policy)
        fresh = await self._build_successors(shares)
        gone = [pipeline for name, pipeline in self.pipelines.items() if name in fresh or name not in shares]
        await self._let_go(gone)
        if self._ending:
            await _discard(fresh.values())
            return ()
        for pipeline in gone:
            del self._stops[pipeline]
        for name in self.pipelines.keys() - shares.keys():
            del self.pipelines[name]
        for pipeline in fresh.values():
            pipeline.counters.forget_unsettled()
        self.pipelines |= fresh
        self._policy, self._shares = policy, shares
        self._log_notes()
        self._run(fresh.values())
        await self.monitoring.change(policy)
        return tuple(fresh)

    async def end(self) -> None:
        """Take nothing more in, drain, write checkpoints, give partitions back, close every connection."""
        self._ending = True
        logger.info("collector stops: draining what is under way")
        if self._summary is not None:
            self._summary.cancel()
        drained = await self._let_go(self.pipelines.values())
        self._state.close()
        self._log_summary()
        await self.monitoring.close()
        if drained:
            logger.info("collector stopped")
        else:
            logger.warning("collector stopped before everything was settled; the rest is read again at the next start")

    async def _build_successors(self, shares: Mapping[str, Share]) -> dict[str, Pipeline]:
        """Build what is new or differs; a successor goes on counting where its predecessor ends."""
        fresh: dict[str, Pipeline] = {}
        try:
            for name, share in shares.items():
                if share != self._shares.get(name):
                    pipeline = fresh[name] = Pipeline(
                        name, share.output, self._data, taps=self.taps, predecessor=self.pipelines.get(name)
                    )
                    add_streams(pipeline, share, self._state, self._part)
        except (OSError, StateInUseError):
            await _discard(fresh.values())
            raise
        return fresh

    async def _let_go(self, pipelines: Iterable[Pipeline]) -> bool:
        """End pipelines in order, each once however often it is asked for; return whether all were drained."""
        deadline = asyncio.get_running_loop().time() + _STOP_SECONDS
        for pipeline in pipelines:
            if pipeline not in self._stops:
                if run := self._runs.pop(pipeline, None):
                    run.cancel()
                stop = pipeline.stop(drain_seconds=_DRAIN_SECONDS, deadline=deadline)
                self._stops[pipeline] = asyncio.create_task(stop)
        return all(await asyncio.gather(*(self._stops[pipeline] for pipeline in pipelines)))

    def _run(self, pipelines: Iterable[Pipeline]) -> None:
        for pipeline in pipelines:
            run = self._runs[pipeline] = asyncio.create_task(_run_pipeline(pipeline))
            run.add_done_callback(self._note_failure)

    def _note_failure(self, run: asyncio.Task[None]) -> None:
        failure = None if run.cancelled() else run.exception()
        if failure is not None:
            self._failures.put_nowait(failure)

    def _log_notes(self) -> None:
        for note in self._policy.notes:
            logger.info("policy: %s", note)

    async def _log_summaries(self) -> None:
        with suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(_SUMMARY_SECONDS)
                self._log_summary()

    def _log_summary(self) -> None:
        for pipeline in self.pipelines.values():
            fates = {name: value for name, value in asdict(pipeline.counters).items() if isinstance(value, int)}
            logger.info("records so far", extra={"output": pipeline.name} | fates)


async def _discard(pipelines: Iterable[Pipeline]) -> None:
    """Close what was built and never started."""
    deadline = asyncio.get_running_loop().time() + _DISCARD_SECONDS
    await asyncio.gather(*(pipeline.stop(drain_seconds=0, deadline=deadline) for pipeline in pipelines))


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
