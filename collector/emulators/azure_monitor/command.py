"""The emulator as a program: `aoai-collector emulate azure-monitor`, with the login host that its tokens come from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import yaml

from collector.emulators.azure_monitor.arrival import Arrival
from collector.emulators.azure_monitor.emulator import AzureMonitorEmulator
from collector.emulators.azure_monitor.estate import DEFAULT_SUBSCRIPTION, Account, Deployment, Estate, Workspace
from collector.emulators.certificates import Certificate, issue_certificate
from collector.emulators.entra import Application, EntraEmulator
from collector.emulators.termination import watch_for_end

_REGIONS: Final = ("eastus", "westeurope", "swedencentral")
_DEPLOYMENTS: Final = (
    Deployment("chat", "gpt-4o", "2024-11-20", capacity=450),
    Deployment("reserved", "gpt-4o", "2024-08-06", "ProvisionedManaged", 50),
    Deployment("search", "text-embedding-3-large", "1", "Standard", 120),
)


@dataclass(frozen=True, slots=True)
class Ports:
    """The three ports; 0 takes a free one."""

    login: int
    resource_manager: int
    metrics: int


async def serve(  # noqa: PLR0913 - each of them is a choice of its own
    application: Application,
    host: str,
    ports: Ports,
    announce: Callable[[str], None],
    *,
    accounts: int = 3,
    arrival: Arrival,
) -> None:
    """Serve made-up accounts until cancelled or told to end by SIGTERM; the application may read all of them.

    Args:
        application: who may log in.
        host: the address to listen at.
        ports: the ports to listen at.
        announce: told, once clients can connect, the keys of a policy's stream that lead here, as YAML.
        accounts: how many accounts there are, in three regions by turns.
        arrival: when values can be read; its seed is that of the values too.

    Raises:
        OSError: when a port is taken.
    """
    with watch_for_end() as ended, issue_certificate() as certificate:
        context = certificate.context
        async with (
            EntraEmulator([application], ssl_context=context, host=host, port=ports.login) as entra,
            AzureMonitorEmulator(
                build_estate(accounts),
                ssl_context=context,
                tokens=entra.look_up,
                seed=arrival.seed,
                arrival=arrival,
                tenant=entra.tenant,
                host=host,
                port=ports.resource_manager,
                metrics_port=ports.metrics,
            ) as azure,
        ):
            azure.roles.grant(application.client_id, f"/subscriptions/{DEFAULT_SUBSCRIPTION}")
            announce(_describe(application, entra, azure, certificate))
            await ended.wait()


def build_estate(accounts: int) -> Estate:
    """Return so many accounts with three deployments each, and a workspace with an online endpoint."""
    return Estate(
        [
            Account(f"aoai-{number + 1}", region=_REGIONS[number % len(_REGIONS)], deployments=_DEPLOYMENTS)
            for number in range(accounts)
        ],
        [Workspace("ml", endpoints={"flow": ("blue", "green")})],
    )


def _describe(
    application: Application, entra: EntraEmulator, azure: AzureMonitorEmulator, certificate: Certificate
) -> str:
    keys = {
        "tenant_id": entra.tenant,
        "client_id": application.client_id,
        "client_secret": application.secret,
        "subscription_id": DEFAULT_SUBSCRIPTION,
        "authority_host": entra.authority,
        "resource_manager_endpoint": azure.resource_manager_endpoint,
        "metrics_endpoint": azure.metrics_endpoint_template,
        "ssl": {"certificate_authorities": [str(certificate.authority)]},
    }
    return yaml.safe_dump(keys, sort_keys=False).rstrip()
