"""Runs a panel that shows documents: a saved search on a dashboard."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from elasticsearch import Elasticsearch

from collector.assets.panels.model import Column, Documents, Format, PanelTable, Query, TimeRange, Value
from collector.assets.panels.requests import build_query

_MOST: Final = 500
"""Kibana's `discover:sampleSize`: so many documents are fetched, whatever there are."""


def run_documents(
    client: Elasticsearch, documents: Documents, time_range: TimeRange, filters: Sequence[Query]
) -> PanelTable:
    """Return the documents, the time first, then each field as text."""
    time = documents.time_field
    answer = client.search(
        index=documents.index,
        size=_MOST,
        query=build_query(time_range, filters, time),
        sort=[{time: {"order": "desc" if documents.descending else "asc", "unmapped_type": "date"}}],
        fields=[
            {"field": time, "format": "strict_date_optional_time"},
            *({"field": name} for name in documents.fields),
        ],
        source=False,
        ignore_unavailable=True,
        allow_no_indices=True,
    )
    columns = [Column(time, "Time", "time", Format("text"))]
    columns += [Column(name, name, "breakdown", Format("text")) for name in documents.fields]
    rows = [_row(hit.get("fields", {}), documents) for hit in answer.body["hits"]["hits"]]
    return PanelTable(tuple(columns), tuple(rows))


def _row(fields: Mapping[str, list[Any]], documents: Documents) -> tuple[Value, ...]:
    moment = datetime.fromisoformat(fields[documents.time_field][0])
    return (moment, *(_text(fields.get(name)) for name in documents.fields))


def _text(values: list[Any] | None) -> str | None:
    return ", ".join(str(value) for value in values) if values else None
