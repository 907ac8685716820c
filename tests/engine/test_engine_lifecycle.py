"""Starting and stopping: bounded, complete, and nothing stays behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from elasticsearch import Elasticsearch

from collector.engine import EmbeddedEngine, EngineError, Progress

pytestmark = pytest.mark.engine

START_BOUND_S = 60
GONE_BOUND_S = 20


@pytest.fixture(autouse=True)
def _prepared(engine_url: str) -> None:
    """The session's engine has filled the cache, so no test here times a download."""


@pytest.fixture(scope="module")
def running(engine_url: str) -> Iterator[EmbeddedEngine]:
    """One engine for the tests that only look."""
    with EmbeddedEngine() as engine:
        yield engine


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + GONE_BOUND_S
    while psutil.pid_exists(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        threading.Event().wait(0.05)


def test_a_start_is_green_within_its_bound() -> None:
    began = time.monotonic()
    with EmbeddedEngine() as engine, Elasticsearch(engine.url) as client:
        assert client.cluster.health()["status"] == "green"
        assert time.monotonic() - began < START_BOUND_S


def test_an_index_made_without_settings_is_green(running: EmbeddedEngine) -> None:
    with Elasticsearch(running.url) as client:
        client.indices.create(index="plain")
        assert client.cluster.health(wait_for_status="green", timeout="20s")["timed_out"] is False


def test_the_data_of_a_kept_home_survives_a_restart(tmp_path: Path) -> None:
    with EmbeddedEngine(home=tmp_path / "home") as engine, Elasticsearch(engine.url) as client:
        client.index(index="kept", id="1", document={"a": 1})
    with EmbeddedEngine(home=tmp_path / "home") as engine, Elasticsearch(engine.url) as client:
        assert client.get(index="kept", id="1")["_source"] == {"a": 1}


def test_a_temporary_home_and_the_process_are_gone_after_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    threads = threading.active_count()
    engine = EmbeddedEngine()
    engine.start()
    pid = engine.pid
    assert pid is not None
    assert list(tmp_path.iterdir()) != []
    engine.stop()
    assert (psutil.pid_exists(pid), list(tmp_path.iterdir()), threading.active_count()) == (False, [], threads)


def test_stop_may_be_called_twice_and_before_start() -> None:
    engine = EmbeddedEngine()
    engine.stop()
    engine.start()
    engine.stop()
    engine.stop()
    assert engine.pid is None


def test_it_listens_on_loopback_only(running: EmbeddedEngine) -> None:
    connections = psutil.Process(running.pid).net_connections(kind="inet")
    listening = {found.laddr.ip.removeprefix("::ffff:") for found in connections if found.status == "LISTEN"}
    assert listening == {"127.0.0.1"}


def test_it_is_in_a_session_of_its_own(running: EmbeddedEngine) -> None:
    assert running.pid is not None
    assert os.getsid(running.pid) == running.pid != os.getsid(0)


def test_a_parent_killed_outright_takes_the_engine_with_it(tmp_path: Path) -> None:
    program = (
        "import time; from pathlib import Path; from collector.engine import EmbeddedEngine;"
        f"engine = EmbeddedEngine(home=Path({str(tmp_path)!r})); engine.start();"
        "print(engine.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.send_signal(signal.SIGKILL)
    _wait_until_gone(pid)


def test_an_engine_that_does_not_come_up_says_why_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        engine = EmbeddedEngine(http_port=taken.getsockname()[1])
        with pytest.raises(
            EngineError,
            match=r"(?s)ended while it started.*last lines of.*cannot start: .*BindException: Address already in use",
        ):
            engine.start()
    assert (engine.pid, list(tmp_path.iterdir())) == (None, [])


def test_other_java_programs_options_do_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:NoSuchOption")
    with EmbeddedEngine() as engine:
        assert engine.pid


def test_its_address_is_known_only_while_it_runs() -> None:
    with pytest.raises(EngineError, match="not running"):
        _ = EmbeddedEngine().url


def test_a_second_start_is_refused(running: EmbeddedEngine) -> None:
    with pytest.raises(EngineError, match="runs already"):
        running.start()


def test_the_start_is_reported() -> None:
    seen: list[Progress] = []
    with EmbeddedEngine(on_progress=seen.append):
        assert seen == [Progress("start", 0, 1), Progress("start", 1, 1)]


@pytest.mark.parametrize("heap", ["", "512", "0m", "512k", "-Xmx1g"])
def test_a_heap_that_is_no_size_is_refused(heap: str) -> None:
    with pytest.raises(ValueError, match="heap must be"):
        EmbeddedEngine(heap=heap)
