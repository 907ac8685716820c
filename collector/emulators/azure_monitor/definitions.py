"""The metric definitions that the emulator offers: those of the catalogue, and more or fewer where a test wants so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from collector.azure_monitor.metrics import Aggregation, Metric, load_metrics
from collector.emulators.azure_monitor.errors import unknown_metric

GRAINS: Final = ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D")
"""The time grains of every metric."""

RETENTION_DAYS: Final = 93


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric of a resource type, as Azure defines it."""

    namespace: str
    name: str
    unit: str = "Count"
    aggregations: Sequence[str] = (Aggregation.TOTAL,)
    dimensions: Sequence[str] = ()
    title: str = ""
    category: str = ""

    def render(self, resource_id: str) -> dict[str, object]:
        """Return the definition as an answer has it."""
        path = f"{resource_id}/providers/microsoft.insights/metricdefinitions/{self.name}"
        return {
            "id": path,
            "resourceId": resource_id,
            "namespace": self.namespace,
            "category": self.category,
            "name": {"value": self.name, "localizedValue": self.title or self.name},
            "displayDescription": self.title or self.name,
            "isDimensionRequired": False,
            "unit": self.unit,
            "primaryAggregationType": self.aggregations[0],
            "supportedAggregationTypes": list(self.aggregations),
            "metricAvailabilities": [{"timeGrain": grain, "retention": f"P{RETENTION_DAYS}D"} for grain in GRAINS],
            "dimensions": [{"value": name, "localizedValue": name} for name in self.dimensions],
        }


class Definitions:
    """What metrics there are. Starts with the catalogue's; changes are seen by the next request."""

    def __init__(self) -> None:
        self._defined: dict[tuple[str, str], Definition] = {}
        for metric in load_metrics():
            self.offer(_define(metric))

    def offer(self, definition: Definition) -> None:
        """Add a metric that the catalogue does not know, or replace one, for example with other dimensions."""
        self._defined[definition.namespace.lower(), definition.name.lower()] = definition

    def withhold(self, namespace: str, name: str) -> None:
        """Take a metric away, as Azure does when it retires one.

        Raises:
            KeyError: it is not there.
        """
        del self._defined[namespace.lower(), name.lower()]

    def of(self, namespace: str) -> list[Definition]:
        """Return the metrics of a resource type."""
        return [each for (kind, _), each in self._defined.items() if kind == namespace.lower()]

    def select(self, namespace: str, names: Iterable[str]) -> list[Definition]:
        """Return the metrics of these names, whose case does not matter.

        Raises:
            RequestRefusedError: there is no metric of one of the names.
        """
        found: list[Definition] = []
        for name in names:
            definition = self._defined.get((namespace.lower(), name.lower()))
            if definition is None:
                raise unknown_metric(namespace, name, (each.name for each in self.of(namespace)))
            found.append(definition)
        return found


def _define(metric: Metric) -> Definition:
    return Definition(
        metric.namespace,
        metric.name,
        metric.unit,
        metric.aggregations,
        metric.dimensions,
        metric.title,
        metric.family,
    )
