"""Where calls go and who makes them: the demo's fleet, with kinds of deployments and a gateway before some callers."""

from dataclasses import dataclass
from typing import Final

from collector.demo.fleet import CALLERS, PRODUCTION, RESOURCES, Deployment, Resource


@dataclass(frozen=True, slots=True)
class Place:
    """A deployment in its account; ``sku`` and ``capacity`` as Resource Manager has them."""

    resource: Resource
    deployment: Deployment
    sku: str
    capacity: int

    @property
    def name(self) -> str:
        """What tells it from all others: deployments of two accounts may have one name."""
        return f"{self.resource.name}/{self.deployment.name}"

    @property
    def model(self) -> str:
        """Model and version as answers and metrics name them: counted versions (1, 2) are left out."""
        model = self.deployment.model
        return f"{model.name}-{model.version}" if len(model.version) > _COUNTED_VERSION else model.name


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls.

    ``object_id`` is empty for callers with a key. Whoever has a ``team`` calls through API Management, with the key of
    that subscription: then ``address`` is a whole one, since API Management does not mask it.
    """

    weight: float
    address: str
    object_id: str = ""
    team: str = ""
    product: str = ""


_COUNTED_VERSION: Final = 2
_STANDARD: Final = ("GlobalStandard", 150)
_KINDS: Final = {
    "aoai-shop-eu/chat-prod": ("DataZoneStandard", 300),
    "aoai-shop-eu/docs-embed": ("DataZoneStandard", 120),
    "aoai-lab-se/agent-long": ("GlobalProvisionedManaged", 100),
}

PLACES: Final = tuple(
    Place(resource, deployment, *_KINDS.get(f"{resource.name}/{deployment.name}", _STANDARD))
    for resource in RESOURCES
    for deployment in resource.deployments
)

PROVISIONED: Final = tuple(place for place in PLACES if "Provisioned" in place.sku)
"""Those that are paid by the hour: Azure Monitor says of them how full they are."""

GATEWAY_NAME: Final = "apim-shop"
GATEWAY_ID: Final = (
    f"/SUBSCRIPTIONS/{PRODUCTION}/RESOURCEGROUPS/RG-SHOP-API/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/APIM-SHOP"
)
GATEWAY_REGION: Final = "East US"
GATEWAY_IDENTITY: Final = "0000000a-5555-4222-8333-00000000000a"
"""The managed identity with which API Management signs in to the models."""

_TEAMS: Final = (
    ("web-shop", "production", 1.2),
    ("support-desk", "production", 0.7),
    ("search", "production", 0.5),
    ("marketing", "trial", 0.25),
    ("night-batch", "batch", 0.15),
)
THROUGH_GATEWAY: Final = tuple(
    Caller(weight, f"203.0.113.{10 + number}", team=team, product=product)
    for number, (team, product, weight) in enumerate(_TEAMS)
)
"""Those who call through API Management: as much as all others together, about."""

DIRECT: Final = tuple(Caller(caller.weight, caller.address, caller.object_id) for caller in CALLERS)
EVERYBODY: Final = (*DIRECT, *THROUGH_GATEWAY)
