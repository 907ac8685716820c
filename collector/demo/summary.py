"""What a person wants to know about the traffic, computed by queries on the engine and by nothing else.

Only aggregations that Elasticsearch 8.16+, 9.x and the embedded engine all have. Calls are documents of category
``RequestResponse`` whose ``@timestamp`` lies in the window; dead letters and positions are counted over everything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from elasticsearch import AsyncElasticsearch

from collector.demo.streams import DEMO_STREAMS, SEARCH_OPTIONS, Streams
from collector.demo.token_comparison import ComparedTokens, compare_tokens
from collector.demo.usage import Usage, find_metered, read_usage
from collector.demo.window import Window

BARS: Final = 60
"""How many equal pieces of the window the timeline has."""

_NANOSECONDS_PER_MS: Final = 1_000_000
_FIRST_ERROR: Final = 400
_CALLERS: Final = 5
# More than any fleet of the demo has; `terms` counts are exact below this size.
_MANY: Final = 100
_PERCENTILES: Final = (50, 95, 99)

UNNAMED: Final = "(none named)"
"""The deployment of calls that name none: refused sign-ins, and operations without a model."""


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many calls ended with an HTTP status."""

    status: int
    requests: int


@dataclass(frozen=True, slots=True)
class DeploymentFigures:
    """One deployment of one resource. Latencies in ms, None without a measured call; bytes are sums."""

    resource: str
    deployment: str
    model: str
    requests: int
    errors: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    request_bytes: int
    response_bytes: int


@dataclass(frozen=True, slots=True)
class CallerCount:
    """How many calls somebody made: an Entra object id, or a masked address of a caller with a key."""

    caller: str
    requests: int
    errors: int


@dataclass(frozen=True, slots=True)
class DeadLetterCount:
    """How many dead letters there are for one reason."""

    reason: str
    documents: int


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """How many events of a partition come after the newest one of which a document is found."""

    partition: str
    last_sequence_number: int
    events_behind: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The page. ``timeline`` and ``error_timeline`` hold calls and failed calls in ``BARS`` equal pieces of the window.

    ``usage`` is what the metrics say of the minutes that the window touches and that are final, and ``tokens`` what the
    logs have of those minutes: nothing at first, since Azure Monitor takes minutes.

    ``records`` counts all documents of the logs stream and ``documents`` those and the dead letters, calls or not, in
    the window or not.
    """

    window: Window
    requests: int
    errors: int
    records: int
    documents: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    statuses: tuple[StatusCount, ...]
    deployments: tuple[DeploymentFigures, ...]
    callers: tuple[CallerCount, ...]
    dead_letters: tuple[DeadLetterCount, ...]
    lags: tuple[PartitionLag, ...]
    timeline: tuple[int, ...]
    error_timeline: tuple[int, ...]
    usage: tuple[Usage, ...]
    tokens: tuple[ComparedTokens, ...]

    @property
    def requests_per_second(self) -> float:
        """The mean rate over the window."""
        return self.requests / self.window.seconds


async def count_documents(client: AsyncElasticsearch, streams: Streams = DEMO_STREAMS) -> tuple[int, int]:
    """Count the records and the dead letters that are there, the newest included."""
    await client.indices.refresh(index=streams.both, **SEARCH_OPTIONS)
    records = await client.count(index=streams.logs, **SEARCH_OPTIONS)
    dead_letters = await client.count(index=streams.dead_letters, **SEARCH_OPTIONS)
    return int(records.body["count"]), int(dead_letters.body["count"])


async def summarise(
    client: AsyncElasticsearch,
    window: Window,
    last_sequence_numbers: Mapping[str, int],
    streams: Streams = DEMO_STREAMS,
) -> Summary:
    """Query the engine for the page. ``last_sequence_numbers`` gives each partition's newest event, -1 when empty."""
    await client.indices.refresh(index=streams.both, **SEARCH_OPTIONS)
    calls = await _search(client, streams.logs, _call_aggregations(window), query=_calls_in(window))
    everything = await _search(client, streams.both, _everything_aggregations())
    reasons = await _search(
        client, streams.dead_letters, {"reasons": {"terms": {"field": "event.reason", "size": _MANY}}}
    )
    metered = await find_metered(client, window.from_whole_minute(), streams)
    p50, p95, p99 = _read_percentiles(calls)
    positions = {str(bucket["key"]): bucket["newest"]["value"] for bucket in _buckets(everything, "partitions")}
    timeline, error_timeline = _read_timeline(calls, window)
    return Summary(
        window=window,
        requests=int(calls["total"]),
        errors=int(calls.get("errors", {}).get("doc_count", 0)),
        records=int(everything["total"]) - int(reasons["total"]),
        documents=int(everything["total"]),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        statuses=tuple(StatusCount(int(bucket["key"]), bucket["doc_count"]) for bucket in _buckets(calls, "statuses")),
        deployments=tuple(_read_deployments(calls)),
        callers=tuple(_read_callers(calls)),
        dead_letters=tuple(
            DeadLetterCount(str(bucket["key"]), bucket["doc_count"]) for bucket in _buckets(reasons, "reasons")
        ),
        lags=tuple(_read_lags(positions, last_sequence_numbers)),
        timeline=timeline,
        error_timeline=error_timeline,
        usage=await read_usage(client, metered, streams),
        tokens=await compare_tokens(client, metered, streams),
    )


def bar_seconds(window: Window) -> int:
    """How long one bar of the timeline is: whole seconds, so that it is a histogram interval."""
    return max(1, -int(-window.seconds // BARS))


async def _search(
    client: AsyncElasticsearch, index: str, aggregations: dict[str, Any], query: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Search and return the aggregations together with the exact number of hits as ``total``."""
    answer = await client.search(
        index=index, size=0, track_total_hits=True, query=query, aggs=aggregations, **SEARCH_OPTIONS
    )
    return {"total": answer.body["hits"]["total"]["value"], **answer.body.get("aggregations", {})}


def _calls_in(window: Window) -> dict[str, Any]:
    between = {"gte": window.since.isoformat(), "lt": window.until.isoformat()}
    category: dict[str, Any] = {"term": {"azure.open_ai.category": "RequestResponse"}}
    return {"bool": {"filter": [category, {"range": {"@timestamp": between}}]}}


def _call_aggregations(window: Window) -> dict[str, Any]:
    errors = {"errors": {"filter": {"range": {"http.response.status_code": {"gte": _FIRST_ERROR}}}}}
    latency = {"latency": {"percentiles": {"field": "event.duration", "percents": list(_PERCENTILES)}}}
    per_deployment = {
        **errors,
        **latency,
        "model": {"terms": {"field": "azure.open_ai.properties.model_name", "size": 1}},
        "request_bytes": {"sum": {"field": "http.request.body.bytes"}},
        "response_bytes": {"sum": {"field": "http.response.body.bytes"}},
    }
    named = {"field": "gen_ai.request.model", "size": _MANY, "missing": UNNAMED}
    deployments = {"deployments": {"terms": named, "aggs": per_deployment}}
    without_user = {"bool": {"must_not": {"exists": {"field": "user.id"}}}}
    addresses = {"callers": {"terms": {"field": "azure.open_ai.caller_ip_address", "size": _CALLERS}, "aggs": errors}}
    interval = {"fixed_interval": f"{bar_seconds(window)}s", "min_doc_count": 1}
    return {
        **errors,
        **latency,
        "statuses": {"terms": {"field": "http.response.status_code", "size": _MANY, "order": {"_key": "asc"}}},
        "resources": {"terms": {"field": "azure.resource.name", "size": _MANY}, "aggs": deployments},
        "users": {"terms": {"field": "user.id", "size": _CALLERS}, "aggs": errors},
        "key_users": {"filter": without_user, "aggs": addresses},
        "timeline": {"date_histogram": {"field": "@timestamp", **interval}, "aggs": errors},
    }


def _everything_aggregations() -> dict[str, Any]:
    newest = {"newest": {"max": {"field": "azure.sequence_number"}}}
    return {"partitions": {"terms": {"field": "azure.partition_id", "size": _MANY}, "aggs": newest}}


def _buckets(answer: Mapping[str, Any], name: str) -> Sequence[dict[str, Any]]:
    """The buckets of an aggregation; none where no index matched and so nothing was aggregated."""
    return answer.get(name, {}).get("buckets", [])


def _read_percentiles(answer: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
    values: Mapping[str, float | None] = answer.get("latency", {}).get("values", {})
    p50, p95, p99 = (values.get(f"{percent:.1f}") for percent in _PERCENTILES)
    return _to_ms(p50), _to_ms(p95), _to_ms(p99)


def _to_ms(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / _NANOSECONDS_PER_MS


def _read_deployments(calls: Mapping[str, Any]) -> list[DeploymentFigures]:
    return [
        _read_deployment(str(resource["key"]), bucket)
        for resource in sorted(_buckets(calls, "resources"), key=lambda bucket: str(bucket["key"]))
        for bucket in _buckets(resource, "deployments")
    ]


def _read_deployment(resource: str, bucket: Mapping[str, Any]) -> DeploymentFigures:
    p50, p95, p99 = _read_percentiles(bucket)
    models = _buckets(bucket, "model")
    return DeploymentFigures(
        resource=resource,
        deployment=str(bucket["key"]),
        model=str(models[0]["key"]) if models else "",
        requests=bucket["doc_count"],
        errors=bucket["errors"]["doc_count"],
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        request_bytes=round(bucket["request_bytes"]["value"]),
        response_bytes=round(bucket["response_bytes"]["value"]),
    )


def _read_callers(calls: Mapping[str, Any]) -> list[CallerCount]:
    """The busiest callers of both kinds; each kind's own top is complete, so the joined top is."""
    buckets = [*_buckets(calls, "users"), *_buckets(calls.get("key_users", {}), "callers")]
    callers = [
        CallerCount(str(bucket["key"]), bucket["doc_count"], bucket["errors"]["doc_count"]) for bucket in buckets
    ]
    return sorted(callers, key=lambda caller: (-caller.requests, caller.caller))[:_CALLERS]


def _read_lags(positions: Mapping[str, float | None], newest: Mapping[str, int]) -> list[PartitionLag]:
    lags: list[PartitionLag] = []
    for partition, last in sorted(newest.items()):
        seen = positions.get(partition)
        lags.append(PartitionLag(partition, last, last - (-1 if seen is None else int(seen))))
    return lags


def _read_timeline(calls: Mapping[str, Any], window: Window) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Put the histogram's bars, which start at multiples of the interval, in a row that covers the window."""
    seconds = bar_seconds(window)
    first = int(window.since.timestamp()) // seconds * seconds
    last = int((window.until - timedelta(milliseconds=1)).timestamp()) // seconds * seconds
    length = (last - first) // seconds + 1
    requests, errors = [0] * length, [0] * length
    for bucket in _buckets(calls, "timeline"):
        position = (int(bucket["key"]) // 1000 - first) // seconds
        requests[position], errors[position] = bucket["doc_count"], bucket["errors"]["doc_count"]
    return tuple(requests), tuple(errors)
