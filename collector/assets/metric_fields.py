"""Fields of Azure Monitor's metrics, from their own catalogue: for the pipelines and for the catalogue of fields."""

from collections.abc import Iterator
from typing import Final

from collector.assets.files import Body
from collector.azure_monitor.metrics import GenAiField, Metric, Unit, load_metrics, property_name

METRICS: Final = "metrics-aoai.metrics"
ENDPOINTS: Final = "metrics-aoai.endpoints"
_ACCOUNTS: Final = "Microsoft.CognitiveServices/accounts"

_UNITS: Final = {Unit.MILLISECONDS: "ms", Unit.BYTES: "byte"}
"""Elasticsearch's own words. Its ``percent`` means 1 for all of it; Azure's is 100, so it has none."""


def metric_paths() -> Body:
    """Where the pipeline puts each metric: by namespace in lower case, then by the name under which it is sent."""
    paths: dict[str, Body] = {}
    for metric in load_metrics():
        paths.setdefault(metric.namespace.lower(), {})[property_name(metric.name)] = _path(metric)
    return dict(paths)


def metric_entries() -> Iterator[Body]:
    """Entries of the catalogue of fields: one for each metric and aggregation, and for each time of OpenTelemetry."""
    common: dict[str, Body] = {}
    for metric in load_metrics():
        for aggregation in metric.aggregations:
            yield _entry(metric, f"{metric.field}.{aggregation.suffix}", f"{metric.title}; {aggregation.lower()}.")
        if metric.gen_ai is not None and metric.gen_ai.divisor != 1:  # tokens: catalogue/fields.yml, logs have them too
            common.setdefault(metric.gen_ai.field, _gen_ai_entry(metric, metric.gen_ai))
    yield from common.values()


def _path(metric: Metric) -> Body:
    path: Body = {"path": metric.field.split(".")}
    if metric.gen_ai is not None:
        *parents, leaf = metric.gen_ai.field.split(".")
        path["gen_ai"] = {
            "path": parents,
            "leaf": leaf,
            "aggregation": metric.gen_ai.aggregation.suffix,
            "divisor": metric.gen_ai.divisor,
        }
    return path


def _entry(metric: Metric, name: str, description: str) -> Body:
    entry: Body = {
        "name": name,
        "type": "double",
        "description": description,
        "origin": "elastic" if metric.elastic else "ours",
        "datasets": [METRICS if metric.namespace == _ACCOUNTS else ENDPOINTS],
        "source": metric.name,
        "metric_type": "gauge",
        "privacy": "operational",
        "example": 12.5,
    }
    if metric.unit in _UNITS:
        entry["unit"] = _UNITS[metric.unit]
    return entry


def _gen_ai_entry(metric: Metric, field: GenAiField) -> Body:
    entry = _entry(metric, field.field, f"{metric.title}, in seconds.")
    return entry | {"origin": "otel", "unit": "s"}
