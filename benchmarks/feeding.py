"""Fills the hub of the emulator: at once, always ahead of what has been delivered, or at a rate."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from collector.emulators.event_hubs import EventHubsEmulator

HUB: Final = "hub"
_SECONDS_BETWEEN_LOOKS: Final = 0.1
_SECONDS_BETWEEN_STEPS: Final = 0.02


class Feeder:
    """Appends events to the partitions in turn."""

    def __init__(self, emulator: EventHubsEmulator, bodies: Iterator[bytes], per_event: int, partitions: int) -> None:
        """Take bodies of so many records each."""
        self._emulator = emulator
        self._bodies = bodies
        self._per_event = per_event
        self._partitions = partitions
        self._events = 0

    @property
    def records(self) -> int:
        """Records in the hub so far."""
        return self._events * self._per_event

    def fill(self, records: int) -> None:
        """Append until the hub has had so many records."""
        while self.records + self._per_event <= records:
            self._emulator.append(HUB, str(self._events % self._partitions), next(self._bodies))
            self._events += 1

    async def keep_ahead(self, records: int, delivered: Callable[[], Awaitable[int]]) -> None:
        """Keep so many records waiting to be delivered, until cancelled: the hub is never empty."""
        while True:
            self.fill(await delivered() + records)
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)

    async def pace(self, rate: float) -> None:
        """Append so many records a second, until cancelled."""
        clock = asyncio.get_running_loop().time
        begun, before = clock(), self.records
        while True:
            self.fill(before + int((clock() - begun) * rate))
            await asyncio.sleep(_SECONDS_BETWEEN_STEPS)
