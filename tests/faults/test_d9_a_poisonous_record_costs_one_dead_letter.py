"""D9 of the guarantees: one record that fails its whole request costs one dead letter and few further requests."""

import json
import math
from typing import Any

import pytest
from aiohttp import web
from plugins.bulk_gate import BulkGate, correlation_id, refusal
from plugins.bulk_server import SentItem
from plugins.daemon import Documents, Job
from plugins.feeding import feed, lost_and_extra

ONE_BULK: dict[str, Any] = {
    "bulk_max_bytes": "64MiB",
    "flush_timeout": "30s",  # nothing but the full count closes it
    "max_in_flight_bytes": "128MiB",
    "backoff": {"init": "10ms", "max": "50ms"},
}


@pytest.fixture
def records(full_size: bool) -> int:
    """All that a worker reads in one request.

    ``tests/output/test_bulk_requests.py`` has 10,000 in every run, on a server of the test's.
    """
    return 10_000 if full_size else 2_000


async def deliver_all(
    job: Job, documents: Documents, gate: BulkGate, poison: set[str], fed: set[str]
) -> dict[str, Any]:
    job.write_policy(output={"hosts": [gate.url], "bulk_max_size": len(fed) // job.workers} | ONE_BULK)
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(fed - poison))
    await documents.wait_for("aoai.deadletter", len(poison))
    assert await daemon.stop() == 0
    assert await lost_and_extra(documents, fed - poison) == (0, 0)
    return daemon.last_counts


async def test_one_poison_in_10000_costs_one_dead_letter_and_at_most_2_log2_n_plus_1_further_requests(
    job: Job, documents: Documents, records: int
) -> None:
    fed = feed(job.hub, events=100, per_event=records // 100)
    poison = min(fed)

    def refuse(items: list[SentItem]) -> web.Response | None:
        """What a document does that cannot be parsed (elastic/elasticsearch issue 138445)."""
        poisoned = any(correlation_id(item) == poison and not item.is_dead_letter for item in items)
        return refusal(400) if poisoned else None

    async with BulkGate(job.url) as gate:
        gate.request_rule = refuse
        counts = await deliver_all(job, documents, gate, {poison}, fed)

    [letter] = await documents.sources("aoai.deadletter")
    assert json.loads(letter["event"]["original"])["correlationId"] == poison
    assert (letter["aoai"]["dead_letter"]["status"], letter["error"]["type"]) == (400, "request_refused")
    assert (counts["indexed"] + counts["already_there"], counts["dead_lettered"]) == (records - 1, 1)
    bulk = records // job.workers
    assert len(gate.requests) - job.workers <= 2 * math.log2(bulk) + 1
    assert gate.requests[0] == bulk


async def test_a_body_too_large_for_the_server_is_halved_until_it_fits(
    job: Job, documents: Documents, records: int
) -> None:
    fed = feed(job.hub, events=100, per_event=records // 100)
    bulk = records // job.workers
    async with BulkGate(job.url) as gate:
        gate.request_rule = lambda items: refusal(413) if len(items) > bulk // 4 else None
        counts = await deliver_all(job, documents, gate, set(), fed)

    halving = [bulk, bulk // 2, bulk // 4, bulk // 4, bulk // 2, bulk // 4, bulk // 4]
    # Those of two workers come in any order.
    assert gate.requests == halving if job.workers == 1 else sorted(gate.requests) == sorted(halving * job.workers)
    assert (counts["indexed"], counts["dead_lettered"]) == (records, 0)
