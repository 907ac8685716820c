"""What of a policy belongs to which output, and the pipeline that is built from it.

Promise: two shares are equal when nothing of theirs differs, so that a pipeline need not be begun anew when another
output of the policy changes. The content of a certificate file is not compared, only its name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collector.agent.pipeline import Pipeline
from collector.inputs.event_hub.beginning import Part
from collector.policy import AzureMetricsStream, ElasticsearchOutput, EventHubStream, Policy
from collector.policy.processors import Processor
from collector.state.sqlite import SqliteCheckpointStore
from collector.state.sqlite_shards import SqliteShards
from collector.state.sqlite_sharing import SharedSqliteCheckpointStore


@dataclass(frozen=True, slots=True)
class Share:
    """One output with the streams that feed it, each with the processors of its input and its own, in that order."""

    output: ElasticsearchOutput
    hubs: Sequence[tuple[EventHubStream, Sequence[Processor]]]
    metrics: Sequence[tuple[AzureMetricsStream, Sequence[Processor]]]


def share_out(policy: Policy) -> dict[str, Share]:
    """Return the shares of the outputs that streams feed, by name."""
    hubs = [(entry.use_output, (stream, entry.processors + stream.processors)) for entry, stream in policy.streams()]
    metrics = [
        (entry.use_output, (stream, entry.processors + stream.processors)) for entry, stream in policy.metrics_streams()
    ]
    return {
        name: Share(
            policy.outputs[name],
            tuple(stream for output, stream in hubs if output == name),
            tuple(stream for output, stream in metrics if output == name),
        )
        for name in dict.fromkeys(output for output, _ in (*hubs, *metrics))
    }


class LocalState:
    """Local stores in a data folder, opened when a stream first needs one.

    The first locks the folder for all; for a worker its supervisor has.
    """

    def __init__(self, folder: Path, worker: int | None = None) -> None:
        self._folder = folder
        self._worker = worker
        self._checkpoints: SqliteCheckpointStore | None = None
        self._shards: SqliteShards | None = None

    def open_checkpoints(self) -> SqliteCheckpointStore:
        """Return the checkpoints.

        Raises:
            StateInUseError: another collector works on the folder.
            OSError: the folder cannot be used.
        """
        if self._checkpoints is None:
            self._checkpoints = (
                SqliteCheckpointStore(self._folder)
                if self._worker is None
                else SharedSqliteCheckpointStore(self._folder, self._worker)
            )
        return self._checkpoints

    def open_shards(self) -> SqliteShards:
        """Return where streams of metrics stand; raises as `open_checkpoints` does."""
        self.open_checkpoints()  # it holds the lock
        if self._shards is None:
            self._shards = SqliteShards(self._folder)
        return self._shards

    def close(self) -> None:
        """Close what was opened, and let another collector have the folder."""
        for store in (self._shards, self._checkpoints):
            if store is not None:
                store.close()


def add_streams(pipeline: Pipeline, share: Share, state: LocalState, part: Part | None = None) -> None:
    """Build clients and reader of each stream; ``part`` is what one of several workers begins with.

    Raises:
        StateInUseError: another collector works on the data folder.
        OSError: the data folder or a certificate cannot be used.
    """
    for stream, processors in share.hubs:
        kept_here = stream.checkpoint_store == "sqlite"
        pipeline.add_stream(stream, state.open_checkpoints() if kept_here else None, processors, part)
    for metrics, processors in share.metrics:
        kept_here = metrics.checkpoint_store == "sqlite"
        pipeline.add_metrics_stream(metrics, state.open_shards() if kept_here else None, processors)
