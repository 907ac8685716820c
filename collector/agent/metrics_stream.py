"""One stream of metrics of the policy, put together: clients, what is polled, where it stands, where documents go."""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from azure.storage.blob.aio import ContainerClient

from collector.delivery.documents import DocumentIntake
from collector.events import DataStream
from collector.inputs.azure.storage import open_container
from collector.inputs.azure_metrics.clients import MonitorClients
from collector.inputs.azure_metrics.cursors import Cursors, Shards
from collector.inputs.azure_metrics.discovery import Discovery
from collector.inputs.azure_metrics.limits import BATCH, RESOURCE_MANAGER, CallBudget
from collector.inputs.azure_metrics.minutes import Timing
from collector.inputs.azure_metrics.planning import RESOURCES_A_CALL
from collector.inputs.azure_metrics.polling import Poller
from collector.inputs.azure_metrics.ports import MINUTE
from collector.inputs.azure_metrics.reader import MetricsReader
from collector.inputs.azure_metrics.sink import INVENTORY, METRICS, ElasticsearchSink
from collector.inputs.azure_metrics.source import AzureMonitor
from collector.inputs.azure_metrics.stocktaking import Stocktaking
from collector.policy import AzureMetricsStream
from collector.policy.processors import Processor
from collector.state.blob import FencedBlobCheckpointStore
from collector.state.blob_lease import PollingLease
from collector.state.blob_shards import BlobStreamShards
from collector.state.sqlite_shards import SqliteShards

logger = logging.getLogger(__name__)

_OURS: Final = METRICS


@dataclass(frozen=True, slots=True)
class RunningMetrics:
    """A stream of metrics with its reader; `container` holds its state when that is kept in Blob storage."""

    policy: AzureMetricsStream
    reader: MetricsReader
    container: ContainerClient | None

    async def close(self) -> None:
        """Store where it stands, give the lease back, close every connection, the last even when cancelled."""
        async with AsyncExitStack() as stack:
            if self.container is not None:
                stack.push_async_callback(self.container.close)
            await self.reader.close()

    def announce(self, output: str) -> None:
        """Say that it starts, and what is not as it could be."""
        stream = self.policy
        logger.info("stream starts", extra={"stream": stream.id, "output": output, "period": str(stream.period)})
        if self.container is None:
            logger.warning(
                "where metrics stand is kept on this machine: another collector with this policy would poll the same "
                "metrics, and none takes over when this one is gone",
                extra={"stream": stream.id, "hint": "write storage_account: then one of them polls, and another waits"},
            )
        if stream.data_stream.dataset != _OURS:
            target = stream.data_stream
            logger.warning(
                "metrics go to a data stream that is not of this package: the template and the pipeline that "
                "Elasticsearch has for it apply, and none of ours; deployments and quotas are not sent",
                extra={
                    "stream": stream.id,
                    "target": f"{target.type}-{target.dataset}-{target.namespace}",
                    "hint": f"for this package's fields write data_stream.dataset: {_OURS}",
                },
            )


def open_metrics_stream(
    stream: AzureMetricsStream, intake: DocumentIntake, local: SqliteShards | None, processors: Sequence[Processor]
) -> RunningMetrics:
    """Make the parts of a stream; nothing is sent yet. `local` serves streams without a storage account.

    Raises:
        OSError: the certificate of an authority cannot be read.
    """
    clients = MonitorClients(stream)
    target = DataStream(stream.data_stream.type, stream.data_stream.dataset, stream.data_stream.namespace)
    make_sink = partial(ElasticsearchSink, intake, tags=stream.tags, processors=processors)
    sink = make_sink(target)
    source = AzureMonitor(clients, stream=stream.id, batch=stream.enable_batch_api)
    refresh = stream.refresh_list_interval.total_seconds()
    stocktaking = None
    if target.dataset == _OURS:  # another package's data stream is no place for what it does not know
        inventory = make_sink(replace(target, dataset=INVENTORY))
        stocktaking = Stocktaking(clients, inventory, stream=stream.id, interval=refresh)
    state = _open_state(stream, clients, local)
    reader = MetricsReader(
        stream.id,
        clients,
        discovery=Discovery(clients, stream),
        source=source,
        sink=sink,
        make_poller=partial(_make_poller, stream, source, sink, Cursors(state.shards)),
        period=stream.period.total_seconds(),
        refresh=refresh,
        stocktaking=stocktaking,
        prepare=state.prepare,
        lease=state.lease,
    )
    return RunningMetrics(stream, reader, state.container)


@dataclass(frozen=True, slots=True)
class _State:
    """Where a stream stands, and who may write that."""

    shards: Shards
    lease: PollingLease | None = None
    prepare: Callable[[], Awaitable[None]] | None = None
    container: ContainerClient | None = None


def _open_state(stream: AzureMetricsStream, clients: MonitorClients, local: SqliteShards | None) -> _State:
    if local is not None:
        return _State(local.of_stream(stream.id))
    container = open_container(stream, clients.credential)
    return _State(
        BlobStreamShards(container, stream.id),
        PollingLease(container, stream.id),
        FencedBlobCheckpointStore(container).ensure_container,
        container,
    )


def _make_poller(stream: AzureMetricsStream, source: AzureMonitor, sink: ElasticsearchSink, store: Cursors) -> Poller:
    limit = BATCH if stream.enable_batch_api else RESOURCE_MANAGER
    timing = Timing(
        latency=int(stream.latency.total_seconds()) // MINUTE, back_fill=int(stream.backfill.total_seconds()) // MINUTE
    )
    return Poller(
        source,
        sink,
        store,
        budget=CallBudget(limit, time.monotonic),
        clock=time.time,
        timing=timing,
        largest=RESOURCES_A_CALL if stream.enable_batch_api else 1,
    )
