"""Opens the Azure clients that a stream of the policy asks for."""

from dataclasses import dataclass
from typing import Any, Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.eventhub.aio import CheckpointStore, EventHubConsumerClient
from azure.identity.aio import ClientSecretCredential
from azure.storage.blob.aio import ContainerClient

from collector.events import Source
from collector.policy import EventHubConnectionString, EventHubStream, Secret
from collector.state.blob import FencedBlobCheckpointStore

LOAD_BALANCING_SECONDS: Final = 10.0
"""How often partitions are claimed and renewed; the SDK's 30 s make a hand-over slow."""
OWNERSHIP_SECONDS: Final = 40.0
"""A crashed owner's partitions are free after this; with one more claim round it stays under a minute."""


@dataclass(frozen=True, slots=True)
class StreamConnection:
    """The open clients of one stream."""

    client: EventHubConsumerClient
    store: CheckpointStore
    source: Source
    credential: ClientSecretCredential | None

    async def close(self) -> None:
        """Release the partitions and close every connection of the stream."""
        await self.client.close()
        if isinstance(self.store, FencedBlobCheckpointStore):
            await self.store.close()
        if self.credential is not None:
            await self.credential.close()


def connect(stream: EventHubStream, local_store: CheckpointStore | None) -> StreamConnection:
    """Make the clients of a stream; nothing is sent yet. ``local_store`` serves streams without a storage account."""
    credential = _credential(stream)
    store = local_store or FencedBlobCheckpointStore(_container(stream, credential))
    options: dict[str, Any] = {
        "checkpoint_store": store,
        "load_balancing_interval": LOAD_BALANCING_SECONDS,
        "partition_ownership_expiration_interval": OWNERSHIP_SECONDS,
    }
    if credential is not None:
        host = stream.eventhub_namespace or ""
        client = EventHubConsumerClient(host, stream.eventhub, stream.consumer_group, credential, **options)
    else:
        text = _required(stream.connection_string)
        host = EventHubConnectionString.parse(text).host
        client = EventHubConsumerClient.from_connection_string(
            text, stream.consumer_group, eventhub_name=stream.eventhub, **options
        )
    return StreamConnection(client, store, Source(host.lower(), stream.eventhub, stream.consumer_group), credential)


def _credential(stream: EventHubStream) -> ClientSecretCredential | None:
    if stream.auth_type != "client_secret":
        return None
    return ClientSecretCredential(
        stream.tenant_id or "",
        stream.client_id or "",
        _required(stream.client_secret),
        authority=stream.authority_host,
    )


def _container(stream: EventHubStream, credential: AsyncTokenCredential | None) -> ContainerClient:
    container = stream.storage_account_container or ""
    if stream.storage_account_connection_string is not None:
        return ContainerClient.from_connection_string(stream.storage_account_connection_string.reveal(), container)
    key = stream.storage_account_key.reveal() if stream.storage_account_key is not None else credential
    url = f"https://{stream.storage_account}.blob.core.windows.net"
    return ContainerClient(url, container, credential=key)


def _required(secret: Secret | None) -> str:
    """The policy has checked that it is there."""
    return secret.reveal() if secret is not None else ""
