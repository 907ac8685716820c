"""``aoai-collector status`` and its socket, against the daemon as a process."""

import asyncio
import json
import os
import pty
import signal
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plugins.daemon import HUB, PARTITIONS
from plugins.feeding import feed
from plugins.light_job import LightJob

from collector.agent.control_socket import ControlSocket, address_of

NOBODY = 65534


async def ask(job: LightJob) -> tuple[int, dict[str, Any]]:
    code, output, errors = await job.command("status", "--json")
    assert errors == ""
    return code, json.loads(output)


def state_of(report: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(each for each in report["components"] if each["component"] == kind)


async def wait_until_degraded(job: LightJob) -> tuple[int, dict[str, Any]]:
    async with asyncio.timeout(60):
        while True:
            code, report = await ask(job)
            if state_of(report, "stream")["state"] == "degraded":
                return code, report


async def watch_live(job: LightJob, awaited: str) -> int:
    """Run it at a terminal until it shows this twice, and end it as a person does; return the exit code."""
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "collector", "status", "--data", str(job.data)),
        stdin=slave,
        stdout=slave,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "160", "LINES": "50"},
    )
    os.close(slave)
    shown = ""
    try:
        async with asyncio.timeout(60):
            while shown.count(awaited) < 2:
                shown += await read_terminal(master)
            process.send_signal(signal.SIGINT)
            while await read_terminal(master):  # who writes to a terminal that nobody reads waits for ever
                pass
            return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(master)


async def read_terminal(master: int) -> str:
    """What was written since the last look; nothing once the program has ended."""
    try:
        return (await asyncio.to_thread(os.read, master, 65536)).decode(errors="replace")
    except OSError:
        return ""


async def test_it_tells_the_numbers_of_each_output_stream_and_partition_and_what_is_wrong(light_job: LightJob) -> None:
    light_job.write_policy(processor_update_interval="1s")
    fed = feed(light_job.hub, events=40, per_event=10)
    light_job.hub.append(HUB, "0", b'{"records": [')
    daemon = await light_job.start()
    await daemon.wait_to_settle(len(fed) + 1)
    code, report = await ask(light_job)
    assert (code, report["process"]["pid"]) == (0, daemon.process.pid)
    assert (report["policy"]["file"], report["policy"]["refusal"]) == (str(light_job.policy), None)
    assert [(each["output"], each["counters"]["indexed"]) for each in report["outputs"]] == [("default", len(fed))]
    assert [(each["reason"], each["records"]) for each in report["dead_letters"]] == [("truncated", 1)]
    assert [(each["stream"], each["owned_partitions"]) for each in report["streams"]] == [("logs", PARTITIONS)]
    assert sorted(each["partition"] for each in report["partitions"]) == [str(number) for number in range(PARTITIONS)]
    assert {each["in_flight_records"] for each in report["partitions"]} == {0}
    assert await watch_live(light_job, f"process {daemon.process.pid}") == 130
    light_job.policy.write_text("outputs: [", encoding="utf-8")
    await daemon.wait_to_say("the changed policy is refused; the one before stays in force")
    await light_job.hub.stop()
    code, report = await wait_until_degraded(light_job)
    assert code == 3
    assert state_of(report, "stream")["troubles"][0]["what"] == "the event hub cannot be read"
    assert state_of(report, "stream")["last_error"]["what"] == "the event hub cannot be read"
    assert state_of(report, "output")["state"] == "healthy"
    assert str(light_job.policy) in report["policy"]["refusal"]
    code, page, _ = await light_job.command("status")
    assert code == 3
    assert "its change is refused" in page
    assert "the event hub cannot be read" in page
    assert f" {len(fed) + 1} " in page


async def test_only_the_owner_may_ask_and_a_socket_left_behind_is_replaced(light_job: LightJob) -> None:
    code, _, errors = await light_job.command("status")
    assert (code, errors.splitlines()) == (
        1,
        [f"error: no collector runs on {light_job.data}: give its --data, or start one with aoai-collector run"],
    )
    killed = await light_job.start()
    await killed.wait_to_say("collector starts")
    await killed.wait_to_say("monitoring listens")
    file = light_job.data / "control.sock"
    assert (stat.S_ISSOCK(file.stat().st_mode), stat.S_IMODE(file.stat().st_mode)) == (True, 0o600)
    await killed.kill()
    assert file.exists()
    assert (await light_job.command("status"))[0] == 1
    daemon = await light_job.start()
    await daemon.wait_to_say("monitoring listens")
    assert (await ask(light_job))[1]["process"]["pid"] == daemon.process.pid
    assert await daemon.stop() == 0
    assert not file.exists()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that all may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="not run: only root can try as another user")
async def test_another_user_cannot_open_the_socket_even_in_a_folder_that_all_may_enter(open_folder: Path) -> None:
    control = ControlSocket(open_folder, {})
    await control.listen()
    address = str(open_folder / "control.sock")
    with socket.socket(socket.AF_UNIX) as foreign, socket.socket(socket.AF_UNIX) as own:
        os.seteuid(NOBODY)
        try:
            with pytest.raises(PermissionError):
                foreign.connect(address)
        finally:
            os.seteuid(0)
        own.connect(address)
    await control.close()


def test_the_address_is_short_however_deep_the_folder_lies(light_job: LightJob) -> None:
    deep = light_job.data / ("x" * 200)
    deep.mkdir(parents=True)
    with address_of(deep) as address:
        assert len(address) < 107
