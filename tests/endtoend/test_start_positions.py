"""Where reading begins: the event at the position and all after it, none before it; a checkpoint always wins."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from plugins.daemon import Documents, Job
from plugins.feeding import feed, make_record
from plugins.policy_file import input_of, stream_of, write_policy_file

from collector.emulators.event_hubs import EventHubsEmulator, Hub

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
PARTITIONS = 2
EVENTS = 6
"""A partition. They lie a second apart from noon on, in both partitions alike."""


def append(hub: EventHubsEmulator, name: str, partition: int, number: int) -> None:
    body = json.dumps({"records": [make_record(f"{name}-{partition}-{number}")]}).encode()
    hub.append(name, str(partition), body, enqueued_time=NOON + timedelta(seconds=number))


def ids(name: str, first: dict[int, int]) -> set[str]:
    """The ids of the events from the first one wanted on, by partition."""
    return {f"{name}-{partition}-{number}" for partition, start in first.items() for number in range(start, EVENTS)}


CASES: dict[str, tuple[Any, dict[int, int]]] = {
    "by-default": (None, {0: 0, 1: 0}),
    "earliest": ("earliest", {0: 0, 1: 0}),
    "time": ("2026-11-01T12:00:03Z", {0: 3, 1: 3}),
    "time-of-another-zone": ("2026-11-01T14:00:03+02:00", {0: 3, 1: 3}),
    "time-between": ("2026-11-01T12:00:02.0001Z", {0: 3, 1: 3}),
    "first-number": (0, {0: 0, 1: 0}),
    "number": (4, {0: 4, 1: 4}),
    "number-as-text": ("4", {0: 4, 1: 4}),
    "by-partition": ({"0": 5, "1": "2026-11-01T12:00:01Z"}, {0: 5, 1: 1}),
    "one-partition-named": ({"1": 5}, {0: 0, 1: 5}),
    "next-number": (EVENTS, {0: EVENTS, 1: EVENTS}),
}


async def test_reading_begins_with_the_event_at_the_position(
    engine_namespace: str, engine_url: str, documents: Documents, job: Job, tmp_path: Path
) -> None:
    async with EventHubsEmulator([Hub(name, PARTITIONS) for name in CASES]) as hub:
        for name in CASES:
            for number in range(PARTITIONS * EVENTS):
                append(hub, name, number % PARTITIONS, number // PARTITIONS)
        streams = [stream_of(hub, name, processor_start_position=start) for name, (start, _) in CASES.items()]
        write_policy_file(job.policy, engine_url, [input_of(engine_namespace, *streams)])
        daemon = await job.start()
        wanted = {name: ids(name, first) for name, (_, first) in CASES.items()}
        await documents.wait_for("aoai.logs", sum(len(each) for each in wanted.values()))
        assert await daemon.stop() == 0
    found: dict[str, set[str]] = {name: set() for name in CASES}
    for document in await documents.sources("aoai.logs"):
        found[document["azure"]["eventhub"]].add(document["azure"]["open_ai"]["correlation_id"])
    assert found == wanted


async def test_latest_delivers_what_comes_after_the_start_and_nothing_before(job: Job, documents: Documents) -> None:
    before = feed(job.hub, events=8, per_event=5)
    job.write_policy(processor_start_position="latest")
    daemon = await job.start()
    await daemon.wait_to_say("partition claimed")
    after: set[str] = set()
    async with asyncio.timeout(30):
        while await documents.count("aoai.logs") == 0:  # the daemon does not say when its links are open
            after |= feed(job.hub, events=4, per_event=1)
            await asyncio.sleep(0.1)
    assert await daemon.stop() == 0
    found = set(await documents.values("aoai.logs", "azure.open_ai.correlation_id"))
    assert found <= after
    assert not found & before


async def test_a_checkpoint_wins_over_the_start_position(job: Job, documents: Documents) -> None:
    fed = feed(job.hub, events=8, per_event=2)
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(fed))
    assert await daemon.stop() == 0
    fed |= feed(job.hub, events=8, per_event=2)
    job.write_policy(processor_start_position="latest")
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(fed))
    assert await daemon.stop() == 0
    assert daemon.last_counts["already_there"] == 0
    assert set(await documents.values("aoai.logs", "azure.open_ai.correlation_id")) == fed
