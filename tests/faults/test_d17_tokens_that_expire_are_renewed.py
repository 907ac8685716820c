"""D17 of the guarantees, tokens: one that expires while the hub is read is renewed, and an Entra ID that is down then
is waited for; neither loses or doubles a record, nor needs a restart.

The emulator takes no token that has expired, and the test ends connections as Event Hubs does when their token has. A
token lives for 45 s at full size, so that azure-identity renews it before it ends; the few seconds of the smaller size
let it end first.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from plugins.daemon import HUB, PARTITIONS, Documents, Job
from plugins.fault_proxy import FaultProxy
from plugins.feeding import feed, lost_and_extra
from plugins.tls_server import Certificates

from collector.emulators.entra import Application, EntraEmulator
from collector.emulators.event_hubs import EventHubsEmulator, Hub

APPLICATION = "22222222-2222-4222-8222-222222222222"
SECRET = "a-secret"
CANNOT_BE_READ = "the event hub cannot be read"
PATIENCE = 60.0


@pytest.fixture
async def entra(certificates: Certificates, full_size: bool) -> AsyncIterator[EntraEmulator]:
    lifetime = 45 if full_size else 4
    context = certificates.serve()
    async with EntraEmulator([Application(APPLICATION, SECRET)], ssl_context=context, lifetime_s=lifetime) as emulator:
        yield emulator


class Tokens:
    """What clients have shown to Event Hubs."""

    def __init__(self, entra: EntraEmulator) -> None:
        self.taken: set[str] = set()
        self.refused = 0
        self._entra = entra

    def authorize(self, _audience: str, _kind: str, token: str) -> bool:
        is_good = self._entra.owner_of(token) is not None
        if is_good:
            self.taken.add(token)
        else:
            self.refused += 1
        return is_good

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(3 * PATIENCE):
            while len(self.taken) < count:  # noqa: ASYNC110 - only looking tells
                await asyncio.sleep(0.05)

    async def wait_until_all_have_expired(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while any(self._entra.owner_of(token) for token in self.taken):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)


@pytest.fixture
def tokens(entra: EntraEmulator) -> Tokens:
    return Tokens(entra)


@pytest.fixture
async def hub(certificates: Certificates, tokens: Tokens) -> AsyncIterator[EventHubsEmulator]:
    """A hub that wants a token of the Entra ID emulator."""
    emulator = EventHubsEmulator([Hub(HUB, PARTITIONS)], ssl_context=certificates.serve(), authorize=tokens.authorize)
    async with emulator:
        yield emulator


def login(entra: EntraEmulator, certificates: Certificates, port: int) -> dict[str, Any]:
    return {
        "connection_string": None,
        "auth_type": "client_secret",
        "tenant_id": entra.tenant,
        "client_id": APPLICATION,
        "client_secret": SECRET,
        "authority_host": entra.authority,
        "eventhub_namespace": "example",
        "custom_endpoint_address": f"localhost:{port}",
        "ssl": {"certificate_authorities": [str(certificates.ca_path)]},
    }


@pytest.mark.timeout(600)
async def test_a_token_that_expires_is_renewed_and_an_entra_id_that_is_down_then_is_waited_for(  # noqa: PLR0913, PLR0917
    job: Job, documents: Documents, certificates: Certificates, entra: EntraEmulator, tokens: Tokens, full_size: bool
) -> None:
    async with FaultProxy(job.hub.port) as to_hub:
        job.write_policy(**login(entra, certificates, to_hub.port))
        job.policy.chmod(0o600)
        daemon = await job.start()
        fed = feed(job.hub, events=20, per_event=5)
        await documents.wait_for("aoai.logs", len(fed))
        await tokens.wait_for(3 if full_size else 2)
        fed |= feed(job.hub, events=20, per_event=5)
        await documents.wait_for("aoai.logs", len(fed))
        if full_size:
            assert daemon.said(CANNOT_BE_READ) == []

        await entra.stop()
        await tokens.wait_until_all_have_expired()
        to_hub.cut()
        fed |= feed(job.hub, events=20, per_event=5)
        await daemon.wait_to_say(CANNOT_BE_READ)
        assert await documents.count("aoai.logs") == len(fed) - 100
        await entra.start()
        await documents.wait_for("aoai.logs", len(fed))
        assert await daemon.stop() == 0

    assert await lost_and_extra(documents, fed) == (0, 0)
    assert "Traceback" not in daemon.text
