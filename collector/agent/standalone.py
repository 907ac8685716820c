"""The standalone agent: from a policy to a running collector, and to its end."""

import gc
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from collector.agent.control_socket import Answer, ControlSocket
from collector.agent.policy_changes import Apply, PolicyChanges, PolicyInForce
from collector.agent.service_manager import ServiceManager
from collector.agent.supervisor import Supervisor, Work
from collector.policy import Policy
from collector.telemetry.logs import RecentLines


async def supervise(policy: Policy, file: Path, data: Path, recent: RecentLines) -> int:
    """Run a collector, in this process or in as many as the policy asks for, until a signal; return its exit code.

    The policy was loaded from ``file``, with variables from the environment; ``recent`` is what was logged.

    Raises:
        StateInUseError: another collector works on the data folder.
        OSError: the data folder or a certificate cannot be used.
    """
    manager = ServiceManager(os.environ)
    force = PolicyInForce(policy, file, datetime.now(UTC))
    begin = _begin_here if policy.agent.workers == 1 else _begin_workers
    work, apply, answers = begin(force, data, recent)
    changes = PolicyChanges(force, os.environ, apply=apply, manager=manager)
    supervisor = Supervisor(work, changes, manager, ControlSocket(data, answers))
    gc.freeze()  # modules and clients live to the end, so looking through them for garbage is for nothing
    supervisor.listen_for_signals(changes.look_now)
    return await supervisor.run()


# What one of the two imports, the other has no use for: a supervisor of workers needs no Azure SDK.


def _begin_here(force: PolicyInForce, data: Path, recent: RecentLines) -> tuple[Work, Apply, Mapping[str, Answer]]:
    from collector.agent.collection import Collection  # noqa: PLC0415
    from collector.agent.views import CollectionViews  # noqa: PLC0415

    collection = Collection(force.policy, data)

    async def apply(policy: Policy, _: str) -> Sequence[str]:
        return await collection.change(policy)

    return collection, apply, CollectionViews(collection, force, recent, data).answers


def _begin_workers(force: PolicyInForce, data: Path, recent: RecentLines) -> tuple[Work, Apply, Mapping[str, Answer]]:
    from collector.agent.workers.shared_work import SharedWork  # noqa: PLC0415

    work = SharedWork(force, data, recent)
    return work, work.change, work.answers
