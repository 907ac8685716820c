"""The storage account of a stream's checkpoints: which it is, and what opens it.

Promises: at most one login of its own; without one, the login of the event hub is used.
"""

from typing import Annotated

from collector.policy.azure_endpoints import BlobUrl, SasToken
from collector.policy.connection_string import StorageConnectionStringText
from collector.policy.kinds import SecretText
from collector.policy.naming import CONTAINER, STORAGE_ACCOUNT
from collector.policy.secret import Secret
from collector.policy.section import Section, setting


class BlobStorage(Section):
    """The keys of a stream that say where checkpoints are kept in Blob storage, and what opens it."""

    storage_account: Annotated[str | None, STORAGE_ACCOUNT] = setting(
        None,
        "The storage account that holds checkpoints, in the cloud of the stream.",
        reason="without one, checkpoints are kept in a local file",
    )
    storage_account_endpoint: Annotated[str | None, BlobUrl()] = setting(
        None,
        "The address of the account's Blob service: a private endpoint with a name of its own, or an emulator.",
        reason="the account's name and the cloud are enough",
        derived="`https://<storage_account>.blob.<ending of the cloud>` when storage_account is given",
        example="https://checkpoints.example.org",
    )
    storage_account_key: Annotated[Secret | None, SecretText()] = setting(
        None,
        "A key of storage_account. It opens the whole account: the login of the event hub or a SAS opens less.",
        reason="with a login at Entra ID none is needed",
        example='"${env.STORAGE_KEY}"',
    )
    storage_account_sas_token: Annotated[Secret | None, SasToken()] = setting(
        None,
        "A shared access signature for the container or the account: the rights to read, write, create and list "
        "its blobs (rwcl) are enough.",
        reason="with a login at Entra ID none is needed",
        example='"${env.STORAGE_SAS}"',
    )
    storage_account_connection_string: Annotated[Secret | None, StorageConnectionStringText()] = setting(
        None,
        "The storage account with its key or SAS, in one connection string.",
        reason="storage_account and one login are enough",
        example='"${env.STORAGE_CONNECTION_STRING}"',
    )
    storage_account_container: Annotated[str | None, CONTAINER] = setting(
        None,
        "The blob container for checkpoints; created when the login may. Several hubs may share one: a checkpoint's "
        "path holds namespace, hub and consumer group.",
        reason="a name of its own keeps clear of the containers of other readers, such as `filebeat-...`",
        derived="`aoai-<eventhub>`, in lower case, with hyphens for other characters",
    )
