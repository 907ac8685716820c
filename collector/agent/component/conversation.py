"""The conversation with the agent: tells how the units fare, hears what is expected of them.

Promises: every unit is in every check-in; one goes out when something changes, and after 25 s at the latest, as the
agent's own programs do it (elastic-agent-client, pkg/client/client_v2.go). When the connection breaks, it is opened
again with growing pauses, and what was expected last goes on.
"""

import asyncio
import logging
import os
import random
from typing import Final

import elastic_agent_client.generated.elastic_agent_client_pb2 as protocol

from collector import __version__
from collector.agent.component.actions import Actions
from collector.agent.component.units import Units
from collector.agent.component.wire import BrokenLinkError, Link, Talk, open_link
from collector.agent.component.workload import Workload
from collector.output.backoff import Pauses

logger = logging.getLogger(__name__)

_NAME: Final = "aoai-collector"
_CHECK_IN_SECONDS: Final = 25.0
_SECONDS_BETWEEN_LOOKS: Final = 0.5
_FAREWELL_SECONDS: Final = 1.0
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 5.0


class Conversation:
    """Talks with the agent that started this process."""

    def __init__(self, info: protocol.StartUpInfo, units: Units, workload: Workload) -> None:
        self._info = info
        self._units = units
        self._workload = workload
        self._actions = Actions(units, workload, info.token)
        self._parent = os.getppid()
        self._news = asyncio.Event()
        self._features_index = self._component_index = 0
        self._over = False
        self._checkin: Talk[protocol.CheckinObserved, protocol.CheckinExpected] | None = None

    async def run(self) -> BrokenLinkError:
        """Talk until there is nobody to talk with any more, and return why."""
        pauses = Pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS, random.random)
        while True:
            broken = BrokenLinkError("the call is over")
            try:
                async with open_link(self._info) as link:
                    await self._talk(link, pauses)
            except* BrokenLinkError as group:
                broken = _flatten(group)[0]
            self._checkin = None
            if broken.final or self._over:  # what breaks at the very moment of a cancellation hides it
                return broken
            if os.getppid() != self._parent:
                return BrokenLinkError("the agent is gone", final=True)
            logger.warning("connection to the agent breaks, and is opened again", extra={"error.message": str(broken)})
            await asyncio.sleep(pauses.next())

    async def say_farewell(self) -> None:
        """Tell the agent how the units are at the end, if it still listens; a connection is not opened again."""
        self._over = True
        if self._checkin is None:
            return
        self._workload.judge()
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._checkin.send(self._observe(first=False))
        except (BrokenLinkError, TimeoutError):
            logger.warning("the agent could not be told of the end")

    async def _talk(self, link: Link, pauses: Pauses) -> None:
        self._checkin = link.checkin
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send_check_ins(link))
            group.create_task(self._receive_expectations(link, pauses))
            group.create_task(self._answer_actions(link))

    async def _send_check_ins(self, link: Link) -> None:
        clock = asyncio.get_running_loop().time
        said, due = protocol.CheckinObserved(), 0.0
        first = True
        while True:
            self._news.clear()
            self._workload.judge()
            now = self._observe(first=False)
            if now != said or clock() >= due:
                await link.checkin.send(self._observe(first=first))
                said, due, first = now, clock() + _CHECK_IN_SECONDS, False
            try:
                async with asyncio.timeout(_SECONDS_BETWEEN_LOOKS):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _receive_expectations(self, link: Link, pauses: Pauses) -> None:
        while True:
            expected = await link.checkin.receive()
            pauses.reset()
            self._features_index, self._component_index = expected.features_idx, expected.component_idx
            if self._units.take(expected.units):
                self._workload.follow()
            self._news.set()

    async def _answer_actions(self, link: Link) -> None:
        await link.actions.send(self._actions.greet())
        while True:
            request = await link.actions.receive()
            await link.actions.send(self._actions.answer(request))

    def _observe(self, *, first: bool) -> protocol.CheckinObserved:
        message = protocol.CheckinObserved(
            token=self._info.token,
            units=[unit.observe() for unit in self._units],
            features_idx=self._features_index,
            component_idx=self._component_index,
            pid=os.getpid(),
        )
        if first:
            message.version_info.name = _NAME
            message.version_info.meta["version"] = __version__
        return message


def _flatten(group: BaseExceptionGroup[BrokenLinkError]) -> list[BrokenLinkError]:
    """Return what broke, the final ones first."""
    found: list[BrokenLinkError] = []
    for error in group.exceptions:
        found += _flatten(error) if isinstance(error, BaseExceptionGroup) else [error]
    return sorted(found, key=lambda error: not error.final)
