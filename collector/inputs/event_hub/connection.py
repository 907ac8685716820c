"""Opens the Azure clients that a stream of the policy asks for."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from azure.core.credentials_async import AsyncTokenCredential
from azure.eventhub import TransportType
from azure.eventhub.aio import CheckpointStore, EventHubConsumerClient

from collector.events import Source
from collector.inputs.azure.transport import find_proxy, trust_or_system
from collector.inputs.event_hub.beginning import Beginning, Part
from collector.inputs.event_hub.hub_client import HubClient
from collector.inputs.event_hub.prefetch import Prefetch
from collector.inputs.event_hub.receiving import Openings, bound
from collector.inputs.event_hub.recreation import CurrentCheckpoints
from collector.policy import EventHubConnectionString, EventHubStream, Secret
from collector.state.sqlite import SqliteCheckpointStore
from collector.state.sqlite_sharing import SharedSqliteCheckpointStore

if TYPE_CHECKING:
    from collector.state.blob import FencedBlobCheckpointStore

LOAD_BALANCING_SECONDS: Final = 4.0
"""How often a collector looks who owns what (the SDK adds up to a fifth); one request to storage each time.

A partition that was given back is read again after the longest such pause and about a second to open its link: with the
time that its owner needs to stop, that must stay under the 10 s that are promised. The SDK's own 30 s would not do.
"""
_LOCAL_BALANCING_SECONDS: Final = 1.0
"""The same, of workers that share a local file: to look costs nothing."""
OWNERSHIP_SECONDS: Final = 40.0
"""A crashed owner's partitions are free after this; one look later they are read again, within the promised 60 s.

What is left of the minute is for clocks that differ: the SDK holds storage's time against this machine's.
"""


@dataclass(frozen=True, slots=True)
class StreamConnection:
    """The open clients of one stream."""

    client: EventHubConsumerClient
    store: "SqliteCheckpointStore | FencedBlobCheckpointStore"
    source: Source
    credential: AsyncTokenCredential | None
    prefetch: Prefetch
    checkpoints: CurrentCheckpoints
    openings: Openings = field(default_factory=Openings)

    async def close(self) -> None:
        """Release the partitions and close every connection of the stream, the last even when cancelled."""
        async with AsyncExitStack() as stack:
            if self.credential is not None:
                stack.push_async_callback(self.credential.close)
            if not isinstance(self.store, SqliteCheckpointStore):
                stack.push_async_callback(self.store.close)
            await self.client.close()
            await self.checkpoints.release()


def connect(
    stream: EventHubStream, local_store: SqliteCheckpointStore | None, part: Part | None = None
) -> StreamConnection:
    """Make the clients of a stream; nothing is sent yet.

    ``local_store`` serves streams without a storage account; ``part`` is what one of several workers begins with.
    """
    credential = _credential(stream)
    store = local_store or _open_shared_store(stream, credential)
    checkpoints = CurrentCheckpoints(store, part and Beginning(part))
    prefetch = Prefetch(stream.prefetch_bytes, stream.prefetch)
    openings = Openings()
    pause = _LOCAL_BALANCING_SECONDS if isinstance(store, SharedSqliteCheckpointStore) else LOAD_BALANCING_SECONDS
    client = _open_client(stream, credential, checkpoints, load_balancing_interval=pause)
    checkpoints.look_at(client)
    bound(client, prefetch, openings)
    source = Source(find_namespace_host(stream).lower(), stream.eventhub, stream.consumer_group)
    return StreamConnection(client, store, source, credential, prefetch, checkpoints, openings)


@dataclass(frozen=True, slots=True)
class Visit:
    """A client of a stream's hub that claims no partition and keeps no position; for looking."""

    client: EventHubConsumerClient
    credential: AsyncTokenCredential | None
    openings: Openings

    async def close(self) -> None:
        """Close every connection, the last even when cancelled."""
        async with AsyncExitStack() as stack:
            if self.credential is not None:
                stack.push_async_callback(self.credential.close)
            await self.client.close()


def visit(stream: EventHubStream) -> Visit:
    """Make a client that reads beside others and displaces nobody; it tries nothing twice. Nothing is sent yet."""
    credential, openings = _credential(stream), Openings()
    client = _open_client(stream, credential, None, retry_total=0)
    bound(client, Prefetch(0, 1), openings)
    return Visit(client, credential, openings)


def find_namespace_host(stream: EventHubStream) -> str:
    """Return the host of the namespace, as the policy names it."""
    if stream.connection_string is None:
        return stream.eventhub_namespace or ""
    return EventHubConnectionString.parse(stream.connection_string.reveal()).host


def _open_client(
    stream: EventHubStream, credential: AsyncTokenCredential | None, store: CheckpointStore | None, **more: Any
) -> HubClient:
    host = find_namespace_host(stream)
    options = _options(stream, store, host) | more
    if credential is not None:
        return HubClient(host, stream.eventhub, stream.consumer_group, credential, **options)
    text = _required(stream.connection_string)
    opened = HubClient.from_connection_string(text, stream.consumer_group, eventhub_name=stream.eventhub, **options)
    return cast("HubClient", opened)  # as the SDK makes it


def _open_shared_store(stream: EventHubStream, credential: AsyncTokenCredential | None) -> "FencedBlobCheckpointStore":
    # The SDK of Blob storage is a fifth of what a start imports, and a local store needs none of it.
    from collector.inputs.azure.storage import open_container  # noqa: PLC0415
    from collector.state.blob import FencedBlobCheckpointStore  # noqa: PLC0415

    return FencedBlobCheckpointStore(open_container(stream, credential))


def _options(stream: EventHubStream, store: CheckpointStore | None, host: str) -> dict[str, Any]:
    over_websocket = stream.transport == "websocket"
    if over_websocket:
        from collector.inputs.azure.websocket import keep_websockets_on_tls  # noqa: PLC0415 - for these streams only

        keep_websockets_on_tls()
    return {
        "checkpoint_store": store,
        "load_balancing_interval": LOAD_BALANCING_SECONDS,
        "partition_ownership_expiration_interval": OWNERSHIP_SECONDS,
        "transport_type": TransportType.AmqpOverWebsocket if over_websocket else TransportType.Amqp,
        "http_proxy": find_proxy(stream, host) if over_websocket else None,
        "custom_endpoint_address": stream.custom_endpoint_address,
        "ssl_context": trust_or_system(stream),  # one for all connections: each that the SDK makes takes 18 ms, 0.7 MiB
    }


def _credential(stream: EventHubStream) -> AsyncTokenCredential | None:
    if stream.auth_type == "connection_string":
        return None
    from collector.inputs.azure.credentials import (  # noqa: PLC0415 - a connection string needs no azure-identity
        build_credential,
    )

    return build_credential(stream)


def _required(secret: Secret | None) -> str:
    """The policy has checked that it is there."""
    return secret.reveal() if secret is not None else ""
