"""What the engine's tests share: a pipeline tried on one document, and a registry on loopback."""

import gc
import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from plugins.jar_registry import Registry, RegistryHandler
from plugins.simulation import Simulation


@pytest.fixture
def simulation(elasticsearch_client: Elasticsearch) -> Simulation:
    return Simulation(elasticsearch_client)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """The registry that jgo asks during the test, through its own configuration file."""
    root = tmp_path / "registry"
    root.mkdir()
    found = Registry(root)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(RegistryHandler, registry=found))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings = tmp_path / "jgo.conf"
    settings.write_text(f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n", encoding="utf-8")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    yield found
    server.shutdown()
    server.server_close()
    thread.join()
    gc.collect()  # what jgo left open is found now, in the test that caused it
