"""Runs a schedule and holds it against the model: while it breaks things, and after all is calm again."""

import asyncio
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from plugins.world.ledger import PLAIN
from plugins.world.plans import Plan, draw_plan
from plugins.world.surroundings import modelled_clocks
from plugins.world.virtual_time import WORLD, Life, VirtualLoop, bury
from plugins.world.world import World

_PATIENCE = 900.0
"""Seconds of calm after which everything must have been read and settled."""
_SECONDS_TO_AGREE = 25.0
"""After these every collector has looked at the ownerships often enough to leave those of others alone."""


@dataclass(frozen=True)
class Result:
    """How a schedule went."""

    plan: Plan
    broken: BaseException | None
    trace: str
    digest: str

    def __str__(self) -> str:
        return f"{self.plan}\n\n{self.trace}\n\nbroken: {self.broken}\nagain with: --seed {self.plan.seed}"


def run_schedule(seed: int, folder: Path, *, are_workers: bool = False) -> Result:
    """Run the schedule of a seed, with files in an empty folder; services must be modelled around it.

    Its collectors may begin as the workers of one supervisor do; in all else these are collectors like any others.
    """
    plan = draw_plan(seed)
    state = random.getstate()
    random.seed(seed)  # the collector's own jitter, and the SDK's
    loop = VirtualLoop()
    world = World(loop, plan, folder, are_workers=are_workers)
    broken: BaseException | None = None
    with modelled_clocks(loop), _no_logs():
        try:
            loop.run_until_complete(WORLD.run(loop.create_task, _Performance(world, plan).perform()))
        except Exception as error:  # noqa: BLE001 - whatever it is, the seed and the trace are wanted
            broken = error
        digest = world.digest()
        trace = world.trace() if broken is not None else ""
        bury(loop, list(world.former))
        for collector in world.former:
            collector.kill()  # closes what the dead left open
    random.setstate(state)
    return Result(plan, broken, trace, digest)


@contextmanager
def _no_logs() -> Iterator[None]:
    """The collector has much to say, and a thousand schedules of it would be kept for a failure that never comes."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


class _Performance:
    """One run of a plan."""

    def __init__(self, world: World, plan: Plan) -> None:
        self._world = world
        self._plan = plan
        self._stops: set[asyncio.Task[None]] = set()

    async def perform(self) -> None:
        world = self._world
        for place in self._plan.places:
            world.start(place)
        for step in self._plan.steps:
            await self._sleep_until(step.at)
            if step.what != "feed":
                world.note("plan", "{} {}", step.what, step.details)
            getattr(self, "_" + step.what.replace(" ", "_").replace("-", "_"))(*step.details)
        await self._sleep_until(self._plan.seconds)
        self._calm()
        await self._settle()
        await self._stop_and_start_anew()
        world.ledger.check_fates()
        await asyncio.sleep(0)  # a complaint ends the run at the next step

    async def _sleep_until(self, moment: float) -> None:
        await asyncio.sleep(max(moment - self._world.loop.time(), 0))

    def _feed(self, partition: str, kinds: list[str]) -> None:
        self._world.feed(partition, kinds)

    def _kill(self, place: str) -> None:
        self._world.collectors[place].kill()

    def _stop(self, place: str) -> None:
        collector = self._world.collectors[place]
        if collector.life is not Life.RUNS:
            return
        task = self._world.loop.create_task(self._stop_one(place))
        self._stops.add(task)
        task.add_done_callback(self._stops.discard)

    async def _stop_one(self, place: str) -> bool:
        collector = self._world.collectors[place]
        drained = await collector.stop()
        self._world.note(collector.name, "stopped, {}", "drained" if drained else "not drained")
        return drained

    def _start(self, place: str) -> None:
        self._kill(place)
        self._world.start(place)

    def _freeze(self, place: str) -> None:
        collector = self._world.collectors[place]
        if collector.life is Life.RUNS:
            collector.life = Life.FROZEN

    def _thaw(self, place: str) -> None:
        collector = self._world.collectors[place]
        if collector.life is Life.FROZEN:
            self._world.loop.thaw(collector)

    def _jump(self, place: str, seconds: float) -> None:
        self._world.collectors[place].skew += seconds

    def _steal(self, partition: str) -> None:
        """Write another owner into the partition's ownership, as if it had been stolen."""
        world = self._world
        owners = {name: blob.metadata["ownerid"] for name, blob in world.storage.blobs.items() if "/ownership/" in name}
        name = next((each for each in owners if each.endswith(f"/{partition}")), None)
        others = [owner for owner in owners.values() if owner not in {"", owners.get(name or "")}]
        if name is not None and others:
            world.storage.write(name, {"ownerid": world.random.choice(others)}, "world")

    def _reconnect(self, partition: str) -> None:
        self._world.hub.reconnect(partition)

    def _hub_down(self) -> None:
        self._world.hub.down = True
        self._world.hub.announce()

    def _hub_up(self) -> None:
        self._world.hub.down = False

    def _cluster(self, *faults: str) -> None:
        self._world.network.faults = faults

    def _storage(self, *faults: str) -> None:
        self._world.storage.faults = faults

    def _roll_over(self) -> None:
        self._world.cluster.roll_over()

    def _forbid_look_ups(self) -> None:
        self._world.network.lookups_allowed = False

    def _calm(self) -> None:
        """End every fault; start what does not run."""
        self._world.note("plan", "calm")
        self._hub_up()
        self._cluster()
        self._storage()
        stopping = bool(self._stops)
        for place in self._plan.places:
            self._thaw(place)
            self._world.collectors[place].skew = 0.0
            if stopping or self._world.collectors[place].life is Life.DEAD:
                self._start(place)

    async def _settle(self) -> None:
        """Wait until everything is read and settled, and nobody holds anything any more."""
        world, loop = self._world, self._world.loop
        until, next_event = loop.time() + _PATIENCE, loop.time() + _SECONDS_TO_AGREE
        while unread := world.ledger.find_unread() or self._find_busy():
            if loop.time() > until:
                world.complain(f"after {_PATIENCE} s of calm these are not done: {unread}")
            if loop.time() > next_event:  # traffic goes on; a collector that was fenced off notices by it
                next_event += _SECONDS_TO_AGREE
                for partition in world.hub.logs:
                    world.feed(partition, [PLAIN])
            await asyncio.sleep(0.5)

    def _find_busy(self) -> list[str]:
        """Return who has records under way or bytes taken; one that was just thawed may be about to give them back."""
        alive = [each for each in self._world.collectors.values() if each.life is Life.RUNS and each.pipeline]
        held = {each.name: (each.pipeline.counters.in_flight, each.pipeline.budget.taken) for each in alive}
        return [
            f"{name} holds {records} records, {size} bytes" for name, (records, size) in held.items() if records or size
        ]

    async def _stop_and_start_anew(self) -> None:
        """Stop everything in the middle of work: what the cluster has must not be sent to it again.

        Before that every partition gets one owner, who is not about to lose it.
        """
        world = self._world
        await asyncio.sleep(_SECONDS_TO_AGREE)
        for partition in world.hub.logs:
            world.feed(partition, [PLAIN, PLAIN])
            world.feed(partition, [PLAIN])
        await asyncio.sleep(world.random.random())
        drained = await asyncio.gather(*(self._stop_one(place) for place in self._plan.places))
        if not all(drained):
            world.complain("a stop did not drain in calm")
        written = world.cluster.items
        todo = sum(self._count_unread(partition) for partition in world.hub.logs)
        world.start(self._plan.places[0])
        await self._settle_first()
        if world.cluster.items - written != todo:
            world.complain(f"{world.cluster.items - written} records were sent after a drained stop, {todo} were due")

    async def _settle_first(self) -> None:
        first = self._plan.places[0]
        self._world.collectors = {first: self._world.collectors[first]}
        await self._settle()

    def _count_unread(self, partition: str) -> int:
        ledger = self._world.ledger
        events = ledger.events[partition][ledger.checkpoints.get(partition, -1) + 1 :]
        return sum(len(event) for event in events)
