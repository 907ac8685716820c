"""The idle case (P8 of the guarantees): daemons on hubs in which nothing happens."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from benchmarks.effort import Effort
from benchmarks.measuring import set_stage
from benchmarks.processes import cpu_seconds, memory_mib
from benchmarks.subjects import daemon
from benchmarks.verdicts import Verdict

_PARTITIONS: Final = (4, 32)
_SETTLING_SECONDS: Final = 15.0
"""To claim the partitions one after the other, and to open a link to each."""


def measure_idle(effort: Effort) -> Sequence[Verdict]:
    """Watch one daemon for each number of partitions, all in the same minute."""
    with ExitStack() as stack:
        stages = [
            stack.enter_context(set_stage(daemon, records=0, per_event=1, partitions=number)) for number in _PARTITIONS
        ]
        pids = [stage.subject.pid for stage in stages]
        time.sleep(_SETTLING_SECONDS)
        begun, before = time.monotonic(), [cpu_seconds(pid) for pid in pids]
        time.sleep(effort.idle_seconds)
        passed = time.monotonic() - begun
        shares = [(cpu_seconds(pid) - earlier) / passed * 100 for pid, earlier in zip(pids, before, strict=True)]
        memory = [memory_mib(pid) for pid in pids]
    return [
        *(
            Verdict("idle", f"% of a core, {number} partitions", share, most=1)
            for number, share in zip(_PARTITIONS, shares, strict=True)
        ),
        *(
            Verdict("idle", f"MiB, {number} partitions", taken, most=100)
            for number, taken in zip(_PARTITIONS, memory, strict=True)
        ),
    ]
