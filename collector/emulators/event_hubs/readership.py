"""Who may read one partition in one consumer group.

Readers without an epoch share the partition, five at most. A reader with an epoch has it alone: it puts out every
reader without one and those with the same epoch or a lower one, and while it reads no lesser reader gets in. A
reader that is put out or kept out is told `amqp:link:stolen`.

Source: Microsoft Learn, "Event Hubs features" (epoch consumers) and "Event Hubs quotas and limits".
"""

from typing import Protocol

from collector.emulators.event_hubs.errors import Condition, LinkError

MAX_READERS_WITHOUT_EPOCH = 5


class Contender(Protocol):
    """A reader as its readership sees it."""

    @property
    def epoch(self) -> int | None:
        """The reader's epoch, or None when it reads without one."""
        ...

    def lose(self, error: LinkError) -> None:
        """End the reader: another one has the partition now."""
        ...


class Readership:
    """The readers of one partition in one consumer group."""

    def __init__(self) -> None:
        self._readers: set[Contender] = set()

    def admit(self, reader: Contender) -> None:
        """Let a reader in and put out those it displaces.

        Raises:
            LinkError: when it must stay out.
        """
        highest = max((other.epoch for other in self._readers if other.epoch is not None), default=None)
        if reader.epoch is None:
            self._check_without_epoch(highest)
        else:
            self._displace(reader.epoch, highest)
        self._readers.add(reader)

    def leave(self, reader: Contender) -> None:
        """Forget a reader; one that is not in is no error."""
        self._readers.discard(reader)

    def _check_without_epoch(self, highest: int | None) -> None:
        if highest is not None:
            raise LinkError(
                Condition.LINK_STOLEN,
                f"At least one receiver for the endpoint is created with epoch of '{highest}', and so non-epoch "
                "receiver is not allowed. Either reconnect with a higher epoch, or make sure all epoch receivers are "
                "closed or disconnected.",
            )
        if len(self._readers) >= MAX_READERS_WITHOUT_EPOCH:
            raise LinkError(
                Condition.RESOURCE_LIMIT_EXCEEDED,
                "Exceeded the maximum number of allowed receivers per partition in a consumer group which is "
                f"{MAX_READERS_WITHOUT_EPOCH}.",
            )

    def _displace(self, epoch: int, highest: int | None) -> None:
        if highest is not None and epoch < highest:
            raise LinkError(
                Condition.LINK_STOLEN,
                f"Receiver with epoch '{epoch}' is not allowed: one with a higher epoch '{highest}' exists.",
            )
        for other in list(self._readers):
            self._readers.discard(other)
            other.lose(
                LinkError(
                    Condition.LINK_STOLEN,
                    f"New receiver with higher epoch of '{epoch}' is created hence current receiver with epoch "
                    f"'{other.epoch}' is getting disconnected.",
                )
            )
