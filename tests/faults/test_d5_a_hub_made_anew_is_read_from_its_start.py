"""D5 of the guarantees: a hub that was deleted and made anew is read from its start, and nothing of it counts twice."""

import pytest
from plugins.azurite import Azurite
from plugins.daemon import HUB, Documents, Job
from plugins.feeding import feed


async def run_over_a_new_hub(job: Job, documents: Documents) -> None:
    old = feed(job.hub, events=40, per_event=5)
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(old))
    assert await daemon.stop() == 0
    job.hub.recreate(HUB)
    new = feed(job.hub, events=8, per_event=5)
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(old) + len(new))
    assert await daemon.stop() == 0
    assert (daemon.last_counts["indexed"], daemon.last_counts["already_there"]) == (len(new), 0)
    assert (
        len(
            daemon.said(
                "checkpoint lies beyond the end of its partition: the hub was made anew, "
                "reading from the start position"
            )
        )
        == 4
    )
    daemon = await job.start()
    newest = feed(job.hub, events=4, per_event=5)
    await documents.wait_for("aoai.logs", len(old) + len(new) + len(newest))
    assert await daemon.stop() == 0
    assert daemon.last_counts["received"] == len(newest)


async def test_with_checkpoints_on_this_machine(job: Job, documents: Documents) -> None:
    await run_over_a_new_hub(job, documents)


@pytest.mark.azurite
async def test_with_checkpoints_in_a_container(job: Job, documents: Documents, azurite: Azurite) -> None:
    job.write_policy(
        storage_account_connection_string=azurite.connection_string, storage_account_container=f"d5-{id(job)}"
    )
    await run_over_a_new_hub(job, documents)
