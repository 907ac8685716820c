"""Cases of long runs against a full hub: a large backlog (P10 of the guarantees), and memory at full load (P9)."""

import sys
from collections.abc import Sequence
from statistics import median
from typing import Final

from benchmarks.cases import PARTITIONS
from benchmarks.effort import Effort
from benchmarks.measuring import measure, set_stage
from benchmarks.processes import peak_memory_mib
from benchmarks.series import Sample, memory_growth, memory_slope, records_per_cpu_second, watch
from benchmarks.subjects import daemon
from benchmarks.verdicts import Verdict

_PER_EVENT: Final = 25
_AHEAD: Final = 200_000
"""Records that the endless hub always has ready: some seconds' work."""
_WARM: Final = 0.2
"""The first part of the time is not in the slope: caches fill, and the allocator finds its size."""
_LONG_ENOUGH_SECONDS: Final = 600.0
"""For a slope to be judged: in a few minutes what an allocator keeps is as large as what a leak would be."""
_MOST_RUNS: Final = 3


def measure_backlog(effort: Effort) -> Sequence[Verdict]:
    """Read a backlog, and a hub of the usual size in the same turn."""
    runs = min(effort.runs, _MOST_RUNS)
    ratios: list[float] = []
    growths: list[float] = []
    for number in range(1, runs + 1):
        usual = measure(daemon, records=effort.records, per_event=_PER_EVENT, partitions=PARTITIONS)
        samples = _read_backlog(effort.backlog)
        ratios.append(records_per_cpu_second(samples) / usual.records_per_cpu_second)
        growths.append(memory_growth(samples))
        told = f"{ratios[-1]:.2f} times the usual rate, {growths[-1]:+.1f} MiB"
        print(f"backlog, run {number}/{runs}: {told}", file=sys.stderr)
    return [
        Verdict("backlog", "times the rate of a short run", median(ratios), least=0.9, runs=runs),
        Verdict("backlog", "MiB more in the last fifth than in the first", median(growths), most=10, runs=runs),
    ]


def _read_backlog(records: int) -> list[Sample]:
    with set_stage(daemon, records=records, per_event=_PER_EVENT, partitions=PARTITIONS, full=True) as stage:
        return watch(stage, lambda sample: sample.documents < records)


def measure_memory(effort: Effort) -> Sequence[Verdict]:
    """Read without end, and watch the memory."""
    with set_stage(
        daemon,
        records=_AHEAD,
        per_event=_PER_EVENT,
        partitions=PARTITIONS,
        endless=True,
        rate=effort.memory_rate,
    ) as stage:
        samples = watch(stage, lambda sample: sample.seconds < effort.memory_seconds)
        peak = peak_memory_mib(stage.subject.pid)
    steady = samples[int(len(samples) * _WARM) :]
    seconds, documents = samples[-1].seconds, samples[-1].documents - samples[0].documents
    most = 1 if seconds >= _LONG_ENOUGH_SECONDS else None
    return [
        Verdict("memory", "MiB at most", peak, most=256),
        Verdict("memory", "MiB a minute", memory_slope(steady), most=most),
        Verdict("memory", "minutes watched", seconds / 60),
        Verdict("memory", "records a second meanwhile", documents / seconds),
    ]
