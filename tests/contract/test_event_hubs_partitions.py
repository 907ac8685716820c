"""Partitions and their keys, beyond what a client shows of them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from azure.eventhub._buffered_producer._partition_resolver import generate_hash_code
from hypothesis import given
from hypothesis import strategies as st

from collector.emulators.event_hubs import EventHubsEmulator, Hub
from collector.emulators.event_hubs.command import serve
from collector.emulators.event_hubs.messages import build_content
from collector.emulators.event_hubs.partition_keys import choose_partition, hash_partition_key
from collector.emulators.event_hubs.partition_log import PartitionLog


@given(st.text(st.characters(max_codepoint=127)))
def test_partition_keys_hash_as_in_the_sdk(key: str) -> None:
    assert hash_partition_key(key) == generate_hash_code(key)


@given(st.text(), st.integers(1, 32))
def test_every_key_has_a_partition(key: str, partitions: int) -> None:
    assert 0 <= choose_partition(key, partitions) < partitions


@given(st.lists(st.integers(0, 3000), max_size=60), st.integers(1, 6000))
def test_a_partition_holds_the_newest_events_that_fit(sizes: list[int], retention: int) -> None:
    log = PartitionLog("0", retention)
    events = [log.append(build_content(bytes(size), None, None), 0) for size in sizes]
    held = []
    for number in range(log.first_sequence_number, log.next_sequence_number):
        event = log.event_at(number)
        assert event is events[number]
        held.append(len(event.encoded))
    assert log.next_sequence_number == len(sizes)
    assert bool(held) == bool(sizes)
    assert sum(held) <= retention or len(held) == 1
    if log.first_sequence_number:
        assert sum(held) + len(events[log.first_sequence_number - 1].encoded) > retention
        assert log.event_at(0) is events[log.first_sequence_number]  # a late reader goes on with the oldest held


@given(st.lists(st.integers(0, 300), min_size=1, max_size=30), st.data())
def test_an_offset_is_found_again(sizes: list[int], data: st.DataObject) -> None:
    log = PartitionLog("0", 10**9)
    events = [log.append(build_content(bytes(size), None, None), 0) for size in sizes]
    event = data.draw(st.sampled_from(events))
    assert log.sequence_number_from_offset(event.offset, inclusive=True) == event.sequence_number
    assert log.sequence_number_from_offset(event.offset, inclusive=False) == event.sequence_number + 1


def test_a_time_is_found_even_if_events_came_out_of_order() -> None:
    log = PartitionLog("0", 10**9)
    for enqueued_ms in (10, 30, 20, 40):
        log.append(build_content(b"", None, None), enqueued_ms)
    assert log.sequence_number_from_time(20, inclusive=False) == 1
    assert log.sequence_number_from_time(40, inclusive=True) == 3
    assert log.sequence_number_from_time(40, inclusive=False) == 4


async def test_an_event_can_be_given_its_time() -> None:
    async with EventHubsEmulator([Hub("hub", 1)]) as emulator:
        first = emulator.append("hub", "0", b"x", enqueued_time=datetime.now(UTC) - timedelta(days=1))
        assert first == 0
        assert emulator.append("HUB", "0", b"y") == 1
        assert emulator.last_sequence_number("hub", "0") == 1


async def test_the_command_announces_where_clients_connect() -> None:
    announced: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        server = tasks.create_task(serve([Hub("hub")], "127.0.0.1", 0, announced.put_nowait))
        parts = dict(part.split("=", 1) for part in (await announced.get()).split(";"))
        port = int(parts["Endpoint"].rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        server.cancel()
    assert parts["EntityPath"] == "hub"
    assert parts["UseDevelopmentEmulator"] == "true"
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)
