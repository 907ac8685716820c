"""The Python SDK reaches the emulator by every way it has to the service: TLS, WebSockets, a proxy, keys, signatures.

What is expected is what the SDK's documentation says of `connection_verify`, `custom_endpoint_address`,
`transport_type` and `http_proxy`, and how the service answers tokens (Microsoft Learn, "Authenticate access to Event
Hubs resources using shared access signatures").
"""

import asyncio
import base64
import hmac
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
import yaml
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError, web
from azure.eventhub import EventData, TransportType
from azure.eventhub.aio import EventHubConsumerClient, EventHubProducerClient
from azure.eventhub.exceptions import AuthenticationError, EventHubError
from plugins.azure_sdk import SDK_HABITS
from plugins.connect_proxy import ConnectProxy
from plugins.tls_server import ACCEPTED, REFUSALS, Certificates, TlsCase, serve_tls

from collector.emulators.event_hubs import EventHubsEmulator, Hub, OperationKind, SharedAccessKeys, TokenRefusedError
from collector.emulators.event_hubs.frames import AMQP_HEADER, SASL_HEADER
from collector.inputs.event_hub.connection import connect
from collector.policy import EventHubStream, load_policy
from collector.state.sqlite import SqliteCheckpointStore

HUB = "insights"
KEY_NAME, KEY = "reader", "bm90IGEgc2VjcmV0"
MEBIBYTE = 1024 * 1024

type OpenHub = Callable[[str, int, str], EventHubConsumerClient]
type Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
CONNECTION_LOST = (EventHubError, OSError)

pytestmark = [*SDK_HABITS]


@pytest.fixture
async def secured(certificates: Certificates) -> AsyncIterator[EventHubsEmulator]:
    """An emulator that speaks TLS only, has WebSockets, and wants a signature made with the key."""
    emulator = EventHubsEmulator(
        [Hub(HUB, 2), Hub("other", 1)],
        ssl_context=certificates.serve(),
        websocket_port=0,
        authorize=SharedAccessKeys({KEY_NAME: KEY}),
    )
    async with emulator:
        yield emulator


@asynccontextmanager
async def redirect_over_tls(certificates: Certificates, target: str) -> AsyncIterator[int]:
    """A trusted server that sends every WebSocket on to the target."""

    async def send_on(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=307, headers={"Location": target})

    runner = web.ServerRunner(web.Server(send_on))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificates.serve())
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.fixture
def tls(secured: EventHubsEmulator, certificates: Certificates) -> dict[str, Any]:
    """The SDK's options for AMQP over TLS."""
    return {
        "connection_verify": str(certificates.ca_path),
        "custom_endpoint_address": f"sb://localhost:{secured.port}",
        "transport_type": TransportType.Amqp,
    }


@pytest.fixture
def websocket(secured: EventHubsEmulator, certificates: Certificates) -> dict[str, Any]:
    """The SDK's options for AMQP over WebSocket."""
    return {
        "connection_verify": str(certificates.ca_path),
        "custom_endpoint_address": f"sb://localhost:{secured.websocket_port}",
        "transport_type": TransportType.AmqpOverWebsocket,
    }


def text_with_key(emulator: EventHubsEmulator, key: str = KEY, hub: str = HUB) -> str:
    return emulator.connection_string(hub, key_name=KEY_NAME, key=key)


def text_with_signature(emulator: EventHubsEmulator, expiry: int, hub: str = HUB) -> str:
    """A connection string with a signature made here, by the service's recipe."""
    resource = quote_plus(f"sb://localhost/{hub}")
    digest = hmac.new(KEY.encode(), f"{resource}\n{expiry}".encode(), sha256).digest()
    signature = quote_plus(base64.b64encode(digest))
    token = f"SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn={KEY_NAME}"
    return f"Endpoint=sb://localhost:{emulator.port};SharedAccessSignature={token};EntityPath={HUB}"


def in_an_hour() -> int:
    return int(datetime.now(UTC).timestamp()) + 3600


async def read_one(text: str, **options: Any) -> bytes:
    """Receive the first event of partition 0 with the SDK; raise the error it reports instead."""
    result: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def on_event(_context: object, event: EventData | None) -> None:
        if event is not None and not result.done():
            result.set_result(b"".join(event.body))

    async def on_error(_context: object, error: Exception) -> None:
        if not result.done():
            result.set_exception(error)

    client = EventHubConsumerClient.from_connection_string(
        text, "$Default", retry_total=0, retry_backoff_factor=0, **options
    )
    async with client, asyncio.timeout(30):
        task = asyncio.create_task(
            client.receive(on_event, on_error=on_error, partition_id="0", starting_position="-1")
        )
        try:
            return await result
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def send_one(text: str, body: bytes, **options: Any) -> None:
    """Send an event to partition 0 with the SDK."""
    client = EventHubProducerClient.from_connection_string(text, retry_total=0, retry_backoff_factor=0, **options)
    async with client, asyncio.timeout(30):
        await client.send_event(EventData(body), partition_id="0")


async def ask_properties(text: str, **options: Any) -> Any:
    """Ask the hub for its properties with the SDK: the cheapest thing that needs a login."""
    client = EventHubConsumerClient.from_connection_string(
        text, "$Default", retry_total=0, retry_backoff_factor=0, **options
    )
    async with client, asyncio.timeout(30):
        return await client.get_eventhub_properties()


@pytest.mark.parametrize("way", ["tls", "websocket"])
async def test_a_large_event_goes_in_and_comes_out(
    secured: EventHubsEmulator, way: str, request: pytest.FixtureRequest
) -> None:
    options = request.getfixturevalue(way)
    body = bytes(range(256)) * ((MEBIBYTE - 10_000) // 256)
    await send_one(text_with_key(secured), body, **options)
    assert await read_one(text_with_key(secured), **options) == body


async def test_many_events_arrive_over_a_websocket_in_order(
    secured: EventHubsEmulator, websocket: dict[str, Any]
) -> None:
    bodies = [f"event {number}".encode() * 500 for number in range(2000)]  # about 12 MB, past every buffer
    for body in bodies:
        secured.append(HUB, "0", body)
    seen: list[bytes] = []
    done = asyncio.Event()

    async def on_batch(_context: object, events: list[EventData]) -> None:
        seen.extend(b"".join(event.body) for event in events)
        if len(seen) >= len(bodies):
            done.set()

    client = EventHubConsumerClient.from_connection_string(text_with_key(secured), "$Default", **websocket)
    async with client, asyncio.timeout(60):
        task = asyncio.create_task(client.receive_batch(on_batch, partition_id="0", starting_position="-1"))
        await done.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert seen == bodies


async def test_without_tls_a_websocket_serves_too(certificates: Certificates) -> None:
    async with EventHubsEmulator([Hub(HUB, 2)], websocket_port=0) as emulator:
        emulator.append(HUB, "0", b"plain")
        options = {
            "custom_endpoint_address": f"sb://localhost:{emulator.websocket_port}",
            "transport_type": TransportType.AmqpOverWebsocket,
        }
        assert await read_one(emulator.connection_string(HUB), **options) == b"plain"


class TestProxy:
    async def test_a_websocket_goes_through_a_proxy(
        self, secured: EventHubsEmulator, websocket: dict[str, Any]
    ) -> None:
        secured.append(HUB, "0", b"through the proxy")
        async with ConnectProxy() as proxy:
            address = {"proxy_hostname": "http://127.0.0.1", "proxy_port": proxy.port}
            assert await read_one(text_with_key(secured), http_proxy=address, **websocket) == b"through the proxy"
            assert set(proxy.targets) == {f"localhost:{secured.websocket_port}"}

    async def test_a_proxy_is_given_its_credentials(
        self, secured: EventHubsEmulator, websocket: dict[str, Any]
    ) -> None:
        secured.append(HUB, "0", b"let in")
        async with ConnectProxy("someone:something") as proxy:
            address = {
                "proxy_hostname": "http://127.0.0.1",
                "proxy_port": proxy.port,
                "username": "someone",
                "password": "something",
            }
            assert await read_one(text_with_key(secured), http_proxy=address, **websocket) == b"let in"
            assert proxy.refused == 0


class TestTokens:
    async def test_a_key_that_is_not_the_hubs_is_refused_as_the_service_does(
        self, secured: EventHubsEmulator, tls: dict[str, Any]
    ) -> None:
        with pytest.raises(
            AuthenticationError, match=r"401(.|\n)*InvalidSignature: The token has an invalid signature"
        ):
            await ask_properties(text_with_key(secured, "d3Jvbmc="), **tls)

    async def test_a_key_of_another_name_is_refused(self, secured: EventHubsEmulator, tls: dict[str, Any]) -> None:
        with pytest.raises(AuthenticationError, match="401"):
            await ask_properties(secured.connection_string(HUB, key_name="nobody", key=KEY), **tls)

    async def test_a_signature_opens_the_hub(self, secured: EventHubsEmulator, tls: dict[str, Any]) -> None:
        secured.append(HUB, "0", b"signed")
        assert await read_one(text_with_signature(secured, in_an_hour()), **tls) == b"signed"

    async def test_an_expired_signature_is_refused(self, secured: EventHubsEmulator, tls: dict[str, Any]) -> None:
        with pytest.raises((AuthenticationError, EventHubError), match=r"[Ee]xpired"):
            await ask_properties(text_with_signature(secured, 1_700_000_000), **tls)

    async def test_a_signature_for_another_hub_is_refused(
        self, secured: EventHubsEmulator, tls: dict[str, Any]
    ) -> None:
        with pytest.raises(AuthenticationError, match="401"):
            await ask_properties(text_with_signature(secured, in_an_hour(), hub="other"), **tls)

    async def test_reading_needs_no_right_but_to_listen(self, secured: EventHubsEmulator, tls: dict[str, Any]) -> None:
        secured.append(HUB, "0", b"x")
        await ask_properties(text_with_key(secured), **tls)
        await read_one(text_with_key(secured), **tls)
        used = {operation.kind for operation in secured.journal}
        assert used == {OperationKind.PUT_TOKEN, OperationKind.READ_HUB, OperationKind.RECEIVE}
        assert all(operation.allowed for operation in secured.journal)

    async def test_sending_is_seen_in_the_journal(self, secured: EventHubsEmulator, tls: dict[str, Any]) -> None:
        await send_one(text_with_key(secured), b"x", **tls)
        assert OperationKind.SEND in {operation.kind for operation in secured.journal}


class TestSharedAccessKeys:
    """The checks that no client of good will reaches."""

    EXPIRY = 2_000_000_000
    AUDIENCE = f"sb://localhost/{HUB}/consumergroups/$default"

    @pytest.fixture
    def check(self) -> Callable[[str], bool]:
        keys = SharedAccessKeys({KEY_NAME: KEY}, lambda: datetime(2026, 11, 21, tzinfo=UTC))
        return lambda token: keys(self.AUDIENCE, "servicebus.windows.net:sastoken", token)

    def sign(self, resource: str = f"sb%3A%2F%2Flocalhost%2F{HUB}", expiry: object = EXPIRY) -> str:
        digest = hmac.new(KEY.encode(), f"{resource}\n{expiry}".encode(), sha256).digest()
        signature = quote_plus(base64.b64encode(digest))
        return f"SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn={KEY_NAME}"

    def test_a_signature_for_the_hub_covers_what_lies_below_it(self, check: Callable[[str], bool]) -> None:
        assert check(self.sign())

    def test_a_signature_for_the_namespace_covers_every_hub(self, check: Callable[[str], bool]) -> None:
        assert check(self.sign("sb%3A%2F%2Flocalhost%2F"))

    def test_a_hub_whose_name_begins_alike_is_not_covered(self, check: Callable[[str], bool]) -> None:
        with pytest.raises(TokenRefusedError, match="InvalidAudience"):
            check(self.sign(f"sb%3A%2F%2Flocalhost%2F{HUB[:-1]}"))

    def test_a_signature_whose_expiry_was_changed_is_wrong(self, check: Callable[[str], bool]) -> None:
        assert not check(self.sign().replace(str(self.EXPIRY), str(self.EXPIRY + 1)))

    @pytest.mark.parametrize(
        "token",
        [
            "",
            "SharedAccessSignature ",
            "Bearer x",
            "SharedAccessSignature sr=x&sig=y&se=1",
            f"SharedAccessSignature sr=x&sig=%%%&se=1&skn={KEY_NAME}",
            f"SharedAccessSignature sr=x&sig=\u00e9&se=1&skn={KEY_NAME}",
        ],
    )
    def test_what_is_no_signature_is_refused(self, check: Callable[[str], bool], token: str) -> None:
        with pytest.raises(TokenRefusedError):
            check(token)

    def test_an_expiry_that_is_no_number_is_refused(self, check: Callable[[str], bool]) -> None:
        with pytest.raises(TokenRefusedError, match="MalformedToken"):
            check(self.sign(expiry="soon"))

    def test_a_bearer_token_is_no_signature(self) -> None:
        with pytest.raises(TokenRefusedError, match="InvalidTokenType"):
            SharedAccessKeys({})(self.AUDIENCE, "jwt", "x.y.z")


class TestWebSocketServer:
    """What no SDK does."""

    @pytest.fixture
    async def plain(self) -> AsyncIterator[EventHubsEmulator]:
        async with EventHubsEmulator([Hub(HUB, 1)], websocket_port=0) as emulator:
            yield emulator

    @asynccontextmanager
    async def session(self) -> AsyncIterator[ClientSession]:
        async with ClientSession() as session, asyncio.timeout(20):
            yield session

    def address(self, emulator: EventHubsEmulator, path: str = "/$servicebus/websocket") -> str:
        return f"http://localhost:{emulator.websocket_port}{path}"

    async def test_another_path_is_not_found(self, plain: EventHubsEmulator) -> None:
        async with self.session() as session:
            with pytest.raises(WSServerHandshakeError) as refusal:
                await session.ws_connect(self.address(plain, "/elsewhere"), protocols=["AMQPWSB10"])
            assert refusal.value.status == 404

    async def test_a_request_that_asks_for_no_websocket_is_refused(self, plain: EventHubsEmulator) -> None:
        async with self.session() as session, session.get(self.address(plain)) as answer:
            assert answer.status == 400

    @pytest.mark.parametrize("name", ["AMQPWSB10", "amqp"])
    async def test_both_names_of_the_subprotocol_are_known(self, plain: EventHubsEmulator, name: str) -> None:
        async with self.session() as session, session.ws_connect(self.address(plain), protocols=[name]) as peer:
            assert peer.protocol == name
            await peer.send_bytes(AMQP_HEADER)
            assert await peer.receive_bytes() == AMQP_HEADER

    async def test_bytes_may_be_cut_anywhere(self, plain: EventHubsEmulator) -> None:
        async with self.session() as session, session.ws_connect(self.address(plain)) as peer:
            for position in range(8):
                await peer.send_bytes(SASL_HEADER[position : position + 1])
            assert (await peer.receive_bytes()).startswith(SASL_HEADER)

    async def test_text_ends_the_connection(self, plain: EventHubsEmulator) -> None:
        async with self.session() as session, session.ws_connect(self.address(plain)) as peer:
            await peer.send_str("AMQP")
            assert (await peer.receive()).type in {WSMsgType.CLOSE, WSMsgType.CLOSED}

    async def test_the_emulator_stops_in_spite_of_a_silent_peer(self) -> None:
        emulator = EventHubsEmulator([Hub(HUB, 1)], websocket_port=0)
        await emulator.start()
        async with self.session() as session, session.ws_connect(self.address(emulator)) as peer:
            async with asyncio.timeout(10):
                await emulator.stop()
            assert (await peer.receive()).type in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR}
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", emulator.websocket_port)) != 0


class TestTlsRefusals:
    """Docs/guarantees.md S3, for the connection that the collector opens: no secret goes to a server without trust."""

    @pytest.fixture
    async def open_hub(self, tmp_path: Path, certificates: Certificates) -> AsyncIterator[OpenHub]:
        """Open the hub at an address as the daemon does, for a policy that trusts the tests' authority."""
        async with AsyncExitStack() as stack:

            def open_at(host: str, port: int, transport: str) -> EventHubConsumerClient:
                opened = connect(
                    self.load_stream(tmp_path, host, port, transport, certificates),
                    SqliteCheckpointStore(tmp_path / "checkpoints.db"),
                )
                stack.push_async_callback(opened.close)
                opened.client._config.max_retries = 0  # the daemon tries again; one try tells
                return opened.client

            yield open_at

    def load_stream(
        self, folder: Path, host: str, port: int, transport: str, certificates: Certificates
    ) -> EventHubStream:
        keys = f"SharedAccessKeyName={KEY_NAME};SharedAccessKey={KEY}"
        stream = {
            "eventhub": HUB,
            "connection_string": f"Endpoint=sb://{host};{keys}",
            "custom_endpoint_address": f"{host}:{port}",
            "transport": transport,
            "ssl": {"certificate_authorities": [str(certificates.ca_path)]},
        }
        outputs = {"default": {"type": "elasticsearch", "hosts": ["http://127.0.0.1:9200"]}}
        path = folder / "policy.yml"
        path.write_text(
            yaml.safe_dump({"outputs": outputs, "inputs": [{"type": "azure-eventhub", "streams": [stream]}]})
        )
        path.chmod(0o600)
        return load_policy(path, {}).inputs[0].streams[0]

    @pytest.mark.parametrize("transport", ["amqp", "websocket"])
    @pytest.mark.parametrize("case", [case for case in REFUSALS if not case.redirects], ids=str)
    async def test_a_server_that_cannot_be_trusted_is_refused(
        self, case: TlsCase, transport: str, certificates: Certificates, open_hub: OpenHub
    ) -> None:
        async with serve_tls(case, certificates) as server:
            client = open_hub(case.host, server.port, transport)
            with pytest.raises(CONNECTION_LOST):
                await client.get_eventhub_properties()
            assert b"AMQP" not in server.received
            assert b"servicebus" not in server.received

    async def test_a_websocket_that_is_sent_on_to_a_server_without_tls_tells_it_nothing(
        self, certificates: Certificates, open_hub: OpenHub
    ) -> None:
        async with EventHubsEmulator([Hub(HUB, 1)], websocket_port=0) as plain:
            target = f"http://127.0.0.1:{plain.websocket_port}/$servicebus/websocket"
            async with redirect_over_tls(certificates, target) as port:
                client = open_hub("localhost", port, "websocket")
                with pytest.raises(CONNECTION_LOST):
                    await client.get_eventhub_properties()
            assert not list(plain.journal)

    @pytest.mark.parametrize("transport", ["amqp", "websocket"])
    async def test_a_good_server_is_spoken_to(
        self, transport: str, certificates: Certificates, eventually: Eventually, open_hub: OpenHub
    ) -> None:
        async with serve_tls(ACCEPTED, certificates) as server:
            asking = asyncio.create_task(open_hub("localhost", server.port, transport).get_eventhub_properties())
            await eventually(lambda: b"AMQP" in server.received)
            asking.cancel()
            with suppress(asyncio.CancelledError, EventHubError, OSError, ValueError):
                await asking
