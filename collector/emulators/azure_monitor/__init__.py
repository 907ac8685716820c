"""An Azure Monitor emulator: Resource Manager and the metrics data plane over TLS.

Promised: `azure-identity`, `azure-monitor-querymetrics` and plain REST work with it unmodified. It has subscriptions,
Cognitive Services accounts with deployments, models and quota, Azure ML workspaces with online endpoints and their
deployments, namespaces of Event Hubs, in pages with `nextLink`; diagnostic settings that send to event hubs; metric
definitions and namespaces; values of one resource (`metrics`) and of up to 50 (`metrics:getBatch`). It is as strict as
Azure: tokens, their audience and age, Monitoring Reader at the right scope, API versions, metric names (20 a call),
dimensions, filters, grains, one subscription, region and type a batch, `top` of 10 unless raised. Dimension names come
back in lower case, batches in an order of their own. Errors have Azure's statuses, codes and forms; documented speed
limits are kept, and faults come on order.

Values are the same for the same seed. A minute is partial until it settles, and values may be late, restated or missing
by shares; a ledger tells what is true in the end. Time is that of a clock, so a week can pass in a minute.

Not promised: writes; Resource Graph; other resource types; metrics of workspaces themselves; custom metrics, metric
alerts, resource groups as a list; values at subscription scope (`Microsoft.ResourceId eq '*'`); `AutoAdjustTimegrain`;
dimension names with blanks in filters; the limit of series in one answer; regional buckets of Resource Manager (one
bucket for each application and subscription); values of a metric that only `Definitions.offer` knows, unless the
observations have some. Guesses, where nobody has published what Azure does: some texts of errors, a batch with a
resource that is gone (refused whole, 404), the order of series without `orderby` (the largest first). At Azure the
region is part of the host's name; here it is the first part of the path.

    estate = Estate([Account("aoai-east", deployments=[Deployment("chat")])])
    async with (
        EntraEmulator([Application("app", "secret")], ssl_context=context) as entra,
        AzureMonitorEmulator(estate, ssl_context=context, tokens=entra.look_up) as azure,
    ):
        azure.roles.grant("app", f"/subscriptions/{DEFAULT_SUBSCRIPTION}")
        MetricsClient(azure.metrics_endpoint("eastus"), credential)
"""

from collector.emulators.azure_monitor.arrival import Arrival, Kind
from collector.emulators.azure_monitor.calls import Calls, Throughput
from collector.emulators.azure_monitor.definitions import Definition
from collector.emulators.azure_monitor.emulator import AzureMonitorEmulator
from collector.emulators.azure_monitor.estate import (
    DEFAULT_SUBSCRIPTION,
    Account,
    Deployment,
    Estate,
    MetricResource,
    Model,
    OnlineDeployment,
    OnlineEndpoint,
    Subscription,
    Workspace,
)
from collector.emulators.azure_monitor.exports import DiagnosticSetting, HubNamespace
from collector.emulators.azure_monitor.faults import Fault
from collector.emulators.azure_monitor.observations import Observation, Sample
from collector.emulators.azure_monitor.throttling import Limits
from collector.emulators.azure_monitor.traffic import SeededTraffic

__all__ = [
    "DEFAULT_SUBSCRIPTION",
    "Account",
    "Arrival",
    "AzureMonitorEmulator",
    "Calls",
    "Definition",
    "Deployment",
    "DiagnosticSetting",
    "Estate",
    "Fault",
    "HubNamespace",
    "Kind",
    "Limits",
    "MetricResource",
    "Model",
    "Observation",
    "OnlineDeployment",
    "OnlineEndpoint",
    "Sample",
    "SeededTraffic",
    "Subscription",
    "Throughput",
    "Workspace",
]
