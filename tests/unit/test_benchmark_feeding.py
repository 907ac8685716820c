"""What the hub of the benchmarks is filled with: so many records, ahead of what was delivered, no two of them alike."""

import asyncio
import itertools
import json
from contextlib import suppress

import pytest

from benchmarks.feeding import HUB, Feeder
from benchmarks.hub import KINDS, make_bodies
from collector.emulators.event_hubs import EventHubsEmulator, Hub

PARTITIONS = 4
PER_EVENT = 10


@pytest.fixture
def emulator() -> EventHubsEmulator:
    return EventHubsEmulator([Hub(HUB, PARTITIONS)])


@pytest.fixture
def feeder(emulator: EventHubsEmulator) -> Feeder:
    return Feeder(emulator, itertools.repeat(b"{}"), PER_EVENT, PARTITIONS)


def test_events_go_to_the_partitions_in_turn_and_none_is_more_than_was_asked_for(
    emulator: EventHubsEmulator, feeder: Feeder
) -> None:
    feeder.fill(99)
    assert feeder.records == 90
    assert [emulator.last_sequence_number(HUB, str(number)) + 1 for number in range(PARTITIONS)] == [3, 2, 2, 2]


async def test_the_hub_stays_ahead_of_what_was_delivered(feeder: Feeder) -> None:
    asked: list[int] = []

    async def delivered() -> int:
        asked.append(feeder.records)
        if len(asked) == 3:
            raise asyncio.CancelledError
        return 500 * len(asked)

    with suppress(asyncio.CancelledError):
        await feeder.keep_ahead(1000, delivered)
    assert asked == [0, 1500, 2000]


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_records_are_alike(kind: str) -> None:
    bodies = itertools.islice(make_bodies(PER_EVENT, kind), 20)
    records = [json.dumps(record) for body in bodies for record in json.loads(body)["records"]]
    assert len(set(records)) == len(records) == 200


def test_a_call_of_the_gateway_has_a_request_and_an_answer_of_8_kb() -> None:
    record = json.loads(next(make_bodies(1, "calls")))["records"][0]
    sizes = [len(record["properties"][name]) for name in ("requestBody", "responseBody")]
    assert all(7_500 <= size <= 9_500 for size in sizes)
    assert json.loads(record["properties"]["requestBody"])["messages"]
