"""Takes over a policy that changes in its file, without a restart.

Promises: a policy that cannot be used is refused with every mistake named, and the one before stays in force. A file
that is being written is left alone until it is the same in two looks. Only what changed is begun anew.

Looks at the policy's file and at those that its variables name, each second, through symbolic links; at SIGHUP whatever
the files look like. Does not look at certificates: they are read when a connection is built.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from collector.agent.service_manager import ServiceManager
from collector.policy import Policy, PolicyError, load_with_text
from collector.state.checkpoint_file import StateInUseError

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS: Final = 1.0

type _Stamps = dict[Path, tuple[int, int, int] | None]
type Apply = Callable[[Policy, str], Awaitable[Sequence[str]]]
"""Makes a policy, given with its text, the one in force and returns the outputs that were begun anew.

Or raises and leaves all as it was.
"""


class RestartNeededError(Exception):
    """The policy is right, and what changed in it cannot be followed by a running collector."""


@dataclass(slots=True)
class PolicyInForce:
    """The policy that the collector follows, and what became of the last attempt to change it."""

    policy: Policy
    file: Path
    since: datetime
    refusal: str | None = None
    """Why what the file holds now is not in force; None when it is."""

    def change(self, policy: Policy) -> None:
        """Note that another policy is followed from now on."""
        self.policy, self.since, self.refusal = policy, datetime.now(UTC), None


class PolicyChanges:
    """Watches the file of a policy."""

    def __init__(
        self, force: PolicyInForce, environ: Mapping[str, str], *, apply: Apply, manager: ServiceManager
    ) -> None:
        """Begin with the policy that was loaded from the file; variables are looked up in ``environ``.

        The service manager is told when a change begins and when it is over.
        """
        self._force = force
        self._environ = environ
        self._apply = apply
        self._manager = manager
        self._asked = asyncio.Event()
        self._seen = self._read_stamps()

    def look_now(self) -> None:
        """Read the file again at once, changed or not."""
        self._asked.set()

    async def run(self) -> None:
        """Take over changes until cancelled."""
        last = self._seen
        while True:
            asked = await self._pause()
            stamps = self._read_stamps()
            if asked or (stamps != self._seen and stamps == last):
                self._manager.tell_reloading()
                await self._take_over()
                self._manager.tell_ready()
                # What changed since the look is a change still; files that are named only now have no earlier look.
                stamps = {path: stamps.get(path, stamp) for path, stamp in self._read_stamps().items()}
                self._seen = stamps
            last = stamps

    async def _pause(self) -> bool:
        """Wait for the next look; return whether someone asked for it."""
        try:
            async with asyncio.timeout(_SECONDS_BETWEEN_LOOKS):
                await self._asked.wait()
        except TimeoutError:
            return False
        self._asked.clear()
        return True

    async def _take_over(self) -> None:
        force = self._force
        try:
            policy, text = await asyncio.to_thread(load_with_text, force.file, self._environ)
            if policy == force.policy:
                force.refusal = None
                logger.info("the policy was read again, and nothing has changed")
                return
            _refuse_other_workers(policy, force.policy)
            anew = await self._apply(policy, text)
        except (PolicyError, RestartNeededError, StateInUseError, OSError) as error:
            force.refusal = str(error)
            logger.error(  # noqa: TRY400 - the mistakes are the user's, and all of them are named
                "the changed policy is refused; the one before stays in force", extra={"error.message": str(error)}
            )
            return
        force.change(policy)
        logger.info("the changed policy is in force", extra={"outputs": list(anew)})

    def _read_stamps(self) -> _Stamps:
        return {path: _read_stamp(path) for path in (self._force.file, *self._force.policy.files)}


def _refuse_other_workers(now: Policy, before: Policy) -> None:
    if now.agent.workers != before.agent.workers:
        raise RestartNeededError("agent.workers is followed from the next start on: restart the collector")


def _read_stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what differs once a file was written or replaced."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
