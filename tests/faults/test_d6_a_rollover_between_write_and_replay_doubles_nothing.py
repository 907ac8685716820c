"""D6 of the guarantees: a rollover between a write and its replay doubles nothing, and costs nothing at other times."""

import random

import pytest
from elasticsearch import AsyncElasticsearch
from plugins.bulk_gate import BulkGate
from plugins.daemon import Documents, Job
from plugins.feeding import feed, lost_and_extra

_SEED = 20261123
_PER_EVENT = 25


async def roll_over(engine_url: str, documents: Documents) -> None:
    """Give the records' data stream a new write index."""
    async with AsyncElasticsearch(engine_url, request_timeout=60) as client:
        await client.indices.rollover(alias=f"logs-aoai.logs-{documents.namespace}")


async def count_backing_indices(engine_url: str, documents: Documents) -> int:
    async with AsyncElasticsearch(engine_url) as client:
        streams = await client.indices.get_data_stream(name=f"logs-aoai.logs-{documents.namespace}")
    return len(streams["data_streams"][0]["indices"])


@pytest.mark.timeout(1800)
async def test_kills_with_a_rollover_each_lose_nothing_and_double_nothing(
    job: Job, documents: Documents, engine_url: str, full_size: bool
) -> None:
    kills, records = (20, 100_000) if full_size else (5, 10_000)
    source = random.Random(_SEED)
    job.write_policy(output={"bulk_max_size": 200})
    fed: set[str] = set()
    for kill in range(kills):
        before = len(fed)
        fed |= feed(job.hub, records // kills // _PER_EVENT, _PER_EVENT)
        daemon = await job.start()
        if kill % 2:  # this index ages while its reader looks what is there
            await daemon.wait_to_say("partition claimed")
            await roll_over(engine_url, documents)
        await documents.wait_for("aoai.logs", before + source.randrange(1, len(fed) - before))
        await daemon.kill()
        if kill % 2 == 0:  # and this one while nobody reads
            await roll_over(engine_url, documents)
    fed |= feed(job.hub, 40, _PER_EVENT)
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(fed))
    assert await daemon.stop() == 0

    assert await count_backing_indices(engine_url, documents) == kills + 1
    assert await lost_and_extra(documents, fed) == (0, 0)


async def test_the_records_that_come_again_are_found_in_the_index_before(
    job: Job, documents: Documents, engine_url: str
) -> None:
    fed = feed(job.hub, 80, _PER_EVENT)
    job.write_policy(processor_update_interval="10m")
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(fed))
    await daemon.kill()
    await roll_over(engine_url, documents)

    daemon = await job.start()
    fed |= feed(job.hub, 40, _PER_EVENT)
    await documents.wait_for("aoai.logs", len(fed))
    assert await daemon.stop() == 0
    counts = daemon.last_counts
    assert (counts["received"], counts["already_there"], counts["indexed"]) == (3000, 2000, 1000)
    assert counts["found_by_lookup"] == 2000
    assert await lost_and_extra(documents, fed) == (0, 0)


async def test_without_the_right_to_look_no_more_is_doubled_than_was_written_after_the_last_checkpoint(
    job: Job, documents: Documents, engine_url: str
) -> None:
    async with BulkGate(engine_url) as gate:
        gate.refused_paths = ("_mget",)
        job.write_policy(output={"hosts": [gate.url]}, processor_update_interval="1s")
        fed = feed(job.hub, 80, _PER_EVENT)
        daemon = await job.start()
        await documents.wait_for("aoai.logs", len(fed))
        assert await daemon.stop() == 0
        after = feed(job.hub, 40, _PER_EVENT)
        job.write_policy(output={"hosts": [gate.url]}, processor_update_interval="10m")
        daemon = await job.start()
        await documents.wait_for("aoai.logs", len(fed | after))
        await daemon.kill()
        await roll_over(engine_url, documents)

        daemon = await job.start()
        news = feed(job.hub, 4, _PER_EVENT)
        await documents.wait_for("aoai.logs", len(fed | after | news))
        await daemon.wait_to_settle(len(after | news))
        assert await daemon.stop() == 0
    said = daemon.said("what is there already cannot be looked up: records written before a rollover may be doubled")[0]
    assert "read and view_index_metadata" in said["error"]["message"]
    assert await lost_and_extra(documents, fed | after | news) == (0, len(after))


async def test_outside_the_replay_window_nothing_is_looked_up(job: Job, documents: Documents, engine_url: str) -> None:
    async with BulkGate(engine_url) as gate:
        job.write_policy(output={"hosts": [gate.url]})
        fed = feed(job.hub, 4, _PER_EVENT)
        daemon = await job.start()
        await documents.wait_for("aoai.logs", len(fed))
        await daemon.wait_to_settle(len(fed))
        while gate.others:  # each window closes when the end of its partition is known
            gate.others.clear()
            fed |= feed(job.hub, 4, 1)
            await daemon.wait_to_settle(len(fed))

        fed |= feed(job.hub, 80, _PER_EVENT)
        await documents.wait_for("aoai.logs", len(fed))
        await daemon.wait_to_settle(len(fed))
        assert gate.others == []
        assert await daemon.stop() == 0
    assert await lost_and_extra(documents, fed) == (0, 0)
