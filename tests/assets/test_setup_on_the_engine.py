"""The life of an installation on an engine of its own: the state of the whole cluster is the same before and after."""

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from typer.testing import CliRunner

from collector import __version__
from collector.cli import app
from collector.engine import EmbeddedEngine

VOLATILE = {"cluster_coordination", "index-graveyard", "cluster_uuid_committed"}
"""What every change leaves a trace in."""
STREAM = "logs-aoai.logs-default"


@pytest.fixture
def fresh_engine(engine_is_embedded: bool) -> Iterator[Elasticsearch]:
    """A cluster where nothing was installed yet, and in which nothing but this test works."""
    if not engine_is_embedded:
        pytest.skip("it looks at a whole cluster, which is nobody else's")
    with EmbeddedEngine(heap="256m") as engine, Elasticsearch(engine.url, request_timeout=60) as client:
        yield client


def state(client: Elasticsearch) -> dict[str, Any]:
    """Everything that the cluster knows, but for counters of its own."""
    metadata = client.cluster.state(metric="metadata")["metadata"]
    return {key: value for key, value in metadata.items() if key not in VOLATILE}


def setup(client: Elasticsearch, *options: str) -> str:
    (node,) = client.transport.node_pool.all()
    result = CliRunner().invoke(app, ["setup", "--elasticsearch", node.base_url, *options], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.stdout


def add_what_is_the_users(client: Elasticsearch) -> None:
    client.ingest.put_pipeline(id="logs-aoai.logs@custom", processors=[{"set": {"field": "mine", "value": 1}}])
    client.ingest.put_pipeline(id="logs-aoai.logs-mine", processors=[])
    client.cluster.put_component_template(name="logs-aoai.logs@custom", template={"settings": {"index.priority": 7}})
    client.indices.put_index_template(name="mine", index_patterns=["mine-*"], data_stream={})
    client.create(index="mine-1", id="1", document={"@timestamp": "2026-11-21T10:00:00Z"})


@pytest.mark.engine
def test_after_a_removal_the_cluster_is_as_it_was(fresh_engine: Elasticsearch) -> None:
    add_what_is_the_users(fresh_engine)
    before = state(fresh_engine)
    setup(fresh_engine)
    installed = state(fresh_engine)
    assert "unchanged" in setup(fresh_engine)
    assert state(fresh_engine) == installed

    document = {"@timestamp": "2026-11-21T10:00:00Z", "message": "{}"}
    fresh_engine.create(index=STREAM, id="1", document=document)
    setup(fresh_engine, "--uninstall", "--yes")
    assert fresh_engine.get(index=f".ds-{STREAM}-000001", id="1")["found"]
    fresh_engine.create(index=STREAM, id="2", document=document)

    setup(fresh_engine)
    setup(fresh_engine, "--uninstall", "--with-data", "--yes")
    assert state(fresh_engine) == before


@pytest.mark.engine
def test_an_earlier_versions_data_stream_is_brought_over(fresh_engine: Elasticsearch) -> None:
    setup(fresh_engine)
    shipped = state(fresh_engine)
    earlier, current = "logs-aoai.logs-0.0.9", f"logs-aoai.logs-{__version__}"
    fresh_engine.ingest.put_pipeline(id=earlier, processors=[])
    fresh_engine.cluster.put_component_template(
        name="logs-aoai.logs@package",
        template={
            "settings": {"index.default_pipeline": earlier},
            "mappings": {"properties": {"message": {"type": "text"}}},
        },
        meta={"managed_by": "aoai-collector", "package": {"name": "aoai", "version": "0.0.9"}},
    )
    fresh_engine.create(index=STREAM, id="1", document={"@timestamp": "2026-11-21T10:00:00Z"})

    assert "--rollover does it now" in setup(fresh_engine)
    assert state(fresh_engine)["component_template"] == shipped["component_template"]
    setup(fresh_engine, "--rollover")
    settings = fresh_engine.indices.get_settings(index=STREAM, name="index.default_pipeline")
    assert [each["settings"]["index"]["default_pipeline"] for _, each in sorted(settings.items())] == [earlier, current]
    assert "unchanged" in setup(fresh_engine, "--rollover")
    assert len(fresh_engine.indices.get(index=STREAM)) == 2
