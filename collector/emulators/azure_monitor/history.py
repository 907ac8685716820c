"""The values of all series: what a poll reads at a time, and, as the ledger of tests, what is true in the end."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from collector.emulators.azure_monitor.arrival import MINUTE, Arrival, Fate, Kind
from collector.emulators.azure_monitor.definitions import Definition, Definitions
from collector.emulators.azure_monitor.estate import Estate, MetricResource
from collector.emulators.azure_monitor.filters import Filter
from collector.emulators.azure_monitor.observations import Observation, Observations, Sample, merge

type Names = tuple[str, ...]
"""The values of the dimensions that a series is split by, in their order."""

NO_FILTER: Final = Filter({})


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of the ledger, at the finest split there is.

    Attributes:
        final: what it is in the end; None when it never comes.
        settled: when it changes for the last time.
    """

    resource_id: str
    metric: str
    dimensions: Mapping[str, str]
    minute: datetime
    final: Sample | None
    kind: Kind
    settled: datetime


class History:
    """Reads values as they were, or will have been, at any time."""

    def __init__(self, observations: Observations, arrival: Arrival) -> None:
        """`observations` are the final values, `arrival` is when they can be read."""
        self._observations = observations
        self._arrival = arrival

    def read(  # noqa: PLR0913, PLR0917 - a series is told by all of them
        self,
        resource: MetricResource,
        definition: Definition,
        minute: datetime,
        at: datetime | None,
        split: Sequence[str] = (),
        wanted: Filter = NO_FILTER,
    ) -> dict[Names, Sample]:
        """Return the values of one minute by the values of the dimensions `split`; final ones when `at` is None."""
        found: dict[Names, list[Sample]] = {}
        for dimensions, sample, fate in self._find(resource, definition, minute):
            if not wanted.accepts(dimensions):
                continue
            seen = self._arrival.show(sample, fate, minute, at)
            if seen is not None:
                names = tuple(dimensions.get(name.lower(), "") for name in split)
                found.setdefault(names, []).append(seen)
        return {names: each for names, samples in found.items() if (each := merge(samples)) is not None}

    def list_entries(self, resource: MetricResource, definition: Definition, minute: datetime) -> Iterator[Entry]:
        """Yield the ledger's entries of one metric and minute."""
        for dimensions, sample, fate in self._find(resource, definition, minute):
            final = self._arrival.show(sample, fate, minute, None)
            settled = minute + MINUTE + fate.settled_after
            yield Entry(resource.id, definition.name, dimensions, minute, final, fate.kind, settled)

    def _find(
        self, resource: MetricResource, definition: Definition, minute: datetime
    ) -> Iterator[tuple[Mapping[str, str], Sample, Fate]]:
        """Yield the samples of a metric by all of its dimensions, under lower-case names."""
        merged: dict[Names, list[Sample]] = {}
        for observation in self._observations(resource, minute):
            sample = observation.samples.get(definition.name)
            if sample is not None:
                merged.setdefault(_name(observation, definition.dimensions), []).append(sample)
        lowered = [name.lower() for name in definition.dimensions]
        for names, samples in merged.items():
            whole = merge(samples)
            if whole is not None:
                key = f"{resource.id.lower()}/{definition.name}/{minute:%Y-%m-%dT%H:%M}/{'/'.join(names)}"
                yield dict(zip(lowered, names, strict=True)), whole, self._arrival.decide(key)


class Ledger:
    """What is true in the end, for tests to compare with."""

    def __init__(self, estate: Estate, definitions: Definitions, history: History) -> None:
        """Reads the same history that is served, and never as of a time."""
        self._estate = estate
        self._definitions = definitions
        self._history = history

    def final(self, resource_id: str, metric: str, minute: datetime, split: Sequence[str] = ()) -> dict[Names, Sample]:
        """Return the final values of a minute by the values of the dimensions `split`; one without any has key ().

        Raises:
            LookupError: there is no such resource.
            RequestRefusedError: there is no such metric.
        """
        resource = self._find(resource_id)
        definition = self._definitions.select(resource.type, [metric])[0]
        return self._history.read(resource, definition, minute, None, split)

    def entries(self, minutes: Iterable[datetime], metrics: Collection[str] = ()) -> Iterator[Entry]:
        """Yield the entries of all resources, for the metrics of these names; for all metrics without any."""
        wanted = {name.lower() for name in metrics}
        for minute in minutes:
            for resource in self._estate.resources():
                for definition in self._definitions.of(resource.type):
                    if not wanted or definition.name.lower() in wanted:
                        yield from self._history.list_entries(resource, definition, minute)

    def _find(self, resource_id: str) -> MetricResource:
        resource = self._estate.find(resource_id)
        if resource is None:
            raise LookupError(f"no resource {resource_id}")
        return resource


def _name(observation: Observation, dimensions: Sequence[str]) -> Names:
    return tuple(observation.dimensions.get(name, "") for name in dimensions)
