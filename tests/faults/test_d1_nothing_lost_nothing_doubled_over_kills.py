"""D1 of the guarantees: ``kill -9`` at random points loses nothing and doubles nothing.

A daemon with worker processes is killed by its supervisor's end, which none of them outlives, and by each of theirs.
"""

import asyncio
import json
import os
import random
import signal
from collections import Counter
from uuid import UUID

import pytest
from plugins.daemon import HUB, PARTITIONS, Documents, Job

from collector.emulators.event_hubs import EventHubsEmulator

_PER_EVENT = 25
_SEED = 20261121


class Ledger:
    """Feeds the hub and remembers what it fed."""

    def __init__(self, hub: EventHubsEmulator, source: random.Random) -> None:
        self.ids: list[str] = []
        self._hub = hub
        self._source = source
        self._events = 0

    def feed(self, records: int) -> None:
        for _ in range(records // _PER_EVENT):
            ids = [str(UUID(int=self._source.getrandbits(128))) for _ in range(_PER_EVENT)]
            records_of_event = [
                {"time": "2026-03-10T09:00:00Z", "category": "RequestResponse", "correlationId": each} for each in ids
            ]
            body = json.dumps({"records": records_of_event}).encode()
            self._hub.append(HUB, str(self._events % PARTITIONS), body)
            self._events += 1
            self.ids += ids


@pytest.mark.timeout(3600)
async def test_kills_at_random_points_lose_nothing_and_double_nothing(
    job: Job, documents: Documents, full_size: bool
) -> None:
    kills, records = (100, 1_000_000) if full_size else (20, 100_000)
    source = random.Random(_SEED)
    ledger = Ledger(job.hub, source)
    job.write_policy(output={"bulk_max_size": 200}, processor_update_interval="1s")
    for _ in range(kills):
        ledger.feed(records // kills)
        before = await documents.count("aoai.logs")
        daemon = await job.start()
        # A point in the work, not in time: so many more documents than before, then somewhere in the next 100 ms.
        wanted = before + source.randrange((len(ledger.ids) - before) or 1)
        await documents.wait_for("aoai.logs", wanted)
        await asyncio.sleep(source.random() / 10)
        await daemon.kill()
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(ledger.ids))
    assert await daemon.stop() == 0
    await check(documents, ledger)


@pytest.mark.timeout(3600)
async def test_workers_killed_at_random_points_lose_nothing_and_double_nothing(
    job: Job, documents: Documents, full_size: bool
) -> None:
    """Each is begun anew after a pause that grows, and the others read its partitions on meanwhile."""
    if job.workers == 1:
        pytest.skip("needs worker processes: --workers 2")
    kills, records = (10, 200_000) if full_size else (4, 20_000)
    source = random.Random(_SEED)
    ledger = Ledger(job.hub, source)
    job.write_policy(output={"bulk_max_size": 200}, processor_update_interval="1s")
    daemon = await job.start()
    for kill in range(kills):
        while len(daemon.said("worker begins")) < job.workers + kill:
            await daemon.wait_for_news()
        await daemon.wait_to_share()
        before = len(ledger.ids)
        ledger.feed(records // kills)
        await documents.wait_for("aoai.logs", source.randrange(before, len(ledger.ids)))
        await asyncio.sleep(source.random() / 10)
        os.kill(daemon.processes[1 + kill % job.workers], signal.SIGKILL)
    await documents.wait_for("aoai.logs", len(ledger.ids))
    assert await daemon.stop() == 0
    await check(documents, ledger)


async def check(documents: Documents, ledger: Ledger) -> None:
    """Count what was lost and what is there twice."""
    found = Counter(await documents.values("aoai.logs", "azure.open_ai.correlation_id"))
    lost = set(ledger.ids) - found.keys()
    extra = found - Counter(ledger.ids)
    assert (len(lost), extra.total()) == (0, 0)
    assert await documents.count("aoai.deadletter") == 0
