"""Reads the columns of a Lens layer: what each asks of Elasticsearch, or works out from others.

A key, or a value of one, that this reader does not know is an error: it could change what the panel shows.
"""

from collections.abc import Mapping
from typing import Any, Final, cast, get_args

from collector.assets.panels.filters import translate_query
from collector.assets.panels.model import (
    Aggregation,
    Bucket,
    Calculation,
    Format,
    Operation,
    Queries,
    Query,
    Terms,
    Times,
    Unit,
    UnknownPanelFeatureError,
)
from collector.assets.panels.strictness import refuse_unknown

type State = Mapping[str, Any]

_RECORDS: Final = "___records___"
_COMMON: Final = frozenset(
    {"label", "customLabel", "dataType", "isBucketed", "operationType", "params", "scale", "sourceField", "references"}
)
_FIGURE: Final = _COMMON | {"filter", "timeShift", "timeScale"}
_PARAMS: Final[Mapping[str, frozenset[str]]] = {
    "terms": frozenset({"size", "orderBy", "orderDirection", "otherBucket", "missingBucket", "parentFormat"}),
    "filters": frozenset({"filters"}),
    "date_histogram": frozenset({"interval", "includeEmptyRows"}),
    "percentile": frozenset({"percentile", "emptyAsNull", "format"}),
    "last_value": frozenset({"sortField", "format"}),
    "math": frozenset({"tinymathAst"}),
    "formula": frozenset({"formula", "format"}),
}
# Kibana has the option for others too, and leaves it without effect there.
_ZERO_WHEN_EMPTY: Final = frozenset({"count", "sum", "unique_count"})
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNITS: Final = frozenset(get_args(Unit.__value__)) - {"date", "text"}
_OF_DATES: Final = frozenset({"min", "max"})


def read_bucket(name: str, column: State) -> Bucket:
    """Read a column that makes buckets.

    Raises:
        UnknownPanelFeatureError: it uses what this reader does not know.
    """
    operation: str = column["operationType"]
    params = _params(column)
    refuse_unknown(column, _COMMON, operation)
    match operation:
        case "terms":
            return _read_terms(name, column["sourceField"], params)
        case "filters":
            return _read_queries(name, params["filters"])
        case "date_histogram":
            return Times(name, column["sourceField"], params["interval"], params["includeEmptyRows"])
        case _:
            raise UnknownPanelFeatureError(f"buckets of {operation}")


def read_figure(name: str, column: State) -> Aggregation | Calculation:
    """Read a column that holds a figure.

    Raises:
        UnknownPanelFeatureError: it uses what this reader does not know.
    """
    operation: str = column["operationType"]
    params = _params(column)
    if operation in {"formula", "math"}:
        refuse_unknown(column, _COMMON | {"timeScale"}, operation)
        return Calculation(name, _only(column["references"]) if operation == "formula" else params["tinymathAst"])
    if operation not in get_args(Operation.__value__):
        raise UnknownPanelFeatureError(f"the figure {operation}")
    refuse_unknown(column, _FIGURE, operation)
    return Aggregation(
        id=name,
        operation=cast("Operation", operation),
        field=None if column["sourceField"] == _RECORDS else column["sourceField"],
        query=_query(column["filter"]) if column.get("filter") else None,
        shift=column.get("timeShift") or None,
        percentile=float(params["percentile"]) if operation == "percentile" else None,
        newest_by=params.get("sortField"),
        empty_as_null=operation in _ZERO_WHEN_EMPTY and params.get("emptyAsNull", False),
    )


def read_format(column: State) -> Format:
    """Read how a figure is written; a time scale adds its unit, as Kibana does.

    Raises:
        UnknownPanelFeatureError: a format that this reader does not know.
    """
    if column["dataType"] == "date":
        return _read_date(column)
    written: State = column["params"].get("format") or {"id": "number", "params": {}}
    if written["id"] not in _UNITS:
        raise UnknownPanelFeatureError(f"the format {written['id']}")
    params: State = written.get("params") or {}
    refuse_unknown(params, {"decimals", "suffix", "compact"}, "a format")
    scale = column.get("timeScale")
    suffix = params.get("suffix", "") + (f"/{scale}" if scale else "")
    return Format(written["id"], params.get("decimals"), suffix, params.get("compact", False))


def _read_date(column: State) -> Format:
    """Lens writes the first or last of dates as a date, unless a format makes it a number."""
    if column["operationType"] not in _OF_DATES or column["params"].get("format") or column.get("timeScale"):
        raise UnknownPanelFeatureError(f"the {column['operationType']} of a date, or one with a format")
    return Format("date")


def read_scale(column: State) -> float | None:
    """Return to how many seconds a figure is normalised, None when it is not.

    Raises:
        UnknownPanelFeatureError: a unit that Lens does not have.
    """
    scale = column.get("timeScale")
    if scale is not None and scale not in _SECONDS:
        raise UnknownPanelFeatureError(f"the time scale {scale}")
    return _SECONDS[scale] if scale else None


def _read_terms(name: str, field: str, params: State) -> Terms:
    order: State = params["orderBy"]
    if order["type"] not in {"column", "alphabetical"} or params["parentFormat"] != {"id": "terms"}:
        raise UnknownPanelFeatureError(f"top values ordered by {order['type']}, or of several fields")
    return Terms(
        id=name,
        field=field,
        size=params["size"],
        order_by=order["columnId"] if order["type"] == "column" else None,
        descending=params["orderDirection"] == "desc",
        other=params["otherBucket"],
        # Kibana shows the missing value only beside the others.
        missing=params["otherBucket"] and params["missingBucket"],
    )


def _read_queries(name: str, filters: list[State]) -> Queries:
    queries = {entry["label"] or entry["input"]["query"]: _query(entry["input"]) for entry in filters}
    if len(queries) < len(filters):
        raise UnknownPanelFeatureError("two filters of one label")
    return Queries(name, queries)


def _params(column: State) -> State:
    operation: str = column["operationType"]
    params: State = column["params"]
    refuse_unknown(params, _PARAMS.get(operation, frozenset({"emptyAsNull", "format"})), operation)
    return params


def _only(references: list[str]) -> str:
    if len(references) != 1:
        raise UnknownPanelFeatureError("a formula that refers to several columns")
    return references[0]


def _query(query: State) -> Query:
    translated = translate_query(query)
    return translated[0] if translated else {"match_all": {}}
