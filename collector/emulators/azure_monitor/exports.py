"""Where logs of resources go: namespaces of Event Hubs, and the diagnostic settings that name them.

Source: REST references "Diagnostic Settings - List" (2021-05-01-preview) and `Microsoft.EventHub` "Namespaces - List"
(2024-01-01). Settings that send elsewhere than to an event hub are not told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collector.emulators.azure_monitor.estate import DEFAULT_SUBSCRIPTION

_TYPE: Final = "Microsoft.EventHub/namespaces"


@dataclass(frozen=True, slots=True)
class HubNamespace:
    """A namespace of Event Hubs; `inflates_to` is the most throughput units, None without auto-inflate."""

    name: str
    group: str = "rg-llm"
    subscription: str = DEFAULT_SUBSCRIPTION
    tier: str = "Standard"
    capacity: int = 1
    inflates_to: int | None = None
    status: str = "Active"

    @property
    def id(self) -> str:
        """The resource id."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/{_TYPE}/{self.name}"

    def describe(self) -> dict[str, object]:
        """Return it as Resource Manager tells it."""
        return {
            "id": self.id,
            "name": self.name,
            "type": _TYPE,
            "location": "eastus",
            "sku": {"name": self.tier, "tier": self.tier, "capacity": self.capacity},
            "properties": {
                "status": self.status,
                "provisioningState": "Succeeded",
                "serviceBusEndpoint": f"https://{self.name}.servicebus.windows.net:443/",
                "isAutoInflateEnabled": self.inflates_to is not None,
                "maximumThroughputUnits": self.inflates_to or 0,
            },
        }


@dataclass(frozen=True, slots=True)
class DiagnosticSetting:
    """Sends categories of a resource's logs to a hub; without `hub` each goes to one named after its category.

    `groups` are category groups, such as `allLogs`; `disabled` are categories that the setting names and leaves out.
    """

    namespace: HubNamespace
    categories: Sequence[str] = ()
    hub: str | None = None
    name: str = "to-event-hub"
    groups: Sequence[str] = ()
    disabled: Sequence[str] = ()

    def describe(self, resource_id: str) -> dict[str, object]:
        """Return it as Resource Manager tells it of a resource."""
        named = [("category", each, True) for each in self.categories]
        named += [("category", each, False) for each in self.disabled]
        named += [("categoryGroup", each, True) for each in self.groups]
        return {
            "id": f"{resource_id}/providers/microsoft.insights/diagnosticSettings/{self.name}",
            "type": "Microsoft.Insights/diagnosticSettings",
            "name": self.name,
            "properties": {
                "eventHubAuthorizationRuleId": f"{self.namespace.id}/authorizationRules/azure-monitor",
                "eventHubName": self.hub,
                "logs": [{kind: name, "enabled": enabled} for kind, name, enabled in named],
                "metrics": [],
            },
        }
