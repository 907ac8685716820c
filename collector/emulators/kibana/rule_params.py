"""The parameters of rule types, checked as Kibana checks them."""

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from collector.emulators.kibana.schema import (
    Check,
    InvalidError,
    anything,
    boolean,
    either,
    listed,
    literal,
    mapped,
    nullable,
    number,
    record,
    text,
)

_STACK_COMPARATORS: Final = (">", "<", ">=", "<=", "between", "notBetween")
_NEEDS_TWO: Final = frozenset({"between", "notBetween"})
_UNIT: Final = literal("s", "m", "h", "d")
_WINDOW: Final[Mapping[str, Check]] = {"timeWindowSize": number(minimum=1), "timeWindowUnit": _UNIT}
_AGGREGATIONS: Final = ("count", "avg", "min", "max", "sum")
_DATA_VIEW: Final = either(
    text(),
    record(
        {"title": text()},
        {
            "id": text(),
            "name": text(),
            "timeFieldName": text(),
            "sourceFilters": listed(anything),
            "fieldFormats": mapped(anything),
            "runtimeFieldMap": mapped(anything),
            "fieldAttrs": mapped(anything),
            "allowNoIndex": boolean,
            "allowHidden": boolean,
        },
    ),
)
_CONFIGURATION: Final = record(
    {"index": _DATA_VIEW, "query": record({"language": text(), "query": either(text(), mapped(anything))})},
    {"filter": listed(record({"meta": mapped(anything)}, {"query": mapped(anything), "$state": anything}))},
)

_ES_QUERY: Final = record(
    {
        "size": number(0, 10_000),
        **_WINDOW,
        "threshold": listed(number(), 1, 2),
        "thresholdComparator": literal(*_STACK_COMPARATORS),
    },
    {
        "searchType": literal("esQuery", "searchSource", "esqlQuery"),
        "index": listed(text(at_least=1), 1),
        "timeField": text(at_least=1),
        "esQuery": text(at_least=1),
        "searchConfiguration": mapped(anything),
        "esqlQuery": record({"esql": text(at_least=1)}),
        "excludeHitsFromPreviousRun": boolean,
        "aggType": literal(*_AGGREGATIONS),
        "aggField": text(at_least=1),
        "groupBy": literal("all", "top", "row"),
        "termField": either(text(at_least=1), listed(text(at_least=1), 2, 4)),
        "termSize": number(1, 1000),
        "sourceFields": listed(record({"label": text(), "searchPath": text()}), at_most=5),
    },
    defaults={"searchType": "esQuery", "excludeHitsFromPreviousRun": True, "aggType": "count", "groupBy": "all"},
)
_OF_SEARCH_TYPES: Final = {
    "esQuery": ({"index", "timeField", "esQuery"}, {"searchConfiguration", "esqlQuery"}),
    "searchSource": ({"searchConfiguration"}, {"index", "esQuery", "esqlQuery"}),
    "esqlQuery": ({"esqlQuery", "timeField"}, {"index", "esQuery", "searchConfiguration"}),
}
"""What each search type needs, and what it does not take."""

_METRIC: Final = either(
    record({"name": text(), "aggType": literal("count")}, {"filter": text()}),
    record(
        {
            "name": text(),
            "aggType": literal("avg", "sum", "min", "max", "cardinality", "rate", "p95", "p99", "last_value"),
            "field": text(),
        }
    ),
)
_CRITERION: Final = record(
    {
        "metrics": listed(_METRIC, 1),
        "comparator": literal(*_STACK_COMPARATORS, "outside"),
        "threshold": listed(number(), 1, 2),
        "timeSize": number(minimum=1),
        "timeUnit": _UNIT,
    },
    {"equation": text(), "label": text(), "aggType": literal("custom")},
)
_CUSTOM_THRESHOLD: Final = record(
    {"criteria": listed(_CRITERION, 1), "searchConfiguration": _CONFIGURATION},
    {"groupBy": either(text(), listed(text())), "alertOnNoData": boolean, "alertOnGroupDisappear": boolean},
    open_ended=True,
)
_SPAN: Final = record({"value": number(), "unit": text()})
_BURN_RATE: Final = record(
    {
        "sloId": text(),
        "windows": listed(
            record(
                {
                    "id": text(),
                    "burnRateThreshold": number(),
                    "maxBurnRateThreshold": nullable(number()),
                    "longWindow": _SPAN,
                    "shortWindow": _SPAN,
                    "actionGroup": text(),
                }
            )
        ),
    },
    {"dependencies": listed(record({"ruleId": text(), "actionGroupsToSuppressOn": listed(text())}))},
)
_ANOMALY: Final = record(
    {
        "jobSelection": record({}, {"jobIds": listed(text()), "groupIds": listed(text())}),
        "severity": number(0, 100),
        "resultType": literal("record", "bucket", "influencer"),
    },
    {"includeInterim": boolean, "lookbackInterval": nullable(text()), "topNBuckets": nullable(number(minimum=1))},
    defaults={"includeInterim": True},
)


def check_es_query(value: object, place: str) -> object:
    """Check an Elasticsearch query rule."""
    params = cast("dict[str, Any]", _ES_QUERY(value, place))
    _check_ends(params)
    needed, refused = _OF_SEARCH_TYPES[params["searchType"]]
    for name in sorted(refused & params.keys()):
        raise InvalidError(name, f"a value wasn't expected to be present with [searchType] {params['searchType']}")
    for name in sorted(needed - params.keys()):
        raise InvalidError(name, "is required")
    if params["searchType"] == "esQuery":
        _check_query(params["esQuery"])
    if params["searchType"] == "esqlQuery":
        if params["thresholdComparator"] != ">":
            raise InvalidError("thresholdComparator", "is required to be greater than")
        if params["threshold"] != [0]:
            raise InvalidError("threshold", "is required to be 0")
    elif params["groupBy"] == "row":
        raise InvalidError("groupBy", 'invalid groupBy: "row"')
    _check_groups(params)
    return params


def check_custom_threshold(value: object, place: str) -> object:
    """Check a custom threshold rule: metrics are called by capital letters, and equations know no others."""
    params = cast("dict[str, Any]", _CUSTOM_THRESHOLD(value, place))
    for at, criterion in enumerate(params["criteria"]):
        names = {metric["name"] for metric in criterion["metrics"]}
        inside = f"criteria.{at}"
        if any(len(name) != 1 or not name.isupper() for name in names):
            raise InvalidError(f"{inside}.metrics", "names must be single capital letters")
        strange = {letter for letter in criterion.get("equation", "") if letter.isupper()} - names
        if strange:
            raise InvalidError(f"{inside}.equation", f"unknown metrics {', '.join(sorted(strange))}")
        if criterion["comparator"] in _NEEDS_TWO and len(criterion["threshold"]) != len(("from", "to")):
            raise InvalidError(f"{inside}.threshold", "must have two elements")
    return params


def check_burn_rate(value: object, place: str) -> object:
    """Check a burn rate rule."""
    return _BURN_RATE(value, place)


def check_anomaly_alert(value: object, place: str) -> object:
    """Check a rule on anomaly detection jobs."""
    params = cast("dict[str, Any]", _ANOMALY(value, place))
    selection = params["jobSelection"]
    if not selection.get("jobIds") and not selection.get("groupIds"):
        raise InvalidError("jobSelection", "Job selection is required")
    return params


def _check_ends(params: Mapping[str, Any]) -> None:
    comparator = params["thresholdComparator"]
    if comparator in _NEEDS_TWO and len(params["threshold"]) != len(("from", "to")):
        raise InvalidError("threshold", f'must have two elements for the "{comparator}" comparator')


def _check_query(query: str) -> None:
    try:
        content = json.loads(query)
    except ValueError:
        raise InvalidError("esQuery", "must be valid JSON") from None
    if not isinstance(content, dict) or "query" not in content:
        raise InvalidError("esQuery", 'must contain "query"')


def _check_groups(params: Mapping[str, Any]) -> None:
    if params["aggType"] != "count" and "aggField" not in params:
        raise InvalidError("aggField", f'must have a value when [aggType] is "{params["aggType"]}"')
    if params["groupBy"] == "top":
        for name in ("termField", "termSize"):
            if name not in params:
                raise InvalidError(name, f"{name} required when [groupBy] is top")
