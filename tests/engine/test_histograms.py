"""Histograms of a part of an index: each bar's own figures are those of its documents.

The engine's short cut for such a histogram gave bars of the right height with sub-aggregations of 0, or an error.
"""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

pytestmark = pytest.mark.engine

INDEX: Final = "histograms"
START: Final = 1_773_133_200_000
DOCUMENTS: Final = 6_000
"""One a second. The short cut is taken from some thousand on."""
HOUR: Final = 3_600


@pytest.fixture(scope="module")
def index(elasticsearch_client: Elasticsearch) -> Iterator[str]:
    """An index of one segment, its documents in the order of their time."""
    properties = {"at": {"type": "date"}, "value": {"type": "long"}, "name": {"type": "keyword"}}
    elasticsearch_client.indices.create(index=INDEX, mappings={"properties": properties})
    documents: Iterator[dict[str, Any]] = (
        {"_index": INDEX, "at": START + 1000 * second, "value": 2, "name": "a" if second % 3 else "b"}
        for second in range(DOCUMENTS)
    )
    bulk(elasticsearch_client, documents, chunk_size=2_000)
    elasticsearch_client.indices.refresh(index=INDEX)
    elasticsearch_client.indices.forcemerge(index=INDEX, max_num_segments=1)
    yield INDEX
    elasticsearch_client.indices.delete(index=INDEX)


@pytest.mark.parametrize("interval", [HOUR, 600])
@pytest.mark.parametrize("until", [1_000, 4_000, DOCUMENTS])
def test_the_figures_of_a_bar_are_those_of_its_documents(
    elasticsearch_client: Elasticsearch, index: str, until: int, interval: int
) -> None:
    figures = {"sum": {"sum": {"field": "value"}}, "b": {"filter": {"term": {"name": "b"}}}}
    answer = elasticsearch_client.search(
        index=index,
        size=0,
        query={"range": {"at": {"gte": START, "lt": START + 1000 * until}}},
        aggs={"bars": {"date_histogram": {"field": "at", "fixed_interval": f"{interval}s"}, "aggs": figures}},
    )
    bars = answer["aggregations"]["bars"]["buckets"]
    seconds = [range(start, min(start + interval, until)) for start in range(0, until, interval)]
    assert [(bar["doc_count"], bar["sum"]["value"], bar["b"]["doc_count"]) for bar in bars] == [
        (len(bar), 2.0 * len(bar), sum(second % 3 == 0 for second in bar)) for bar in seconds
    ]
