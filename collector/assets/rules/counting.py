"""Elasticsearch query rules that count documents: the search of Kibana's executor, and what it makes of the answer.

After `stack_alerts/server/rule_types/es_query/lib/fetch_es_query.ts` and `executor.ts`: the number of hits of the
window, both ends included, is compared with the threshold. Only without groups, and without leaving out earlier hits.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from collector.assets.panels.intervals import parse_span
from collector.assets.panels.model import Query
from collector.assets.rules.model import Found, Rule, UnknownRuleError

TYPE_ID: Final = ".es-query"
_EXECUTED: Final = {
    "searchType": "esQuery",
    "timeField": "@timestamp",
    "thresholdComparator": "<",
    "groupBy": "all",
    "aggType": "count",
    "excludeHitsFromPreviousRun": False,
}
_FREE: Final = frozenset({"index", "esQuery", "size", "timeWindowSize", "timeWindowUnit", "threshold"})


def check_known(rule: Rule) -> None:
    """Refuse a rule with anything that is not executed here.

    Raises:
        UnknownRuleError: it has; the message names it.
    """
    fixed = {key: value for key, value in rule.params.items() if key not in _FREE}
    if fixed != _EXECUTED:
        differing = {key for key in fixed.keys() | _EXECUTED.keys() if fixed.get(key) != _EXECUTED.get(key)}
        raise UnknownRuleError(f"{rule.id}: {', '.join(sorted(differing))}")


def window_of(rule: Rule) -> timedelta:
    """How far back a run looks."""
    return parse_span(f"{rule.params['timeWindowSize']}{rule.params['timeWindowUnit']}")


def index_of(rule: Rule) -> str:
    """The index pattern that it reads."""
    return ",".join(rule.params["index"])


def build_search(rule: Rule, at: datetime, filters: Sequence[Query]) -> dict[str, Any]:
    """Build the search of one run."""
    time = {"bool": {"filter": [{"range": {"@timestamp": _between(at - window_of(rule), at)}}]}}
    return {
        "size": rule.params["size"],
        "track_total_hits": True,
        "query": {"bool": {"filter": [json.loads(rule.params["esQuery"])["query"], time, *filters]}},
    }


def read_run(rule: Rule, answer: Mapping[str, Any]) -> Found:
    """Return the one group there is, if it matches."""
    return _judge(rule, answer["hits"]["total"]["value"])


def build_windows(
    rule: Rule, windows: Mapping[str, tuple[datetime, datetime]], filters: Sequence[Query]
) -> dict[str, Any]:
    """Build one search for many runs: their windows, both ends of a window included."""
    time = {key: {"range": {"@timestamp": _between(*window)}} for key, window in windows.items()}
    query = {"bool": {"filter": [json.loads(rule.params["esQuery"])["query"], *filters]}}
    return {"size": 0, "query": query, "aggs": {"windows": {"filters": {"filters": time}}}}


def read_windows(rule: Rule, answer: Mapping[str, Any]) -> Mapping[str, Found]:
    """Return what each window finds, by its key."""
    buckets: Mapping[str, Any] = answer["aggregations"]["windows"]["buckets"]
    return {key: _judge(rule, bucket["doc_count"]) for key, bucket in buckets.items()}


def _between(start: datetime, end: datetime) -> Mapping[str, str]:
    return {
        "lte": end.isoformat(timespec="milliseconds"),
        "gte": start.isoformat(timespec="milliseconds"),
        "format": "strict_date_optional_time",
    }


def _judge(rule: Rule, count: int) -> Found:
    return {(): float(count)} if count < rule.params["threshold"][0] else {}
