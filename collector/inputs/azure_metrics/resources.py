"""What is polled: a resource of Azure, with what discovery knows about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment of a model in an account, by Resource Manager."""

    name: str
    model: str
    version: str = ""
    sku: str = ""
    """``Standard``, ``GlobalStandard``, ``ProvisionedManaged``, ...; empty when nobody knows."""
    capacity: int | None = None
    """Thousands of tokens a minute, or provisioned throughput units, by the kind of SKU."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource whose metrics are read. Azure compares ids without regard to case: compare ``key``."""

    id: str
    """As Resource Manager writes it: ``/subscriptions/S/resourceGroups/G/providers/P/T/N``, perhaps with children."""
    type: str
    """``Microsoft.CognitiveServices/accounts``; the metric namespace is the same."""
    region: str
    """The name of the location, such as ``eastus``."""
    kind: str = ""
    """``OpenAI``, ``AIServices``; empty for kinds of resource that have none."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    deployments: Mapping[str, Deployment] = field(default_factory=dict[str, Deployment])
    """By their names in lower case."""

    key: str = field(init=False, repr=False)
    """The id in lower case: what names the resource in ids, cursors and the gap ledger."""
    subscription_id: str = field(init=False, repr=False)
    """The subscription that the id names, in lower case."""

    def __post_init__(self) -> None:
        # Read for every document: not worked out each time.
        object.__setattr__(self, "key", self.id.lower())
        object.__setattr__(self, "subscription_id", self._segment("subscriptions").lower())

    @property
    def group(self) -> str:
        """The resource group, as the id has it."""
        return self._segment("resourcegroups")

    @property
    def name(self) -> str:
        """The last part of the id."""
        return self.id.rstrip("/").rpartition("/")[2]

    def deployment(self, name: str) -> Deployment | None:
        """Return the deployment of that name; None when discovery does not know it."""
        return self.deployments.get(name.lower())

    def _segment(self, kind: str) -> str:
        parts = self.id.split("/")
        return next((value for part, value in pairwise(parts) if part.lower() == kind), "")
