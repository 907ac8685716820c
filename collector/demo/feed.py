"""Writes traffic into the emulator's hub and into the ledger, event by event."""

import asyncio
import random
from datetime import UTC, datetime
from typing import Final

from collector.demo.expectations import Event
from collector.demo.ledger import Ledger, Place
from collector.demo.traffic import Traffic
from collector.emulators.event_hubs import EventHubsEmulator

HUB: Final = "azure-openai-logs"
PARTITIONS: Final = ("0", "1", "2", "3")

# Appending takes well under a millisecond an event: after so many, others get their turn.
_EVENTS_A_TURN: Final = 20
_CLOCK_CHECK_S: Final = 0.2


class Feed:
    """Feeds one hub. Which partition an event goes to is drawn from the seed, unevenly as real keys are."""

    def __init__(self, emulator: EventHubsEmulator, traffic: Traffic, ledger: Ledger, seed: int) -> None:
        self._emulator = emulator
        self._traffic = traffic
        self._ledger = ledger
        self._dice = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret

    async def write(self, records: int) -> None:
        """Write at least so many records at once, and end every partition with an event that leaves a document."""
        for number, event in enumerate(self._traffic.events(records)):
            self._append(self._dice.choices(PARTITIONS, (4, 3, 3, 2))[0], event)
            if number % _EVENTS_A_TURN == 0:
                await asyncio.sleep(0)
        for partition in PARTITIONS:
            self._append(partition, self._traffic.last_event())

    async def follow_clock(self) -> None:
        """Go on for ever: write each event when the clock reaches the traffic's own time."""
        while True:
            while self._traffic.now < datetime.now(UTC):
                self._append(self._dice.choice(PARTITIONS), self._traffic.next_event())
            await asyncio.sleep(_CLOCK_CHECK_S)

    def last_sequence_numbers(self) -> dict[str, int]:
        """Ask the emulator for the newest event of each partition."""
        return {partition: self._emulator.last_sequence_number(HUB, partition) for partition in PARTITIONS}

    def _append(self, partition: str, event: Event) -> None:
        sequence_number = self._emulator.append(HUB, partition, event.body)
        self._ledger.enter(Place(partition, sequence_number), event)
