"""A worker process: what a collector does that runs alone, but it gets its policy from a supervisor and tells it."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from collector.agent.collection import Collection
from collector.agent.control_socket import ControlSocket, worker_socket
from collector.agent.policy_changes import PolicyInForce
from collector.agent.supervisor import Supervisor
from collector.agent.views import CollectionViews
from collector.agent.workers.division import divide
from collector.agent.workers.line import Line, open_line
from collector.policy import Policy, PolicyError, load_text
from collector.state.checkpoint_file import StateInUseError
from collector.telemetry.logs import RecentLines

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_SIGNS: Final = 10.0
_ABANDONED: Final = 1


class Orders:
    """What the supervisor wants: policies to follow, and signs of life."""

    def __init__(
        self, line: Line, force: PolicyInForce, *, load: Callable[[str], Policy], collection: Collection
    ) -> None:
        """Take a policy that is followed already; further texts are read by ``load`` and followed by the collection."""
        self._line = line
        self._force = force
        self._load = load
        self._collection = collection

    async def run(self) -> None:
        """Follow policies until cancelled. Without a supervisor the process ends at once: another may have begun."""
        policies: asyncio.Queue[str] = asyncio.Queue()
        listening = asyncio.create_task(self._listen(policies))
        try:
            while True:
                self._line.send(await self._follow(await policies.get()))
        finally:
            listening.cancel()

    async def _listen(self, policies: asyncio.Queue[str]) -> None:
        while (message := await self._line.receive()) is not None:
            policies.put_nowait(message["policy"])
        os._exit(_ABANDONED)

    async def _follow(self, text: str) -> Mapping[str, Any]:
        try:
            policy = await asyncio.to_thread(self._load, text)
            begun = await self._collection.change(policy)
        except (PolicyError, StateInUseError, OSError) as error:
            return {"refusal": str(error)}
        self._force.change(policy)
        return {"begun": begun}

    def tell_ready(self) -> None:
        """Say that the policy of the start is followed."""
        self._line.send({"begun": []})

    def tell_stopping(self) -> None:
        """Say nothing: the supervisor sees the end."""

    async def keep_alive(self) -> None:
        """Say that the event loop lives, until cancelled."""
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_SIGNS)
            self._line.send({})


async def work(number: int, file: Path, data: Path, recent: RecentLines) -> int:
    """Be worker ``number`` in this process until SIGTERM, or the end of the supervisor; return the exit code.

    Standard input is the line to the supervisor. ``file`` is where the policy was read; it is not read here.
    """
    line = await open_line(socket.socket(fileno=os.dup(sys.stdin.fileno())))
    order = await line.receive()
    if order is None:
        return _ABANDONED

    def load(text: str) -> Policy:
        return divide(load_text(text, file, os.environ), number)

    try:
        policy = load(order["policy"])
        collection = Collection(policy, data, number)
    except (PolicyError, StateInUseError, OSError) as error:
        line.send({"refusal": str(error)})
        await line.close()
        return 1
    force = PolicyInForce(policy, file, datetime.now(UTC))
    orders = Orders(line, force, load=load, collection=collection)
    pages = {"/metrics": collection.monitoring.answers["/metrics"]}
    answers = {**CollectionViews(collection, force, recent, data).answers, **pages}
    supervisor = Supervisor(collection, orders, orders, ControlSocket(data, answers, worker_socket(number)))
    # Signals reach it twice where a service manager sends them to all processes: none of them means "at once".
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, supervisor.stop)
    for unwanted in (signal.SIGINT, signal.SIGHUP):
        signal.signal(unwanted, signal.SIG_IGN)
    return await supervisor.run()
