"""What systemd is told, by the real daemon over a real socket."""

import asyncio
import signal
import socket
import tempfile
from pathlib import Path

import pytest
from plugins.light_job import LightJob


@pytest.mark.parametrize("workers", [1, 2])
async def test_it_tells_when_it_is_ready_alive_reloading_and_stopping(
    light_job: LightJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        address = str(Path(folder) / "notify")
        manager.bind(address)
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        daemon = await light_job.start()
        told: list[str] = []

        async def wait_to_be_told(state: str) -> None:
            async with asyncio.timeout(60):
                while not told or told[-1].partition("\n")[0] != state:
                    told.append((await loop.sock_recv(manager, 4096)).decode())

        await wait_to_be_told("READY=1")
        await wait_to_be_told("WATCHDOG=1")
        daemon.process.send_signal(signal.SIGHUP)
        await wait_to_be_told("RELOADING=1")
        assert told[-1].partition("MONOTONIC_USEC=")[2].isdecimal()
        await wait_to_be_told("READY=1")
        daemon.process.send_signal(signal.SIGTERM)
        await wait_to_be_told("STOPPING=1")
        assert await daemon.exit_code() == 0
