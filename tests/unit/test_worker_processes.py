"""What a supervisor does about a worker process, with programs in its place that do as the test wants."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator

import pytest

from collector.agent.workers.process import WorkerProcess
from collector.telemetry.health import State

SILENT = "import time; time.sleep(600)"


@pytest.fixture
async def silent(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WorkerProcess]:
    """A worker whose event loop is stuck from the first moment on, and a supervisor with little patience."""
    monkeypatch.setattr("collector.agent.workers.process._command", lambda _: (sys.executable, "-c", SILENT))
    monkeypatch.setattr("collector.agent.workers.process._SILENCE_SECONDS", 0.2)
    freed: list[int] = []
    worker = WorkerProcess(2, policy=lambda: "outputs: {}", free=freed.append)
    run = asyncio.create_task(worker.run())
    yield worker
    worker.end()
    await run
    assert set(freed) == {2}


async def test_a_worker_that_is_silent_is_killed_its_partitions_are_freed_and_it_is_begun_anew(
    silent: WorkerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "collector")
    pids: set[int] = set()
    async with asyncio.timeout(60):
        while len(pids) < 2:
            pids |= {silent.pid} if silent.pid is not None else set()
            await asyncio.sleep(0.02)
    said = [record.message for record in caplog.records]
    assert said[0] == "a worker does not answer any more: it is ended"
    assert "a worker ended by itself: it is begun anew" in said
    assert silent.component.state is not State.HEALTHY
    assert silent.component.troubles[0].reason == "signal SIGKILL"
