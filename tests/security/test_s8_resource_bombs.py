"""S8 of the guarantees: what grows without end, or comes without end, costs memory up to a limit and ends nothing.

Hundreds of thousands of records of 2 bytes in one event are in D14. Bodies of prompts are in
``tests/unit/test_redact_hostile.py``, slow patterns in ``tests/unit/test_splitting_hostile.py``.
"""

import asyncio
import re
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from azure.core import AsyncPipelineClient
from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest
from plugins.bombs import (
    MIB,
    answer_inflating,
    answer_with_a_long_header,
    answer_without_end,
    hostile_events,
)
from plugins.bulk_server import BulkServer, Fault
from plugins.daemon import HUB
from plugins.feeding import feed
from plugins.http_server import listen
from plugins.light_job import LightJob

from collector.agent.control_socket import ControlSocket, address_of
from collector.assets.setup.kibana.connection import open_kibana
from collector.assets.setup.refusal import RefusalError
from collector.assets.setup.wishes import Login
from collector.inputs.azure.transport import BoundedHttpTransport
from collector.output.elasticsearch.client import BulkClient, UnreachableError
from collector.replies import LARGEST_REPLY
from collector.telemetry.endpoint import Endpoint

CAP = 256 * MIB
PATIENCE = 110.0

type Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
type Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def peak_memory(pid: int) -> int:
    """The most that a process ever had, as the kernel counts."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.partition("VmHWM:")[2].split()[0]) * 1024


def misbehave(answer: Answer) -> Fault:
    """Index everything, then answer like this."""

    async def fault(server: BulkServer, request: web.Request) -> web.StreamResponse:
        server.store(await server.receive(request))
        return await answer(request)

    return fault


@pytest.mark.timeout(240)
async def test_hostile_events_cost_a_dead_letter_each_and_bounded_memory(light_job: LightJob) -> None:
    events = hostile_events()
    daemon = await light_job.start()
    for body, _ in events.values():
        light_job.hub.append(HUB, "0", body)
    later = feed(light_job.hub, events=40, per_event=5)
    await daemon.wait_to_settle(len(events) + len(later), patience=PATIENCE)

    assert peak_memory(daemon.process.pid) < CAP
    stored = [(stream, document) for (stream, _), document in light_job.server.stored.items()]
    reasons = Counter(document["event"]["reason"] for stream, document in stored if "deadletter" in stream)
    messages = [document["message"] for stream, document in stored if "deadletter" not in stream]
    assert reasons == Counter(reason for _, reason in events.values() if reason)
    assert len(messages) == len(events) - reasons.total() + len(later)
    assert later < set(re.findall(r'"correlationId": ?"([^"]+)"', "\n".join(messages)))
    assert await daemon.stop() == 0


@pytest.mark.timeout(240)
async def test_hostile_replies_of_elasticsearch_cost_bounded_memory_and_lose_nothing(light_job: LightJob) -> None:
    answers = (answer_inflating, answer_without_end, answer_with_a_long_header)
    light_job.server.faults.extend(misbehave(answer) for answer in answers)
    fed = feed(light_job.hub, events=40, per_event=5)
    daemon = await light_job.start()
    await daemon.wait_to_settle(len(fed), patience=PATIENCE)

    assert not light_job.server.faults
    assert peak_memory(daemon.process.pid) < CAP
    assert light_job.correlation_ids() == Counter(fed)
    assert "the answer is larger than 32 MiB" in daemon.text
    assert await daemon.stop() == 0


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with listen(application) as port:
        yield f"http://127.0.0.1:{port}"


async def ask_elasticsearch(url: str) -> None:
    client = BulkClient({"hosts": [url]}, compression_level=0)
    try:
        await client.ask("GET", "/", {})
    finally:
        await client.close()


async def ask_azure(url: str) -> None:
    async with AsyncPipelineClient[HttpRequest, object](url, policies=[], transport=BoundedHttpTransport()) as client:
        await client.send_request(HttpRequest("GET", url))


async def ask_kibana(url: str) -> None:
    async with open_kibana(Login(url), "default"):
        pass


CLIENTS = {"elasticsearch": ask_elasticsearch, "azure": ask_azure, "kibana": ask_kibana}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("answer", [answer_inflating, answer_without_end], ids=["inflating", "without end"])
async def test_a_reply_is_read_up_to_a_limit(client: str, answer: Answer) -> None:
    async with serving(answer) as url:
        tracemalloc.start()
        try:
            with pytest.raises((UnreachableError, AzureError, RefusalError), match="larger than 32 MiB"):
                await CLIENTS[client](url)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 3 * LARGEST_REPLY + 2 * 64 * MIB  # and what the server itself makes


@asynccontextmanager
async def served_pages() -> AsyncIterator[Connect]:
    """The pages on loopback, and how to connect to them."""
    endpoint = Endpoint({"/page": answer_shortly})
    port = urlsplit(await endpoint.listen("127.0.0.1", 0)).port
    try:
        yield lambda: asyncio.open_connection("127.0.0.1", port)
    finally:
        await endpoint.close()


@asynccontextmanager
async def served_control(
    folder: Path,
) -> AsyncIterator[Connect]:
    """The control socket, and how to connect to it."""
    control = ControlSocket(folder, {"/page": answer_shortly})
    await control.listen()
    try:
        with address_of(folder) as address:
            yield lambda: asyncio.open_unix_connection(address)
    finally:
        await control.close()


async def answer_shortly(_: web.Request) -> web.Response:
    return web.Response(text="here")


@pytest.fixture(params=["pages", "control socket"])
async def server(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Connect]:
    """A server of ours with little patience, and how to connect to it."""
    monkeypatch.setattr("collector.telemetry.endpoint.SECONDS_FOR_A_REQUEST", 0.3)
    async with served_pages() if request.param == "pages" else served_control(tmp_path) as connect:
        yield connect


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server closes."""
    async with asyncio.timeout(60):
        with suppress(ConnectionError):
            return await reader.read()
    return b""


async def test_one_who_sends_a_request_slowly_is_left_and_the_next_is_served(
    server: Connect,
) -> None:
    """A byte at a time, one of them without a first line, one without a last."""
    slow = [await server() for _ in range(20)]
    for _, writer in slow[::2]:
        writer.write(b"GET /page HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")

    async def trickle(writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)

    trickling = [asyncio.create_task(trickle(writer)) for _, writer in slow]
    answers = [await read_answer(reader) for reader, _ in slow]
    for task in trickling:
        task.cancel()
    assert not any(b"200" in answer for answer in answers)

    answer = b""
    while b"here" not in answer:
        reader, writer = await server()
        writer.write(b"GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await read_answer(reader)
        writer.close()
    for _, writer in slow:
        writer.close()


@pytest.mark.parametrize("head", [b"GET /%s HTTP/1.1\r\n\r\n", b"GET /page HTTP/1.1\r\nX-Long: %s\r\n\r\n"])
async def test_a_head_that_is_too_long_is_refused(server: Connect, head: bytes) -> None:
    reader, writer = await server()
    writer.write(head % (b"x" * MIB))
    answer = await read_answer(reader)
    writer.close()

    assert answer.startswith(b"HTTP/1.1 4") or not answer
