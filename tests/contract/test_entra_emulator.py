"""The real `azure-identity` logs in at the Entra ID emulator, with its own options and with those of a policy."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential as BlockingClientSecretCredential
from azure.identity.aio import ManagedIdentityCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from plugins.tls_server import Certificates

from collector.emulators.entra import Application, EntraEmulator
from collector.inputs.azure.credentials import build_credential
from collector.policy import Secret
from collector.policy.azure_login import AzureLogin, AzureSsl

SCOPE = "https://eventhubs.azure.net//.default"
APPLICATION = "22222222-2222-4222-8222-222222222222"
MACHINE = "33333333-3333-4333-8333-333333333333"
PASSWORD = "canary-password"


class Keys:
    """An application's certificate and key, and somebody else's."""

    def __init__(self) -> None:
        self.own, self.own_certificate = self._make()
        self.other, _ = self._make()

    def _make(self) -> tuple[str, str]:
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "application")])
        now = dt.datetime.now(dt.UTC)
        builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        valid = builder.not_valid_before(now).not_valid_after(now + dt.timedelta(days=1))
        certificate = valid.sign(key, hashes.SHA256())
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(PASSWORD.encode()),
        )
        return private.decode() + pem, pem


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys()


@pytest.fixture(autouse=True)
def no_azure_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def entra(certificates: Certificates, keys: Keys) -> AsyncIterator[EntraEmulator]:
    applications = (
        Application(APPLICATION, "canary-secret", (keys.own_certificate,), ("federated-canary",)),
        Application(MACHINE, managed=True),
    )
    async with EntraEmulator(applications, ssl_context=certificates.serve()) as emulator:
        yield emulator


@asynccontextmanager
async def logged_in(
    entra: EntraEmulator, certificates: Certificates, **keys: Any
) -> AsyncIterator[AsyncTokenCredential]:
    login = AzureLogin.model_construct(
        **{"tenant_id": entra.tenant, "client_id": APPLICATION, "authority_host": entra.authority} | keys,
        ssl=AzureSsl(certificate_authorities=(str(certificates.ca_path),)),
    )
    async with build_credential(login) as credential:
        yield credential


async def test_a_client_secret_gets_a_token_for_its_resource(entra: EntraEmulator, certificates: Certificates) -> None:
    keys = {"auth_type": "client_secret", "client_secret": Secret("canary-secret")}
    async with logged_in(entra, certificates, **keys) as credential:
        token = await credential.get_token(SCOPE)

    owner = entra.owner_of(token.token)
    assert owner is not None
    assert (owner.client_id, owner.resource) == (APPLICATION, "https://eventhubs.azure.net/")


async def test_a_token_is_asked_for_once(entra: EntraEmulator, certificates: Certificates) -> None:
    keys = {"auth_type": "client_secret", "client_secret": Secret("canary-secret")}
    async with logged_in(entra, certificates, **keys) as credential:
        assert await credential.get_token(SCOPE) == await credential.get_token(SCOPE)

    assert entra.requests == [f"/{entra.tenant}/oauth2/v2.0/token"]


@pytest.mark.parametrize("as_file", [True, False])
async def test_a_certificate_signs_an_assertion(
    entra: EntraEmulator, certificates: Certificates, keys: Keys, tmp_path: Path, *, as_file: bool
) -> None:
    path = tmp_path / "application.pem"
    path.write_text(keys.own)
    given = {
        "auth_type": "client_certificate",
        "client_certificate": Secret(str(path) if as_file else keys.own),
        "client_certificate_password": Secret(PASSWORD),
    }
    async with logged_in(entra, certificates, **given) as credential:
        token = await credential.get_token(SCOPE)

    assert entra.owner_of(token.token) is not None


async def test_a_certificate_that_is_not_registered_is_refused(
    entra: EntraEmulator, certificates: Certificates, keys: Keys
) -> None:
    given = {
        "auth_type": "client_certificate",
        "client_certificate": Secret(keys.other),
        "client_certificate_password": Secret(PASSWORD),
    }
    async with logged_in(entra, certificates, **given) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS700027"):
            await credential.get_token(SCOPE)


async def test_a_certificate_without_its_password_is_said_at_the_login(
    entra: EntraEmulator, certificates: Certificates, keys: Keys
) -> None:
    given = {"auth_type": "client_certificate", "client_certificate": Secret(keys.own)}
    async with logged_in(entra, certificates, client_certificate_password=Secret("wrong"), **given) as credential:
        with pytest.raises(ClientAuthenticationError, match="The login client_certificate cannot be used"):
            await credential.get_token(SCOPE)


async def test_a_pod_shows_the_token_of_its_service_account(
    entra: EntraEmulator, certificates: Certificates, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("federated-canary")
    given = {"auth_type": "workload_identity", "workload_identity_token_file": str(file)}
    async with logged_in(entra, certificates, **given) as credential:
        assert entra.owner_of((await credential.get_token(SCOPE)).token) is not None


async def test_the_environment_of_a_pod_is_enough(
    entra: EntraEmulator, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("federated-canary")
    monkeypatch.setenv("AZURE_TENANT_ID", entra.tenant)
    monkeypatch.setenv("AZURE_CLIENT_ID", APPLICATION)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))
    given = {"auth_type": "workload_identity", "tenant_id": None, "client_id": None}
    async with logged_in(entra, certificates, **given) as credential:
        assert entra.owner_of((await credential.get_token(SCOPE)).token) is not None


async def test_a_pod_without_its_environment_is_told_what_is_missing(
    entra: EntraEmulator, certificates: Certificates
) -> None:
    given = {"auth_type": "workload_identity", "tenant_id": None, "client_id": None}
    async with logged_in(entra, certificates, **given) as credential:
        with pytest.raises(ClientAuthenticationError, match=r"tenant_id.*client_id.*token_file_path"):
            await credential.get_token(SCOPE)


@pytest.mark.parametrize("client", [None, MACHINE])
async def test_a_machine_has_an_identity_of_its_own(
    entra: EntraEmulator, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, client: str | None
) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", entra.identity_endpoint)
    given = {"auth_type": "managed_identity", "managed_identity_client_id": client}
    async with logged_in(entra, certificates, **given) as credential:
        owner = entra.owner_of((await credential.get_token(SCOPE)).token)

    assert owner is not None
    assert owner.client_id == MACHINE


async def test_an_identity_that_the_machine_does_not_have_is_refused(
    entra: EntraEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", entra.identity_endpoint)
    async with ManagedIdentityCredential(client_id=APPLICATION) as credential:
        with pytest.raises(ClientAuthenticationError, match="Identity not found"):
            await credential.get_token(SCOPE)


async def test_the_default_chain_takes_what_the_environment_offers(
    entra: EntraEmulator, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", entra.tenant)
    monkeypatch.setenv("AZURE_CLIENT_ID", APPLICATION)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "canary-secret")
    async with logged_in(entra, certificates, auth_type="default_credential") as credential:
        assert entra.owner_of((await credential.get_token(SCOPE)).token) is not None


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"client_secret": Secret("canary-wrong")}, "AADSTS7000215"),
        ({"client_id": "44444444-4444-4444-8444-444444444444"}, "AADSTS700016"),
        ({"tenant_id": "example.org"}, "AADSTS90002"),
    ],
)
async def test_a_refusal_has_the_code_of_the_real_service_and_no_secret(
    entra: EntraEmulator, certificates: Certificates, wrong: dict[str, Any], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    given = {"auth_type": "client_secret", "client_secret": Secret("canary-secret")} | wrong
    async with logged_in(entra, certificates, **given) as credential:
        with pytest.raises(ClientAuthenticationError, match=code) as refusal:
            await credential.get_token(SCOPE)

    said = f"{refusal.value!r} {refusal.value} {refusal.value.__cause__!r} {caplog.text}"
    assert "canary" not in said


async def test_a_refusal_has_the_body_of_the_real_service(entra: EntraEmulator, certificates: Certificates) -> None:
    form = {
        "client_id": APPLICATION,
        "client_secret": "wrong",
        "grant_type": "client_credentials",
        "scope": SCOPE,
    }
    url = f"{entra.authority}/{entra.tenant}/oauth2/v2.0/token"
    async with aiohttp.ClientSession() as session, session.post(url, data=form, ssl=certificates.trust()) as reply:
        body = await reply.json()

    assert reply.status == 401
    assert body.keys() == {"error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id"}
    assert (body["error"], body["error_codes"]) == ("invalid_client", [7000215])


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_id": APPLICATION}, "invalid_client"),
        (
            {
                "grant_type": "client_credentials",
                "client_id": APPLICATION,
                "client_secret": "canary-secret",
                "scope": "openid",
            },
            "invalid_scope",
        ),
        (
            {
                "grant_type": "client_credentials",
                "client_id": APPLICATION,
                "client_assertion": "no.token.at-all",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            },
            "invalid_client",
        ),
    ],
)
async def test_what_no_client_of_good_will_sends_is_refused(
    entra: EntraEmulator, certificates: Certificates, form: dict[str, str], error: str
) -> None:
    url = f"{entra.authority}/{entra.tenant}/oauth2/v2.0/token"
    async with aiohttp.ClientSession() as session, session.post(url, data=form, ssl=certificates.trust()) as reply:
        assert (await reply.json())["error"] == error


async def test_the_blocking_client_finds_its_way_by_the_openid_configuration(
    entra: EntraEmulator, certificates: Certificates
) -> None:
    def ask() -> str:
        with BlockingClientSecretCredential(
            entra.tenant,
            APPLICATION,
            "canary-secret",
            authority=entra.authority,
            disable_instance_discovery=True,
            connection_verify=str(certificates.ca_path),
        ) as credential:
            return credential.get_token(SCOPE).token

    token = await asyncio.to_thread(ask)

    assert entra.owner_of(token) is not None
    assert entra.requests[0].endswith("/v2.0/.well-known/openid-configuration")


async def test_the_machines_endpoint_wants_the_header_of_the_service(entra: EntraEmulator) -> None:
    url = f"{entra.identity_endpoint}/metadata/identity/oauth2/token?resource=https://storage.azure.com/"
    async with aiohttp.ClientSession() as session, session.get(url) as reply:
        assert reply.status == 400
        assert "metadata header" in json.loads(await reply.text())["error_description"]
