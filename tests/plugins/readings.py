"""Readings of provisioned deployments, and quotas, on the engine, beside the day of traffic.

Fixtures: ``readings`` and ``quotas`` are what is true of them, ``readings_namespace`` the namespace whose streams hold
both.
"""

import uuid
from collections.abc import Iterator, Sequence

import pytest
from elasticsearch import Elasticsearch

from collector.scenario import Ledger
from collector.scenario.capacity import Reading, draw_readings, write_readings
from collector.scenario.quotas import Quota, draw_quotas, write_quotas


@pytest.fixture(scope="session")
def readings(ledger: Ledger) -> Sequence[Reading]:
    """Readings of the day of the ledger."""
    return draw_readings(5, ledger.start, ledger.end)


@pytest.fixture(scope="session")
def quotas(ledger: Ledger) -> Sequence[Quota]:
    """Quotas of the day of the ledger."""
    return draw_quotas(5, ledger.start, ledger.end)


@pytest.fixture(scope="session")
def readings_namespace(
    readings: Sequence[Reading],
    quotas: Sequence[Quota],
    scenario_namespace: str,
    elasticsearch_client: Elasticsearch,
) -> Iterator[str]:
    """A namespace of its own: what other dashboards show of the day does not change."""
    namespace = f"readings{uuid.uuid4().hex[:8]}"
    write_readings(elasticsearch_client, readings, namespace)
    write_quotas(elasticsearch_client, quotas, namespace)
    yield namespace
    elasticsearch_client.indices.delete_data_stream(name=f"metrics-aoai.metrics-{namespace}")
    elasticsearch_client.indices.delete_data_stream(name=f"metrics-aoai.deployments-{namespace}")
