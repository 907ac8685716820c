"""The hubs of an emulator, with their partitions, consumer groups and readers.

Names are found without regard to case. A hub that is deleted ends the links to it with `amqp:not-found`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from collector.emulators.event_hubs.errors import Condition, LinkError
from collector.emulators.event_hubs.messages import EventContent
from collector.emulators.event_hubs.partition_keys import choose_partition
from collector.emulators.event_hubs.partition_log import PartitionLog
from collector.emulators.event_hubs.readership import Readership

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Hub:
    """An event hub to emulate.

    Attributes:
        name: of the hub.
        partitions: how many; their ids are "0", "1" and so on.
        consumer_groups: their names; `$Default` is always there.
        retention_bytes: what a partition holds at most; 256 MiB is some minutes at the speed a client here can read.
    """

    name: str
    partitions: int = 4
    consumer_groups: tuple[str, ...] = ("$Default",)
    retention_bytes: int = 256 * MEBIBYTE


class HubLink(Protocol):
    """A link to a hub, as the hub sees it."""

    def lose(self, error: LinkError) -> None:
        """End the link."""
        ...


class HubState:
    """A hub while it exists."""

    def __init__(self, hub: Hub, created_at: datetime) -> None:
        self.hub = hub
        self.created_at = created_at
        self.partitions = {str(n): PartitionLog(str(n), hub.retention_bytes) for n in range(hub.partitions)}
        self._groups = {group.lower() for group in (*hub.consumer_groups, "$Default")}
        self._readerships: dict[tuple[str, str], Readership] = {}
        self._links: set[HubLink] = set()
        self._next_partition = 0

    def find_partition(self, partition: str) -> PartitionLog:
        """Return a partition by its id.

        Raises:
            LinkError: when there is none.
        """
        log = self.partitions.get(partition)
        if log is None:
            raise LinkError(
                Condition.NOT_FOUND,
                f"The partition '{partition}' of '{self.hub.name}' could not be found. It should be between 0 and "
                f"{self.hub.partitions - 1}.",
            )
        return log

    def find_readership(self, consumer_group: str, partition: str) -> Readership:
        """Return who reads a partition in a consumer group.

        Raises:
            LinkError: when there is no such group.
        """
        group = consumer_group.lower()
        if group not in self._groups:
            raise LinkError(
                Condition.NOT_FOUND,
                f"The messaging entity '{self.hub.name}|{consumer_group}' could not be found.",
            )
        return self._readerships.setdefault((group, partition), Readership())

    def route(self, events: Iterable[EventContent]) -> PartitionLog:
        """Return the partition for events sent to the hub: by their partition key, else each in turn."""
        key = next((event.partition_key for event in events if event.partition_key is not None), None)
        if key is not None:
            return self.partitions[str(choose_partition(key, self.hub.partitions))]
        self._next_partition = (self._next_partition + 1) % self.hub.partitions
        return self.partitions[str(self._next_partition)]

    def register(self, link: HubLink) -> None:
        """Have a link ended when the hub is."""
        self._links.add(link)

    def unregister(self, link: HubLink) -> None:
        """Undo `register`."""
        self._links.discard(link)

    def delete(self) -> None:
        """End every link to the hub."""
        for link in list(self._links):
            link.lose(_not_found(self.hub.name))


class Namespace:
    """All hubs of an emulator, and its clock."""

    def __init__(self, hubs: Iterable[Hub], clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._hubs = {hub.name.lower(): HubState(hub, clock()) for hub in hubs}

    def now_ms(self) -> int:
        """Return the clock's time in milliseconds since 1970."""
        return to_milliseconds(self._clock())

    def find_hub(self, name: str) -> HubState:
        """Return a hub by its name.

        Raises:
            LinkError: when there is none.
        """
        state = self._hubs.get(name.lower())
        if state is None:
            raise _not_found(name)
        return state

    def recreate_hub(self, name: str) -> None:
        """Delete a hub and create it again, empty.

        Raises:
            LinkError: when there is none.
        """
        state = self.find_hub(name)
        self._hubs[name.lower()] = HubState(state.hub, self._clock())
        state.delete()


def to_milliseconds(moment: datetime) -> int:
    """Return a moment as milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def _not_found(name: str) -> LinkError:
    return LinkError(Condition.NOT_FOUND, f"The messaging entity '{name}' could not be found.")
