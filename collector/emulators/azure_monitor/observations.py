"""What happened in a minute: samples of metrics for one full set of dimension values, and how they add up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from collector.azure_monitor.metrics import Aggregation
from collector.emulators.azure_monitor.estate import MetricResource


@dataclass(frozen=True, slots=True)
class Sample:
    """What the measurements of one minute come to; integers stay integers, so that 64 bits stay exact."""

    total: float
    count: int
    minimum: float
    maximum: float

    @classmethod
    def counted(cls, amount: float) -> "Sample":
        """Return the sample of a counter that went up by `amount`, in one measurement."""
        return cls(amount, 1, amount, amount)

    @property
    def average(self) -> float:
        """The mean of the measurements; 0 when there was none."""
        return self.total / self.count if self.count else 0.0

    def measure(self, aggregation: Aggregation) -> float:
        """Return one aggregation of the measurements."""
        return getattr(self, aggregation.attribute)


@dataclass(frozen=True, slots=True)
class Observation:
    """The samples of a minute for one set of values of all dimensions that there are.

    A metric takes from `dimensions` those that it has. What has the same values for them is one series.
    """

    dimensions: Mapping[str, str]
    samples: Mapping[str, Sample]


class Observations(Protocol):
    """Where values come from: a generator, or somebody's own traffic."""

    def __call__(self, resource: MetricResource, minute: datetime) -> Sequence[Observation]:
        """Return what happened to a resource in the minute that starts at `minute`.

        The answer for a minute that is over must not change: a restatement is made from it, elsewhere.
        """
        ...


def merge(samples: Iterable[Sample]) -> Sample | None:
    """Return what samples come to together; None for none."""
    parts = list(samples)
    if len(parts) <= 1:
        return parts[0] if parts else None
    return Sample(
        sum(each.total for each in parts),
        sum(each.count for each in parts),
        min(each.minimum for each in parts),
        max(each.maximum for each in parts),
    )
