"""The Kibana emulator as a program: it prints where it is, and ends when it is told to."""

import asyncio
import re
import signal
import sys

import aiohttp
from typer.testing import CliRunner

from collector.cli import app

LIMIT_S = 60


async def test_what_it_prints_leads_to_a_kibana_that_ends_on_sigterm() -> None:
    options = ["--port", "0", "--licence", "trial", "--version", "8.19.3"]
    command = [sys.executable, "-m", "collector", "emulate", "kibana", *options]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(LIMIT_S):
            line = (await process.stdout.readline()).decode()
            (url,) = re.findall(r"http://\S+", line)
            async with aiohttp.ClientSession() as session, session.get(f"{url}/api/status") as reply:
                body = await reply.json()
            process.send_signal(signal.SIGTERM)
            code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert body == {"status": {"overall": {"level": "available"}}}
    assert code == 0


def test_a_licence_that_there_is_not_is_refused() -> None:
    result = CliRunner().invoke(app, ["emulate", "kibana", "--licence", "free"])

    assert result.exit_code == 2
    assert "'free' is none of basic" in result.output
