"""What Azure Monitor's metrics say of each deployment: tokens, latency, utilisation, cost; by queries on the engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from elasticsearch import AsyncElasticsearch

from collector.demo.streams import DEMO_STREAMS, SEARCH_OPTIONS, Streams
from collector.demo.window import Window

_MINUTE: Final = timedelta(minutes=1)
# More than any fleet of the demo has.
_MANY: Final = 100
_COST: Final = "azure.open_ai.cost.total"
_FIGURES: Final = {
    "requests": {"sum": {"field": "azure.open_ai.requests.total"}},
    "input_tokens": {"sum": {"field": "gen_ai.usage.input_tokens"}},
    "output_tokens": {"sum": {"field": "gen_ai.usage.output_tokens"}},
    "slowest_ms": {"max": {"field": "azure.open_ai.time_to_response.max"}},
    "utilization": {"max": {"field": "azure.open_ai.provisioned_managed_utilization_v2.max"}},
    "cost": {"sum": {"field": _COST}},
    "priced": {"filter": {"exists": {"field": _COST}}},
}


@dataclass(frozen=True, slots=True)
class Usage:
    """One deployment of one account.

    ``slowest_ms`` is the longest time to a response; a mean of minutes would have to count each by its requests, which
    Azure splits otherwise. ``utilization`` is that of the busiest minute in percent, None where no throughput was
    bought, and ``cost`` that of the price list, None without a price.
    """

    account: str
    deployment: str
    requests: int
    input_tokens: int
    output_tokens: int
    slowest_ms: float | None
    utilization: float | None
    cost: float | None


async def find_metered(client: AsyncElasticsearch, window: Window, streams: Streams = DEMO_STREAMS) -> Window:
    """Return the part of a window whose minutes have metrics; an empty one where there are none."""
    await client.indices.refresh(index=streams.metrics, **SEARCH_OPTIONS)
    bounds = {name: {name: {"field": "@timestamp"}} for name in ("min", "max")}
    answer = await client.search(index=streams.metrics, size=0, query=_within(window), aggs=bounds, **SEARCH_OPTIONS)
    found: Mapping[str, Any] = answer.body.get("aggregations", {})
    oldest, newest = (found.get(name, {}).get("value") for name in bounds)
    if oldest is None or newest is None:
        return Window(window.since, window.since)
    since, last = (datetime.fromtimestamp(value / 1000, UTC) for value in (oldest, newest))
    return Window(since, last + _MINUTE)


async def read_usage(client: AsyncElasticsearch, window: Window, streams: Streams = DEMO_STREAMS) -> tuple[Usage, ...]:
    """Return the usage of each deployment in the minutes of a window; nothing where there are no metrics."""
    await client.indices.refresh(index=streams.metrics, **SEARCH_OPTIONS)
    deployments = {"terms": {"field": "azure.dimensions.model_deployment_name", "size": _MANY}, "aggs": _FIGURES}
    accounts = {
        "terms": {"field": "azure.resource.name", "size": _MANY, "order": {"_key": "asc"}},
        "aggs": {"deployments": deployments},
    }
    answer = await client.search(
        index=streams.metrics, size=0, query=_within(window), aggs={"accounts": accounts}, **SEARCH_OPTIONS
    )
    found: Mapping[str, Any] = answer.body.get("aggregations", {})
    return tuple(
        _read(str(account["key"]), deployment)
        for account in found.get("accounts", {}).get("buckets", [])
        for deployment in account["deployments"]["buckets"]
    )


def _read(account: str, bucket: Mapping[str, Any]) -> Usage:
    return Usage(
        account=account,
        deployment=str(bucket["key"]),
        requests=round(bucket["requests"]["value"]),
        input_tokens=round(bucket["input_tokens"]["value"]),
        output_tokens=round(bucket["output_tokens"]["value"]),
        slowest_ms=bucket["slowest_ms"]["value"],
        utilization=bucket["utilization"]["value"],
        cost=bucket["cost"]["value"] if bucket["priced"]["doc_count"] else None,
    )


def _within(window: Window) -> dict[str, Any]:
    return {"range": {"@timestamp": {"gte": window.since.isoformat(), "lt": window.until.isoformat()}}}
