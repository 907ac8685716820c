"""Several daemons on one hub: checkpoints in a Blob container, partitions shared and handed over."""

from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest
from azure.storage.blob.aio import ContainerClient
from plugins.azurite import Azurite
from plugins.daemon import PARTITIONS, Documents, Job
from plugins.feeding import feed


@pytest.mark.azurite
async def test_two_daemons_share_the_partitions_and_the_second_goes_on_when_the_first_ends(
    job: Job, documents: Documents, azurite: Azurite, tmp_path: Path
) -> None:
    container = f"test-{uuid4().hex[:12]}"
    job.write_policy(
        storage_account_connection_string=azurite.connection_string,
        storage_account_container=container,
        processor_update_interval="1s",
    )
    fed = feed(job.hub, events=40, per_event=10)
    first = await job.start(data=tmp_path / "first")
    await documents.wait_for("aoai.logs", len(fed))
    second = await job.start(data=tmp_path / "second")
    await second.wait_to_say("partition claimed")
    fed |= feed(job.hub, events=40, per_event=10)
    await documents.wait_for("aoai.logs", len(fed))
    assert await first.stop() == 0
    fed |= feed(job.hub, events=40, per_event=10)
    await documents.wait_for("aoai.logs", len(fed))
    assert await second.stop() == 0
    found = Counter(await documents.values("aoai.logs", "azure.open_ai.correlation_id"))
    assert found == Counter(fed)
    assert {line["azure"]["partition_id"] for line in second.said("partition claimed")} == {
        str(number) for number in range(PARTITIONS)
    }
    assert await blob_names(azurite, container) == {
        f"localhost/hub/$default/{kind}/{number}"
        for kind in ("checkpoint", "ownership")
        for number in range(PARTITIONS)
    }


async def blob_names(azurite: Azurite, container: str) -> set[str]:
    """What lies in the container; the emulator's port is left out of the names."""
    async with ContainerClient.from_connection_string(azurite.connection_string, container) as client:
        names = [blob.name async for blob in client.list_blobs()]
    return {"/".join([name.partition("/")[0].partition(":")[0], name.partition("/")[2]]) for name in names}
