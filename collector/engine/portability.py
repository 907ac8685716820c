"""What of Elasticsearch the embedded engine refuses, taken out in this one place.

The package's assets are written for Elasticsearch. Before they go to the embedded engine, and only then
(``is_embedded``), ``adapt_template`` and ``adapt_pipeline`` remove what it does not know, each with its reason below.
They keep everything that decides how a document is processed, indexed and found; what they remove concerns storage,
retention and bookkeeping. A pipeline's processors are never touched: what the engine cannot run must not be in them.
All functions here are pure: the given body is not changed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from elasticsearch import AsyncElasticsearch

type Body = dict[str, Any]

REFUSED_PIPELINE_KEYS: Mapping[str, str] = {
    "_meta": "bookkeeping of who made the pipeline",
    "deprecated": "a mark for people",
    "field_access_pattern": "the engine knows the classic one only, which is the default",
}
"""Top-level keys of a pipeline, and why leaving each out changes no document."""

REFUSED_TEMPLATE_KEYS: Mapping[str, str] = {
    "allow_auto_create": "the engine creates data streams on the first write unless told otherwise",
    "deprecated": "a mark for people",
    "ignore_missing_component_templates": "names that may be absent; they are left out of composed_of, too",
}
"""Top-level keys of an index or component template."""

REFUSED_TEMPLATE_PARTS: Mapping[str, str] = {
    "lifecycle": "data stream lifecycle: the engine deletes nothing by itself",
    "data_stream_options": "the failure store, which the engine does not have",
}
"""Keys inside ``template``."""

REFUSED_SETTINGS: Mapping[str, str] = {
    "index.lifecycle": "index lifecycle management does not exist here",
    "index.mode": "logsdb and time_series are ways to store, and need the features below",
    "index.look_ahead_time": "time series",
    "index.look_back_time": "time series",
    "index.time_series": "time series",
    "index.routing_path": "time series",
    "index.dimensions": "time series",
    "index.mapping.dimension_fields": "time series",
    "index.mapping.source": "synthetic source is a way to store",
    "index.mapping.synthetic_source_keep": "synthetic source",
    "index.mapping.total_fields.ignore_dynamic_beyond_limit": "the engine refuses a document beyond the limit instead",
    "index.esql": "there is no ES|QL",
    "index.number_of_replicas": "one node cannot hold a copy, and the index would never be green",
}
"""Index settings, each with all that begins with it and a dot."""

REFUSED_MAPPING_KEYS: Mapping[str, str] = {
    "runtime": "runtime fields do not exist here",
    "subobjects": "the engine always makes objects of dotted names",
}
"""Keys of a mapping or of an object field."""

REFUSED_FIELD_PARAMETERS: Mapping[str, str] = {
    "time_series_dimension": "time series",
    "time_series_dimensions": "time series",
    "time_series_metric": "time series",
    "synthetic_source_keep": "synthetic source",
    "script": "fields computed while indexing do not exist here",
    "on_script_error": "belongs to script",
    "subobjects": "as in a mapping",
}
"""Parameters that no field type takes."""

FLATTENED_PARAMETERS = frozenset({"type"})
"""``flattened`` takes nothing else here: it has no limit of depth or length to set."""

REPLACED_TYPES: Mapping[str, Body] = {
    "histogram": {"type": "object", "enabled": False},
    "aggregate_metric_double": {"type": "object", "enabled": False},
    "passthrough": {"type": "object"},
    "counted_keyword": {"type": "keyword"},
    "semantic_text": {"type": "text"},
    "dense_vector": {"type": "object", "enabled": False},
}
"""Field types that the engine lacks: kept in the source, or indexed as the nearest thing."""


async def is_embedded(client: "AsyncElasticsearch") -> bool:
    """Tell whether the server is the embedded engine: ``GET /`` says ``version.build_flavor: embedded``.

    Every response of the engine also carries the header ``X-AOAI-Engine: embedded``. Errors of the client pass.
    """
    info = await client.info()
    return info["version"].get("build_flavor") == "embedded"


def adapt_pipeline(body: Mapping[str, Any]) -> Body:
    """Return an ingest pipeline that the engine accepts; processors are as given."""
    return _without(body, REFUSED_PIPELINE_KEYS)


def adapt_template(body: Mapping[str, Any]) -> Body:
    """Return an index template or a component template that the engine accepts."""
    adapted = _without(body, REFUSED_TEMPLATE_KEYS)
    optional = set(cast("Sequence[str]", body.get("ignore_missing_component_templates", ())))
    if "composed_of" in adapted:
        adapted["composed_of"] = [name for name in adapted["composed_of"] if name not in optional]
    _apply(adapted, "data_stream", lambda options: _without(options, {"failure_store": ""}))
    _apply(adapted, "template", _adapt_content)
    return adapted


def _adapt_content(content: Body) -> Body:
    adapted = _without(content, REFUSED_TEMPLATE_PARTS)
    _apply(adapted, "settings", _adapt_settings)
    _apply(adapted, "mappings", _adapt_mapping)
    return adapted


def _adapt_settings(settings: Body) -> Body:
    """Flatten the settings, whichever way they are nested, and drop the refused ones."""
    flat = {name if name.startswith("index.") else f"index.{name}": value for name, value in _flatten(settings)}
    return {name: value for name, value in flat.items() if not _is_refused_setting(name)}


def _flatten(settings: Body, prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in settings.items():
        name = f"{prefix}{key}"
        pairs += _flatten(cast("Body", value), f"{name}.") if isinstance(value, dict) else [(name, value)]
    return pairs


def _is_refused_setting(name: str) -> bool:
    return any(name == refused or name.startswith(f"{refused}.") for refused in REFUSED_SETTINGS)


def _adapt_mapping(mapping: Body) -> Body:
    adapted = _without(mapping, REFUSED_MAPPING_KEYS)
    if adapted.get("dynamic") == "runtime":
        adapted["dynamic"] = True
    _apply(adapted, "_source", lambda source: _without(source, {"mode": "synthetic source"}))
    _apply(adapted, "properties", _adapt_fields)
    if "dynamic_templates" in adapted:
        adapted["dynamic_templates"] = [rule for rule in map(_adapt_rule, adapted["dynamic_templates"]) if rule]
    return adapted


def _adapt_rule(rule: Body) -> Body:
    """Adapt the mapping in a dynamic template; one that makes runtime fields is dropped whole."""
    ((name, content),) = rule.items()
    if "runtime" in content:
        return {}
    return {name: {**content, "mapping": _adapt_field(content.get("mapping", {}))}}


def _adapt_fields(fields: Body) -> Body:
    return {name: _adapt_field(field) for name, field in fields.items()}


def _adapt_field(field: Body) -> Body:
    adapted = _without(_replace_type(field), REFUSED_FIELD_PARAMETERS)
    kind = adapted.get("type")
    if kind == "constant_keyword" and "value" not in adapted:
        # Elasticsearch takes the value from the first document; the engine wants it beforehand.
        adapted["type"] = "keyword"
    elif kind == "flattened":
        return {key: value for key, value in adapted.items() if key in FLATTENED_PARAMETERS}
    elif kind == "boolean":
        adapted.pop("ignore_malformed", None)
    for nested in ("properties", "fields"):
        _apply(adapted, nested, _adapt_fields)
    return adapted


def _replace_type(field: Body) -> Body:
    replacement = REPLACED_TYPES.get(field.get("type", "object"))
    if replacement is None:
        return field
    kept = {key: field[key] for key in ("properties",) if key in field}
    return {**replacement, **kept}


def _apply(body: Body, key: str, change: Callable[[Body], Body]) -> None:
    if isinstance(body.get(key), dict):
        body[key] = change(body[key])


def _without(body: Mapping[str, Any], keys: Mapping[str, str]) -> Body:
    return {key: value for key, value in body.items() if key not in keys}
