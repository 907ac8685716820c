"""A stream of a policy reaches Event Hubs, Blob storage and Entra ID by every way its keys name, and by no unsafe one.

The clients are those that the daemon opens; the servers are the emulators over TLS, Azurite, and servers that must not
be trusted (docs/guarantees.md, S3).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from azure.core.exceptions import AzureError
from azure.eventhub import EventData
from azure.eventhub.exceptions import EventHubError
from azure.storage.blob import ContainerSasPermissions, generate_container_sas
from azure.storage.blob.aio import ContainerClient
from plugins.azure_sdk import SDK_HABITS
from plugins.azurite import Azurite
from plugins.connect_proxy import ConnectProxy
from plugins.tls_server import ACCEPTED, REFUSALS, Certificates, TlsCase, serve_tls

from collector.emulators.entra import Application, EntraEmulator
from collector.emulators.event_hubs import EventHubsEmulator, Hub, OperationKind, SharedAccessKeys
from collector.inputs.azure.credentials import build_credential
from collector.inputs.azure.storage import open_container
from collector.inputs.event_hub.connection import StreamConnection, connect
from collector.policy import EventHubStream, load_policy
from collector.state.blob import FencedBlobCheckpointStore
from collector.state.sqlite import SqliteCheckpointStore

HUB = "insights"
SCOPE = "https://storage.azure.com/.default"
APPLICATION = "22222222-2222-4222-8222-222222222222"
EVENT_HUBS = "https://eventhubs.azure.net/"
KEY_NAME, KEY = "reader", "bm90IGEgc2VjcmV0"

type Stream = Callable[..., EventHubStream]

pytestmark = [*SDK_HABITS]


@pytest.fixture
def stream(tmp_path: Path, certificates: Certificates) -> Stream:
    """Load a policy whose one stream has these keys and trusts the tests' authority."""

    def load(**keys: Any) -> EventHubStream:
        trusted = {"ssl": {"certificate_authorities": [str(certificates.ca_path)]}}
        entry = {"type": "azure-eventhub", "streams": [{"eventhub": HUB, **trusted, **keys}]}
        outputs = {"default": {"type": "elasticsearch", "hosts": ["http://127.0.0.1:9200"]}}
        path = tmp_path / "policy.yml"
        path.write_text(yaml.safe_dump({"outputs": outputs, "inputs": [entry]}))
        path.chmod(0o600)
        return load_policy(path, {}).inputs[0].streams[0]

    return load


@pytest.fixture
async def entra(certificates: Certificates) -> AsyncIterator[EntraEmulator]:
    applications = [Application(APPLICATION, "canary-secret"), Application("machine", managed=True)]
    async with EntraEmulator(applications, ssl_context=certificates.serve()) as emulator:
        yield emulator


@pytest.fixture
async def hubs(certificates: Certificates, entra: EntraEmulator) -> AsyncIterator[EventHubsEmulator]:
    """An emulator that takes tokens of the Entra ID emulator for Event Hubs, and signatures made with the key."""
    keys = SharedAccessKeys({KEY_NAME: KEY})

    def authorize(audience: str, kind: str, token: str) -> bool:
        if kind != "jwt":
            return keys(audience, kind, token)
        owner = entra.owner_of(token)
        return owner is not None and owner.resource == EVENT_HUBS

    emulator = EventHubsEmulator([Hub(HUB, 1)], ssl_context=certificates.serve(), websocket_port=0, authorize=authorize)
    async with emulator:
        emulator.append(HUB, "0", b"the event")
        yield emulator


def application(entra: EntraEmulator, **keys: Any) -> dict[str, Any]:
    return {
        "auth_type": "client_secret",
        "tenant_id": entra.tenant,
        "client_id": APPLICATION,
        "client_secret": "canary-secret",
        "authority_host": entra.authority,
        "eventhub_namespace": "example",
    } | keys


def over(transport: str, hubs: EventHubsEmulator) -> dict[str, Any]:
    port = hubs.port if transport == "amqp" else hubs.websocket_port
    return {"transport": transport, "custom_endpoint_address": f"localhost:{port}"}


@asynccontextmanager
async def connected(stream: EventHubStream) -> AsyncIterator[StreamConnection]:
    with TemporaryDirectory() as folder:
        store = SqliteCheckpointStore(Path(folder))
        connection = connect(stream, store)
        try:
            yield connection
        finally:
            await connection.close()
            store.close()


async def read_one(stream: EventHubStream) -> bytes:
    """Receive the first event with the clients that the daemon opens; raise the error that they report instead."""
    result: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def on_event(_: object, event: EventData | None) -> None:
        if event is not None and not result.done():
            result.set_result(b"".join(event.body))

    async def on_error(_: object, error: Exception) -> None:
        if not result.done():
            result.set_exception(error)

    async with connected(stream) as connection, asyncio.timeout(30):
        receiving = asyncio.create_task(
            connection.client.receive(on_event, on_error=on_error, partition_id="0", starting_position="-1")
        )
        try:
            return await result
        finally:
            receiving.cancel()
            with suppress(asyncio.CancelledError):
                await receiving


class TestEventHubs:
    @pytest.mark.parametrize("transport", ["amqp", "websocket"])
    async def test_a_client_secret_opens_the_hub(
        self, hubs: EventHubsEmulator, entra: EntraEmulator, stream: Stream, transport: str
    ) -> None:
        assert await read_one(stream(**application(entra), **over(transport, hubs))) == b"the event"

        assert {operation.token_type for operation in hubs.journal if operation.token_type} == {"jwt"}

    async def test_a_managed_identity_opens_the_hub(
        self, hubs: EventHubsEmulator, entra: EntraEmulator, stream: Stream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", entra.identity_endpoint)
        keys = {"auth_type": "managed_identity", "eventhub_namespace": "example"}

        assert await read_one(stream(**keys, **over("amqp", hubs))) == b"the event"

    @pytest.mark.parametrize("transport", ["amqp", "websocket"])
    async def test_a_connection_string_opens_the_hub(
        self, hubs: EventHubsEmulator, stream: Stream, transport: str
    ) -> None:
        text = hubs.connection_string(HUB, key_name=KEY_NAME, key=KEY)

        assert await read_one(stream(connection_string=text, **over(transport, hubs))) == b"the event"

    async def test_everything_but_the_machines_own_goes_through_the_proxy(
        self, hubs: EventHubsEmulator, entra: EntraEmulator, stream: Stream
    ) -> None:
        async with ConnectProxy("name:canary@") as proxy:
            keys = {"proxy_url": f"http://name:canary%40@127.0.0.1:{proxy.port}", **over("websocket", hubs)}
            assert await read_one(stream(**application(entra), **keys)) == b"the event"

            assert set(proxy.targets) == {f"localhost:{entra.port}", f"localhost:{hubs.websocket_port}"}

    async def test_the_proxy_of_the_environment_is_followed(
        self, hubs: EventHubsEmulator, entra: EntraEmulator, stream: Stream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("NO_PROXY", "")
        async with ConnectProxy() as proxy:
            monkeypatch.setenv("https_proxy", proxy.url)
            assert await read_one(stream(**application(entra), **over("websocket", hubs))) == b"the event"

            assert set(proxy.targets) == {f"localhost:{entra.port}", f"localhost:{hubs.websocket_port}"}

    async def test_reading_asks_for_nothing_but_to_listen(
        self, hubs: EventHubsEmulator, entra: EntraEmulator, stream: Stream
    ) -> None:
        keys = stream(**application(entra), **over("amqp", hubs))
        await read_one(keys)
        async with connected(keys) as connection:
            await connection.client.get_partition_properties("0")

        used = {operation.kind for operation in hubs.journal}
        assert used <= {
            OperationKind.PUT_TOKEN,
            OperationKind.READ_HUB,
            OperationKind.READ_PARTITION,
            OperationKind.RECEIVE,
        }
        assert OperationKind.RECEIVE in used

    async def test_a_wrong_secret_is_refused_and_shown_nowhere(
        self, hubs: EventHubsEmulator, entra: EntraEmulator, stream: Stream, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        keys = stream(**application(entra, client_secret="canary-wrong"), **over("amqp", hubs))
        async with connected(keys) as connection:
            connection.client._config.max_retries = 0  # or the SDK waits for 12 s
            with pytest.raises(EventHubError, match="AADSTS7000215") as refusal:
                await connection.client.get_partition_ids()

        assert "canary" not in f"{refusal.value!r} {refusal.value} {caplog.text}"


class TestEntra:
    """What a login must refuse before it shows its secret."""

    @pytest.mark.parametrize("case", REFUSALS, ids=str)
    async def test_a_login_host_that_cannot_be_trusted_is_refused(
        self, case: TlsCase, certificates: Certificates, stream: Stream, entra: EntraEmulator
    ) -> None:
        async with serve_tls(case, certificates) as server:
            keys = stream(**application(entra, authority_host=server.url))
            async with build_credential(keys) as credential:
                with pytest.raises(AzureError):
                    await credential.get_token(SCOPE, retry_total=0)

            assert b"canary" not in server.diverted
            if not case.redirects:
                assert b"canary" not in server.received

    async def test_a_login_host_that_can_be_trusted_is_spoken_to(
        self, certificates: Certificates, stream: Stream, entra: EntraEmulator
    ) -> None:
        body = b'{"token_type": "Bearer", "expires_in": 3599, "access_token": "good"}'
        async with (
            serve_tls(ACCEPTED, certificates, body=body) as server,
            build_credential(stream(**application(entra, authority_host=server.url))) as credential,
        ):
            token = await credential.get_token(SCOPE)

        assert token.token == "good"
        assert b"canary" in server.received


class TestBlob:
    @pytest.mark.parametrize("case", REFUSALS, ids=str)
    async def test_a_storage_that_cannot_be_trusted_is_refused(
        self, case: TlsCase, certificates: Certificates, stream: Stream, entra: EntraEmulator
    ) -> None:
        async with serve_tls(case, certificates) as server:
            keys = stream(**application(entra, storage_account_endpoint=server.url))
            async with build_credential(keys) as credential, open_container(keys, credential) as container:
                with pytest.raises(AzureError):
                    await container.get_container_properties(retry_total=0)

            assert b"Bearer" not in server.diverted
            if not case.redirects:
                assert b"Bearer" not in server.received

    async def test_the_login_of_the_hub_opens_storage(
        self, certificates: Certificates, stream: Stream, entra: EntraEmulator
    ) -> None:
        async with serve_tls(ACCEPTED, certificates, headers={"ETag": '"1"'}) as server:
            keys = stream(**application(entra, storage_account_endpoint=server.url))
            async with build_credential(keys) as credential, open_container(keys, credential) as container:
                assert await container.exists()

            head, _, token = bytes(server.received).partition(b"Bearer ")
            assert head.startswith(b"GET /aoai-insights?restype=container ")
            owner = entra.owner_of(token.split(b"\r\n")[0].decode())
            assert owner is not None
            assert owner.resource == "https://storage.azure.com"

    async def test_storage_is_reached_through_the_proxy(
        self, certificates: Certificates, stream: Stream, entra: EntraEmulator
    ) -> None:
        async with ConnectProxy() as proxy, serve_tls(ACCEPTED, certificates, headers={"ETag": '"1"'}) as server:
            way = {"transport": "websocket", "proxy_url": proxy.url}
            keys = stream(**application(entra, storage_account_endpoint=server.url, **way))
            async with build_credential(keys) as credential, open_container(keys, credential) as container:
                assert await container.exists()

            assert proxy.targets == [f"localhost:{entra.port}", f"localhost:{server.port}"]

    @pytest.mark.azurite
    @pytest.mark.parametrize("login", ["key", "connection string", "signature"])
    async def test_azurite_is_opened_by(self, azurite: Azurite, stream: Stream, login: str) -> None:
        name = f"ways-{login.replace(' ', '-')}"
        own = ContainerClient.from_connection_string(azurite.connection_string, name)
        async with own:
            await own.create_container()
            signature = generate_container_sas(
                azurite.account_name,
                name,
                account_key=azurite.account_key,
                permission=ContainerSasPermissions(read=True, write=True, create=True, list=True),
                expiry=datetime.now(UTC) + timedelta(hours=1),
            )
            endpoint = {"storage_account_endpoint": azurite.blob_endpoint}
            keys: dict[str, dict[str, Any]] = {
                "key": {
                    **endpoint,
                    "storage_account": azurite.account_name,
                    "storage_account_key": azurite.account_key,
                },
                "connection string": {"storage_account_connection_string": azurite.connection_string},
                "signature": {**endpoint, "storage_account_sas_token": f"?{signature}"},
            }
            text = "Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true"
            opened = stream(connection_string=text, storage_account_container=name, **keys[login])
            assert await keep_a_checkpoint(open_container(opened, None)) == ["43"]


async def keep_a_checkpoint(container: ContainerClient) -> list[str]:
    """Do all that the daemon does with a container, and return the offsets that it finds."""
    names = {"fully_qualified_namespace": "localhost", "eventhub_name": HUB, "consumer_group": "$Default"}
    owner = {**names, "partition_id": "0", "owner_id": "a", "etag": None, "last_modified_time": None}
    store = FencedBlobCheckpointStore(container)
    try:
        await store.ensure_container()
        for _ in range(2):
            claimed = list(await store.claim_ownership([owner]))
            owner = claimed[0]
        await store.list_checkpoints(*names.values())
        for position in (42, 43):
            await store.update_checkpoint(
                {**names, "partition_id": "0", "offset": str(position), "sequence_number": position}
            )
        return [checkpoint["offset"] for checkpoint in await store.list_checkpoints(*names.values())]
    finally:
        await store.close()
