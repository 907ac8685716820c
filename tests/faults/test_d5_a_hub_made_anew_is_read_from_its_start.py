"""D5 of the guarantees: a hub that was deleted and made anew is read from its start, and nothing of it counts twice."""

import pytest
from plugins.azurite import Azurite
from plugins.daemon import HUB, PARTITIONS, Documents, Job
from plugins.feeding import feed, lost_and_extra

OLD_EVENTS = 40
GROWTH = pytest.mark.parametrize(
    "new_events",
    [
        pytest.param(OLD_EVENTS // 5, id="it ends before its checkpoints"),
        pytest.param(OLD_EVENTS * 2, id="it has grown past its checkpoints"),
    ],
)


async def run_over_a_new_hub(job: Job, documents: Documents, new_events: int) -> None:
    old = feed(job.hub, events=OLD_EVENTS, per_event=5)
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(old))
    assert await daemon.stop() == 0

    job.hub.recreate(HUB)
    new = feed(job.hub, events=new_events, per_event=5)
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(old | new))
    assert await daemon.stop() == 0
    assert (daemon.last_counts["indexed"], daemon.last_counts["already_there"]) == (len(new), 0)
    said = daemon.said("checkpoint is of a hub that was deleted and made anew since: reading from the start position")
    assert {line["azure"]["partition_id"] for line in said} == {str(number) for number in range(PARTITIONS)}

    newest = feed(job.hub, events=4, per_event=5)
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(old | new | newest))
    assert await daemon.stop() == 0
    assert daemon.last_counts["received"] == len(newest)
    assert await lost_and_extra(documents, old | new | newest) == (0, 0)


@GROWTH
async def test_with_checkpoints_on_this_machine(job: Job, documents: Documents, new_events: int) -> None:
    await run_over_a_new_hub(job, documents, new_events)


@pytest.mark.azurite
@GROWTH
async def test_with_checkpoints_in_a_container(
    job: Job, documents: Documents, azurite: Azurite, new_events: int
) -> None:
    job.write_policy(
        storage_account_connection_string=azurite.connection_string, storage_account_container=f"d5-{id(job)}"
    )
    await run_over_a_new_hub(job, documents, new_events)
