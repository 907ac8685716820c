"""A reader that Event Hubs refuses: the Python SDK tries again without telling anyone, and we say so all the same."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from plugins.azure_sdk import SDK_HABITS
from plugins.fault_proxy import FaultProxy

from collector.delivery.budget import Budget
from collector.delivery.intake import Intake
from collector.emulators.event_hubs import EventHubsEmulator, Hub
from collector.events import DataStream
from collector.inputs.event_hub.connection import connect
from collector.inputs.event_hub.progress import PartitionProgress, StreamProgress
from collector.inputs.event_hub.reader import EventHubReader
from collector.inputs.event_hub.watch import SECONDS_OF_SILENCE, PartitionWatch
from collector.output.elasticsearch.encoding import StreamEncoder
from collector.output.elasticsearch.items import Load, unfold
from collector.policy import load_policy
from collector.state.sqlite import SqliteCheckpointStore
from collector.telemetry.counters import Counters
from collector.telemetry.trouble import Trouble

HUB = "hub"
pytestmark = [*SDK_HABITS]


class Clock:
    """Goes forward when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Settler:
    """An output that settles everything at once."""

    def __init__(self, counters: Counters) -> None:
        self.arrived = 0
        self._counters = counters

    def add(self, load: Load) -> None:
        for item in unfold([load]):
            self.arrived += 1
            self._counters.in_flight -= 1
            self._counters.indexed += 1
            item.settle()


class Rig:
    """A real reader with its watch, on a hub of one partition, and a clock of the test's own."""

    def __init__(self, hub: EventHubsEmulator, group: str, folder: Path, *, port: int | None = None) -> None:
        self.clock = Clock()
        self.progress = StreamProgress("logs", self.clock, self.clock)
        stream: dict[str, Any] = {"eventhub": HUB, "consumer_group": group, "processor_start_position": "earliest"}
        stream["connection_string"] = hub.connection_string().replace(str(hub.port), str(port or hub.port))
        source = {"type": "azure-eventhub", "streams": [stream]}
        file = folder / "policy.yml"
        outputs = {"default": {"type": "elasticsearch", "hosts": "http://127.0.0.1:9"}}
        file.write_text(yaml.safe_dump({"outputs": outputs, "inputs": [source]}))
        file.chmod(0o600)
        policy = load_policy(file, {}).inputs[0].streams[0]
        self._store = SqliteCheckpointStore(folder)
        self.connection = connect(policy, self._store)
        counters = Counters()
        self.output = Settler(counters)
        encoder = StreamEncoder(
            self.connection.source, DataStream("logs", "aoai.logs", "default"), (), preserve_original=False
        )
        intake = Intake(self.connection.source, encoder, self.output, Budget(2**20, 1000), counters)
        self.trouble = Trouble("t")
        self.reader = EventHubReader(
            self.connection, intake, self.trouble, checkpoint_interval=5, absent_limit=2**20, progress=self.progress
        )
        self.watch = PartitionWatch(
            self.connection.client, self.progress, reads_from_the_start=lambda _: True, clock=self.clock
        )
        self._running = asyncio.create_task(self.reader.run(start_position="earliest", prefetch=10))

    async def wait_for_the_partition(self) -> PartitionProgress:
        async with asyncio.timeout(60):
            while not (claimed := list(self.progress)):  # noqa: ASYNC110 - as below
                await asyncio.sleep(0.05)
        return claimed[0]

    async def wait_for_trouble(self, what: str | None) -> None:
        async with asyncio.timeout(60):
            while self.trouble.what != what:  # noqa: ASYNC110 - as below
                await asyncio.sleep(0.05)

    async def wait_for_records(self, count: int) -> None:
        async with asyncio.timeout(60):
            while self.output.arrived < count:  # noqa: ASYNC110 - the SDK tells nobody else
                await asyncio.sleep(0.05)

    async def close(self) -> None:
        self._running.cancel()
        await asyncio.wait([self._running])
        await self.connection.close()
        self._store.close()


@pytest.fixture
async def hub() -> AsyncIterator[EventHubsEmulator]:
    async with EventHubsEmulator([Hub(HUB, 1, consumer_groups=("there",))]) as emulator:
        yield emulator


async def test_a_consumer_group_that_does_not_exist_is_said_in_words(hub: EventHubsEmulator, tmp_path: Path) -> None:
    hub.append(HUB, "0", b'{"records": [{}]}')
    rig = Rig(hub, "not_there", tmp_path)
    try:
        partition = await rig.wait_for_the_partition()
        await rig.watch.look()
        assert (partition.lag, partition.trouble.what) == (1, None)
        rig.clock.now += SECONDS_OF_SILENCE
        await rig.watch.look()
        assert partition.trouble.what == (
            "a partition holds events that do not arrive: check that the consumer group exists"
        )
        assert partition.trouble.reason == "partition 0 ends at 0, reading stands at -1"
        assert not partition.trouble.grave
    finally:
        await rig.close()


async def test_what_event_hubs_answers_to_a_reader_that_it_refuses_is_passed_on(
    hub: EventHubsEmulator, tmp_path: Path
) -> None:
    rig = Rig(hub, "not_there", tmp_path)
    try:
        await rig.wait_for_trouble("the event hub cannot be read")
        assert "partition 0: " in rig.trouble.reason
        assert "could not be found" in rig.trouble.reason
    finally:
        await rig.close()


async def test_a_hub_that_cannot_be_reached_any_more_is_said_and_its_return_too(
    hub: EventHubsEmulator, tmp_path: Path
) -> None:
    async with FaultProxy(hub.port) as way:
        rig = Rig(hub, "there", tmp_path, port=way.port)
        try:
            hub.append(HUB, "0", b'{"records": [{}]}')
            await rig.wait_for_records(1)
            await way.refuse()
            await rig.wait_for_trouble("the event hub cannot be read")
            await way.listen()
            await rig.wait_for_trouble(None)  # though no event comes
        finally:
            await rig.close()


async def test_a_reader_that_is_let_in_is_in_no_trouble(hub: EventHubsEmulator, tmp_path: Path) -> None:
    hub.append(HUB, "0", b'{"records": [{}]}')
    rig = Rig(hub, "there", tmp_path)
    try:
        await rig.wait_for_records(1)
        (partition,) = rig.progress
        for _ in range(3):
            await rig.watch.look()
            assert (partition.lag, partition.trouble.what) == (0, None)
            rig.clock.now += SECONDS_OF_SILENCE
        hub.append(HUB, "0", b'{"records": [{}, {}]}')
        await rig.wait_for_records(3)
        await rig.reader.checkpointer.flush()
        await rig.watch.look()
        assert (partition.received, partition.end, partition.checkpointed, partition.checkpoint_lag) == (1, 1, 1, 0)
    finally:
        await rig.close()
