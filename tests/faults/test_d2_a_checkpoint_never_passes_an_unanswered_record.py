"""D2 of the guarantees: a checkpoint ends before the first event that has a record without an answer, whatever came
after it, and so a crash repeats that record and loses none.

The order of settling itself has its property test in `tests/unit/test_acknowledgement.py`.
"""

import json
import random
from uuid import UUID, uuid4

import pytest
from plugins.azurite import Azurite
from plugins.bulk_gate import ORDINARY, BulkGate, Fate, correlation_id
from plugins.bulk_server import SentItem
from plugins.daemon import HUB, PARTITIONS, Documents, Job
from plugins.feeding import lost_and_extra, make_record
from plugins.storage_watch import StorageWatch

from collector.emulators.event_hubs import EventHubsEmulator

pytestmark = [pytest.mark.azurite, pytest.mark.timeout(1800)]
ALL = tuple(str(number) for number in range(PARTITIONS))
SEED = 20261121
EVENTS, PER_EVENT = 20, 10
ASKED_TO_WAIT = Fate(is_forwarded=False, status=429)


class Withholding:
    """Feeds the hub, and picks one record of each partition that gets no answer but 429 until it is let go."""

    def __init__(self, hub: EventHubsEmulator, chance: random.Random) -> None:
        self.fed: set[str] = set()
        self.held: dict[str, tuple[int, str]] = {}
        """Of each partition the sequence number of the event and the correlation id of the record."""
        self._hub, self._chance = hub, chance

    def feed(self) -> None:
        for partition in ALL:
            for number in range(EVENTS):
                ids = [str(UUID(int=self._chance.getrandbits(128))) for _ in range(PER_EVENT)]
                body = json.dumps({"records": [make_record(each) for each in ids]}).encode()
                sequence_number = self._hub.append(HUB, partition, body)
                self.fed.update(ids)
                if number == EVENTS // 2:
                    self.held[partition] = (sequence_number, self._chance.choice(ids))

    def let_go(self) -> None:
        self.held.clear()

    def fate(self, item: SentItem, _times: int) -> Fate:
        return ASKED_TO_WAIT if correlation_id(item) in {each for _, each in self.held.values()} else ORDINARY


async def test_a_record_without_an_answer_holds_the_checkpoint_of_its_partition_over_a_crash(
    job: Job, documents: Documents, azurite: Azurite, full_size: bool, hub: EventHubsEmulator
) -> None:
    """Each round ends in a `kill -9` with a record of each partition unanswered: one round, or 20 at full size.

    A bulk worker stays with its items until they are answered, so there are more workers than such records.
    """
    records = Withholding(hub, random.Random(SEED))
    async with StorageWatch(azurite, f"d2-{uuid4().hex}") as storage, BulkGate(job.url) as gate:
        gate.fate = records.fate
        output = {"hosts": [gate.url], "bulk_max_size": 50, "worker": PARTITIONS + 2}
        job.write_policy(output=output, processor_update_interval="1s", **storage.policy)
        for _ in range(20 if full_size else 1):
            records.feed()
            written = len(storage.writes)
            before = {partition: number - 1 for partition, (number, _) in records.held.items()}
            daemon = await job.start()
            await documents.wait_for("aoai.logs", len(records.fed) - PARTITIONS)
            await storage.wait_for_checkpoints(before)
            await daemon.kill()
            beyond = [each for each in storage.writes[written:] if each.sequence_number > before[each.partition]]
            assert beyond == []
            assert await documents.count("aoai.logs") == len(records.fed) - PARTITIONS
            await storage.expire(set(ALL))
            records.let_go()
            daemon = await job.start()
            await storage.wait_for_checkpoints({each: hub.last_sequence_number(HUB, each) for each in ALL})
            assert await daemon.stop() == 0
        assert storage.regressions() == []
    assert await lost_and_extra(documents, records.fed) == (0, 0)
