"""The metrics of one resource, and their definitions, by Azure Resource Manager: where there is no batch API.

Source: learn.microsoft.com, "Metrics - List" and "Metric Definitions - List", api-version 2024-02-01.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from collector.azure_monitor.metrics import Aggregation
from collector.inputs.azure_metrics.answers import read_answer
from collector.inputs.azure_metrics.batch import API_VERSION, build_query, render_time
from collector.inputs.azure_metrics.clients import MonitorClients
from collector.inputs.azure_metrics.planning import Definition
from collector.inputs.azure_metrics.ports import Call, ResourceSeries
from collector.inputs.azure_metrics.resources import Resource

_PROVIDER: Final = "/providers/Microsoft.Insights"


async def fetch_one_by_one(clients: MonitorClients, call: Call) -> Sequence[ResourceSeries]:
    """Ask for the resources of the call one after the other.

    Raises:
        RefusedByAzureError: there is no answer, or a refusal, for one of them.
    """
    return [await _fetch(clients, call, resource_id) for resource_id in call.resource_ids]


async def _fetch(clients: MonitorClients, call: Call, resource_id: str) -> ResourceSeries:
    query = {
        "api-version": API_VERSION,
        "timespan": f"{render_time(call.starts_at)}/{render_time(call.ends_at)}",
        "metricnamespace": call.namespace,
        **build_query(call, "$filter"),
    }
    body = await clients.read(f"{resource_id}{_PROVIDER}/metrics", query)
    return ResourceSeries(resource_id, read_answer(body).metrics())


async def list_definitions(clients: MonitorClients, resource: Resource) -> list[Definition]:
    """Return the metrics that a resource has.

    Raises:
        RefusedByAzureError: there is no answer, or a refusal.
    """
    query = {"api-version": API_VERSION, "metricnamespace": resource.type}
    entries = [entry async for entry in clients.list(f"{resource.id}{_PROVIDER}/metricDefinitions", query)]
    return [_read_definition(entry) for entry in entries if entry.get("name")]


def _read_definition(entry: Mapping[str, Any]) -> Definition:
    supported: set[Aggregation] = set()
    for name in entry.get("supportedAggregationTypes") or ():
        with suppress(ValueError):  # "None", and whatever comes later
            supported.add(Aggregation(name))
    dimensions = tuple(str(each["value"]) for each in entry.get("dimensions") or ())
    return Definition(str(entry["name"]["value"]), dimensions, frozenset(supported))
