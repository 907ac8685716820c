"""What this process uses of the machine."""

import os
from pathlib import Path
from typing import Final

from collector import __version__
from collector.telemetry.status import ProcessStatus

_STATM: Final = Path("/proc/self/statm")
_RESIDENT_PAGES: Final = 1


def describe_process(started_at: float) -> ProcessStatus:
    """Return what this process uses; it started then, in seconds since 1970."""
    return ProcessStatus(__version__, started_at, sum(os.times()[:2]), _resident_bytes())


def _resident_bytes() -> int | None:
    """Linux tells in pages; elsewhere nothing is known."""
    try:
        pages = _STATM.read_text(encoding="ascii").split()[_RESIDENT_PAGES]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
