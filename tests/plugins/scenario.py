"""A day of traffic on the engine, with its ledger: written once, read by many.

Fixtures: ``ledger`` is what is true of the day, ``scenario_namespace`` the namespace of the data streams that hold it.
The day is one that no other test writes to, since dashboards look at all namespaces.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from elasticsearch import Elasticsearch

from collector.scenario import Ledger, draw_day, write_day
from collector.scenario.conditions import throttle
from collector.scenario.incidents import attack, cut_answers

DAY = date(2026, 8, 19)


@pytest.fixture(scope="session")
def ledger(full_size: bool) -> Ledger:
    """A day with a throttling storm over noon, and attacks that a content filter stops; more calls at full size."""
    incidents = [
        attack("aoai-shop-eu/chat-prod", *hour(9), "indirect_attack", share=0.4, load=2),
        throttle("aoai-shop-us/chat-prod", *hour(12)),
        attack("aoai-shop-eu/chat-prod", *hour(14), "custom_blocklists", share=0.5, load=2),
        attack("aoai-shop-us/chat-small", *hour(16), "violence", share=0.6, load=2),
        cut_answers("aoai-shop-us/chat-prod", *hour(17), share=0.5, load=2.5),
        attack("aoai-shop-us/chat-small", *hour(19), "jailbreak", share=0.5, load=2),
    ]
    return draw_day(7, DAY, calls=20_000 if full_size else 1_240, incidents=incidents)


def hour(number: int) -> tuple[datetime, datetime]:
    """The begin of an hour of the day, and its end."""
    since = datetime(DAY.year, DAY.month, DAY.day, number, tzinfo=UTC)
    return since, since + timedelta(hours=1)


@pytest.fixture(scope="session")
def scenario_namespace(ledger: Ledger, installed_assets: None, elasticsearch_client: Elasticsearch) -> Iterator[str]:
    """A namespace whose data streams hold the day and nothing else."""
    namespace = f"scenario{uuid.uuid4().hex[:8]}"
    write_day(elasticsearch_client, ledger, namespace=namespace)
    yield namespace
    for stream in elasticsearch_client.indices.get_data_stream(name=f"*-{namespace}")["data_streams"]:
        elasticsearch_client.indices.delete_data_stream(name=stream["name"])
