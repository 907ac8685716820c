"""D6 of the guarantees: a rollover between a write and its replay doubles nothing, and costs nothing at other times."""

import random
from collections import Counter

import pytest
from elasticsearch import AsyncElasticsearch
from plugins.daemon import Documents, Job
from plugins.feeding import feed

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


async def check_nothing_is_lost_or_doubled(documents: Documents, fed: set[str]) -> None:
    found = Counter(await documents.values("aoai.logs", "azure.open_ai.correlation_id"))
    assert len(fed - found.keys()) == 0
    assert (found - Counter(fed)).total() == 0


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
        await documents.wait_for("aoai.logs", before + source.randrange(1, len(fed) - before))
        await daemon.kill()
        # What the dead daemon had sent and not checkpointed lies in the old write index; every other time that index
        # ages only while the next daemon looks what is there.
        if kill % 2:
            daemon = await job.start()
            await daemon.wait_to_say("partition claimed")
            await roll_over(engine_url, documents)
            await daemon.kill()
        else:
            await roll_over(engine_url, documents)
    fed |= feed(job.hub, 40, _PER_EVENT)
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(fed))
    assert await daemon.stop() == 0

    assert await count_backing_indices(engine_url, documents) == kills + 1
    await check_nothing_is_lost_or_doubled(documents, fed)


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
    await check_nothing_is_lost_or_doubled(documents, fed)
