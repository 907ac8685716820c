"""What the kernel says of a process (Linux)."""

import time
from pathlib import Path
from typing import Final

_SCHEDULED: Final = 2
"""The kind of a process's clock that counts nanoseconds on a processor (``CPUCLOCK_SCHED``); proc(5) has only ticks."""


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads, from the clock that clock_getcpuclockid(3) names."""
    return time.clock_gettime(~pid << 3 | _SCHEDULED)


def memory_mib(pid: int) -> float:
    """Resident memory, from ``/proc/PID/status`` (proc(5))."""
    return _status(pid, "VmRSS")


def peak_memory_mib(pid: int) -> float:
    """The most resident memory so far."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024
