"""Lists of Azure Resource Manager, read to their end: what is throttled is asked again, since a list is in no hurry."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from collector.inputs.azure_metrics.clients import Json, MonitorClients
from collector.inputs.azure_metrics.refusals import Cause, RefusedByAzureError

COGNITIVE_SERVICES: Final = {"api-version": "2024-10-01"}
MACHINE_LEARNING: Final = {"api-version": "2024-10-01"}
_PATIENCE: Final = 5
_PAUSE_SECONDS: Final = 30.0
"""How long to wait when Azure throttles and names no time."""


class ResourceLists:
    """Reads lists, and single resources."""

    def __init__(self, clients: MonitorClients, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Nothing is asked yet."""
        self._clients = clients
        self._sleep = sleep

    async def get(self, path: str, query: Mapping[str, str]) -> Json:
        """Return one resource.

        Raises:
            RefusedByAzureError: there is no answer, or a refusal, or Azure throttles on and on.
        """
        return await self._patiently(lambda: self._clients.get(path, query))

    async def read(self, path: str, query: Mapping[str, str]) -> list[Json]:
        """Return all entries of a list.

        Raises:
            RefusedByAzureError: as for `get`.
        """

        async def read() -> list[Json]:
            return [entry async for entry in self._clients.list(path, query)]

        return await self._patiently(read)

    async def _patiently[T](self, ask: Callable[[], Awaitable[T]]) -> T:
        for _ in range(_PATIENCE):
            try:
                return await ask()
            except RefusedByAzureError as error:
                if error.kind is not Cause.THROTTLED:
                    raise
                await self._sleep(error.retry_after or _PAUSE_SECONDS)
        return await ask()
