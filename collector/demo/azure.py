"""The Azure that the demo's metrics come from: a login host and Azure Monitor, emulated over TLS."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from collector.demo.fleet import PRODUCTION, RESEARCH
from collector.demo.metering import Meter, list_accounts
from collector.emulators.azure_monitor import AzureMonitorEmulator, Estate, Subscription
from collector.emulators.certificates import issue_certificate
from collector.emulators.entra import Application, EntraEmulator

_APPLICATION = Application("22222222-2222-4222-8222-222222222222", "emulated")


@dataclass(frozen=True, slots=True)
class DemoAzure:
    """``keys`` lead a policy's stream there; ``monitor`` knows what is true in the end."""

    keys: Mapping[str, object]
    monitor: AzureMonitorEmulator


@asynccontextmanager
async def emulate_azure(meter: Meter) -> AsyncGenerator[DemoAzure]:
    """Serve what the meter counts, at Azure's own pace: a minute is partial until 90 s after its end."""
    subscriptions = [Subscription(PRODUCTION, "Production"), Subscription(RESEARCH, "Research")]
    with issue_certificate() as certificate:
        async with (
            EntraEmulator([_APPLICATION], ssl_context=certificate.context) as entra,
            AzureMonitorEmulator(
                Estate(list_accounts(), subscriptions=subscriptions),
                ssl_context=certificate.context,
                tokens=entra.look_up,
                observations=meter,
            ) as azure,
        ):
            for each in subscriptions:
                azure.roles.grant(_APPLICATION.client_id, f"/subscriptions/{each.id}")
            keys = {
                "subscription_id": [each.id for each in subscriptions],
                "tenant_id": entra.tenant,
                "client_id": _APPLICATION.client_id,
                "client_secret": _APPLICATION.secret,
                "authority_host": entra.authority,
                "resource_manager_endpoint": azure.resource_manager_endpoint,
                "metrics_endpoint": azure.metrics_endpoint_template,
                "ssl": {"certificate_authorities": [str(certificate.authority)]},
            }
            yield DemoAzure(keys, azure)
