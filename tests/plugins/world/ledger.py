"""What the hub was fed and what became of it: the account that every schedule is held against.

Each record carries a mark, ``m:PARTITION:EVENT:INDEX:KIND``, by which the world knows it in whatever shape it arrives.
The kind says what the cluster does with it.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

MARK = re.compile(rb"m:\d+:\d+:\d+:[a-z]+")

PLAIN = "plain"
POISON = "poison"
"""Refused with 400."""
SPOILER = "spoiler"
"""The whole request is refused with 400 while it is in it."""
BREAKER = "breaker"
"""Answered with 500, always."""
DROPPED = "dropped"
"""A pipeline drops it."""
UNKEPT = "unkept"
"""Refused, and its dead letter too."""
REJECT = "reject"
"""No record: the collector makes a dead letter of it by itself."""


class BrokenInvariantError(AssertionError):
    """The collector broke a promise."""


def kind_of(mark: bytes) -> str:
    return mark.rpartition(b":")[2].decode()


@dataclass(frozen=True)
class Copy:
    """A document that the cluster took."""

    at: float
    irregular: bool
    """Whether nobody could have seen it coming: its sender was dead, frozen or had given the request up, or another
    reader's link had replaced the sender's, or the sender may not look up what is there."""


@dataclass
class Ledger:
    """Counts each record's copies over all backing indices; complains at once where a promise is broken."""

    complain: Callable[[str], None]
    folders: list[Path] = field(default_factory=list)
    """Where collectors keep the file of last resort."""
    events: dict[str, list[list[bytes]]] = field(default_factory=lambda: defaultdict(list))
    """Partition -> event by sequence number -> marks of its records."""
    copies: dict[bytes, list[Copy]] = field(default_factory=lambda: defaultdict(list))
    excused: int = 0
    """Second copies within the bound that docs/decisions/0007 states under "What is left"."""
    dropped: set[bytes] = field(default_factory=set)
    checkpoints: dict[str, int] = field(default_factory=dict)
    """Partition -> sequence number that the store holds."""

    def is_durable(self, mark: bytes) -> bool:
        return bool(self.copies[mark]) or mark in self.dropped or (kind_of(mark) == UNKEPT and self._is_on_disk(mark))

    def note_copy(self, mark: bytes, copy: Copy, looked_at: float) -> None:
        """Note a copy; a second one needs an excuse. ``looked_at`` is when its sender last saw that there was none."""
        earlier = self.copies[mark]
        earlier.append(copy)
        if len(earlier) == 1:
            return
        if copy.irregular or any(each.irregular and each.at > looked_at for each in earlier[:-1]):
            self.excused += 1
        else:
            self.complain(f"{mark.decode()} is there {len(earlier)} times")

    def note_checkpoint(self, partition: str, sequence_number: int, writer: str) -> None:
        """Hold what a store has just taken against what is durable."""
        before = self.checkpoints.get(partition, -1)
        if sequence_number < before:
            self.complain(f"{writer} moved the checkpoint of partition {partition} back: {before} -> {sequence_number}")
        for number in range(before + 1, sequence_number + 1):
            for mark in self.events[partition][number]:
                if not self.is_durable(mark):
                    self.complain(
                        f"{writer} moved the checkpoint of partition {partition} to {sequence_number}, beyond "
                        f"{mark.decode()}, which is not settled"
                    )
        self.checkpoints[partition] = sequence_number

    def check_fates(self) -> None:
        """Hold every record's end against its kind."""
        for events in self.events.values():
            for mark in (mark for event in events for mark in event):
                if not self.is_durable(mark):
                    self.complain(f"{mark.decode()} is lost")
                if self.copies[mark] and kind_of(mark) in {DROPPED, UNKEPT}:
                    self.complain(f"{mark.decode()} was indexed against the cluster's own word")

    def find_unread(self) -> list[str]:
        """Return the partitions whose checkpoint is not at their end."""
        return [each for each, events in self.events.items() if self.checkpoints.get(each, -1) < len(events) - 1]

    def _is_on_disk(self, mark: bytes) -> bool:
        files = (file for folder in self.folders for file in folder.glob("*.ndjson"))
        return any(mark in file.read_bytes() for file in files)
