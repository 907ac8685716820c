"""The clients of the input azure/metrics on the emulators: a stream of a policy, as loading would make it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from plugins.azure_monitor import CLIENT, SECRET, Sky

from collector.emulators.azure_monitor import DEFAULT_SUBSCRIPTION
from collector.inputs.azure_metrics.clients import MonitorClients
from collector.policy import AzureMetricsStream
from collector.policy.azure_metrics_access import complete_metrics_stream

type OpenClients = Callable[..., tuple[AzureMetricsStream, MonitorClients]]


def stream_keys(sky: Sky, **keys: Any) -> dict[str, Any]:
    """The keys of a stream that reads the emulators, as they would stand in a policy."""
    whole = {
        "id": "metrics",
        "subscription_id": DEFAULT_SUBSCRIPTION,
        "tenant_id": sky.entra.tenant,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "authority_host": sky.entra.authority,
        "resource_manager_endpoint": sky.azure.resource_manager_endpoint,
        "metrics_endpoint": sky.azure.metrics_endpoint_template,
        "ssl": {"certificate_authorities": [str(sky.certificates.ca_path)]},
    } | keys
    return {key: value for key, value in whole.items() if value is not None}


@pytest.fixture
async def open_clients(sky: Sky) -> AsyncIterator[OpenClients]:
    """Open the clients of a stream with keys of the test's own; closed when the test ends."""
    async with AsyncExitStack() as stack:

        def open_with(of: Sky = sky, clock: Callable[[], float] | None = None, **keys: Any) -> Any:
            stream = AzureMetricsStream.model_validate(complete_metrics_stream(stream_keys(of, **keys), "input"))
            clients = MonitorClients(stream, clock=clock or (lambda: of.clock().timestamp()))
            stack.push_async_callback(clients.close)
            return stream, clients

        yield open_with
