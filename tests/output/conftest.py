"""Fixtures around `plugins.bulk_server`: one server a test, and outputs that send to it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from output.delivery_rig import Build, Rig
from plugins.bulk_server import BulkServer, listening

from collector.delivery.acknowledgement import Lane
from collector.delivery.budget import Budget
from collector.delivery.intake import Intake
from collector.events import DataStream, Source
from collector.output.elasticsearch.encoding import StreamEncoder
from collector.output.elasticsearch.output import BulkSettings, ElasticsearchOutput
from collector.telemetry.counters import Counters
from collector.telemetry.trouble import Trouble

SOURCE = Source("ns.servicebus.windows.net", "hub", "$Default")
TARGET = DataStream("logs", "aoai.logs", "default")


@pytest.fixture
async def bulk_server() -> AsyncIterator[BulkServer]:
    async with listening(BulkServer()) as server:
        yield server


@pytest.fixture
async def build(tmp_path: Path) -> AsyncIterator[Build]:
    """Builds rigs on a server; pauses are milliseconds. Keyword arguments override what the output is made of."""
    rigs: list[Rig] = []

    def make(server: BulkServer, *, client: dict[str, Any] | None = None, **settings: Any) -> Rig:
        defaults = {
            "max_items": 1600,
            "max_bytes": 50_000_000,
            "max_age": 0.001,
            "workers": 1,
            "compression_level": 1,
            "backoff_initial": 0.001,
            "backoff_longest": 0.004,
        }
        counters, trouble = Counters(), Trouble("output default")
        path = tmp_path / "state" / "dead-letters.ndjson"
        output = ElasticsearchOutput(
            {"hosts": [server.url], "request_timeout": 30.0} | (client or {}),
            BulkSettings(**(defaults | settings)),
            dead_letter_file=path,
            counters=counters,
            trouble=trouble,
        )
        encoder = StreamEncoder(SOURCE, TARGET, (), preserve_original=False)
        intake = Intake(SOURCE, encoder, output, Budget(10**9), counters)
        rig = Rig(server, output, intake, Lane("0"), counters, trouble, path)
        output.start()
        rigs.append(rig)
        return rig

    yield make
    for rig in rigs:
        await rig.output.close()


@pytest.fixture
async def rig(bulk_server: BulkServer, build: Build) -> Rig:
    return build(bulk_server)
