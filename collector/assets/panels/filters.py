"""Kibana's filters and controls as Elasticsearch queries."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from collector.assets.panels.kql import translate_kql
from collector.assets.panels.model import Control, Query, UnknownPanelFeatureError

_KINDS: Final = frozenset({"phrase", "phrases", "range", "exists", "custom"})


def translate_filters(filters: Iterable[Mapping[str, Any]]) -> tuple[Query, ...]:
    """Return the queries of filters that are not switched off; all of them must match.

    Raises:
        UnknownPanelFeatureError: a filter of a kind that this runner does not know.
    """
    return tuple(_translate(one) for one in filters if not one["meta"].get("disabled", False))


def translate_query(query: Mapping[str, Any]) -> tuple[Query, ...]:
    """Return what the query bar of a dashboard or panel asks for: none or one query.

    Raises:
        UnknownPanelFeatureError: a language other than KQL, or KQL that is not translated.
    """
    if query["language"] != "kuery":
        raise UnknownPanelFeatureError(f"a query in {query['language']}")
    return (translate_kql(query["query"]),) if query["query"].strip() else ()


def select(control: Control, values: Sequence[str]) -> Query:
    """Return the query that a control adds when these values are chosen in it."""
    return {"bool": {"should": [{"match_phrase": {control.field: value}} for value in values]}}


def _translate(one: Mapping[str, Any]) -> Query:
    meta: Mapping[str, Any] = one["meta"]
    query = _combine(meta) if meta["type"] == "combined" else _own(one)
    return {"bool": {"must_not": query}} if meta.get("negate", False) else query


def _own(one: Mapping[str, Any]) -> Query:
    if one["meta"]["type"] not in _KINDS or not one.get("query"):
        raise UnknownPanelFeatureError(f"a filter of the kind {one['meta']['type']}")
    return one["query"]


def _combine(meta: Mapping[str, Any]) -> Query:
    parts = list(translate_filters(meta["params"]))
    if meta["relation"] == "AND":
        return {"bool": {"filter": parts}}
    return {"bool": {"should": parts, "minimum_should_match": 1}}
