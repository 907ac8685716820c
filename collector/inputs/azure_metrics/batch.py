"""The batch API of Azure Monitor: one request for up to 50 resources of a subscription, region and type.

Promises: an answer belongs to the resource that it names; nothing is paired by order. Source: learn.microsoft.com,
"Metrics - Batch" (POST metrics:getBatch).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from collector.inputs.azure_metrics.answers import read_batch
from collector.inputs.azure_metrics.clients import MonitorClients
from collector.inputs.azure_metrics.ports import Call, ResourceSeries

API_VERSION: Final = "2024-02-01"
GRAIN: Final = "PT1M"


async def fetch_batch(clients: MonitorClients, call: Call) -> Sequence[ResourceSeries]:
    """Make the call and return an entry for each resource that the answer names.

    Raises:
        RefusedByAzureError: there is no answer, or a refusal.
    """
    query = {
        "api-version": API_VERSION,
        "starttime": render_time(call.starts_at),
        "endtime": render_time(call.ends_at),
        "metricnamespace": call.namespace,
        **build_query(call, "filter"),
    }
    path = f"/subscriptions/{call.subscription_id}/metrics:getBatch"
    body = await clients.post_batch(call.region, path, query, {"resourceids": list(call.resource_ids)})
    found = {answer.resource_key: answer for answer in read_batch(body)}
    return [
        ResourceSeries(resource_id, found[resource_id.lower()].metrics())
        for resource_id in call.resource_ids
        if resource_id.lower() in found
    ]


def build_query(call: Call, filter_name: str) -> dict[str, str]:
    """Return the parameters that both APIs call alike, but for the name of the filter."""
    query = {
        "interval": GRAIN,
        # A comma in the name of a metric is escaped as the SDK does; no metric of the catalogue has one.
        "metricnames": ",".join(name.replace(",", "%2") for name in call.metrics),
        "aggregation": ",".join(call.aggregations),
    }
    if call.filter is not None:
        query[filter_name] = call.filter
    if call.top is not None:
        query["top"] = str(call.top)
    return query


def render_time(moment: datetime) -> str:
    """Return a moment as Azure takes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
