"""A day of two collectors on the engine, beside the day of traffic.

Fixtures: ``upkeep`` is what they told of themselves, ``upkeep_namespace`` the namespace whose streams hold it and the
dead letters of that day.
"""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from elasticsearch import Elasticsearch

from collector.scenario import Ledger
from collector.scenario.dead_letters import write_dead_letters
from collector.scenario.upkeep import (
    TOGETHER,
    Report,
    be_gone,
    draw_upkeep,
    drop_events,
    leave_unanswered,
    refuse_records,
    stall,
    write_upkeep,
)


@pytest.fixture(scope="session")
def upkeep(ledger: Ledger) -> Sequence[Report]:
    """Reports of the day of the ledger, every five minutes; each thing goes wrong for an hour."""

    def spell(hour: int) -> tuple[datetime, datetime]:
        since = ledger.start + timedelta(hours=hour)
        return since, since + timedelta(hours=1)

    incidents = (
        stall(*spell(3)),
        refuse_records(*spell(8)),
        drop_events(*spell(10)),
        leave_unanswered(*spell(13)),
        be_gone(*spell(20)),
    )
    step = timedelta(minutes=5)
    return draw_upkeep(9, ledger.start, ledger.end, incidents, collectors=TOGETHER, step=step)


@pytest.fixture(scope="session")
def upkeep_namespace(
    upkeep: Sequence[Report], installed_assets: None, elasticsearch_client: Elasticsearch
) -> Iterator[str]:
    """A namespace of its own: what other dashboards show of the day does not change."""
    namespace = f"upkeep{uuid.uuid4().hex[:8]}"
    write_upkeep(elasticsearch_client, upkeep, namespace)
    write_dead_letters(elasticsearch_client, upkeep, namespace)
    yield namespace
    elasticsearch_client.indices.delete_data_stream(name=f"*-aoai.*-{namespace}")
