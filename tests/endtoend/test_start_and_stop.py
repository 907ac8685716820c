"""How the daemon starts, waits, refuses and ends."""

import asyncio
import json
import re
import sys
from pathlib import Path

from plugins.daemon import HUB, Job

from collector.engine import EmbeddedEngine

RECORD = {"records": [{"time": "2026-03-10T09:00:00Z", "category": "Audit", "operationName": "ListKey"}]}


async def run_command(*arguments: str) -> tuple[int, str, str]:
    """Run ``aoai-collector`` and return exit code, output and errors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "collector",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode or 0, output.decode(), errors.decode()


async def test_it_takes_nothing_in_before_setup_ran_and_goes_on_after_it(
    job: Job,
) -> None:
    job.hub.append(HUB, "0", json.dumps(RECORD).encode())
    engine = EmbeddedEngine()
    await asyncio.to_thread(engine.start)
    try:
        job.url = engine.url
        daemon = await job.start()
        complaint = await daemon.wait_to_say("templates or pipelines are missing: run `aoai-collector setup`")
        assert "logs-aoai.logs" in complaint["error"]["message"]
        assert not daemon.said("stream starts")
        code, output, errors = await run_command("setup", "--elasticsearch", engine.url)
        assert (code, errors) == (0, "")
        assert "created" in output
        await daemon.wait_to_say("stream starts")
        assert await daemon.stop() == 0
        code, output, _ = await run_command("setup", "--elasticsearch", engine.url)
        assert code == 0
        assert re.fullmatch(r"\d+ unchanged", output.strip())
    finally:
        await asyncio.to_thread(engine.stop)


async def test_it_outlives_a_missing_elasticsearch_and_stops_when_asked(job: Job, unused_tcp_port: int) -> None:
    job.url = f"http://127.0.0.1:{unused_tcp_port}"
    daemon = await job.start()
    await daemon.wait_to_say("Elasticsearch is not ready")
    assert await daemon.stop() == 0
    assert "Traceback" not in daemon.text


async def test_it_outlives_a_missing_event_hub(job: Job) -> None:
    await job.hub.stop()
    daemon = await job.start()
    await daemon.wait_to_say("the event hub cannot be read")
    assert daemon.process.returncode is None
    assert await daemon.stop() == 0
    assert "Traceback" not in daemon.text


async def test_a_second_daemon_on_the_same_data_folder_is_refused(job: Job) -> None:
    first = await job.start()
    await first.wait_to_say("stream starts")
    second = await job.start()
    assert await second.exit_code() == 1
    assert "another collector works on" in second.text
    assert "Traceback" not in second.text


async def test_a_wrong_policy_ends_with_exit_code_2_and_every_mistake(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("outputs: {default: {type: elasticsearch, host: x}}\ninputs: [{type: azure-eventhup}]\n")
    code, output, errors = await run_command("run", "--policy", str(policy))
    assert (code, output) == (2, "")
    assert "hosts" in errors
    assert "azure-eventhub" in errors
    assert "Traceback" not in errors


async def test_a_setup_that_reaches_nobody_is_one_clear_line(unused_tcp_port: int) -> None:
    code, _, errors = await run_command("setup", "--elasticsearch", f"http://127.0.0.1:{unused_tcp_port}")
    assert code == 1
    assert errors.startswith(f"error: http://127.0.0.1:{unused_tcp_port}")
    assert len(errors.splitlines()) == 1


async def test_the_effective_policy_shows_no_secret(job: Job) -> None:
    policy = job.write_policy(output={"api_key": "${env.CANARY_KEY}"})
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "collector",
        "config",
        "--policy",
        str(policy),
        stdout=asyncio.subprocess.PIPE,
        env={"CANARY_KEY": "id:canary-in-the-mine"},
    )
    output, _ = await process.communicate()
    assert b"bulk_max_size: 1600" in output
    assert b"canary" not in output
    assert b"SAS_KEY_VALUE" not in output
