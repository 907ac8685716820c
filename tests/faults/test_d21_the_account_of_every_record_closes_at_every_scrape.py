"""D21 of the guarantees: received = indexed + already_there + dropped + dead_lettered + in_flight, at every scrape.

Every test with a daemon checks that (``plugins/scraping.py``); here all five fates meet, at stops and kills, and what
the last page says is held against the ledger and the engine.
"""

import json
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from plugins.daemon import HUB, PARTITIONS, Daemon, Documents, Job
from plugins.feeding import feed, make_record
from plugins.scraping import Scrape

DROPPED = "DropMe"


def drop(category: str) -> dict[str, Any]:
    return {"drop_event": {"when": {"contains": {"message": f'"{category}"'}}}}


def feed_what_is_dropped(job: Job, count: int) -> None:
    for number in range(count):
        record = make_record(str(uuid4())) | {"operationName": DROPPED}
        job.hub.append(HUB, str(number % PARTITIONS), json.dumps({"records": [record]}).encode())


async def settle(daemon: Daemon, received: int) -> Scrape:
    """Scrape without a pause until so many records were received and all are settled."""
    while True:
        page = await daemon.scrape()
        if page.value("collector_received_records_total") >= received and not page.value("collector_in_flight_records"):
            return page


@pytest.mark.timeout(1800)
async def test_five_fates_are_told_apart_and_add_up_whatever_breaks(
    job: Job, documents: Documents, full_size: bool
) -> None:
    rounds, events = (20, 1000) if full_size else (3, 60)
    broken, dropped = 5, 7
    job.write_policy(output={"bulk_max_size": 50}, processors=[drop(DROPPED)], processor_update_interval="1s")
    fed: set[str] = set()
    killed: list[Daemon] = []
    for round_number in range(rounds):
        fed |= feed(job.hub, events=events, per_event=5)
        feed_what_is_dropped(job, dropped)
        for number in range(broken):
            job.hub.append(HUB, "0", f'{{"records": [{{"round": {round_number}, "number": {number}'.encode())
        killed.append(await job.start())
        await killed[-1].scrape()
        await documents.wait_for("aoai.logs", len(fed) - events)
        await killed[-1].kill()
    last = await job.start()
    await last.scrape()
    await documents.wait_for("aoai.logs", len(fed))
    await documents.wait_for("aoai.deadletter", rounds * broken)
    assert await last.stop() == 0
    assert all(daemon.watch.scrapes for daemon in (*killed, last))
    found = Counter(await documents.values("aoai.logs", "azure.open_ai.correlation_id"))
    assert found == Counter(fed)
    assert await documents.count("aoai.deadletter") == rounds * broken


async def test_one_run_without_a_fault_tells_the_ledgers_own_numbers(job: Job, documents: Documents) -> None:
    fed = feed(job.hub, events=60, per_event=5)
    feed_what_is_dropped(job, 7)
    job.hub.append(HUB, "0", b'{"records": [{"a": ')
    job.write_policy(processors=[drop(DROPPED)], processor_update_interval="10m")
    daemon = await job.start()
    page = await settle(daemon, len(fed) + 8)
    first = {fate: page.value(f"collector_{fate}_records_total") for fate in ("indexed", "dropped", "dead_lettered")}
    assert first == {"indexed": len(fed), "dropped": 7, "dead_lettered": 1}
    await daemon.kill()
    again = await job.start()
    page = await settle(again, len(fed) + 8)
    assert page.value("collector_already_there_records_total") == len(fed)
    assert page.value("collector_indexed_records_total") == 0
    assert page.value("collector_dropped_records_total") == 7
    assert await again.stop() == 0
    assert await documents.count("aoai.logs") == len(fed)
    assert await documents.count("aoai.deadletter") == 1
