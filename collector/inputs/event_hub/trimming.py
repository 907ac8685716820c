"""Hands free memory back to the system.

Promise: what an event of very many records, or one that inflates, needed while it was taken in does not stay with the
process. The documents of its records are freed one by one in between others, and glibc keeps such pages until it is
asked for them: after 32 events of 300,000 records each, tens of MiB that the next large event could not use. Where the
C library is another one, nothing is done.
"""

import ctypes
import sys
import time
from collections.abc import Callable
from typing import Any, Final

_SECONDS_BETWEEN: Final = 1.0
"""A trim takes some milliseconds: so it costs less than one percent, however many events ask for one."""


def find_trim() -> Callable[[int], Any] | None:
    """Return ``malloc_trim`` of glibc (its man page is ``malloc_trim(3)``), or None where there is none."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


class Trimmer:
    """Trims the heap, but not too often."""

    def __init__(
        self, trim: Callable[[int], Any] | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Trim with ``trim``, by default with what the C library has."""
        self._trim = trim or find_trim()
        self._clock = clock
        self._next = clock()

    def trim(self) -> None:
        """Hand back what is free, unless that was done a moment ago."""
        if self._trim is not None and (now := self._clock()) >= self._next:
            self._trim(0)
            self._next = now + _SECONDS_BETWEEN
