"""A real output between a real way in and a bulk server that can misbehave."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from plugins.bulk_server import BulkServer

from collector.delivery.acknowledgement import Lane
from collector.delivery.intake import Intake
from collector.events import Entry, Position, Record, Reject
from collector.output.elasticsearch.output import ElasticsearchOutput
from collector.telemetry.counters import Counters
from collector.telemetry.trouble import Trouble

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LIMIT = 60.0


@dataclass
class Rig:
    """The output with all that it needs around it."""

    server: BulkServer
    output: ElasticsearchOutput
    intake: Intake
    lane: Lane
    counters: Counters
    trouble: Trouble
    dead_letter_file: Path

    def feed(self, *entries: Entry) -> None:
        """Take in one event for each entry; sequence numbers count up from 0."""
        for entry in entries:
            number = self.counters.events
            taking_in = self.intake.accept(self.lane, Position(str(number), number, NOON), body_of(entry), [entry])
            with suppress(StopIteration):  # it ends at once: nothing waits while there is room
                taking_in.send(None)

    def feed_records(self, count: int) -> None:
        self.feed(*(record(number) for number in range(count)))

    async def settle(self) -> None:
        """Wait until every item is settled, and check that each was settled exactly once."""
        draining = asyncio.create_task(self.output.drain(LIMIT))
        failing = asyncio.create_task(self.output.failed())
        await asyncio.wait([draining, failing], return_when=asyncio.FIRST_COMPLETED)
        if not draining.done():
            draining.cancel()
            raise AssertionError("a worker died") from await failing
        failing.cancel()
        assert draining.result(), "not everything was settled in time"
        assert (self.lane.unsettled_records, self.counters.in_flight, self.counters.balanced) == (0, 0, True)
        assert self.counters.settled == self.counters.received
        assert self.lane.prefix is not None
        assert self.lane.prefix.sequence_number == self.counters.events - 1

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; the accounting must balance all the while."""
        async with asyncio.timeout(LIMIT):
            while not condition():
                assert self.counters.balanced
                await asyncio.sleep(0.001)


def body_of(entry: Entry) -> bytes:
    """The body of an event that holds nothing else."""
    return entry.source if isinstance(entry, Reject) else entry.text.encode()


def record(number: int) -> Record:
    text = f'{{"n":{number}}}'
    return Record(text)


Build = Callable[..., Rig]
"""Builds rigs on a server; keyword arguments override what the output is made of."""
