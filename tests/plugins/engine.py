"""One engine for each worker of the test session: the embedded one, or a real Elasticsearch for all.

``AOAI_TEST_ELASTICSEARCH_URL`` (credentials in the URL) points the same tests at any Elasticsearch 8.16+ or 9.x.
Fixtures: ``engine_url``, ``elasticsearch_client``, ``engine_is_embedded``, and ``engine_namespace``, a data stream
namespace of the test's own whose data streams are deleted after it.
"""

import os
import uuid
from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from collector.engine import EmbeddedEngine, Progress
from collector.engine.installation import prepare

URL_VARIABLE = "AOAI_TEST_ELASTICSEARCH_URL"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch and compile before the first test: no test's time limit has to cover a download."""
    if session.config.option.collectonly or os.environ.get(URL_VARIABLE):
        return
    if any("engine_url" in getattr(item, "fixturenames", ()) for item in session.items):
        prepare(_PhaseLines(session.config).report)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """With several workers, before they are there: only this process has a terminal."""
    if not os.environ.get(URL_VARIABLE):
        prepare(_PhaseLines(config).report)


class _PhaseLines:
    """Writes one line a phase, so that a long wait explains itself."""

    def __init__(self, config: pytest.Config) -> None:
        self._terminal = config.pluginmanager.get_plugin("terminalreporter")
        self._phase = ""

    def report(self, progress: Progress) -> None:
        if progress.phase != self._phase and self._terminal is not None:
            self._phase = progress.phase
            self._terminal.write_line(f"embedded engine, once: {progress.phase} {progress.detail}".rstrip())


@pytest.fixture(scope="session")
def engine_url(full_size: bool) -> Iterator[str]:
    """The address of the engine; a million documents need more heap than the tests of every day."""
    if url := os.environ.get(URL_VARIABLE):
        yield url
        return
    with EmbeddedEngine(heap="2g" if full_size else "512m") as engine:
        yield engine.url


@pytest.fixture(scope="session")
def engine_is_embedded() -> bool:
    """Whether the tests run on the embedded engine."""
    return not os.environ.get(URL_VARIABLE)


@pytest.fixture(scope="session")
def elasticsearch_client(engine_url: str) -> Iterator[Elasticsearch]:
    """The official client, connected to the engine."""
    with Elasticsearch(engine_url, request_timeout=60) as client:
        yield client


@pytest.fixture
def engine_namespace(elasticsearch_client: Elasticsearch) -> Iterator[str]:
    """A data stream namespace that no other test uses; what was written to it is deleted afterwards."""
    namespace = f"t{uuid.uuid4().hex[:12]}"
    yield namespace
    for stream in elasticsearch_client.indices.get_data_stream(name=f"*-{namespace}")["data_streams"]:
        elasticsearch_client.indices.delete_data_stream(name=stream["name"])
