"""What `check` says of an event hub and of those who read it; the hub is the emulator, the readers real SDK clients."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from azure.eventhub.aio import EventHubConsumerClient
from azure.storage.blob.aio import ContainerClient
from plugins.azure_sdk import SDK_HABITS
from plugins.azurite import Azurite
from plugins.checking import CheckReport, make_policy
from plugins.policy_file import stream_of

from collector.check import Outcome, Row, run_probes
from collector.check.checkpoints import probe_checkpoints
from collector.check.event_hubs import probe_hub
from collector.emulators.event_hubs import EventHubsEmulator, Hub, OperationKind
from collector.inputs.event_hub.connection import connect
from collector.state.sqlite import SqliteCheckpointStore

PARTITIONS = 2
pytestmark = [*SDK_HABITS]


@pytest.fixture
async def hub() -> AsyncIterator[EventHubsEmulator]:
    async with EventHubsEmulator([Hub("hub", PARTITIONS)]) as emulator:
        yield emulator


async def look_at_hub(folder: Path, stream: dict[str, Any]) -> CheckReport:
    """Look at the hub and the checkpoints of a policy with this stream."""
    (_, loaded), *_ = make_policy(folder, stream).streams()
    data = folder / "data"
    return CheckReport(await run_probes([probe_hub(loaded, data), probe_checkpoints(loaded, data)]))


@asynccontextmanager
async def reading(client: EventHubConsumerClient, **options: Any) -> AsyncIterator[asyncio.Queue[bytes]]:
    """Read every partition from its start until the block ends."""
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(_: object, event: Any) -> None:
        if event is not None:
            await arrived.put(event.body_as_str().encode())

    task = asyncio.create_task(client.receive(take, starting_position="-1", **options))
    try:
        yield arrived
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def read_everywhere(hub: EventHubsEmulator, arrived: asyncio.Queue[bytes]) -> None:
    """Return when each partition is read: an event of each has come."""
    for partition in range(PARTITIONS):
        hub.append("hub", str(partition), b"before")
    async with asyncio.timeout(60):
        for _ in range(PARTITIONS):
            assert await arrived.get() == b"before"


@asynccontextmanager
async def other_program(hub: EventHubsEmulator, **options: Any) -> AsyncIterator[asyncio.Queue[bytes]]:
    """A program that reads the hub and shares nothing with us."""
    client = EventHubConsumerClient.from_connection_string(hub.connection_string("hub"), "$Default")
    async with client, reading(client, **options) as arrived:
        await read_everywhere(hub, arrived)
        yield arrived


async def test_a_hub_that_nobody_reads_is_ok_and_nothing_but_to_listen_is_asked_of_it(
    hub: EventHubsEmulator, tmp_path: Path
) -> None:
    report = await look_at_hub(tmp_path, stream_of(hub, "hub"))

    assert report.one(Row.EVENT_HUB).what == "hub has 2 partitions"
    assert report.one(Row.CONSUMER_GROUP).what == "$Default may be read; nobody reads it with an epoch"
    assert {report.one(row).outcome for row in (Row.EVENT_HUB, Row.CONSUMER_GROUP)} == {Outcome.OK}
    kinds = {operation.kind for operation in hub.journal}
    assert kinds == {OperationKind.PUT_TOKEN, OperationKind.READ_HUB, OperationKind.RECEIVE}


async def test_a_hub_that_is_not_there_fails_with_its_name(hub: EventHubsEmulator, tmp_path: Path) -> None:
    report = await look_at_hub(tmp_path, stream_of(hub, "gone"))

    found = report.one(Row.EVENT_HUB)
    assert (found.outcome, found.what) == (Outcome.FAILED, "there is no hub gone")
    assert found.fix == "Check eventhub, and whether localhost is the namespace that has it."
    group = report.one(Row.CONSUMER_GROUP)
    assert (group.outcome, group.what) == (Outcome.NOT_RUN, "event hub failed")


async def test_a_consumer_group_that_is_not_there_fails(hub: EventHubsEmulator, tmp_path: Path) -> None:
    report = await look_at_hub(tmp_path, stream_of(hub, "hub", consumer_group="aoai"))

    found = report.one(Row.CONSUMER_GROUP)
    assert (found.outcome, found.what) == (Outcome.FAILED, "there is no consumer group aoai")
    assert "consumer-group create" in found.fix
    assert report.one(Row.EVENT_HUB).outcome is Outcome.OK


async def test_a_login_that_may_not_read_fails_with_the_role_to_give(tmp_path: Path) -> None:
    async with EventHubsEmulator([Hub("hub", 1)], authorize=lambda *_: False) as closed:
        report = await look_at_hub(tmp_path, stream_of(closed, "hub"))

    found = report.one(Row.EVENT_HUB)
    assert found.outcome is Outcome.FAILED
    assert found.what.startswith("the namespace refuses the login")
    assert "Azure Event Hubs Data Receiver" in found.fix


async def test_another_program_with_an_epoch_fails_and_goes_on_reading(hub: EventHubsEmulator, tmp_path: Path) -> None:
    async with other_program(hub, owner_level=0) as arrived:
        report = await look_at_hub(tmp_path, stream_of(hub, "hub"))
        hub.append("hub", "1", b"after")
        async with asyncio.timeout(60):
            assert await arrived.get() == b"after"

    found = report.one(Row.CONSUMER_GROUP)
    assert found.outcome is Outcome.FAILED
    assert found.what.startswith("another program reads partitions 0, 1 in the consumer group $Default")
    assert found.fix.startswith("Give the collector a consumer group of its own")


async def test_programs_without_an_epoch_are_not_disturbed_and_five_leave_no_room(
    hub: EventHubsEmulator, tmp_path: Path
) -> None:
    clients = [EventHubConsumerClient.from_connection_string(hub.connection_string("hub"), "$Default") for _ in "12345"]
    arrived: asyncio.Queue[tuple[int, str]] = asyncio.Queue()

    def start(number: int) -> asyncio.Task[None]:
        async def take(_: object, event: Any) -> None:
            await arrived.put((number, event.body_as_str()))

        return asyncio.create_task(clients[number].receive(take, partition_id="0", starting_position="-1"))

    async def expect(body: str, *numbers: int) -> None:
        async with asyncio.timeout(60):
            assert {await arrived.get() for _ in numbers} == {(number, body) for number in numbers}

    hub.append("hub", "0", b"before")
    tasks = [start(number) for number in range(4)]
    try:
        await expect("before", 0, 1, 2, 3)
        with_four = await look_at_hub(tmp_path, stream_of(hub, "hub"))
        tasks.append(start(4))
        await expect("before", 4)
        with_five = await look_at_hub(tmp_path, stream_of(hub, "hub"))
        hub.append("hub", "0", b"after")
        await expect("after", 0, 1, 2, 3, 4)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(each.close() for each in clients))

    assert with_four.one(Row.CONSUMER_GROUP).outcome is Outcome.OK
    found = with_five.one(Row.CONSUMER_GROUP)
    assert found.outcome is Outcome.FAILED
    assert found.what == "$Default has five readers of other programs already, as many as Event Hubs allows"


async def test_a_collector_of_this_data_folder_is_no_other_program(hub: EventHubsEmulator, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (_, stream), *_ = make_policy(tmp_path, stream_of(hub, "hub")).streams()
    store = SqliteCheckpointStore(folder)
    connection = connect(stream, store)
    try:
        async with reading(connection.client) as arrived:
            await read_everywhere(hub, arrived)
            report = await look_at_hub(tmp_path, stream_of(hub, "hub"))
    finally:
        await connection.close()
        store.close()

    assert report.one(Row.CONSUMER_GROUP).what == "$Default may be read; a collector reads 2 of 2 partitions"
    assert report.one(Row.CHECKPOINTS).what == f"data folder {folder}, a collector works on it"


async def test_a_collector_that_shares_the_container_is_no_other_program(
    hub: EventHubsEmulator, azurite: Azurite, tmp_path: Path
) -> None:
    container = f"shared-{hub.port}"
    keys = {"storage_account_connection_string": azurite.connection_string, "storage_account_container": container}
    (_, stream), *_ = make_policy(tmp_path, stream_of(hub, "hub", **keys)).streams()
    async with ContainerClient.from_connection_string(azurite.connection_string, container) as blobs:
        await blobs.create_container()
    connection = connect(stream, None)
    try:
        async with reading(connection.client) as arrived:
            await read_everywhere(hub, arrived)
            report = await look_at_hub(tmp_path, stream_of(hub, "hub", **keys))
    finally:
        await connection.close()

    assert report.one(Row.CONSUMER_GROUP).what == "$Default may be read; a collector reads 2 of 2 partitions"
    assert report.one(Row.CHECKPOINTS).what == f"container {container} can be written and listed"
