"""An Elastic Agent, as far as a component sees it: its gRPC server, as strict as the real one, and what it starts.

    agent.expect(agent.output({...}), agent.input("one", {...}))
    component = agent.start(folder)
    await agent.wait_for("one", "HEALTHY")

Messages and service are those of elastic-agent-client, the rules those of elastic/elastic-agent
(`pkg/component/runtime`): mutual TLS, the token in every message, the first check-in within 5 s, one stream at a time,
every unit in every check-in, nothing dropped before it said STOPPED. A rule that the component breaks is in
`violations`, and fails the test.
"""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
import yaml
from aiohttp import web
from elastic_agent_client.generated import elastic_agent_client_pb2 as protocol
from elastic_agent_client.generated import elastic_agent_client_pb2_grpc as service
from google.protobuf.json_format import ParseDict
from plugins.bulk_server import MAX_BODY, PRODUCT, BulkServer
from plugins.daemon import Daemon
from plugins.http_server import listen

from collector.agent.component.installation import install_component
from collector.agent.component.run import follow_agent
from collector.emulators.event_hubs import EventHubsEmulator

INPUT, OUTPUT = "aoai-default-one", "aoai-default"
_SERVER_NAME = "component.elastic-agent"
_TOKEN = "token-of-this-process"
_FIRST_CHECK_IN_SECONDS = 5.0
_PATIENCE_SECONDS = 60.0


class FakeAgent(service.ElasticAgentServicer):
    """The agent's side of one component."""

    def __init__(self, authority: trustme.CA) -> None:
        self.violations: list[str] = []
        self.observed: list[protocol.CheckinObserved] = []
        self.expected = protocol.CheckinExpected(features_idx=1, component_idx=1)
        self.connections = 0
        self._here: list[Component] = []
        self._processes: list[Daemon] = []
        self._authority = authority
        self._leaf = authority.issue_cert(_SERVER_NAME)
        self._port = 0
        self._server: Any = None
        self._configs: dict[str, tuple[int, protocol.UnitExpectedConfig]] = {}
        self._requests: asyncio.Queue[protocol.ActionRequest] = asyncio.Queue()
        self._responses: dict[str, protocol.ActionResponse] = {}
        self._changed = asyncio.Event()
        self._progress = asyncio.Condition()
        self._known: set[str] = set()
        self._is_talking = False

    async def listen(self, *, garbage: bool = False) -> None:
        """Answer, on the same port as before if there was one; with `garbage` by bytes that are no message."""
        self._server = grpc.aio.server()
        if garbage:
            self._server.add_generic_rpc_handlers((_Garbage(self),))
        else:
            service.add_ElasticAgentServicer_to_server(self, self._server)
        credentials = grpc.ssl_server_credentials(
            [(self._leaf.private_key_pem.bytes(), self._leaf.cert_chain_pems[0].bytes())],
            root_certificates=self._authority.cert_pem.bytes(),
            require_client_auth=True,
        )
        self._port = self._server.add_secure_port(f"127.0.0.1:{self._port}", credentials)
        await self._server.start()

    async def hang_up(self) -> None:
        """Break every connection and listen no more."""
        await self._server.stop(None)
        await self._server.wait_for_termination()

    def start_up_info(self, **changes: Any) -> bytes:
        """What a component gets on standard input."""
        given: dict[str, Any] = {
            "addr": f"127.0.0.1:{self._port}",
            "server_name": _SERVER_NAME,
            "token": _TOKEN,
            "ca_cert": self._authority.cert_pem.bytes(),
            "peer_cert": self._leaf.cert_chain_pems[0].bytes(),
            "peer_key": self._leaf.private_key_pem.bytes(),
            "services": [protocol.CheckinV2],
            "max_message_size": 100 * 2**20,
            "agent_info": protocol.AgentInfo(id="agent", version="9.2.1"),
        }
        return protocol.StartUpInfo(**given | changes).SerializeToString()

    def start(self, folder: Path, **changes: Any) -> "Component":
        """Start the component in this process, where its log is the test's."""
        info = protocol.StartUpInfo.FromString(self.start_up_info(**changes))
        self._here.append(Component(info, folder))
        return self._here[-1]

    async def start_process(self, folder: Path, start_up: bytes | None = None) -> Daemon:
        """Install the component into an agent's folder, and start it as its specification says."""
        components = installed_agent(folder)
        install_component(folder, (sys.executable, "-m", "collector"))
        (specification,) = components.glob("*.spec.yml")
        command = yaml.safe_load(specification.read_text(encoding="utf-8"))["inputs"][0]["command"]
        program = specification.name.removesuffix(".spec.yml")
        process = await asyncio.create_subprocess_exec(
            *(components / program, *command["args"], "-E", f"path.data={folder}"),
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 22,
        )
        assert process.stdin is not None
        process.stdin.write(self.start_up_info() if start_up is None else start_up)
        process.stdin.close()
        self._processes.append(Daemon(process))
        return self._processes[-1]

    def expect(self, *units: protocol.UnitExpected) -> None:
        """Expect these units from now on; a unit with another configuration than before has a new index."""
        for unit in units:
            index, config = self._configs.get(unit.id, (0, None))
            if config != unit.config:
                index += 1
                self._configs[unit.id] = index, unit.config
            unit.config_state_idx = index
        self.expected = protocol.CheckinExpected(units=units, features_idx=1, component_idx=1)
        self._changed.set()

    async def wait_for(self, unit: str, state: str, message: str = "") -> protocol.UnitObserved:
        """Wait until the newest check-in has the unit in that state, with that text in its message, up to date."""

        def find() -> protocol.UnitObserved | None:
            index = self._configs[unit][0]
            for each in self.observed[-1].units if self.observed else ():
                right = (protocol.State.Name(each.state), each.config_state_idx) == (state, index)
                if each.id == unit and right and message in each.message:
                    return each
            return None

        return await self.wait_until(find)

    async def wait_until[Found](self, find: Any) -> Any:
        """Wait until a look after a check-in, or an answer to an action, finds something."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), self._progress:
                while not (found := find()):
                    await self._progress.wait()
                return found
        except TimeoutError:
            pytest.fail(f"it never came; the last check-in was {self.observed[-1:]}")

    async def act(self, request: protocol.ActionRequest) -> protocol.ActionResponse:
        """Ask for an action and return the answer."""
        await self._requests.put(request)
        return await self.wait_until(lambda: self._responses.get(request.id))

    async def CheckinV2(self, requests: AsyncIterator[protocol.CheckinObserved], context: Any) -> AsyncIterator[Any]:  # noqa: N802 - the service's own name
        """Serve the stream of check-ins."""
        if self._is_talking:
            await context.abort(grpc.StatusCode.ALREADY_EXISTS, "already connected")
        self.connections, self._is_talking, self._known = self.connections + 1, True, set()
        reading = asyncio.create_task(self._read_check_ins(requests, context))
        # Not in `finally`: a call that breaks while a message is on its way leaves the generator where it is.
        context.add_done_callback(lambda _: self._hear_no_more(reading))
        try:
            while True:
                change = asyncio.create_task(self._changed.wait())
                await asyncio.wait([reading, change], return_when=asyncio.FIRST_COMPLETED)
                change.cancel()
                if reading.done():
                    return
                self._changed.clear()
                yield self._compose()
        finally:
            reading.cancel()

    def _hear_no_more(self, reading: asyncio.Task[None]) -> None:
        self._is_talking = False
        reading.cancel()

    async def _read_check_ins(self, requests: AsyncIterator[protocol.CheckinObserved], context: Any) -> None:
        try:
            async with asyncio.timeout(_FIRST_CHECK_IN_SECONDS):
                await self._take(await anext(aiter(requests)), context)
        except TimeoutError:
            self.violations.append("no check-in came within 5 s")
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "no first check-in")
        async for observed in requests:
            await self._take(observed, context)

    async def _take(self, observed: protocol.CheckinObserved, context: Any) -> None:
        if observed.token != _TOKEN:
            self.violations.append("a check-in had a wrong token")
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, "invalid token")
        self._check_units(observed)
        async with self._progress:
            self.observed.append(observed)
            self._progress.notify_all()
        if self._is_unsettled(observed):
            self._changed.set()

    def _check_units(self, observed: protocol.CheckinObserved) -> None:
        """A unit that was told of once on this connection, and is expected still, is in every check-in."""
        told = {each.id for each in observed.units}
        missing = (self._known & {each.id for each in self.expected.units}) - told
        if missing:
            self.violations.append(f"a check-in lacks {missing}")
        self._known = told

    def _is_unsettled(self, observed: protocol.CheckinObserved) -> bool:
        """As the agent: whether anything differs from what is expected, so that it is said again."""
        seen = {each.id: each.config_state_idx for each in observed.units}
        indices = (observed.features_idx, observed.component_idx)
        return indices != (1, 1) or seen != {each.id: each.config_state_idx for each in self.expected.units}

    def _compose(self) -> protocol.CheckinExpected:
        """What is expected, with a configuration only where the component has another one."""
        message = protocol.CheckinExpected()
        message.CopyFrom(self.expected)
        seen = {each.id: each.config_state_idx for each in self.observed[-1].units} if self.observed else {}
        for unit in message.units:
            if seen.get(unit.id) == unit.config_state_idx:
                unit.ClearField("config")
        return message

    async def Actions(self, requests: AsyncIterator[protocol.ActionResponse], context: Any) -> AsyncIterator[Any]:  # noqa: N802 - the service's own name
        """Serve the stream of actions."""
        first = await anext(aiter(requests))
        if first.token != _TOKEN:
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, "invalid token")
        if first.id != "init":
            self.violations.append("the first message of actions was not init")
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "initial message must be init")
        reading = asyncio.create_task(self._read_responses(requests))
        try:
            while not reading.done():
                asking = asyncio.create_task(self._requests.get())
                await asyncio.wait([reading, asking], return_when=asyncio.FIRST_COMPLETED)
                if not asking.done():
                    asking.cancel()
                    return
                yield asking.result()
        finally:
            reading.cancel()

    async def _read_responses(self, requests: AsyncIterator[protocol.ActionResponse]) -> None:
        async for response in requests:
            async with self._progress:
                self._responses[response.id] = response
                self._progress.notify_all()

    async def end(self) -> None:
        """Kill what still runs, leave each log where a failing test shows it, and ask for broken rules."""
        try:
            for component in self._here:
                await component.stop()
            for process in self._processes:
                await process.kill()
                sys.stdout.write(process.text)
        finally:
            await self.hang_up()
        assert self.violations == []


class Component:
    """The component in the test's own process."""

    def __init__(self, info: protocol.StartUpInfo, folder: Path) -> None:
        self._stopping = asyncio.Event()
        self._running = asyncio.create_task(follow_agent(info, folder, self._stopping, lambda _: None))

    async def stop(self) -> int:
        """Ask for the end, and return what would be the exit code."""
        self._stopping.set()
        return await self.exit_code()

    async def exit_code(self) -> int:
        """Wait for the end."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await self._running


class _Garbage(grpc.GenericRpcHandler):
    """Answers every check-in with bytes that are no message."""

    def __init__(self, agent: FakeAgent) -> None:
        self._agent = agent

    def service(self, details: Any) -> Any:
        is_checkin = details.method.endswith("/CheckinV2")
        return grpc.stream_stream_rpc_method_handler(self._answer_check_in if is_checkin else self._stay_silent)

    async def _answer_check_in(self, _: Any, __: Any) -> AsyncIterator[bytes]:
        self._agent.connections += 1
        yield b"\xff\xff\xff garbage"

    async def _stay_silent(self, requests: Any, _: Any) -> AsyncIterator[bytes]:
        async for _ in requests:
            yield b""


def installed_agent(folder: Path, version: str = "9.2.1-0a1b2c") -> Path:
    """Lay out a folder as an installed agent has it, and return that of its programs."""
    home = folder / "data" / f"elastic-agent-{version}"
    components = home / "components"
    components.mkdir(parents=True, exist_ok=True)
    (home / "elastic-agent").touch()
    link = folder / "elastic-agent"
    link.unlink(missing_ok=True)
    link.symlink_to(home / "elastic-agent")
    return components


def input_unit(unit_id: str = INPUT, *, state: str = "HEALTHY", **source: Any) -> protocol.UnitExpected:
    """An input as Fleet sends it; the id of the input is the last word of the unit's."""
    whole = {"id": unit_id.rpartition("-")[2], "type": "aoai/azure-eventhub", "data_stream": {"namespace": "fleet"}}
    return _unit(unit_id, "INPUT", state, whole | source)


def output_unit(*hosts: str, state: str = "HEALTHY", **source: Any) -> protocol.UnitExpected:
    """The output as Fleet sends it."""
    return _unit(
        OUTPUT, "OUTPUT", state, {"type": "elasticsearch", "hosts": list(hosts), "preset": "balanced"} | source
    )


def _unit(unit_id: str, kind: str, state: str, source: dict[str, Any]) -> protocol.UnitExpected:
    """The agent's own way: the known keys as fields, and everything in ``source`` (`pkg/component/config.go`)."""
    named = {key: source[key] for key in ("id", "type", "name", "revision", "meta", "data_stream") if key in source}
    streams = [
        {key: stream[key] for key in ("id", "data_stream") if key in stream} | {"source": stream}
        for stream in source.get("streams", ())
        if isinstance(stream, dict)
    ]
    config = json.loads(json.dumps({**named, "streams": streams, "source": source}))
    expected = {"id": unit_id, "type": kind, "state": state, "logLevel": "INFO", "config": config}
    return ParseDict(expected, protocol.UnitExpected(), ignore_unknown_fields=True)


@pytest.fixture
async def fleet_output() -> AsyncIterator[BulkServer]:
    """A server that takes documents as Elasticsearch does, for a key that may `monitor` beside, as Fleet's keys."""
    server = BulkServer()
    application = web.Application(client_max_size=MAX_BODY)
    application.router.add_post("/_bulk", server.serve)
    application.router.add_get("/", _tell_version)
    application.router.add_route("*", "/{path:.*}", _refuse)
    async with listen(application) as server.port:
        yield server
        server.released.set()


@pytest.fixture
async def fake_agent(
    hub: EventHubsEmulator, fleet_output: BulkServer, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[FakeAgent]:
    """An agent that listens and expects nothing yet; it ends its components before hub and server go."""
    caplog.set_level(logging.INFO)  # and set back at the end: the component sets it as the agent says
    agent = FakeAgent(trustme.CA())
    await agent.listen()
    yield agent
    await agent.end()


async def _tell_version(_: web.Request) -> web.Response:
    """What a key with the privilege `monitor` is told."""
    return web.json_response({"version": {"number": "9.2.1", "build_flavor": "default"}}, headers=PRODUCT)


async def _refuse(_: web.Request) -> web.Response:
    error = {"error": {"type": "security_exception", "reason": "the key may write, and nothing else"}, "status": 403}
    return web.json_response(error, status=403, headers=PRODUCT)
