"""Azure Monitor as the engine's source: the batch API where it works, else one resource after the other.

Promises: what Azure refuses reaches the engine in its own words (`ports`), and the people who run the collector with
the cause and the fix (`refusals`). A region or subscription without the batch API is asked by Resource Manager for a
while, and then tried again.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from collector.inputs.azure_metrics.batch import fetch_batch
from collector.inputs.azure_metrics.clients import MonitorClients
from collector.inputs.azure_metrics.ports import (
    Call,
    Refusal,
    Refused,
    ResourceSeries,
    SourceError,
    Throttled,
    Unavailable,
)
from collector.inputs.azure_metrics.refusals import Cause, RefusedByAzureError
from collector.inputs.azure_metrics.single import fetch_one_by_one
from collector.telemetry.trouble import Trouble

logger = logging.getLogger(__name__)

_WITHOUT_BATCH_SECONDS: Final = 1800.0
"""A role takes up to 30 minutes to spread."""
_NO_BATCH: Final = frozenset({Cause.MISSING_ROLE_ON_SUBSCRIPTION, Cause.BLOCKED_NETWORK, Cause.UNKNOWN_RESOURCE})
"""Refusals of the batch API that Resource Manager may not have."""
_WHAT: Final = "metrics cannot be read"

_REFUSALS: Final[Mapping[Cause, Refusal]] = {
    Cause.MISSING_ROLE: Refusal.ROLE,
    Cause.MISSING_ROLE_ON_SUBSCRIPTION: Refusal.ROLE,
    Cause.UNKNOWN_SUBSCRIPTION: Refusal.NOT_FOUND,
    Cause.UNKNOWN_RESOURCE: Refusal.NOT_FOUND,
    Cause.BAD_REQUEST: Refusal.QUERY,
}
_UNAVAILABLE: Final = frozenset({Cause.BLOCKED_NETWORK, Cause.UNTRUSTED_CERTIFICATE, Cause.UNAVAILABLE})


class AzureMonitor:
    """The metrics of the resources that one login may read."""

    def __init__(
        self,
        clients: MonitorClients,
        *,
        stream: str,
        batch: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`stream` is the name in troubles; `batch` says whether the batch API may be used at all."""
        self._clients = clients
        self._stream = stream
        self._batch = batch
        self._clock = clock
        self._troubles: dict[tuple[str, str], Trouble] = {}
        self._batch_again: dict[tuple[str, str], float] = {}
        """Subscription and region -> when the batch API is tried again."""
        self.last_success_at: float | None = None
        """When metrics came last, in seconds since 1970."""

    @property
    def troubles(self) -> Sequence[Trouble]:
        """One for each subscription and region that was asked."""
        return tuple(self._troubles.values())

    async def fetch(self, call: Call) -> Sequence[ResourceSeries]:
        """Make one call; see `ports.MetricsSource`."""
        place = (call.subscription_id, call.region)
        trouble = self._troubles.get(place) or self._troubles.setdefault(
            place, Trouble(f"stream {self._stream} region {call.region}")
        )
        try:
            series = await self._fetch(call, place)
        except RefusedByAzureError as error:
            if error.kind is not Cause.THROTTLED:
                trouble.report(_WHAT, str(error), grave=error.grave)
            raise translate(error) from error
        trouble.over()
        self.last_success_at = trouble.last_success_at
        return series

    async def _fetch(self, call: Call, place: tuple[str, str]) -> Sequence[ResourceSeries]:
        if not self._batch or self._clock() < self._batch_again.get(place, 0.0):
            return await fetch_one_by_one(self._clients, call)
        try:
            return await fetch_batch(self._clients, call)
        except RefusedByAzureError as error:
            if error.kind not in _NO_BATCH:
                raise
            reason = error
        series = await fetch_one_by_one(self._clients, call)
        self._batch_again[place] = self._clock() + _WITHOUT_BATCH_SECONDS
        logger.warning(
            "the batch API cannot be used, so each resource is asked for by itself for half an hour",
            extra={"stream": self._stream, "cloud.region": call.region, "error.message": str(reason)},
        )
        return series


def translate(error: RefusedByAzureError) -> SourceError:
    """Return what the engine is told: the kind of a refusal decides about what it does next."""
    if error.kind is Cause.THROTTLED:
        return Throttled(error.retry_after, str(error))
    if error.kind in _UNAVAILABLE:
        return Unavailable(str(error))
    return Refused(_REFUSALS.get(error.kind, Refusal.LOGIN), str(error))
