"""A hub that drops events before the collector has read them: how many is told, and the rest goes on."""

import json

from plugins.daemon import HUB, Documents, Job
from plugins.feeding import make_record

from collector.emulators.event_hubs import EventHubsEmulator, Hub

KEPT_BYTES = 20_000


def fill(hub: EventHubsEmulator, events: range) -> None:
    for number in events:
        hub.append(HUB, "0", json.dumps({"records": [make_record(f"call-{number}")]}).encode())


async def test_what_the_hub_dropped_while_the_collector_was_away_is_counted_and_said(
    job: Job, documents: Documents
) -> None:
    async with EventHubsEmulator([Hub(HUB, 1, retention_bytes=KEPT_BYTES)]) as hub:
        job.hub = hub
        job.write_policy(processor_update_interval="1s")
        fill(hub, range(5))
        daemon = await job.start()
        await daemon.wait_to_settle(5)
        assert (await daemon.scrape()).value("collector_partition_lost_events_total") == 0
        assert await daemon.stop() == 0

        fill(hub, range(5, 205))
        daemon = await job.start()
        said = await daemon.wait_to_say("events are lost: the event hub dropped them before they were received")
        lost = int(said["events"])
        assert 0 < lost < 200
        await daemon.wait_to_settle(200 - lost)
        assert (await daemon.scrape()).value("collector_partition_lost_events_total", partition="0") == lost
        assert await daemon.stop() == 0
    calls = await documents.values("aoai.logs", "azure.open_ai.correlation_id")
    assert sorted(calls) == sorted(f"call-{number}" for number in [*range(5), *range(5 + lost, 205)])
