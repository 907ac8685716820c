"""Who polls, when several collectors could: a lease on a blob.

Promises: at most one collector holds it at a time, by storage's own clock; after a crash another takes it within
`LEASE_SECONDS` and the pause between two attempts. Whoever cannot renew it stops counting it as held before storage
lets another have it. Source: learn.microsoft.com, "Lease Blob".
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob.aio import BlobLeaseClient, ContainerClient

from collector.state.blob_shards import folder_of

LEASE_SECONDS: Final = 30
"""With an attempt every 10 s that makes 40 s until another polls, of the 60 s that are promised."""
ATTEMPT_SECONDS: Final = 10.0
"""How often a lease is renewed by its holder, and tried for by the others."""
_NO_RETRY: Final[dict[str, Any]] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 5}


class PollingLease:
    """The right of one stream to be polled."""

    def __init__(self, container: ContainerClient, stream: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Use a container client, which stays the caller's to close."""
        self._blob = container.get_blob_client(f"{folder_of(stream)}/poller")
        self._clock = clock
        self._lease: BlobLeaseClient | None = None
        self._until = 0.0

    @property
    def held(self) -> bool:
        """Whether it is ours still, as far as this machine can know."""
        return self._lease is not None and self._clock() < self._until

    async def acquire(self) -> bool:
        """Try once; return whether it is ours now.

        Raises:
            azure.core.exceptions.AzureError: storage cannot be reached, or refuses.
        """
        asked = self._clock()
        with suppress(ResourceExistsError, ResourceModifiedError):  # it is there since the first collector began
            await self._blob.upload_blob(b"", overwrite=False, **_NO_RETRY)
        try:
            self._lease = await self._blob.acquire_lease(LEASE_SECONDS, **_NO_RETRY)
        except ResourceExistsError:
            return False
        self._until = asked + LEASE_SECONDS
        return True

    async def renew(self) -> bool:
        """Keep it; return whether it is ours still.

        Storage that does not answer leaves it ours for as long as it was granted.
        """
        if self._lease is None:
            return False
        asked = self._clock()
        try:
            await self._lease.renew(**_NO_RETRY)
        except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError):
            self._lease = None
        except AzureError:
            return self.held
        else:
            self._until = asked + LEASE_SECONDS
        return self.held

    async def release(self) -> None:
        """Give it back, so that another need not wait.

        Raises:
            azure.core.exceptions.AzureError: storage cannot be reached, or refuses.
        """
        lease, self._lease = self._lease, None
        if lease is not None:
            await lease.release(**_NO_RETRY)
