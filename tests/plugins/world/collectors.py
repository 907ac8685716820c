"""A real collector in the modelled world: the agent's pipeline, from the SDK's client to the bulk requests."""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, override

from plugins.world.virtual_time import Life, Process

from collector.agent.pipeline import Pipeline
from collector.inputs.event_hub.beginning import Part
from collector.policy import Policy, load_policy
from collector.state.sqlite import SqliteCheckpointStore

if TYPE_CHECKING:
    from plugins.world.world import World

_DRAIN_SECONDS = 7.0
_STOP_SECONDS = 9.0
_POLICY = """
outputs:
  default:
    type: elasticsearch
    hosts: ["http://cluster.example:9200"]
    timeout: 5s
    backoff: {init: 200ms, max: 10s}
inputs:
  - type: azure-eventhub
    streams:
      - eventhub: hub
        content: full
        connection_string: "Endpoint=sb://NS.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=a2V5"
        storage_account_connection_string: "DefaultEndpointsProtocol=https;AccountName=account;AccountKey=a2V5"
        storage_account_container: checkpoints
"""


@dataclass(frozen=True)
class Settings:
    """What a schedule may set in the policy; far below its least values, so that little data meets every limit."""

    in_sqlite: bool
    bulk_items: int
    workers: int
    flush_seconds: float
    checkpoint_seconds: float
    prefetch: int
    in_flight_bytes: int


@cache
def _base_policy() -> Policy:
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write(_POLICY)
        file.flush()
        return load_policy(Path(file.name), {})


class Collector(Process):
    """One process, from its start to its end; a restart is another one over the same folder."""

    def __init__(self, name: str, world: "World", settings: Settings, folder: Path, part: Part | None) -> None:
        super().__init__(name, world)
        self.pipeline: Pipeline | None = None
        self._world = world
        self._settings = settings
        self._folder = folder
        self._part = part
        self._local_store: SqliteCheckpointStore | None = None
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.context.run(self._start)

    def kill(self) -> None:
        """End it where it stands; the system closes its files."""
        self.life = Life.DEAD
        if self._local_store is not None:
            self._local_store.close()

    async def stop(self) -> bool:
        """Stop it as SIGTERM does; return whether all was settled."""
        loop = asyncio.get_running_loop()
        return await loop.create_task(self._stop(), context=self.context)

    @override
    def after_step(self) -> None:
        pipeline, complain = self.pipeline, self._world.complain
        if pipeline is None or self.life is not Life.RUNS:
            return
        if not pipeline.counters.balanced or pipeline.counters.in_flight < 0:
            complain(f"{self.name}'s counters do not balance: {pipeline.counters}")
        taken = pipeline.budget.taken
        if not 0 <= taken <= self._settings.in_flight_bytes + self._world.bytes_taken_unasked:
            complain(f"{self.name} has {taken} bytes under way of {self._settings.in_flight_bytes}")

    def _start(self) -> None:
        settings, policy = self._settings, _base_policy()
        output = policy.outputs["default"].model_copy(
            update={
                "bulk_max_size": settings.bulk_items,
                "worker": settings.workers,
                "flush_timeout": timedelta(seconds=settings.flush_seconds),
                "max_in_flight_bytes": settings.in_flight_bytes,
            }
        )
        [(_, stream)] = policy.streams()
        stream = stream.model_copy(
            update={
                "processor_update_interval": timedelta(seconds=settings.checkpoint_seconds),
                "prefetch": settings.prefetch,
                "checkpoint_store": "sqlite" if settings.in_sqlite else "blob",
            }
        )
        if settings.in_sqlite:
            self._local_store = _ObservedSqliteStore(self._folder, self)
        self.pipeline = Pipeline("default", output, self._folder)
        self.pipeline.add_stream(stream, self._local_store, part=self._part)
        self.pipeline.start()
        self._watch = asyncio.get_running_loop().create_task(self._watch_for_failure(self.pipeline))

    async def _stop(self) -> bool:
        assert self.pipeline is not None
        assert self._watch is not None
        self._watch.cancel()
        deadline = asyncio.get_running_loop().time() + _STOP_SECONDS
        drained = await self.pipeline.stop(drain_seconds=_DRAIN_SECONDS, deadline=deadline)
        self.kill()
        return drained

    async def _watch_for_failure(self, pipeline: Pipeline) -> None:
        failure = await pipeline.failed()
        self._world.complain(f"{self.name} fails: {failure!r}")


class _ObservedSqliteStore(SqliteCheckpointStore):
    """The real store; tells the ledger what it holds after each write."""

    def __init__(self, folder: Path, owner: Collector) -> None:
        super().__init__(folder)
        self._owner = owner

    @override
    async def update_checkpoint(self, checkpoint: dict, **options: object) -> None:
        await super().update_checkpoint(checkpoint, **options)
        names = (checkpoint[key] for key in ("fully_qualified_namespace", "eventhub_name", "consumer_group"))
        for stored in await self.list_checkpoints(*names):
            partition, number = stored["partition_id"], stored["sequence_number"]
            if partition == checkpoint["partition_id"]:
                world = self._owner.world
                world.note(self._owner.name, "checkpoint {} of partition {} is on disk", number, partition)
                world.ledger.note_checkpoint(partition, number, self._owner.name)
