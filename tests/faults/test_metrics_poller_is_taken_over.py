"""Two collectors, one poller: when it dies the other one polls within 60 seconds, and no minute is lost or doubled."""

import uuid

import pytest
from azure.storage.blob.aio import BlobLeaseClient, ContainerClient
from plugins.azure_sdk import SDK_HABITS
from plugins.azurite import Azurite
from plugins.metrics_job import EAST, MetricsJob

pytestmark = [*SDK_HABITS, pytest.mark.azurite]


async def test_a_dead_poller_is_replaced(metrics_job: MetricsJob, azurite: Azurite, *, full_size: bool) -> None:
    """At full size the lease runs out by itself; else it is ended, as its expiry does."""
    name = f"m{uuid.uuid4().hex}"
    account = {"storage_account_connection_string": azurite.connection_string, "storage_account_container": name}
    metrics_job.write_policy(**account)
    first = await metrics_job.job.start(data=metrics_job.job.data / "first")
    await metrics_job.wait_for_the_first_round(first)
    second = await metrics_job.job.start(data=metrics_job.job.data / "second")
    await second.wait_to_say("stream starts")
    await first.kill()
    assert second.said("resources to poll") == []

    if not full_size:
        async with ContainerClient.from_connection_string(azurite.connection_string, name) as container:
            await end_every_lease(container)
    await second.wait_to_say("resources to poll")  # within the 60 s that are promised, or this fails
    await metrics_job.wait_for_the_first_round(second)
    assert await second.stop() == 0

    found = await metrics_job.read()
    told, true = metrics_job.requests(found, EAST)
    assert told == true


async def end_every_lease(container: ContainerClient) -> None:
    async for blob in container.list_blobs():
        if blob.name.endswith("/poller"):
            await BlobLeaseClient(container.get_blob_client(blob.name)).break_lease(0)
