"""A checkpoint container that cannot be used is explained in one sentence that says what to do, and shows no secret."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from azure.core.credentials import AzureSasCredential
from azure.identity.aio import ClientSecretCredential
from azure.storage.blob import AccountSasPermissions, ContainerSasPermissions, ResourceTypes
from azure.storage.blob import generate_account_sas as account_sas
from azure.storage.blob import generate_container_sas as container_sas
from azure.storage.blob.aio import ContainerClient
from plugins.azurite import ACCOUNT_KEY, ACCOUNT_NAME, Azurite
from plugins.http_server import listen

from collector.state.blob import FencedBlobCheckpointStore
from collector.state.refusals import ContainerUnusableError, explain_refusal

KEY = "Y2FuYXJ5LWluLXRoZS1taW5l"
Answer = tuple[int, str]
"""The status and the error code of one answer."""
WRITABLE: Answer = (412, "ConditionNotMet")
ABSENT: Answer = (404, "ContainerNotFound")


class BlobService:
    """Answers as told: to a write of a blob, to the making of a container, to a listing."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {"write": WRITABLE, "create": (201, ""), "list": (200, "")}
        self.asked: list[str] = []
        self.port = 0

    async def serve(self, request: web.Request) -> web.Response:
        operation = "list" if request.method == "GET" else "create" if "restype" in request.query else "write"
        self.asked.append(operation)
        status, code = self.answers[operation]
        listing = '<?xml version="1.0"?><EnumerationResults><Blobs/><NextMarker/></EnumerationResults>'
        error = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>said</Message></Error>'
        return web.Response(
            status=status,
            text=listing if status == 200 else error if code else "",
            content_type="application/xml",
            headers={"x-ms-error-code": code} if code else {},
        )

    def store(self, credential: Any = KEY, *, port: int | None = None) -> FencedBlobCheckpointStore:
        url = f"http://127.0.0.1:{port or self.port}/examplestorage"
        client = ContainerClient(url, "aoai-logs", credential=credential, retry_total=0)
        return FencedBlobCheckpointStore(client)


@pytest.fixture
async def service() -> AsyncIterator[BlobService]:
    fake = BlobService()
    application = web.Application()
    application.router.add_route("*", "/{any:.*}", fake.serve)
    async with listen(application) as fake.port:
        yield fake


async def complaint(store: FencedBlobCheckpointStore) -> str:
    """What the store says of its container."""
    try:
        with pytest.raises(ContainerUnusableError) as caught:
            await store.ensure_container()
    finally:
        await store.close()
    return str(caught.value)


CREATE = "az storage container create --account-name examplestorage --name aoai-logs --auth-mode login"
NETWORK = (
    "account examplestorage refuses the account key for container aoai-logs: allow this machine in the account's "
    "network rules or reach it through its private endpoint, and check that the login is of this account"
)
WRONG_KEY = (
    "account examplestorage does not accept the account key: check that it is of this account and not expired, and "
    "that this machine's clock is right"
)
NO_ACCOUNT = "there is no account examplestorage at this address: check storage_account and its endpoint"
NO_LOGIN = (
    "account examplestorage wants a login for container aoai-logs: name a key, a connection string with one, or an "
    "identity"
)
NOT_CREATED = (
    "container aoai-logs is not there and the account key may not create it: check the account's settings for keys, or "
    f"create it: {CREATE}"
)
NOT_READ = (
    "the account key may not read container aoai-logs of account examplestorage: check the account's settings for keys"
)
CASES: list[tuple[dict[str, Answer], str]] = [
    ({"write": (403, "AuthorizationFailure")}, NETWORK),
    ({"write": (403, "")}, NETWORK),
    ({"write": (403, "AuthenticationFailed")}, WRONG_KEY),
    (
        {"write": (403, "KeyBasedAuthenticationNotPermitted")},
        "account examplestorage takes no account keys: log in with Entra ID, or allow key access on the account",
    ),
    (
        {"write": (409, "PublicAccessNotPermitted")},
        NO_LOGIN,
    ),
    ({"write": (403, "AccountIsDisabled")}, "account examplestorage is disabled: enable it in Azure"),
    ({"write": (404, "ResourceNotFound")}, NO_ACCOUNT),
    (
        {"write": ABSENT, "create": (403, "AuthorizationFailure")},
        NOT_CREATED,
    ),
    (
        {"write": ABSENT, "create": (409, "ContainerBeingDeleted")},
        "container aoai-logs of account examplestorage is being deleted: wait, or name another",
    ),
    (
        {"list": (403, "AuthorizationPermissionMismatch")},
        NOT_READ,
    ),
    ({"list": (404, "")}, NO_ACCOUNT),
    ({"list": (507, "")}, "account examplestorage cannot be used now (HTTP 507): it is tried again"),
]


@pytest.mark.parametrize(("answers", "said"), CASES, ids=lambda part: str(part)[:60])
async def test_each_refusal_of_the_service_has_its_sentence(
    service: BlobService, answers: dict[str, Answer], said: str
) -> None:
    service.answers |= answers
    assert await complaint(service.store()) == said


async def test_a_host_that_cannot_be_reached_is_no_matter_of_rights(service: BlobService, unused_tcp_port: int) -> None:
    assert await complaint(service.store(port=unused_tcp_port)) == (
        "the host of account examplestorage cannot be reached: check the account's name and endpoint, and this "
        "machine's DNS and network"
    )


async def test_an_identity_without_the_role_is_told_which_role(service: BlobService) -> None:
    service.answers["write"] = (403, "AuthorizationPermissionMismatch")
    store = service.store(AzureSasCredential("sig=canary"))
    try:
        await store.ensure_container()
    except ContainerUnusableError as refusal:
        error = refusal.__cause__
    finally:
        await store.close()
    async with (
        ClientSecretCredential("t", "c", "canary") as credential,
        ContainerClient("https://examplestorage.blob.core.windows.net", "aoai-logs", credential=credential) as client,
    ):
        said = str(explain_refusal(error, client, "write to"))  # pyright: ignore[reportArgumentType]
    assert said == (
        "the application with its client secret may not write to container aoai-logs of account examplestorage: give "
        "it the role Storage Blob Data Contributor on the container or the account"
    )


async def test_a_container_that_is_there_is_not_created_and_nothing_is_written(service: BlobService) -> None:
    store = service.store()
    await store.ensure_container()
    await store.close()
    assert service.asked == ["write", "list"]


async def test_another_collector_may_create_the_container_first(service: BlobService) -> None:
    service.answers |= {"write": ABSENT, "create": (409, "ContainerAlreadyExists")}
    store = service.store()
    await store.ensure_container()
    await store.close()
    assert service.asked == ["write", "create", "list"]


def signed_store(azurite: Azurite, container: str, signature: str) -> FencedBlobCheckpointStore:
    return FencedBlobCheckpointStore(
        ContainerClient(azurite.blob_endpoint, container, credential=AzureSasCredential(signature))
    )


def in_an_hour() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


@pytest.mark.azurite
@pytest.mark.parametrize("missing", ["write", "list"])
async def test_a_signature_without_a_right_is_told_which_rights(azurite: Azurite, missing: str) -> None:
    rights = {"read": True, "write": True, "create": True, "list": True} | {missing: False}
    if missing == "write":
        rights["create"] = False
    name = f"c{uuid4().hex}"
    async with ContainerClient.from_connection_string(azurite.connection_string, name) as owner:
        await owner.create_container()
        signature = container_sas(
            ACCOUNT_NAME,
            name,
            account_key=ACCOUNT_KEY,
            permission=ContainerSasPermissions(**rights),
            expiry=in_an_hour(),
        )
        said = await complaint(signed_store(azurite, name, signature))
    doing = {"write": "write to", "list": "read"}[missing]
    assert said == (
        f"the shared access signature may not {doing} container {name} of account devstoreaccount1: make one with the "
        "rights read, write, create and list (rwcl) for containers and objects"
    )


@pytest.mark.azurite
async def test_a_signature_for_one_container_is_enough_when_the_container_is_there(azurite: Azurite) -> None:
    name = f"c{uuid4().hex}"
    async with ContainerClient.from_connection_string(azurite.connection_string, name) as owner:
        await owner.create_container()
        rights = ContainerSasPermissions(read=True, write=True, create=True, list=True)
        signature = container_sas(ACCOUNT_NAME, name, account_key=ACCOUNT_KEY, permission=rights, expiry=in_an_hour())
        store = signed_store(azurite, name, signature)
        await store.ensure_container()
        await store.close()
        assert [blob.name async for blob in owner.list_blobs()] == []


@pytest.mark.azurite
async def test_a_signature_for_objects_only_cannot_create_the_container_and_is_told_how(azurite: Azurite) -> None:
    name = f"c{uuid4().hex}"
    rights = AccountSasPermissions(read=True, write=True, create=True, list=True)
    signature = account_sas(
        ACCOUNT_NAME, ACCOUNT_KEY, resource_types=ResourceTypes(object=True), permission=rights, expiry=in_an_hour()
    )
    said = await complaint(signed_store(azurite, name, signature))
    assert said.startswith(f"container {name} is not there and the shared access signature may not create it: ")
    assert f"az storage container create --account-name devstoreaccount1 --name {name} --auth-mode login" in said


async def test_what_is_wrong_is_said_at_once_and_not_after_the_retries_of_the_sdk(unused_tcp_port: int) -> None:
    client = ContainerClient(f"http://127.0.0.1:{unused_tcp_port}/examplestorage", "aoai-logs", credential=KEY)
    async with asyncio.timeout(5):  # the SDK's retries take about a minute
        assert "cannot be reached" in await complaint(FencedBlobCheckpointStore(client))
