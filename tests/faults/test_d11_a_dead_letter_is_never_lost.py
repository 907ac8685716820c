"""D11 of the guarantees: what Elasticsearch refuses is a dead letter, there or on disk, and the count is exact."""

import json
from collections import Counter

from aiohttp import web
from plugins.bulk_gate import BulkGate, refusal
from plugins.bulk_server import parse
from plugins.daemon import Documents, Job
from plugins.feeding import feed, lost_and_extra


async def test_dead_letters_that_are_refused_too_are_on_disk_and_each_is_counted_once(
    job: Job, documents: Documents
) -> None:
    await documents.refuse_everything("aoai.logs")
    await documents.refuse_everything("aoai.deadletter")
    fed = feed(job.hub, events=40, per_event=5)
    daemon = await job.start()
    await daemon.wait_to_settle(len(fed))
    assert await daemon.stop() == 0

    counts = daemon.last_counts
    assert (counts["received"], counts["dead_lettered"], counts["dead_letters_on_disk"]) == (200, 200, 200)
    assert len(daemon.said("dead letter was refused and written to the local file")) >= 1
    kept = parse((job.data / "dead-letters-default.ndjson").read_bytes())
    assert Counter(json.loads(item.document["event"]["original"])["correlationId"] for item in kept) == Counter(fed)
    assert {item.document["event"]["reason"] for item in kept} == {"strict_dynamic_mapping_exception"}
    assert all({"partition_id", "offset", "sequence_number"} <= item.document["azure"].keys() for item in kept)

    daemon = await job.start()
    await documents.wait_for("aoai.logs", 0)
    more = feed(job.hub, events=4, per_event=5)
    await daemon.wait_to_settle(len(more))
    assert await daemon.stop() == 0
    assert daemon.last_counts["received"] == len(more)


async def test_what_elasticsearch_puts_into_its_failure_store_counts_as_a_dead_letter(
    job: Job, documents: Documents
) -> None:
    """Elasticsearch 8.19 and 9.1 answer 201 for it, and ``errors`` is false."""
    told = 0

    async def divert(_request: web.Request, answer: bytes) -> web.StreamResponse:
        nonlocal told
        reply = json.loads(answer)
        for item in reply["items"][::10]:
            item["create"]["failure_store"] = "used"
            told += 1
        return refusal(200, json.dumps(reply).encode())

    async with BulkGate(job.url) as gate:
        gate.faults.extend([divert] * 1000)
        job.write_policy(output={"hosts": [gate.url], "bulk_max_size": 100})
        fed = feed(job.hub, events=40, per_event=25)
        daemon = await job.start()
        await documents.wait_for("aoai.logs", len(fed))
        assert await daemon.stop() == 0

    counts = daemon.last_counts
    assert told >= 100
    assert (counts["received"], counts["indexed"], counts["dead_lettered"]) == (1000, 1000 - told, told)
    assert await lost_and_extra(documents, fed) == (0, 0)
