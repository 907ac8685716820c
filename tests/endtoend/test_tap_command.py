"""``aoai-collector tap`` against the daemon as a process."""

import asyncio
import json
import socket
from typing import Any

from plugins.daemon import HUB
from plugins.feeding import feed
from plugins.light_job import LightJob

from collector.agent.control_socket import address_of

PROMPT = "what is the meaning of it all"


def body(category: str, deployment: str, count: int = 1) -> bytes:
    record: dict[str, Any] = {
        "category": category,
        "operationName": "ChatCompletions_Create",
        "properties": {"modelDeploymentName": deployment, "requestBody": json.dumps({"prompt": PROMPT})},
    }
    return json.dumps({"records": [record] * count}).encode()


async def test_it_prints_the_records_that_were_asked_for_after_the_content_policy(light_job: LightJob) -> None:
    daemon = await light_job.start()
    await daemon.wait_to_say("partition claimed")
    tapping = asyncio.create_task(
        light_job.command("tap", "--category", "requestresponse", "--deployment", "chat", "--count", "3")
    )
    async with asyncio.timeout(60):
        while not tapping.done():
            for category, deployment in (("Audit", "chat"), ("RequestResponse", "chat"), ("RequestResponse", "other")):
                light_job.hub.append(HUB, "0", body(category, deployment))
            await asyncio.sleep(0.1)
    code, output, _ = await tapping
    lines = [json.loads(line) for line in output.splitlines()]
    assert (code, len(lines)) == (0, 3)
    found = {(line["record"]["category"], line["record"]["properties"]["modelDeploymentName"]) for line in lines}
    assert found == {("RequestResponse", "chat")}
    assert {(line["eventhub"], line["partition_id"]) for line in lines} == {(HUB, "0")}
    assert PROMPT not in output
    assert await daemon.stop() == 0


async def test_one_who_looks_and_does_not_read_holds_up_nothing(light_job: LightJob) -> None:
    daemon = await light_job.start()
    await daemon.wait_to_say("partition claimed")
    with socket.socket(socket.AF_UNIX) as stuck, address_of(light_job.data) as address:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect(address)
        stuck.sendall(b"GET /tap HTTP/1.1\r\nHost: collector\r\n\r\n")
        fed = feed(light_job.hub, events=200, per_event=50)
        await daemon.wait_to_settle(len(fed))
        assert stuck.recv(12) == b"HTTP/1.1 200"
        code, _, errors = await light_job.command("status", "--json")
        assert (code, errors) == (0, "")
        assert await daemon.stop() == 0
    assert light_job.correlation_ids().keys() == fed
    assert "Traceback" not in daemon.text
