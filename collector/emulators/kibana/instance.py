"""The Kibana that is emulated: its version, licence, spaces and clock."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

DEFAULT_SPACE: Final = "default"


class Licence(StrEnum):
    """Kinds of licence, the least first."""

    BASIC = "basic"
    STANDARD = "standard"
    GOLD = "gold"
    PLATINUM = "platinum"
    ENTERPRISE = "enterprise"
    TRIAL = "trial"

    def covers(self, other: "Licence") -> bool:
        """Whether this one allows what the other one does."""
        order = list(Licence)
        return order.index(self) >= order.index(other)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Instance:
    """What there is to know of it, and what tests change.

    Attributes:
        version: as `version.number` of the status, such as `9.2.1`.
        licence: of the cluster behind it.
        spaces: by id, the body that made each.
        clock: tells the time; must return times with a time zone.
        level: of the status: `available`, `degraded`, `unavailable` or `critical`.
        uuid: of this Kibana.
    """

    version: str = "9.2.1"
    licence: Licence = Licence.BASIC
    spaces: dict[str, dict[str, object]] = field(
        default_factory=lambda: {DEFAULT_SPACE: {"id": DEFAULT_SPACE, "name": "Default", "disabledFeatures": []}}
    )
    clock: Callable[[], datetime] = _now
    level: str = "available"
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version, to be compared."""
        return tuple(int(each) for each in self.version.split("."))

    @property
    def hides_internal_routes(self) -> bool:
        """Whether internal routes need a header of their own; so since 9.0."""
        return self.numbers >= (9,)

    def write_time(self) -> str:
        """The time now, as Kibana writes it."""
        return self.clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
