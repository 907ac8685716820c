"""Shows records as they pass, to whoever asks for it at a running collector.

Promises: what is shown has gone through the content policy. Nothing ever waits for one who looks: each tap holds 500
entries and 1 MiB at most, and what finds no room is counted as missed. Without a tap a record costs one look at a list.

Does not promise to show every record, nor any in the order of the hub across partitions. Records that a processor of
the policy drops afterwards are shown, too.
"""

import re
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from collector.events import Entry, Record, Source, category_of

_MOST_ENTRIES: Final = 500
_MOST_CHARACTERS: Final = 2**20
_MOST_TAPS: Final = 4
_encode = msgspec.json.Encoder().encode


class TooManyTapsError(Exception):
    """As many taps are open as there may be."""


class Tap:
    """What passed since it was last emptied."""

    def __init__(self, categories: Sequence[str] = (), deployments: Sequence[str] = ()) -> None:
        """Show records of these categories and of these deployments only; of all, without them.

        A category is compared without regard to case, as everywhere; a deployment as the record writes it. What is no
        record has neither, and is shown without filters only.
        """
        self._categories = frozenset(category.lower() for category in categories)
        self._deployments = tuple(deployments)
        names = "|".join(map(re.escape, deployments))
        # As a key of the record, also within JSON text, or in the URL of a gateway's call.
        self._of_deployment = re.compile(rf'(?i:modelDeploymentName\\*"\s*:\s*\\*"|/deployments/)(?:{names})[\\"/?]')
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._missed = 0

    def offer(self, source: Source, partition: str, number: int, entry: Entry) -> None:
        """Take an entry if it is wanted and there is room; never blocks."""
        if not self._wants(entry):
            return
        size = len(entry.text) if isinstance(entry, Record) else 0
        if len(self._lines) >= _MOST_ENTRIES or self._size + size > _MOST_CHARACTERS:
            self._missed += 1
            return
        self._size += size
        self._lines.append(_describe(source, partition, number, entry))

    def take(self) -> tuple[Sequence[bytes], int]:
        """Return what passed, a line of JSON each, and how many entries were missed; forget both."""
        taken, missed = tuple(self._lines), self._missed
        self._lines.clear()
        self._size = self._missed = 0
        return taken, missed

    def _wants(self, entry: Entry) -> bool:
        if not (self._categories or self._deployments):
            return True
        if not isinstance(entry, Record):
            return False
        text = entry.text
        # Looking for the name alone is quick, and most records do not have it.
        if self._deployments and not (
            any(name in text for name in self._deployments) and self._of_deployment.search(text)
        ):
            return False
        return not self._categories or (category_of(text) or "").lower() in self._categories


class Taps:
    """The taps that are open on one collector."""

    def __init__(self) -> None:
        self._open: list[Tap] = []

    @property
    def watched(self) -> bool:
        """Whether anyone looks."""
        return bool(self._open)

    def offer(self, source: Source, partition: str, number: int, entry: Entry) -> None:
        """Show an entry to all who look; never blocks."""
        for tap in self._open:
            tap.offer(source, partition, number, entry)

    @contextmanager
    def open(self, tap: Tap) -> Generator[Tap]:
        """Let records pass by a tap for as long as it is needed.

        Raises:
            TooManyTapsError: 4 are open.
        """
        if len(self._open) >= _MOST_TAPS:
            raise TooManyTapsError(f"{_MOST_TAPS} taps are open, and that is the most: end one of them")
        self._open.append(tap)
        try:
            yield tap
        finally:
            self._open.remove(tap)


def _describe(source: Source, partition: str, number: int, entry: Entry) -> bytes:
    """Return the line of an entry; of what is no record it has the reason and no byte."""
    place = {
        "eventhub": source.hub,
        "consumer_group": source.consumer_group,
        "partition_id": partition,
        "sequence_number": number,
    }
    if isinstance(entry, Record):
        return _encode(place | {"record": msgspec.Raw(msgspec.json.format(entry.text.encode(), indent=-1))})
    return _encode(place | {"rejected": entry.reason, "bytes": len(entry.source)})
