"""Tokens that Azure Monitor has counted beside those in logs, with the rest that no log explains.

The query is that of docs/cost.md, on the demo's own data streams.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from elasticsearch import AsyncElasticsearch

from collector.demo.streams import DEMO_STREAMS, SEARCH_OPTIONS, Streams
from collector.demo.window import Window

CATEGORIES: Final = ("RequestResponse",)
"""The records of the demo's traffic that have tokens."""

_MANY: Final = 1_000
_MODELS: Final = 5
_TOKENS: Final = {
    "input": {"sum": {"field": "gen_ai.usage.input_tokens"}},
    "output": {"sum": {"field": "gen_ai.usage.output_tokens"}},
}
_METERED: Final = {"metered_input": "metered>input", "metered_output": "metered>output"}
_LOGGED: Final = {"logged_input": "logged>input", "logged_output": "logged>output"}
_REST: Final = "params.metered_input + params.metered_output - params.logged_input - params.logged_output"
_PERCENT: Final = (
    "params.metered_input + params.metered_output == 0 ? null "
    ": 100 * params.rest / (params.metered_input + params.metered_output)"
)


def build_query(between: Mapping[str, str], categories: Sequence[str]) -> dict[str, Any]:
    """Return the search: by hour and deployment what is metered, what is logged, and the rest.

    ``between`` bounds ``@timestamp``; ``categories`` are those of the records whose tokens count. A call must have
    tokens in records of one of them only.
    """
    answered = {"filter": {"range": {"http.response.status_code": {"lt": 400}}}}
    metered = {
        "filter": {"term": {"data_stream.dataset": "aoai.metrics"}},
        "aggs": {
            "models": {"terms": {"field": "gen_ai.response.model", "size": _MODELS}},
            **_TOKENS,
            "answered": answered | {"aggs": {"requests": {"sum": {"field": "azure.open_ai.requests.total"}}}},
        },
    }
    with_tokens = [
        {"terms": {"azure.open_ai.category": list(categories)}},
        {"exists": {"field": "gen_ai.usage.input_tokens"}},
    ]
    logged = {"filter": {"bool": {"filter": with_tokens}}, "aggs": _TOKENS}
    requests = {"requests": "metered>answered>requests", "logged": "logged>_count"}
    figures = {
        "metered": metered,
        "logged": logged,
        "rest": _compute(_METERED | _LOGGED, _REST),
        "rest_percent": _compute(_METERED | {"rest": "rest"}, _PERCENT),
        "requests_without_tokens": _compute(requests, "params.requests - params.logged"),
    }
    deployments = {"terms": {"field": "gen_ai.request.model", "size": _MANY}, "aggs": figures}
    hours = {"date_histogram": {"field": "@timestamp", "fixed_interval": "1h"}}
    return {
        "size": 0,
        "query": {"range": {"@timestamp": dict(between)}},
        "aggs": {"hours": hours | {"aggs": {"deployments": deployments}}},
    }


def _compute(paths: Mapping[str, str], script: str) -> dict[str, Any]:
    return {"bucket_script": {"buckets_path": dict(paths), "script": script}}


@dataclass(slots=True)
class ComparedTokens:
    """Tokens of one deployment name, prompts and answers together, whatever account it is in.

    ``requests_without_tokens`` were answered, by Azure Monitor's count, and no record has their tokens.
    """

    deployment: str
    models: set[str] = field(default_factory=set[str])
    metered: int = 0
    logged: int = 0
    requests_without_tokens: int = 0

    @property
    def rest(self) -> int:
        """What is metered and not logged."""
        return self.metered - self.logged


async def compare_tokens(
    client: AsyncElasticsearch, window: Window, streams: Streams = DEMO_STREAMS
) -> tuple[ComparedTokens, ...]:
    """Return the comparison of a window, its hours together; the streams must be refreshed."""
    between = {"gte": window.since.isoformat(), "lt": window.until.isoformat()}
    index = f"{streams.metrics},{streams.logs}"
    answer = await client.search(index=index, **build_query(between, CATEGORIES), **SEARCH_OPTIONS)
    found: defaultdict[str, ComparedTokens] = defaultdict(lambda: ComparedTokens(""))
    hours = answer.body.get("aggregations", {}).get("hours", {}).get("buckets", [])
    for bucket in (bucket for hour in hours for bucket in hour["deployments"]["buckets"]):
        _add(found[bucket["key"]], bucket)
    return tuple(sorted(found.values(), key=lambda row: -row.metered))


def _add(row: ComparedTokens, bucket: Mapping[str, Any]) -> None:
    metered, logged = bucket["metered"], bucket["logged"]
    row.deployment = bucket["key"]
    row.models |= {model["key"] for model in metered["models"]["buckets"]}
    row.metered += round(metered["input"]["value"] + metered["output"]["value"])
    row.logged += round(logged["input"]["value"] + logged["output"]["value"])
    row.requests_without_tokens += round(bucket["requests_without_tokens"]["value"])
