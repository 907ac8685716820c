"""When a partition counts as silent, and when not, with a clock of the test's own."""

from collections.abc import Mapping
from typing import Any

import pytest

from collector.inputs.event_hub.progress import PartitionProgress, StreamProgress
from collector.inputs.event_hub.watch import SECONDS_OF_SILENCE, PartitionWatch


class Hub:
    """One partition that says where it ends."""

    def __init__(self) -> None:
        self.first, self.last = 0, -1
        self.failure: Exception | None = None

    async def get_partition_properties(self, partition_id: str) -> Mapping[str, Any]:
        if self.failure is not None:
            raise self.failure
        assert partition_id == "0"
        return {
            "beginning_sequence_number": self.first,
            "last_enqueued_sequence_number": self.last,
            "is_empty": self.last < self.first,
        }


class Rig:
    def __init__(self, *, from_the_start: bool = True) -> None:
        self.now = 5000.0
        self.hub = Hub()
        self.progress = StreamProgress("logs", lambda: self.now, lambda: self.now)
        self.progress.claim("0")
        self.watch = PartitionWatch(
            self.hub, self.progress, reads_from_the_start=lambda _: from_the_start, clock=lambda: self.now
        )

    @property
    def partition(self) -> PartitionProgress:
        (only,) = self.progress
        return only

    async def look_for(self, seconds: float) -> str | None:
        """Look now and after that time; return the trouble."""
        await self.watch.look()
        self.now += seconds
        await self.watch.look()
        return self.partition.trouble.what


async def test_a_partition_that_holds_back_what_it_has_is_in_trouble() -> None:
    rig = Rig()
    rig.hub.last = 9
    assert await rig.look_for(SECONDS_OF_SILENCE - 1) is None
    assert await rig.look_for(1) is not None


async def test_the_trouble_is_over_with_the_first_event() -> None:
    rig = Rig()
    rig.hub.last = 9
    await rig.look_for(SECONDS_OF_SILENCE)
    rig.progress.receive("0", 9)
    assert rig.partition.trouble.what is None


async def test_an_idle_partition_is_in_no_trouble() -> None:
    rig = Rig()
    rig.hub.last = 9
    rig.progress.receive("0", 9)
    rig.progress.take_in("0")
    assert await rig.look_for(SECONDS_OF_SILENCE) is None
    assert rig.partition.lag == 0


async def test_a_partition_whose_events_have_all_expired_is_in_no_trouble() -> None:
    rig = Rig()
    rig.hub.first, rig.hub.last = 10, 9
    assert await rig.look_for(SECONDS_OF_SILENCE) is None


async def test_a_batch_that_waits_for_room_is_not_the_hubs_fault() -> None:
    rig = Rig()
    rig.progress.receive("0", 3)
    rig.hub.last = 9
    assert await rig.look_for(SECONDS_OF_SILENCE) is None
    assert rig.partition.lag == 6


async def test_slow_reading_is_reading() -> None:
    rig = Rig()
    rig.hub.last = 9
    for number in range(5):
        rig.progress.receive("0", number)
        rig.progress.take_in("0")
        assert await rig.look_for(1) is None
        rig.now += SECONDS_OF_SILENCE


@pytest.mark.parametrize("new", [0, 1])
async def test_a_reader_that_goes_on_from_a_checkpoint_is_judged_by_what_comes_new(new: int) -> None:
    rig = Rig(from_the_start=False)
    rig.hub.last = 9
    assert await rig.look_for(SECONDS_OF_SILENCE) is None
    rig.hub.last += new
    assert (await rig.look_for(SECONDS_OF_SILENCE) is not None) == bool(new)


async def test_a_hub_that_does_not_answer_changes_nothing() -> None:
    rig = Rig()
    rig.hub.last = 9
    await rig.watch.look()
    rig.hub.failure = OSError("no route")
    assert await rig.look_for(SECONDS_OF_SILENCE) is None
    assert rig.partition.end == 9


async def test_what_was_received_waits_for_its_checkpoint_from_the_first_batch_on() -> None:
    rig = Rig()
    age = rig.progress.checkpoint_age
    assert age(rig.partition) == 0
    rig.progress.receive("0", 3)
    rig.now += 4
    rig.progress.receive("0", 5)
    rig.now += 3
    assert age(rig.partition) == 7
    rig.progress.save("0", 3)
    rig.now += 2
    assert (age(rig.partition), rig.partition.checkpoint_lag) == (2, 2)
    rig.progress.save("0", 5)
    rig.now += 60
    assert (age(rig.partition), rig.partition.checkpoint_lag) == (0, 0)


def test_a_partition_that_was_left_is_forgotten() -> None:
    rig = Rig()
    rig.progress.leave("0")
    rig.progress.receive("0", 1)
    rig.progress.take_in("0")
    rig.progress.save("0", 1)
    assert list(rig.progress) == []
