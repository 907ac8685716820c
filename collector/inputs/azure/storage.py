"""The Blob container of a stream's checkpoints or cursors, opened with whatever login the stream gives it."""

from typing import Any

from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.storage.blob.aio import ContainerClient

from collector.inputs.azure.transport import http_options
from collector.policy import AzureMetricsStream, EventHubStream


def open_container(
    stream: EventHubStream | AzureMetricsStream, credential: AsyncTokenCredential | None
) -> ContainerClient:
    """Return a client of the container; `credential` is that of the stream, for storage without a login of its own.

    Nothing is sent yet.
    """
    container, options = stream.storage_account_container or "", http_options(stream)
    if stream.storage_account_connection_string is not None:
        text = stream.storage_account_connection_string.reveal()
        return ContainerClient.from_connection_string(text, container, **options)
    return ContainerClient(
        stream.storage_account_endpoint or "", container, credential=_own_login(stream) or credential, **options
    )


def _own_login(stream: EventHubStream | AzureMetricsStream) -> Any:
    if stream.storage_account_key is not None:
        return AzureNamedKeyCredential(stream.storage_account or "", stream.storage_account_key.reveal())
    if stream.storage_account_sas_token is not None:
        return AzureSasCredential(stream.storage_account_sas_token.reveal())
    return None
