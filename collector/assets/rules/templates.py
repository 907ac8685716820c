"""Makes rule templates, in the shape in which Kibana 9.2.1 and later reads them from a package.

Written at the first version of Kibana's schema for templates, which has no description: that is in docs/rules.md.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from collector.assets.panels.kql import translate_kql
from collector.assets.rules.sources import Figure, RuleSource

CUSTOM_THRESHOLD: Final = "observability.rules.custom_threshold"
ES_QUERY: Final = ".es-query"
TAGS: Final = ("Azure OpenAI",)
_TIME: Final = "@timestamp"


def build_template(rule_id: str, source: RuleSource) -> dict[str, Any]:
    """Build the saved object of a rule template.

    Raises:
        UnknownPanelFeatureError: the filter of a rule that counts is not KQL that we translate.
    """
    attributes: dict[str, Any] = {
        "name": source.name,
        "tags": list(TAGS),
        "ruleTypeId": CUSTOM_THRESHOLD if source.equation else ES_QUERY,
        "schedule": {"interval": source.every},
        "params": _threshold(rule_id, source) if source.equation else _count(source),
    }
    if source.delay > 1:
        attributes["alertDelay"] = {"active": source.delay}
    return {
        "id": rule_id,
        "type": "alerting_rule_template",
        "managed": True,
        "coreMigrationVersion": "8.8.0",
        "typeMigrationVersion": "10.1.0",
        "attributes": attributes,
    }


def _threshold(rule_id: str, source: RuleSource) -> dict[str, Any]:
    """Both switches are written although they are off: Kibana takes an absent ``alertOnGroupDisappear`` for on."""
    size, unit = _window(source)
    criterion = {
        "metrics": [_metric(name, figure) for name, figure in source.figures.items()],
        "equation": source.equation.strip(),
        "comparator": ">",
        "threshold": [source.above],
        "timeSize": size,
        "timeUnit": unit,
    }
    grouping = {"groupBy": list(source.by)} if source.by else {}
    return {
        "criteria": [criterion],
        **grouping,
        "alertOnNoData": False,
        "alertOnGroupDisappear": False,
        "searchConfiguration": {
            "index": {"id": f"{rule_id}-data", "title": source.index, "timeFieldName": _TIME},
            "query": {"language": "kuery", "query": source.filter.strip()},
            "filter": [],
        },
    }


def _metric(name: str, figure: Figure) -> Mapping[str, str]:
    ((kind, value),) = figure.chosen.items()
    if kind != "count":
        return {"name": name, "aggType": kind, "field": value}
    return {"name": name, "aggType": "count"} | ({"filter": value.strip()} if value else {})


def _count(source: RuleSource) -> dict[str, Any]:
    """Hits of earlier runs count again, or an alert would end with the run after its first."""
    size, unit = _window(source)
    return {
        "searchType": "esQuery",
        "index": source.index.split(","),
        "timeField": _TIME,
        "esQuery": json.dumps({"query": translate_kql(source.filter)}),
        "size": 0,
        "timeWindowSize": size,
        "timeWindowUnit": unit,
        "thresholdComparator": "<",
        "threshold": [source.fewer_than],
        "groupBy": "all",
        "aggType": "count",
        "excludeHitsFromPreviousRun": False,
    }


def _window(source: RuleSource) -> tuple[int, str]:
    return int(source.window[:-1]), source.window[-1]
