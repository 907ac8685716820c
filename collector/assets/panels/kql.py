"""Translates the Kibana Query Language into Elasticsearch queries, as Kibana does.

The grammar is that of Kibana's `kbn-es-query` (`kuery/grammar/grammar.peggy`), the queries are those of its
`kuery/functions`. Not translated but refused: words without a field, wildcards in the name of a field, nested fields,
and dates, whose meaning depends on a time zone and on the mapping, but for comparisons with ``now`` where it is told
when that is: Kibana leaves them to Elasticsearch, which takes its own clock.
"""

import re
from datetime import datetime
from typing import Final

from collector.assets.panels.kql_parsing import And, Comparison, Is, Node, Not, Or, parse_kql
from collector.assets.panels.model import Query, UnknownPanelFeatureError

_DATES: Final = frozenset(
    {"@timestamp", "event.ingested", "event.start", "event.end", "azure.deployment.model.retirement_date"}
)
_FROM_NOW: Final = re.compile(r"now((?:[+-]\d+[smhd])?)")
_RESERVED: Final = frozenset('+-=&|><!(){}[]^"~*?:\\/')


def translate_kql(text: str, now: datetime | None = None) -> Query:
    """Return the query that Kibana makes of a text; an empty one matches everything.

    Raises:
        UnknownPanelFeatureError: the text is no KQL, or uses what is not translated.
    """
    node = parse_kql(text)
    return {"match_all": {}} if node is None else _translate(node, now)


def _translate(node: Node, now: datetime | None) -> Query:
    match node:
        case Or(parts):
            return {"bool": {"should": [_translate(part, now) for part in parts], "minimum_should_match": 1}}
        case And(parts):
            return {"bool": {"filter": [_translate(part, now) for part in parts]}}
        case Not(part):
            return {"bool": {"must_not": _translate(part, now)}}
        case Comparison(field, operator, value):
            if now is not None and field in _DATES:
                return _either({"range": {field: {operator: _anchor(value, now)}}})
            return _either({"range": {_known(field): {operator: value}}})
        case Is():
            return _either(_translate_value(node))


def _anchor(value: str, now: datetime) -> str:
    """Return date arithmetic on ``now`` as the same on the moment that it is."""
    found = _FROM_NOW.fullmatch(value)
    if found is None:
        raise UnknownPanelFeatureError(f"KQL with the date {value}")
    return f"{now.isoformat(timespec='milliseconds')}||{found[1]}"


def _translate_value(node: Is) -> Query:
    field, pieces = _known(node.field), node.pieces
    if pieces == ("", ""):
        return {"exists": {"field": field}}
    if len(pieces) > 1:
        return {"query_string": {"fields": [field], "query": "*".join(_escape(piece) for piece in pieces)}}
    text = "".join(pieces)
    if node.quoted:
        return {"match_phrase": {field: text}}
    return {"match": {field: {"true": True, "false": False}.get(text, text)}}


def _known(field: str) -> str:
    if field in _DATES:
        raise UnknownPanelFeatureError(f"KQL about the date {field}")
    return field


def _either(query: Query) -> Query:
    return {"bool": {"should": [query], "minimum_should_match": 1}}


def _escape(text: str) -> str:
    """Escape what means something in a query string, as Kibana does."""
    return "".join(f"\\{char}" if char in _RESERVED else char for char in text)
