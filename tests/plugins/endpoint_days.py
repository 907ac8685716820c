"""A day of online endpoints on the engine, beside the day of traffic.

Fixtures: ``endpoint_day`` is what is true of it, ``endpoints_namespace`` the namespace whose streams hold it.
"""

import uuid
from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from collector.scenario import Ledger
from collector.scenario.endpoint_records import write_endpoint_day
from collector.scenario.endpoints import EndpointDay, draw_endpoint_day


@pytest.fixture(scope="session")
def endpoint_day(ledger: Ledger, full_size: bool) -> EndpointDay:
    """A day of the ledger's date; ten times the calls at full size."""
    return draw_endpoint_day(3, ledger.start, ledger.end, calls=9_000 if full_size else 900)


@pytest.fixture(scope="session")
def endpoints_namespace(
    endpoint_day: EndpointDay,
    scenario_namespace: str,
    elasticsearch_client: Elasticsearch,
) -> Iterator[str]:
    """A namespace of its own; what the package ships is installed for that of the day of traffic."""
    namespace = f"endpoints{uuid.uuid4().hex[:8]}"
    write_endpoint_day(elasticsearch_client, endpoint_day, namespace)
    yield namespace
    elasticsearch_client.indices.delete_data_stream(name=f"logs-aoai.endpoints-{namespace}")
    elasticsearch_client.indices.delete_data_stream(name=f"metrics-aoai.endpoints-{namespace}")
