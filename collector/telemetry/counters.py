"""Counters of one output: what became of every record that was taken in."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Records by fate, and how much work that took. All numbers count from the start of the process."""

    received: int = 0
    """Records and rejects taken in."""
    in_flight: int = 0
    """Of these, not settled yet."""
    indexed: int = 0
    already_there: int = 0
    dropped: int = 0
    """Dropped on purpose, by an ingest pipeline or by a processor of the policy."""
    dead_lettered: int = 0
    dead_letter_reasons: Counter[str] = field(default_factory=Counter[str])
    dead_letters_on_disk: int = 0
    """Of the dead letters, those that Elasticsearch refused too."""

    events: int = 0
    empty_events: int = 0
    """Events that held no record, such as ``{"records": []}``."""
    repaired: int = 0
    """Records that were not well-formed JSON and could be repaired."""
    bulk_requests: int = 0
    bulk_bytes: int = 0
    """Bytes of the bulk bodies before compression."""
    retried_items: int = 0
    failed_requests: int = 0
    lookup_requests: int = 0
    """Requests for what is there already; none is sent outside a replay window and after an unanswered request."""
    found_by_lookup: int = 0
    """Of the records that were already there or dead-lettered, those that were found in this way and not sent."""

    @property
    def settled(self) -> int:
        """Records that Elasticsearch has answered for."""
        return self.indexed + self.already_there + self.dropped + self.dead_lettered

    @property
    def balanced(self) -> bool:
        """Whether the accounting identity holds."""
        return self.received == self.settled + self.in_flight

    def forget_unsettled(self) -> None:
        """Take back what nobody waits for any more: it is read again, and counted then."""
        self.received -= self.in_flight
        self.in_flight = 0
