"""The emulators of Entra ID and Azure Monitor side by side, on one clock, and the real SDKs on them.

    async def test_...(sky):
        sky.grant(f"/subscriptions/{DEFAULT_SUBSCRIPTION}")
        async with sky.metrics_client("eastus") as client:
            results = await client.query_resources(...)

A test with an estate of its own opens one with `open_sky`.
"""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from azure.identity.aio import ClientSecretCredential
from azure.monitor.querymetrics.aio import MetricsClient

from collector.emulators.azure_monitor import Account, AzureMonitorEmulator, Deployment, Estate, Workspace
from collector.emulators.entra import Application, EntraEmulator

if TYPE_CHECKING:
    from plugins.tls_server import Certificates

CLIENT = "22222222-2222-4222-8222-222222222222"
SECRET = "canary-secret"
MANAGEMENT = "https://management.azure.com/.default"
METRICS = "https://metrics.monitor.azure.com/.default"
VERSIONS = {"metrics": "2024-02-01", "metricDefinitions": "2024-02-01", "metricNamespaces": "2024-02-01"}


@dataclass
class SkyClock:
    """The time of both emulators."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 21, 10, 30, 20, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Reply:
    """An answer over plain HTTP."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]


@dataclass
class Sky:
    """Everything together."""

    entra: EntraEmulator
    azure: AzureMonitorEmulator
    clock: SkyClock
    certificates: "Certificates"
    session: aiohttp.ClientSession
    trust: ssl.SSLContext

    def grant(self, scope: str) -> None:
        self.azure.roles.grant(CLIENT, scope)

    def credential(self, secret: str = SECRET) -> ClientSecretCredential:
        return ClientSecretCredential(
            self.entra.tenant,
            CLIENT,
            secret,
            authority=self.entra.authority,
            connection_verify=str(self.certificates.ca_path),
        )

    async def token(self, scope: str = MANAGEMENT) -> str:
        """Return a token, asked for without the SDK."""
        form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "scope": scope}
        url = f"{self.entra.authority}/{self.entra.tenant}/oauth2/v2.0/token"
        async with self.session.post(url, data=form, ssl=self.trust) as reply:
            return str((await reply.json())["access_token"])

    @asynccontextmanager
    async def metrics_client(self, region: str, **options: Any) -> AsyncIterator[MetricsClient]:
        """The real client of the data plane; it does not retry unless told to."""
        options = {"retry_total": 0, "connection_verify": str(self.certificates.ca_path)} | options
        async with (
            self.credential() as credential,
            MetricsClient(self.azure.metrics_endpoint(region), credential, **options) as client,
        ):
            yield client

    async def get(self, path: str, *, token: str | None = None, **parameters: str) -> Reply:
        """Read through Resource Manager, with a token of our own unless told otherwise."""
        given = await self.token() if token is None else token
        version = VERSIONS.get(path.rpartition("/")[2], "2024-10-01")
        url = path if path.startswith("https:") else f"{self.azure.resource_manager_endpoint}{path}"
        query = {} if path.startswith("https:") else {"api-version": version} | parameters
        headers = {"Authorization": f"Bearer {given}"} if given else {}
        return await self._send("GET", url, query, headers)

    async def post(self, path: str, json: object, *, token: str | None = None, **parameters: str) -> Reply:
        """Ask the data plane without the SDK."""
        given = await self.token(METRICS) if token is None else token
        url = f"https://localhost:{self.azure.metrics_port}{path}"
        query = {"api-version": "2024-02-01"} | parameters
        return await self._send("POST", url, query, {"Authorization": f"Bearer {given}"}, json)

    async def _send(
        self, method: str, url: str, query: Mapping[str, str], headers: Mapping[str, str], json: object = None
    ) -> Reply:
        async with self.session.request(
            method, url, params=query or None, headers=headers, json=json, ssl=self.trust
        ) as reply:
            return Reply(reply.status, await reply.json(), reply.headers)


def build_estate() -> Estate:
    """Two accounts in one region, one in another, one of another kind, and a workspace with an endpoint."""
    return Estate(
        accounts=[
            Account(
                "aoai-east",
                tags={"team": "chat"},
                deployments=[
                    Deployment("chat"),
                    Deployment("reserved", sku="ProvisionedManaged", capacity=50),
                    Deployment("embed", "text-embedding-3-large", "1", sku="Standard", capacity=120),
                ],
            ),
            Account("foundry-east", kind="AIServices", deployments=[Deployment("mini", "gpt-4o-mini", "2024-07-18")]),
            Account("aoai-west", region="westeurope", deployments=[Deployment("chat")]),
            Account("speech-east", kind="SpeechServices"),
        ],
        workspaces=[Workspace("flows", endpoints={"flow": ("blue", "green")})],
    )


@asynccontextmanager
async def open_sky(certificates: "Certificates", estate: Estate | None = None, **options: Any) -> AsyncIterator[Sky]:
    """Run both emulators; `options` go to the one of Azure Monitor, but for those that start with `entra_`."""
    clock = SkyClock()
    login = {name.removeprefix("entra_"): options.pop(name) for name in [*options] if name.startswith("entra_")}
    login = {"clock": lambda: clock().timestamp(), "applications": [Application(CLIENT, SECRET)]} | login
    async with AsyncExitStack() as stack:
        context = certificates.serve()
        entra = await stack.enter_async_context(EntraEmulator(**login, ssl_context=context))
        emulator = AzureMonitorEmulator(
            estate or build_estate(),
            ssl_context=context,
            tokens=entra.look_up,
            clock=clock,
            **({"seed": 7} | options),
        )
        azure = await stack.enter_async_context(emulator)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Sky(entra, azure, clock, certificates, session, certificates.trust())


@pytest.fixture
async def sky(certificates: "Certificates") -> AsyncIterator[Sky]:
    """Both emulators with the estate of `build_estate`; nobody has a role yet."""
    async with open_sky(certificates) as running:
        yield running
