"""Health: the state of each part that can be in trouble, in the words of the Elastic Agent."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from collector.telemetry.trouble import Trouble


class State(StrEnum):
    """What can be said of a component."""

    STARTING = "starting"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    """Something is wrong, and it may mend itself: it is tried again."""
    FAILED = "failed"
    """Something is wrong that someone must mend; it is tried again nevertheless."""


@dataclass(frozen=True, slots=True)
class Component:
    """An output or a stream of the policy, and what is wrong with it now."""

    kind: str
    name: str
    started: bool
    troubles: Sequence[Trouble]

    @property
    def present(self) -> list[Trouble]:
        """The troubles that last, the grave ones first."""
        return sorted((each for each in self.troubles if each.what is not None), key=lambda each: not each.grave)

    @property
    def state(self) -> State:
        """The state that follows from the troubles."""
        if self.present:
            return State.FAILED if self.present[0].grave else State.DEGRADED
        return State.HEALTHY if self.started else State.STARTING
