"""Answers to questions for values: series of points, as both APIs give them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from collector.azure_monitor.metrics import Aggregation
from collector.emulators.azure_monitor.arrival import MINUTE
from collector.emulators.azure_monitor.definitions import RETENTION_DAYS, Definition
from collector.emulators.azure_monitor.estate import MetricResource
from collector.emulators.azure_monitor.history import History, Names
from collector.emulators.azure_monitor.observations import Sample, merge
from collector.emulators.azure_monitor.queries import DEFAULT_TOP, Query

type Series = dict[datetime, Sample]

_RETENTION: Final = timedelta(days=RETENTION_DAYS)
# Beyond it, not every whole number is a float.
_EXACT: Final = 1 << 53
_NOTHING: Final = Sample(0, 0, 0, 0)


class Reader:
    """Answers questions about one resource as of now."""

    def __init__(self, history: History, now: datetime) -> None:
        """`now` is the time of the request: nothing later can be read."""
        self._history = history
        self._now = now

    def answer(self, resource: MetricResource, query: Query, resource_id: str) -> dict[str, object]:
        """Return what both answers have in common. `resource_id` is written as the client wrote it."""
        return {
            "cost": max(1, (query.end - query.start) // MINUTE) * len(query.definitions),
            "interval": query.interval,
            "value": [self._describe(resource, query, each, resource_id) for each in query.definitions],
            "namespace": resource.type,
            "resourceregion": resource.region,
        }

    def _describe(
        self, resource: MetricResource, query: Query, definition: Definition, resource_id: str
    ) -> dict[str, object]:
        slots = query.slots(self._now - _RETENTION, self._now)
        found = self._collect(resource, query, definition, slots)
        chosen = _choose(found, query, definition, slots)
        return {
            "id": f"{resource_id}/providers/Microsoft.Insights/metrics/{definition.name}",
            "type": "Microsoft.Insights/metrics",
            "name": {"value": definition.name, "localizedValue": definition.title or definition.name},
            "displayDescription": definition.title or definition.name,
            "unit": definition.unit,
            "timeseries": [self._render(names, series, query, definition, slots) for names, series in chosen],
            "errorCode": "Success",
        }

    def _collect(
        self, resource: MetricResource, query: Query, definition: Definition, slots: Sequence[datetime]
    ) -> dict[Names, Series]:
        """Return the values of each series by the begin of their grain."""
        split = query.split[definition.name]
        wanted = query.filter.keep(definition.dimensions)
        found: dict[Names, dict[datetime, list[Sample]]] = {}
        for slot in slots:
            end = min(query.end, self._now, slot + query.step if query.step else query.end)
            for minute in _minutes(max(slot, self._now - _RETENTION), end):
                for names, sample in self._history.read(resource, definition, minute, self._now, split, wanted).items():
                    found.setdefault(names, {}).setdefault(slot, []).append(sample)
        return {
            names: {slot: each for slot, samples in series.items() if (each := merge(samples)) is not None}
            for names, series in found.items()
        }

    def _render(
        self, names: Names, series: Series, query: Query, definition: Definition, slots: Iterable[datetime]
    ) -> dict[str, object]:
        """Return one series; Azure writes the names of dimensions in lower case."""
        rendered: dict[str, object] = {
            "metadatavalues": [
                {"name": {"value": name.lower(), "localizedValue": name.lower()}, "value": value}
                for name, value in zip(query.split[definition.name], names, strict=True)
            ]
        }
        if not query.metadata_only:
            nothing = _NOTHING if not names and _counts(definition) else None
            aggregations = query.aggregations or [Aggregation(definition.aggregations[0])]
            rendered["data"] = [self._render_point(slot, series.get(slot, nothing), aggregations) for slot in slots]
        return rendered

    def _render_point(
        self, slot: datetime, sample: Sample | None, aggregations: Sequence[Aggregation]
    ) -> dict[str, object]:
        """Return one point. Where nothing happened an unsplit counter says 0, and anything else has no value."""
        point: dict[str, object] = {"timeStamp": write_time(slot)}
        if sample is not None:
            point |= {each.attribute: _write_decimal(sample.measure(each)) for each in aggregations}
        return point


def write_time(at: datetime) -> str:
    """Return a time as answers write it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _choose(
    found: Mapping[Names, Series], query: Query, definition: Definition, slots: Sequence[datetime]
) -> list[tuple[Names, Series]]:
    """Return the series that an answer has room for; without a filter a counter has one, also when nothing happened."""
    if query.top is None:
        whole = found.get((), {})
        return [((), whole)] if whole or (slots and _counts(definition)) else []
    order, descending = query.order or (Aggregation(definition.aggregations[0]), True)

    def rank(item: tuple[Names, Series]) -> tuple[float, Names]:
        whole = merge(item[1].values()) or _NOTHING
        return (-1 if descending else 1) * whole.measure(order), item[0]

    return sorted(found.items(), key=rank)[: query.top or DEFAULT_TOP]


def _counts(definition: Definition) -> bool:
    return definition.aggregations[0] == Aggregation.TOTAL


def _write_decimal(value: float) -> float:
    """Return a number that is written with a decimal point, 12.0, unless it would not be the same number then."""
    return float(value) if abs(value) <= _EXACT else value


def _minutes(start: datetime, end: datetime) -> list[datetime]:
    first = start.replace(second=0, microsecond=0)
    return [first + MINUTE * number for number in range(max(0, -((first - end) // MINUTE)))]
