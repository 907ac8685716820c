"""Custom threshold rules: the searches of Kibana's executor, and what it makes of the answers.

After `observability/server/lib/rules/custom_threshold/` (`metric_query.ts`, `create_custom_metrics_aggregations.ts`,
`create_bucket_selector.ts`, `get_data.ts`). Documents that lack a field of the grouping are in no group. A group whose
equation has no value, such as 0 / 0, does not match. Of groups that had documents up to the last run only, Kibana looks
at an empty window; under ``>`` those never match, which is why no other comparator is taken here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from collector.assets.panels.filters import translate_filters
from collector.assets.panels.intervals import parse_span
from collector.assets.panels.kql import translate_kql
from collector.assets.panels.model import Query
from collector.assets.rules.model import Found, Group, Rule, UnknownRuleError

TYPE_ID: Final = "observability.rules.custom_threshold"
GROUPS: Final = "groupings"
MOST_GROUPS: Final = 10_000
"""Kibana asks for them page by page; more than one page is not taken here."""

_CRITERION: Final = frozenset({"metrics", "equation", "comparator", "threshold", "timeSize", "timeUnit"})
_PARAMS: Final = frozenset({"criteria", "groupBy", "alertOnNoData", "alertOnGroupDisappear", "searchConfiguration"})
_FIELD_FIGURES: Final = frozenset({"sum", "avg", "min", "max", "cardinality"})
_VALUE: Final = "aggregatedValue"
_ONLY_MATCHING: Final = {
    "bucket_selector": {
        "buckets_path": {"shouldTrigger": "shouldTrigger"},
        "script": "(params.shouldTrigger != null && params.shouldTrigger > 0)",
    }
}


def check_known(rule: Rule) -> None:
    """Refuse a rule with anything that is not executed here.

    Raises:
        UnknownRuleError: it has; the message names it.
    """
    criteria: Sequence[Mapping[str, Any]] = rule.params["criteria"]
    unknown = (rule.params.keys() - _PARAMS) | {key for one in criteria for key in one.keys() - _CRITERION}
    if unknown:
        raise UnknownRuleError(f"{rule.id}: {', '.join(sorted(unknown))}")
    if len(criteria) != 1 or criteria[0]["comparator"] != ">":
        raise UnknownRuleError(f"{rule.id}: several criteria, or a comparator that is not >")
    if rule.params.get("alertOnNoData", True) or rule.params.get("alertOnGroupDisappear", True):
        raise UnknownRuleError(f"{rule.id}: alerts about groups without data")


def window_of(rule: Rule) -> timedelta:
    """How far back a run looks."""
    criterion = rule.params["criteria"][0]
    return parse_span(f"{criterion['timeSize']}{criterion['timeUnit']}")


def index_of(rule: Rule) -> str:
    """The index pattern that it reads."""
    return rule.params["searchConfiguration"]["index"]["title"]


def looks_at_the_clock(rule: Rule) -> bool:
    """Whether a figure compares with ``now``: then each run is a question of its own."""
    return any("now" in metric.get("filter", "") for metric in rule.params["criteria"][0]["metrics"])


def build_filters(rule: Rule) -> list[Query]:
    """The query bar and the filters of the rule."""
    search: Mapping[str, Any] = rule.params["searchConfiguration"]
    return [translate_kql(search["query"]["query"]), *translate_filters(search["filter"])]


def build_search(rule: Rule, at: datetime, filters: Sequence[Query]) -> dict[str, Any]:
    """Build the search of one run."""
    period = {"range": {"@timestamp": {"gte": text_of(at - window_of(rule)), "lte": text_of(at)}}}
    current = {
        "currentPeriod": {"filters": {"filters": {"all": period}}, "aggs": build_figures(rule, at)},
        "shouldTrigger": _condition(rule, f"currentPeriod['all']>{_VALUE}"),
    }
    by = fields_of(rule)
    inner = {**current, "evaluation": _ONLY_MATCHING} if by else current
    return {
        "size": 0,
        "track_total_hits": True,
        "query": {"bool": {"filter": [period, *build_filters(rule), *filters]}},
        "aggs": group(by, inner),
    }


def fields_of(rule: Rule) -> Sequence[str]:
    """The fields by which it groups."""
    by: str | Sequence[str] = rule.params.get("groupBy", [])
    return [by] if isinstance(by, str) else by


def group(by: Sequence[str], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Build the aggregation that makes a rule's groups."""
    if not by:
        return {"all": {"filters": {"filters": {"all": {"match_all": {}}}}, "aggs": inner}}
    sources = [{f"groupBy{number}": {"terms": {"field": field}}} for number, field in enumerate(by)]
    return {GROUPS: {"composite": {"size": MOST_GROUPS, "sources": sources}, "aggs": inner}}


def build_figures(rule: Rule, at: datetime | None = None) -> dict[str, Any]:
    """Build the figures of a window, and the equation over them; ``at`` is what ``now`` means."""
    criterion: Mapping[str, Any] = rule.params["criteria"][0]
    figures = {f"{_VALUE}_{metric['name']}": _figure(rule, metric, at) for metric in criterion["metrics"]}
    paths = {
        metric["name"]: f"{_VALUE}_{metric['name']}" + (">_count" if metric["aggType"] == "count" else "")
        for metric in criterion["metrics"]
    }
    source: str = criterion["equation"]
    for name in paths:
        source = source.replace(name, f"params.{name}")
    script = {"source": source, "lang": "painless"}
    return figures | {_VALUE: {"bucket_script": {"buckets_path": paths, "script": script}}}


def _figure(rule: Rule, metric: Mapping[str, str], at: datetime | None) -> Mapping[str, Any]:
    if metric["aggType"] == "count":
        return {"filter": translate_kql(metric.get("filter", ""), at)}
    if metric["aggType"] not in _FIELD_FIGURES:
        raise UnknownRuleError(f"{rule.id}: {metric['aggType']} of a field")
    return {metric["aggType"]: {"field": metric["field"]}}


def _condition(rule: Rule, path: str) -> dict[str, Any]:
    threshold = rule.params["criteria"][0]["threshold"][0]
    script = {"source": "params.value > params.threshold ? 1 : 0", "params": {"threshold": threshold}}
    return {"bucket_script": {"buckets_path": {"value": path}, "script": script}}


def build_windows(
    rule: Rule, windows: Mapping[str, tuple[datetime, datetime]], filters: Sequence[Query]
) -> dict[str, Any]:
    """Build one search for many runs: in each group their windows, both ends of a window included."""
    ranges = [
        {"key": key, "from": _milliseconds(start), "to": _milliseconds(end) + 1}
        for key, (start, end) in windows.items()
    ]
    dates = {"field": "@timestamp", "format": "epoch_millis", "ranges": ranges}
    figures = {**build_figures(rule), "shouldTrigger": _condition(rule, _VALUE), "evaluation": _ONLY_MATCHING}
    return {
        "size": 0,
        "query": {"bool": {"filter": [*build_filters(rule), *filters]}},
        "aggs": group(fields_of(rule), {"windows": {"date_range": dates, "aggs": figures}}),
    }


def read_run(rule: Rule, answer: Mapping[str, Any]) -> Found:
    """Return the groups that match at one run."""
    return {
        key: inner["currentPeriod"]["buckets"]["all"][_VALUE]["value"]
        for key, inner in _groups(rule, answer)
        if inner.get("shouldTrigger", {"value": 0})["value"] > 0
    }


def read_windows(rule: Rule, answer: Mapping[str, Any]) -> Mapping[str, Found]:
    """Return the groups that match in each window, by its key."""
    found: dict[str, dict[Group, float]] = {}
    for key, inner in _groups(rule, answer):
        for bucket in inner["windows"]["buckets"]:
            found.setdefault(bucket["key"], {})[key] = bucket[_VALUE]["value"]
    return found


def _groups(rule: Rule, answer: Mapping[str, Any]) -> list[tuple[Group, Mapping[str, Any]]]:
    aggregations = answer.get("aggregations", {})
    if not fields_of(rule):
        return [((), aggregations["all"]["buckets"]["all"])] if aggregations else []
    buckets: Sequence[Mapping[str, Any]] = aggregations.get(GROUPS, {"buckets": []})["buckets"]
    if len(buckets) == MOST_GROUPS:
        raise UnknownRuleError(f"{rule.id}: more than {MOST_GROUPS} groups")
    return [(tuple(str(value) for value in bucket["key"].values()), bucket) for bucket in buckets]


def text_of(moment: datetime) -> str:
    """A moment as Kibana writes it: to the millisecond."""
    return moment.isoformat(timespec="milliseconds")


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
