"""The daemon goes on where a client of another language stopped, and that client where the daemon stopped."""

from collections import Counter
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from azure.storage.blob.aio import ContainerClient
from plugins.azurite import Azurite
from plugins.daemon import HUB, PARTITIONS, Documents, Job
from plugins.feeding import feed
from plugins.foreign_clients import ForeignClient

from collector.emulators.event_hubs import EventHubsEmulator, Hub

GROUP = "second"  # in lower case, since the Go client looks up checkpoints by the name as it stands
LAST_CHECKPOINT = 5
NAMES = [str(number) for number in range(PARTITIONS)]
WHOLE = {name: list(range(10)) for name in NAMES}
NEW = {name: [10, 11, 12] for name in NAMES}


@pytest.fixture
async def hub() -> AsyncIterator[EventHubsEmulator]:
    """An emulator with one empty hub and a second consumer group."""
    async with EventHubsEmulator([Hub(HUB, PARTITIONS, ("$Default", GROUP))]) as emulator:
        yield emulator


@pytest.mark.azurite
@pytest.mark.engine
async def test_the_daemon_and_a_foreign_client_take_over_from_each_other(
    job: Job, documents: Documents, azurite: Azurite, foreign_client: ForeignClient
) -> None:
    container = f"test-{uuid4().hex[:12]}"
    # The port goes by the custom endpoint: the namespace has none in its name then, as in Azure.
    text, endpoint = job.hub.connection_string().replace(f":{job.hub.port}", ""), f"localhost:{job.hub.port}"
    job.write_policy(
        connection_string=text,
        custom_endpoint_address=endpoint,
        consumer_group=GROUP,
        storage_account_connection_string=azurite.connection_string,
        storage_account_container=container,
    )
    request = {
        "connectionString": text,
        "endpoint": endpoint,
        "hub": HUB,
        "group": GROUP,
        "storage": azurite.connection_string,
        "container": container,
        "checkpointUpTo": LAST_CHECKPOINT,
    }
    async with ContainerClient.from_connection_string(azurite.connection_string, container) as storage:
        await storage.create_container()

    feed(job.hub, events=(LAST_CHECKPOINT + 1) * PARTITIONS, per_event=3)
    behind = feed(job.hub, events=4 * PARTITIONS, per_event=3)
    async with foreign_client.start("process", request) as client:
        await client.wait_until(lambda: client.received() == WHOLE)
        await client.finish()

    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(behind))
    assert await daemon.stop() == 0
    assert Counter(await documents.values("aoai.logs", "azure.open_ai.correlation_id")) == Counter(behind)

    feed(job.hub, events=3 * PARTITIONS, per_event=1)
    async with foreign_client.start("process", request) as client:
        await client.wait_until(lambda: all(client.received().get(name, [0])[-1] == 12 for name in NAMES))
        await client.finish()
        assert client.received() == NEW
