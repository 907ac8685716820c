"""A run that is watched over its whole length: documents, processor time and memory, sample by sample."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from benchmarks.measuring import Stage
from benchmarks.processes import cpu_seconds, memory_mib

_SECONDS_BETWEEN_SAMPLES: Final = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What a run had come to after so many seconds."""

    seconds: float
    documents: int
    cpu_seconds: float
    memory_mib: float


def watch(stage: Stage, goes_on: Callable[[Sample], bool]) -> list[Sample]:
    """Take samples for as long as the newest of them says so.

    Raises:
        BenchmarkError: the subject died.
    """
    begun, pid = time.monotonic(), stage.subject.pid
    samples: list[Sample] = []
    while not samples or goes_on(samples[-1]):
        documents = stage.wait_for(0)
        samples.append(Sample(time.monotonic() - begun, documents, cpu_seconds(pid), memory_mib(pid)))
        time.sleep(_SECONDS_BETWEEN_SAMPLES)
    return samples


def records_per_cpu_second(samples: Sequence[Sample]) -> float:
    """Return the rate from the first to the last sample."""
    first, last = samples[0], samples[-1]
    return (last.documents - first.documents) / (last.cpu_seconds - first.cpu_seconds)


def memory_growth(samples: Sequence[Sample], parts: int = 5) -> float:
    """Return by how many MiB the last part needs more memory than the first, on the average of each."""
    size = max(len(samples) // parts, 1)
    first, last = samples[:size], samples[-size:]
    return fmean(each.memory_mib for each in last) - fmean(each.memory_mib for each in first)


def memory_slope(samples: Sequence[Sample]) -> float:
    """Return the slope of memory in MiB a minute, by the least squares."""
    seconds = fmean(each.seconds for each in samples)
    memory = fmean(each.memory_mib for each in samples)
    spread = sum((each.seconds - seconds) ** 2 for each in samples)
    together = sum((each.seconds - seconds) * (each.memory_mib - memory) for each in samples)
    return 60 * together / spread if spread else 0.0
