"""Which minutes: when one is final, how long it is looked at again, how far back a gap is filled.

All in minutes. The defaults and their reasons:

- ``latency`` 3: Azure shows most values within this time.
- ``look_back`` 30, every ``read_again`` 5: values that come or change later than that are rare; reading a minute six
  times more costs bytes, not calls.
- ``back_fill`` 24 hours: an outage of a day is filled without anybody asking for it.
- ``first_look`` 60: a resource is known some minutes after it was made (``refresh_list_interval``); its first hour is
  read with the first call.
- ``longest_span`` 60: what one call may cover.
"""

from dataclasses import dataclass
from typing import Final

from collector.inputs.azure_metrics.ports import MINUTE

RETENTION: Final = 93 * 24 * 60
"""Azure keeps metrics for 93 days."""
_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Timing:
    """How the engine goes through the minutes."""

    latency: int = 3
    look_back: int = 30
    read_again: int = 5
    back_fill: int = _DAY
    first_look: int = 60
    longest_span: int = 60

    def final(self, now: float) -> int:
        """Return the first minute that is not final at a moment, in seconds since 1970."""
        return int(now // MINUTE) - self.latency

    def oldest_filled(self, final: int) -> int:
        """Return the first minute that is filled when a gap is noticed now.

        To fill an outage of exactly ``back_fill`` it must reach further: to the look-back before it, and over the time
        that the restart took.
        """
        return final - min(self.back_fill + 2 * self.look_back, RETENTION)

    def oldest_tried(self, final: int) -> int:
        """Return the first minute that is still asked for: a gap is tried as long again as it may be old."""
        return final - min(2 * (self.back_fill + self.look_back), RETENTION)

    def looks_back(self, final: int, looked: int, turn: int) -> bool:
        """Tell whether the look-back is due again; those with different turns are due in different minutes."""
        return (final + turn) // self.read_again > (looked + turn) // self.read_again
