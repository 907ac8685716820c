"""D16 of the guarantees: 100 % packet loss for 10 s in every 30 s, on the way to the hub, to Elasticsearch and to Blob
storage, loses nothing and doubles nothing; nor does a reply that is lost after the server has indexed.

The schedule is that of Azure's own stress test (azure-sdk-for-python, ``sdk/eventhub/azure-eventhub/stress/templates/
network_loss.yaml``). At full size it runs for 10 minutes a side; else each loss ends when it has hit something.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from plugins.azurite import Azurite
from plugins.daemon import PARTITIONS, Daemon, Documents, Job
from plugins.fault_proxy import FaultProxy
from plugins.feeding import feed, lost_and_extra

LOSS_SECONDS, CALM_SECONDS, ROUNDS = 10, 20, 20
QUICK: dict[str, Any] = {"backoff": {"init": "10ms", "max": "1s"}}


@pytest.mark.azurite
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("side", ["hub", "elasticsearch", "storage"])
async def test_packets_lost_on_the_way_cost_nothing(
    job: Job, documents: Documents, azurite: Azurite, side: str, full_size: bool
) -> None:
    fed: set[str] = set()
    async with AsyncExitStack() as stack:
        targets = {"hub": job.hub.port, "elasticsearch": job.url, "storage": azurite.port}
        way = {name: await stack.enter_async_context(FaultProxy(target)) for name, target in targets.items()}
        hub = job.hub.connection_string().replace(f":{job.hub.port};", f":{way['hub'].port};")
        job.write_policy(
            output={"hosts": [way["elasticsearch"].url()]} | QUICK,
            connection_string=hub,
            processor_update_interval="1s",
            storage_account_connection_string=Azurite(way["storage"].port).connection_string,
            storage_account_container=f"d16-{id(job)}",
        )
        daemon = await job.start()
        fed |= feed(job.hub, events=20, per_event=5)
        await documents.wait_for("aoai.logs", len(fed))
        for _ in range(ROUNDS if full_size else 2):
            way[side].hold()
            fed |= feed(job.hub, events=20, per_event=5)
            await (asyncio.sleep(LOSS_SECONDS) if full_size else way[side].holds_something())
            way[side].release()
            fed |= feed(job.hub, events=20, per_event=5)
            if full_size:
                await asyncio.sleep(CALM_SECONDS)
            await documents.wait_for("aoai.logs", len(fed))
        assert await daemon.stop() == 0

    assert await lost_and_extra(documents, fed) == (0, 0)
    assert daemon.last_counts["in_flight"] == 0


async def close_the_windows(job: Job, daemon: Daemon, fed: set[str]) -> None:
    """Feed until an event of each partition is written without a look-up, which would wait for its reply first."""
    before, looked_up = -1.0, 0.0
    while looked_up > before:
        fed |= feed(job.hub, events=PARTITIONS, per_event=1)
        await daemon.wait_to_settle(len(fed))
        before = looked_up
        looked_up = (await daemon.scrape()).value("collector_lookup_requests_total", output="default")


async def test_a_reply_that_is_lost_after_the_server_has_indexed_adds_no_document(
    job: Job, documents: Documents
) -> None:
    async with FaultProxy(job.url) as engine:
        job.write_policy(output={"hosts": [engine.url()], "timeout": "2s"} | QUICK)
        daemon = await job.start()
        await daemon.wait_to_share()  # whoever claims a partition looks up first what another may have written
        before = feed(job.hub, events=20, per_event=5)
        await daemon.wait_to_settle(len(before))  # a look-up in a data stream that does not exist yet is not counted
        await close_the_windows(job, daemon, before)
        engine.hold(requests=False)
        fed = before | feed(job.hub, events=20, per_event=5)
        await documents.wait_for("aoai.logs", len(fed))
        while len(daemon.said("Elasticsearch cannot be reached")) < job.workers:
            await daemon.wait_for_news()
        engine.release()
        while len(daemon.said("recovered")) < job.workers:
            await daemon.wait_for_news()
        assert await daemon.stop() == 0

    assert await lost_and_extra(documents, fed) == (0, 0)
    counts = daemon.last_counts
    assert counts["received"] == counts["indexed"] + counts["already_there"] == len(fed)
    assert counts["already_there"] >= len(fed - before)
