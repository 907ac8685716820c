"""What the hub said of itself is used once and while it is fresh; otherwise the hub is asked. All trust the same."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from azure.eventhub._pyamqp.aio._transport_async import AsyncTransport

from collector.emulators.event_hubs import EventHubsEmulator, Hub
from collector.inputs.event_hub.connection import connect
from collector.inputs.event_hub.hub_client import HubClient
from collector.policy import EventHubStream
from collector.state.sqlite import SqliteCheckpointStore


@pytest.fixture
async def emulator() -> AsyncIterator[EventHubsEmulator]:
    async with EventHubsEmulator([Hub("hub", 2)]) as running:
        yield running


@pytest.fixture
async def client(emulator: EventHubsEmulator) -> AsyncIterator[HubClient]:
    made = HubClient.from_connection_string(emulator.connection_string(), "$Default", eventhub_name="hub")
    assert isinstance(made, HubClient)
    async with made:
        yield made


async def test_what_was_told_with_the_partitions_is_used_once(emulator: EventHubsEmulator, client: HubClient) -> None:
    before = (await client.get_eventhub_properties())["created_at"]
    assert sorted(await client.get_partition_ids()) == ["0", "1"]
    emulator.recreate("hub")

    assert (await client.get_eventhub_properties())["created_at"] == before
    assert (await client.get_eventhub_properties())["created_at"] > before


async def test_what_was_told_long_ago_is_not_used(
    emulator: EventHubsEmulator, client: HubClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (await client.get_eventhub_properties())["created_at"]
    await client.get_partition_ids()
    emulator.recreate("hub")
    monkeypatch.setattr("collector.inputs.event_hub.hub_client._FRESH_SECONDS", 0.0)

    assert (await client.get_eventhub_properties())["created_at"] > before


async def test_all_connections_of_a_stream_share_one_context(
    emulator: EventHubsEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK makes one for each connection, with all authorities in it: 18 ms and 0.7 MiB."""
    contexts: list[Any] = []
    build = AsyncTransport._build_ssl_opts

    def note(transport: AsyncTransport, options: Any) -> Any:
        contexts.append(build(transport, options))
        return contexts[-1]

    monkeypatch.setattr(AsyncTransport, "_build_ssl_opts", note)
    stream = EventHubStream.model_validate(
        {"id": "x", "eventhub": "hub", "connection_string": emulator.connection_string()}
    )
    store = SqliteCheckpointStore(tmp_path)
    connection = connect(stream, store)
    for partition in ("0", "1"):
        await connection.client.get_partition_properties(partition)
    await connection.close()
    store.close()

    assert len(contexts) == 2
    assert contexts[0] is contexts[1]
    assert isinstance(contexts[0], ssl.SSLContext)
