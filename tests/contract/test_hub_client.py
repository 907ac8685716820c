"""What the hub said of itself is used once and while it is fresh; otherwise the hub is asked."""

from collections.abc import AsyncIterator

import pytest

from collector.emulators.event_hubs import EventHubsEmulator, Hub
from collector.inputs.event_hub.hub_client import HubClient


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
