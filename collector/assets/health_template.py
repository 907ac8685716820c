"""The templates of ``metrics-aoai.collector``: the collector's own numbers, mapped as the table of metrics says."""

from typing import Final, cast

from collector.assets.files import Body
from collector.assets.templates import META, PACKAGE, PRIORITY
from collector.telemetry.documents import DATASET, TYPE
from collector.telemetry.metrics import SCOPES, Metric

STREAM: Final = f"{TYPE}-{DATASET}"
FOLDER: Final = "collector"
"""Of its data stream in the package."""
_KEYWORD: Final[Body] = {"type": "keyword", "ignore_above": 1024}
_AGENT: Final = ("type", "name", "version", "ephemeral_id")
_UNITS: Final = {"bytes": "byte", "seconds": "s"}
"""Elasticsearch's own words; it has none for what is merely counted."""


def build_component_template() -> Body:
    """``metrics-aoai.collector@package``: mappings."""
    labels = sorted({label for scope in SCOPES for label in scope.labels})
    constants: Body = {
        "type": {"type": "constant_keyword", "value": TYPE},
        "dataset": {"type": "constant_keyword", "value": DATASET},
        "namespace": {"type": "constant_keyword"},
    }
    properties: Body = {
        "@timestamp": {"type": "date", "ignore_malformed": False},
        "data_stream": {"properties": constants},
        "event": _keywords("kind", "module", "dataset"),
        "agent": _keywords(*_AGENT),
        "metricset": _keywords("name"),
        "labels": _keywords(*labels),
    }
    for scope in SCOPES:
        for metric in scope.metrics:
            _put(properties, metric)
    return {
        "template": {"mappings": {"dynamic": False, "date_detection": False, "properties": properties}},
        "_meta": META,
    }


def build_index_template() -> Body:
    """``metrics-aoai.collector``: composed as those of the logs, of what is there for metrics."""
    optional = ["metrics@settings", "metrics@custom", f"{PACKAGE}@custom", f"{STREAM}@custom"]
    return {
        "index_patterns": [f"{STREAM}-*"],
        "priority": PRIORITY,
        "data_stream": {},
        "composed_of": [optional[0], f"{STREAM}@package", *optional[1:]],
        "ignore_missing_component_templates": optional,
        "_meta": META,
    }


def _keywords(*names: str) -> Body:
    return {"properties": dict.fromkeys(names, _KEYWORD)}


def _put(properties: Body, metric: Metric[object]) -> None:
    *parents, leaf = metric.field.split(".")
    for parent in parents:
        below = cast("Body", properties.setdefault(parent, {"properties": {}}))
        properties = cast("Body", below["properties"])
    note = {"metric_type": str(metric.kind)} | ({"unit": _UNITS[metric.unit]} if metric.unit in _UNITS else {})
    properties[leaf] = {"type": "double" if metric.unit == "seconds" else "long", "meta": note}
