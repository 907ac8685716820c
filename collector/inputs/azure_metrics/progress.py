"""All scopes of a poller and the store that keeps them: shards, and what is settled and not stored yet."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from collector.inputs.azure_metrics.gaps import Gap, GapReason, GapState
from collector.inputs.azure_metrics.minutes import RETENTION, Timing
from collector.inputs.azure_metrics.planning import MetricGroup, Target, shard_of
from collector.inputs.azure_metrics.ports import CursorStore
from collector.inputs.azure_metrics.resources import Resource
from collector.inputs.azure_metrics.scopes import Scope, decode, encode

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tracked:
    """A resource and group that is polled, with its scope."""

    shard: str
    resource: Resource
    group: MetricGroup
    scope: Scope


class Progress:
    """Where every scope stands, in memory and in the store."""

    def __init__(self, store: CursorStore, timing: Timing) -> None:
        self._store = store
        self._timing = timing
        self._shards: dict[str, dict[str, Scope]] = {}
        self._unreadable: set[str] = set()
        self._locks: dict[str, asyncio.Lock] = {}
        self._settled: dict[str, list[Gap]] = {}
        self.closed_minutes: Counter[GapReason] = Counter()
        self.lost_minutes: Counter[GapReason] = Counter()

    async def load(self) -> None:
        """Take up what an earlier poller left; of a shard that cannot be read the whole back-fill is asked for."""
        for shard, state in (await self._store.load()).items():
            try:
                self._shards[shard] = {scope.resource: scope for scope in decode(state)}
            except msgspec.DecodeError:
                logger.exception("the cursor cannot be read, the back-fill begins anew", extra={"azure.shard": shard})
                self._unreadable.add(shard)

    def track(self, targets: Iterable[Target], final: int) -> list[Tracked]:
        """Return the scopes of the targets; those that are new begin."""
        return [tracked for target in targets for tracked in self._track(target, final)]

    def gaps(self) -> Iterator[Gap]:
        """Yield the open gaps."""
        for scopes in self._shards.values():
            for scope in scopes.values():
                yield from scope.gaps

    def settle(self, shard: str, gaps: Iterable[Gap]) -> None:
        """Put settled gaps into the ledger, with the next state of their shard."""
        for gap in gaps:
            counts = self.closed_minutes if gap.state is GapState.CLOSED else self.lost_minutes
            counts[gap.reason] += gap.minutes
            self._settled.setdefault(shard, []).append(gap)

    def expire(self, final: int, now: float) -> None:
        """Declare lost what will not be asked for again, and forget scopes that Azure has forgotten."""
        for shard, scopes in self._shards.items():
            for scope in scopes.values():
                self.settle(shard, scope.expire(final, self._timing, now))
            for resource in [key for key, scope in scopes.items() if scope.cursor < final - RETENTION]:
                del scopes[resource]

    async def save(self, shard: str) -> None:
        """Store where the scopes of a shard stand, and what was settled in it."""
        async with self._locks.setdefault(shard, asyncio.Lock()):
            scopes = self._shards[shard].values()
            settled = self._settled.pop(shard, [])
            try:
                await self._store.save(shard, encode(scopes), settled)
            except BaseException:
                self._settled[shard] = settled + self._settled.get(shard, [])
                raise

    async def save_all(self) -> None:
        """Store every shard."""
        for shard in self._shards:
            await self.save(shard)

    def _track(self, target: Target, final: int) -> Iterator[Tracked]:
        resource = target.resource
        for group in target.groups:
            shard = shard_of(resource, group)
            scopes = self._shards.setdefault(shard, {})
            if resource.key not in scopes:
                scopes[resource.key] = Scope(resource.key, group.key, self._first_cursor(shard, resource, final))
            yield Tracked(shard, resource, group, scopes[resource.key])

    def _first_cursor(self, shard: str, resource: Resource, final: int) -> int:
        if shard in self._unreadable:
            return final - self._timing.back_fill
        known = [scopes[resource.key].cursor for scopes in self._shards.values() if resource.key in scopes]
        # A resource that is known: Azure splits its metrics anew, and earlier minutes are there under the old group.
        return max(known, default=final - self._timing.first_look)
