"""D12 of the guarantees: partitions that are stolen in the middle of a batch, and owners that are killed there, lose
nothing and double nothing, and no checkpoint ever goes back.

The thief is another program with the Azure SDK: it claims a partition in storage, opens its link, so that the service
cuts the owner's, and gives it back. What is stolen when comes from a seed.
"""

import asyncio
import random
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext
from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore
from plugins.azurite import Azurite
from plugins.daemon import HUB, PARTITIONS, Daemon, Documents, Job
from plugins.feeding import feed
from plugins.storage_watch import StorageWatch

from collector.emulators.event_hubs import EventHubsEmulator

pytestmark = [pytest.mark.azurite, pytest.mark.timeout(1800)]
ALL = tuple(str(number) for number in range(PARTITIONS))
GROUP = "$Default"
SEED = 20261121
PATIENCE_S = 60


class Thief:
    """Takes partitions from whoever has them."""

    def __init__(self, hub: EventHubsEmulator, azurite: Azurite, container: str) -> None:
        self._hub = hub
        self._store = BlobCheckpointStore.from_connection_string(azurite.connection_string, container)

    async def steal(self, partition: str) -> None:
        """Claim a partition, read from it, and give it back."""
        client = EventHubConsumerClient.from_connection_string(
            self._hub.connection_string(), GROUP, eventhub_name=HUB, retry_total=0
        )
        async with asyncio.timeout(PATIENCE_S), client:
            ownership = await self._claim(client, partition)
            await self._read(client, partition)
            await self._store.claim_ownership([ownership | {"owner_id": ""}])

    async def close(self) -> None:
        await self._store.close()

    async def _claim(self, client: EventHubConsumerClient, partition: str) -> dict[str, object]:
        """Write our name over the owner's; it may be renewing at that moment, so more than one try may be needed."""
        names = (client._address.hostname, HUB, GROUP)
        while True:
            [present] = [each for each in await self._store.list_ownership(*names) if each["partition_id"] == partition]
            if claimed := list(await self._store.claim_ownership([present | {"owner_id": "thief"}])):
                return claimed[0]

    async def _read(self, client: EventHubConsumerClient, partition: str) -> None:
        """Open the partition's link with an epoch, as every owner does, until an event comes or another takes it."""
        came = asyncio.Event()

        async def note(_context: PartitionContext, _event_or_error: object) -> None:
            came.set()

        reading = asyncio.create_task(
            client.receive(note, partition_id=partition, owner_level=0, starting_position="-1", on_error=note)
        )
        await came.wait()
        reading.cancel()
        await asyncio.wait([reading])


class Fleet:
    """Daemons that share the hub."""

    def __init__(self, job: Job, documents: Documents, folder: Path) -> None:
        self.running: list[Daemon] = []
        self.fed: set[str] = set()
        self._job, self._documents, self._folder = job, documents, folder

    async def grow_to(self, count: int) -> None:
        while len(self.running) < count:
            self.running.append(await self._job.start(data=self._folder / uuid4().hex))

    async def be_in_the_middle(self, events: int) -> None:
        """Feed, and return when some of it has arrived and the rest is under way."""
        before = len(self.fed)
        self.fed |= feed(self._job.hub, events=events, per_event=10)
        await self._documents.wait_for("aoai.logs", before + 1)

    def times(self, message: str, partition: str) -> int:
        return sum(
            line["azure"]["partition_id"] == partition for daemon in self.running for line in daemon.said(message)
        )

    async def wait_for_claim(self, partition: str, times: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.times("partition claimed", partition) < times:  # noqa: ASYNC110 - only looking tells
                await asyncio.sleep(0.02)

    async def settle_down(self) -> tuple[int, int]:
        """Stop everyone, and count what was lost and what is there twice."""
        for daemon in self.running:
            assert await daemon.stop() == 0
        found = Counter(await self._documents.values("aoai.logs", "azure.open_ai.correlation_id"))
        return len(self.fed - found.keys()), (found - Counter(self.fed)).total()


async def test_partitions_stolen_in_the_middle_of_a_batch(  # noqa: PLR0913, PLR0917 - fixtures
    job: Job, documents: Documents, azurite: Azurite, tmp_path: Path, full_size: bool, hub: EventHubsEmulator
) -> None:
    """Two workers and 2 thefts of 2 partitions; at full size two to four workers, such a theft every 5 s for 10 min."""
    thefts, events = (120, 200) if full_size else (2, 40)
    chance = random.Random(SEED)
    async with StorageWatch(azurite, f"d12-{uuid4().hex}") as storage:
        job.write_policy(output={"bulk_max_size": 50}, processor_update_interval="1s", **storage.policy)
        fleet, thief = Fleet(job, documents, tmp_path), Thief(hub, azurite, storage.container)
        await fleet.grow_to(1)
        await asyncio.gather(*(fleet.wait_for_claim(partition, 1) for partition in ALL))
        for number in range(thefts):
            await fleet.grow_to(2 + 3 * number // thefts)
            await fleet.be_in_the_middle(events)
            victims = {each: fleet.times("partition claimed", each) for each in chance.sample(ALL, 2)}
            pause = asyncio.create_task(asyncio.sleep(5 if full_size else 0))
            await asyncio.gather(*(thief.steal(each) for each in victims))
            await asyncio.gather(*(fleet.wait_for_claim(each, claims + 1) for each, claims in victims.items()))
            await pause
        await thief.close()
        await storage.wait_for_checkpoints({each: hub.last_sequence_number(HUB, each) for each in ALL})
        lost, extra = await fleet.settle_down()
    assert (lost, extra, storage.regressions()) == (0, 0, [])


async def test_owners_killed_in_the_middle_of_a_batch(  # noqa: PLR0913, PLR0917 - fixtures
    job: Job, documents: Documents, azurite: Azurite, tmp_path: Path, full_size: bool, hub: EventHubsEmulator
) -> None:
    """One of two workers is killed, and another comes in its place: once, or 20 times at full size.

    What the dead one owned is made to look as old as it would be 40 s later.
    """
    async with StorageWatch(azurite, f"d12-{uuid4().hex}") as storage:
        job.write_policy(output={"bulk_max_size": 50}, processor_update_interval="1s", **storage.policy)
        fleet = Fleet(job, documents, tmp_path)
        await fleet.grow_to(1)
        await asyncio.gather(*(fleet.wait_for_claim(partition, 1) for partition in ALL))
        for _ in range(20 if full_size else 1):
            await fleet.grow_to(2)
            await fleet.be_in_the_middle(100)
            await fleet.running.pop(0).kill()
            await storage.expire(set(ALL))
        await storage.wait_for_checkpoints({each: hub.last_sequence_number(HUB, each) for each in ALL})
        lost, extra = await fleet.settle_down()
    assert (lost, extra, storage.regressions()) == (0, 0, [])
