"""Which partitions each of several workers begins with.

The Azure SDK claims whatever nobody owns. Of workers that begin together the first would take everything and the others
steal their share from it, and each theft reads again what was under way. So a worker that begins is shown what nobody
owns as another's, unless it is its own part; which partitions are whose part every worker can tell by itself.

Promise: workers that begin alone, within 20 s of each other, take no partition from each other. Once all is read, or
after 20 s, everything is as the SDK balances it: what one of them leaves or never took is for all.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Part:
    """Who of several workers one is."""

    number: int
    """From 1."""
    workers: int


class Beginning:
    """The first seconds of one stream in one worker, from its first look at who owns what."""

    def __init__(self, part: Part, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin as the worker that ``part`` tells of."""
        self._part = part
        self._clock = clock
        self._end: float | None = None

    def show(
        self,
        listed: Iterable[dict[str, Any]],
        partitions: Collection[str],
        *,
        names: Mapping[str, str],
        ours: Collection[str],
    ) -> list[dict[str, Any]]:
        """Return the ownerships as this worker is to see them.

        ``partitions`` are all of the hub that ``names`` tells of, ``ours`` the owners that are this worker.
        """
        rows = {each["partition_id"]: each for each in listed}
        now = self._clock()
        self._end = now + _SECONDS if self._end is None else self._end
        if now < self._end:
            others = {each["owner_id"] for each in rows.values() if each["owner_id"]} - set(ours)
            owners = self._find_owners(rows, partitions, others)
            if not owners:
                self._end = now  # every part is read, and what somebody leaves from now on is for all
            for partition, owner in owners.items():
                row = rows.get(partition, {**names, "partition_id": partition})
                rows[partition] = row | {"owner_id": owner, "last_modified_time": time.time()}
        return list(rows.values())

    def _find_owners(
        self, rows: Mapping[str, Mapping[str, Any]], partitions: Collection[str], others: Collection[str]
    ) -> Mapping[str, str]:
        """Return what nobody owns of the parts of other workers, each with the name of its owner to be.

        The SDK counts the names: one too many would let partitions wait, one too few would make it steal. So those who
        own something already come last, and are only told apart from each other.
        """
        workers = self._part.workers
        to_come = (f"worker to come {number}" for number in range(workers - 1 - len(others)))
        siblings = iter([*to_come, *sorted(others)])
        owners: defaultdict[int, str] = defaultdict(lambda: next(siblings))
        return {
            partition: owners[number]
            for index, partition in enumerate(sorted(partitions))
            if (number := index % workers + 1) != self._part.number
            and not rows.get(partition, {"owner_id": ""})["owner_id"]
        }
