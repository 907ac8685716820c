"""The time that figures are about."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Window:
    """The time that calls are counted in: from ``since`` on, until before ``until``."""

    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.until - self.since).total_seconds()

    def from_whole_minute(self) -> "Window":
        """Return the same from the minute on in which it begins: a metric's time is the start of its minute."""
        return Window(self.since.replace(second=0, microsecond=0), self.until)
