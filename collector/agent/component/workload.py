"""The work that the units ask for: a collection that follows them.

Promises: a changed expectation ends what it concerns in order and begins that anew, so that nothing is lost and
nothing doubled; an expectation that means the same begins nothing. What cannot begin now is tried again. A unit says
*configuring* until its newest configuration is in force, and *stopped* only when nothing of it runs.
"""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import elastic_agent_client.generated.elastic_agent_client_pb2 as protocol

from collector.agent.collection import Collection
from collector.agent.component.conditions import judge_input, judge_output
from collector.agent.component.translation import Translation, log_level, translate
from collector.agent.component.units import Condition, Unit, Units
from collector.policy import Policy
from collector.state.checkpoint_file import StateInUseError
from collector.telemetry.health import Component

logger = logging.getLogger(__name__)

_SECONDS_TO_NEXT_TRY: Final = 5.0
_LEVELS: Final = {
    protocol.ERROR: logging.ERROR,
    protocol.WARN: logging.WARNING,
    protocol.INFO: logging.INFO,
    protocol.DEBUG: logging.DEBUG,
    protocol.TRACE: logging.DEBUG,
}


class Workload:
    """Does what the units ask for, until `end`."""

    def __init__(self, units: Units, data: Path) -> None:
        self._units = units
        self._data = data
        self._asked = asyncio.Event()
        self._translation = Translation(None)
        self._policy: Policy | None = None
        self._collection: Collection | None = None
        self._hindrance = ""
        """Why the collection could not begin; empty when it could."""
        self._ending = False

    def follow(self) -> None:
        """Do what the units ask for now, as soon as what is under way is done."""
        level = log_level(self._units)
        logging.getLogger().setLevel(_LEVELS.get(level, logging.INFO))
        self._asked.set()

    async def run(self) -> BaseException:
        """Follow the units until a part dies, which only a fault of ours can cause, and return why."""
        while True:
            failure = await self._wait()
            if failure is not None:
                return failure
            await self._apply()

    async def end(self) -> None:
        """End what runs, in order."""
        self._ending = True
        await self._stop_collection()
        for unit in self._units:
            unit.released = True

    async def _wait(self) -> BaseException | None:
        """Wait until there is something to do; return why a part died, if it did."""
        asked = asyncio.create_task(self._asked.wait())
        failed = None if self._collection is None else asyncio.create_task(self._collection.failed())
        patience = _SECONDS_TO_NEXT_TRY if self._hindrance else None
        try:
            waited = [asked] if failed is None else [asked, failed]
            await asyncio.wait(waited, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            return failed.result() if failed is not None and failed.done() else None
        finally:
            asked.cancel()
            if failed is not None:
                failed.cancel()

    async def _apply(self) -> None:
        self._asked.clear()
        taken = {unit.key: (unit.index, unit.shall_run) for unit in self._units}
        inputs, outputs = (self._units.of_type(each) for each in (protocol.INPUT, protocol.OUTPUT))
        self._translation = translate(inputs, outputs)
        if self._translation.policy != self._policy or self._hindrance:
            await self._follow_policy(self._translation.policy)
        for unit in self._units:
            index, shall_run = taken.get(unit.key, (0, True))
            unit.applied_index, unit.released = index, not shall_run

    async def _follow_policy(self, policy: Policy | None) -> None:
        self._policy, self._hindrance = policy, ""
        if policy is None:
            await self._stop_collection()
            return
        try:
            if self._collection is not None:
                await self._collection.change(policy)
                return
            collection = Collection(policy, self._data)
        except (StateInUseError, OSError) as error:
            self._hindrance = str(error)
            logger.error("collection cannot begin", extra={"error.message": str(error)})  # noqa: TRY400 - no fault of ours
            return
        self._collection = collection
        await collection.start()

    async def _stop_collection(self) -> None:
        collection, self._collection = self._collection, None
        if collection is not None:
            await collection.end()

    @property
    def collection(self) -> Collection | None:
        """What runs now; None without a policy."""
        return self._collection

    @property
    def policy(self) -> Policy | None:
        """The policy that the units make; None when they make none."""
        return self._policy

    def judge(self) -> None:
        """Give every unit the condition that it is in now."""
        components = [] if self._collection is None else self._collection.monitoring.components()
        for unit in self._units:
            unit.condition = self._judge(unit, components)

    def _judge(self, unit: Unit, components: Sequence[Component]) -> Condition:  # noqa: PLR0911 - one for each state
        if self._ending or not unit.shall_run:
            return Condition(protocol.STOPPED if unit.released else protocol.STOPPING)
        if unit.type not in (protocol.INPUT, protocol.OUTPUT):
            return Condition(protocol.FAILED, "is neither an input nor an output, and nothing else is known here")
        if unit.applied_index != unit.index:
            return Condition(protocol.CONFIGURING, "takes over what is expected")
        if refusal := self._translation.refusals.get(unit.key):
            return Condition(protocol.FAILED, refusal)
        if self._hindrance:
            return Condition(protocol.FAILED, f"cannot begin, and tries again: {self._hindrance}")
        if unit.type == protocol.OUTPUT:
            return judge_output(components)
        if unit.key not in self._translation.streams:
            return Condition(protocol.DEGRADED, "waits for an output that can be used")
        return judge_input(unit, self._translation.streams[unit.key], components)
