"""The world of one schedule: a hub, a cluster, a container, the collectors between them, and the account of it all."""

import hashlib
from pathlib import Path
from random import Random

from plugins.world.cluster import Cluster
from plugins.world.collectors import Collector
from plugins.world.container import Storage
from plugins.world.hub import Hub
from plugins.world.ledger import REJECT, BrokenInvariantError, Ledger
from plugins.world.network import Network
from plugins.world.plans import Plan
from plugins.world.virtual_time import VirtualLoop

from collector.inputs.event_hub.beginning import Part

_BYTES_BESIDE_A_RECORD = 512
"""What the collector counts for a record beside its bytes."""


class World:
    """Everything that a schedule acts on. Every draw comes from its seed."""

    def __init__(self, loop: VirtualLoop, plan: Plan, folder: Path, *, are_workers: bool) -> None:
        """Make what a plan needs; its collectors may begin as the workers of one supervisor do."""
        self.loop = loop
        self.random = Random(plan.seed)
        self.ledger = Ledger(self.complain)
        self.hub = Hub(plan.partitions, self.random, self.note)
        self.storage = Storage(self.random, self.note, self.ledger.note_checkpoint)
        self.cluster = Cluster(self.ledger, self.hub.reader, self.complain)
        self.network = Network(self.cluster, self.random, self.note)
        self.collectors: dict[str, Collector] = {}
        """By place; those that were killed are in ``former``."""
        self.former: list[Collector] = []
        self.bytes_taken_unasked = 0
        """What an event takes beyond its body, for one event of each partition: it is counted once it is let in."""
        self._trace: list[tuple[float, str, str, tuple[object, ...]]] = []
        self._settings = plan.settings
        self._parts = {
            place: Part(number, len(plan.places)) if are_workers else None
            for number, place in enumerate(plan.places, start=1)
        }
        self._folder = folder
        self._starts = 0

    def note(self, who: str, what: str, *values: object) -> None:
        """Add a line to the trace."""
        self._trace.append((self.loop.time(), who, what, values))

    def complain(self, what: str) -> None:
        """End the schedule: an invariant is broken."""
        self.note("model", "BROKEN: {}", what)
        if self.loop.failure is None:
            self.loop.failure = BrokenInvariantError(what)

    def trace(self) -> str:
        return "\n".join(f"{at:9.3f}  {who:<7} {what.format(*values)}" for at, who, what, values in self._trace)

    def digest(self) -> str:
        return hashlib.sha256(self.trace().encode()).hexdigest()

    def feed(self, partition: str, kinds: list[str]) -> None:
        """Let Azure send an event with records of these kinds."""
        events = self.ledger.events[partition]
        marks = [f"m:{partition}:{len(events)}:{index}:{kind}" for index, kind in enumerate(kinds)]
        records = [_render(mark) for mark in marks]
        body = f'{{"records":[{",".join(records)}]}}'.encode()
        largest = max(len(body), sum(len(each) for each in records)) + len(records) * _BYTES_BESIDE_A_RECORD
        self.bytes_taken_unasked = max(self.bytes_taken_unasked, largest * len(self.hub.logs))
        events.append([mark.encode() for mark in marks])
        self.hub.append(partition, body)

    def start(self, place: str) -> Collector:
        """Start a collector at a place, which keeps its folder over restarts."""
        self._starts += 1
        folder = self._folder / place
        if folder not in self.ledger.folders:
            self.ledger.folders.append(folder)
        collector = Collector(f"{place}#{self._starts}", self, self._settings, folder, self._parts[place])
        self.collectors[place] = collector
        self.former.append(collector)
        self.note(collector.name, "starts")
        collector.start()
        return collector


def _render(mark: str) -> str:
    """Write a record as Azure does; a reject is a piece in its place that is none."""
    if mark.endswith(REJECT):
        return f'"{mark}"'
    return f'{{"category":"RequestResponse","operationName":"ChatCompletions_Create","correlationId":"{mark}"}}'
