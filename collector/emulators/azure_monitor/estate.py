"""What the emulated subscriptions hold: accounts with deployments, workspaces with online endpoints, quota."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collector.emulators.azure_monitor.exports import DiagnosticSetting, HubNamespace

ACCOUNT_TYPE: Final = "Microsoft.CognitiveServices/accounts"
WORKSPACE_TYPE: Final = "Microsoft.MachineLearningServices/workspaces"
ENDPOINT_TYPE: Final = f"{WORKSPACE_TYPE}/onlineEndpoints"
ENDPOINT_DEPLOYMENT_TYPE: Final = f"{ENDPOINT_TYPE}/deployments"

DEFAULT_SUBSCRIPTION: Final = "00000000-0000-4000-8000-000000000001"
PROVISIONED_SKUS: Final = ("ProvisionedManaged", "GlobalProvisionedManaged", "DataZoneProvisionedManaged")


class MetricResource(Protocol):
    """A resource that Azure Monitor has metrics of."""

    @property
    def id(self) -> str:
        """The resource id."""
        ...

    @property
    def type(self) -> str:
        """The resource type, which is its metric namespace."""
        ...

    @property
    def subscription(self) -> str:
        """The id of its subscription."""
        ...

    @property
    def region(self) -> str:
        """Its region, in lower case and without blanks."""
        ...


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of the tenant."""

    id: str = DEFAULT_SUBSCRIPTION
    name: str = "Emulated subscription"
    state: str = "Enabled"


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be deployed. `retires` is when inference ends, a time in ISO 8601; None when Azure says none.

    `retires_by_sku` has the times of kinds of deployment that end at another.
    """

    name: str
    version: str
    retires: str | None = None
    format: str = "OpenAI"
    lifecycle: str = "GenerallyAvailable"
    retires_by_sku: Mapping[str, str] = field(default_factory=dict[str, str])


DEFAULT_MODELS: Final = (
    Model("gpt-4o", "2024-08-06", "2027-03-31T00:00:00Z", lifecycle="Deprecating"),
    Model("gpt-4o", "2024-11-20", "2027-10-01T00:00:00Z"),
    Model("gpt-4o-mini", "2024-07-18", "2027-03-31T00:00:00Z"),
    Model("text-embedding-3-large", "1", "2027-04-30T00:00:00Z"),
    Model("gpt-5", "2025-08-07"),
)
"""What every region offers unless told otherwise; the dates are made up."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model deployment. `capacity` is in thousands of tokens per minute, or in PTU for a provisioned SKU."""

    name: str
    model: str = "gpt-4o"
    version: str = "2024-11-20"
    sku: str = "GlobalStandard"
    capacity: int = 10
    format: str = "OpenAI"
    state: str = "Succeeded"

    @property
    def is_provisioned(self) -> bool:
        """Whether throughput is bought ahead, so that there is a utilisation."""
        return self.sku in PROVISIONED_SKUS

    @property
    def usage_name(self) -> str:
        """The name of the quota that it counts against."""
        return f"{self.format}.{self.sku}.{self.model}"


@dataclass(frozen=True, slots=True)
class Account:
    """A Cognitive Services account; `kind` is OpenAI, AIServices or one that has nothing to do with either."""

    name: str
    group: str = "rg-llm"
    region: str = "eastus"
    subscription: str = DEFAULT_SUBSCRIPTION
    kind: str = "OpenAI"
    sku: str = "S0"
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    deployments: Sequence[Deployment] = ()

    @property
    def id(self) -> str:
        """The resource id."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/{ACCOUNT_TYPE}/{self.name}"

    @property
    def type(self) -> str:
        """The resource type."""
        return ACCOUNT_TYPE


@dataclass(frozen=True, slots=True)
class OnlineDeployment:
    """A deployment of an online endpoint, a resource of its own. `path` is the id of its endpoint."""

    name: str
    path: str
    region: str
    subscription: str
    instances: int = 2
    instance_type: str = "Standard_DS3_v2"
    model: str = "azureml://registries/azureml/models/Phi-4/versions/7"
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def id(self) -> str:
        """The resource id."""
        return f"{self.path}/deployments/{self.name}"

    @property
    def type(self) -> str:
        """The resource type."""
        return ENDPOINT_DEPLOYMENT_TYPE


@dataclass(frozen=True, slots=True)
class OnlineEndpoint:
    """A managed online endpoint of a workspace. `path` is the id of its workspace."""

    name: str
    path: str
    region: str
    subscription: str
    deployments: Sequence[OnlineDeployment] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def id(self) -> str:
        """The resource id."""
        return f"{self.path}/onlineEndpoints/{self.name}"

    @property
    def type(self) -> str:
        """The resource type."""
        return ENDPOINT_TYPE


@dataclass(frozen=True, slots=True)
class Workspace:
    """An Azure ML workspace; `endpoints` names each endpoint with the names of its deployments."""

    name: str
    group: str = "rg-ml"
    region: str = "eastus"
    subscription: str = DEFAULT_SUBSCRIPTION
    kind: str = "Default"
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    endpoints: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])

    @property
    def id(self) -> str:
        """The resource id."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/{WORKSPACE_TYPE}/{self.name}"

    @property
    def type(self) -> str:
        """The resource type; Azure Monitor's metrics of workspaces themselves are not emulated."""
        return WORKSPACE_TYPE

    def list_endpoints(self) -> list[OnlineEndpoint]:
        """Return the endpoints as resources."""
        return [self._build(name, deployments) for name, deployments in self.endpoints.items()]

    def _build(self, name: str, deployments: Sequence[str]) -> OnlineEndpoint:
        path = f"{self.id}/onlineEndpoints/{name}"
        parts = [OnlineDeployment(each, path, self.region, self.subscription, tags=self.tags) for each in deployments]
        return OnlineEndpoint(name, self.id, self.region, self.subscription, parts, self.tags)


class Estate:
    """All that there is. May be changed while the emulator runs: what is added is found by the next request."""

    def __init__(
        self,
        accounts: Iterable[Account] = (),
        workspaces: Iterable[Workspace] = (),
        subscriptions: Iterable[Subscription] = (Subscription(),),
        *,
        models: Iterable[Model] = DEFAULT_MODELS,
        quotas: Mapping[str, int] | None = None,
    ) -> None:
        """`quotas` gives the limit of a usage name, such as `OpenAI.Standard.gpt-4o`; 1000 for the others.

        Raises:
            LookupError: a resource is in a subscription that is not there.
        """
        self.subscriptions = {each.id.lower(): each for each in subscriptions}
        self.models = tuple(models)
        self.quotas = dict(quotas or {})
        self.hub_namespaces: list[HubNamespace] = []
        self.diagnostic_settings: dict[str, list[DiagnosticSetting]] = {}
        """By the id of the resource whose logs they send, in lower case."""
        self._accounts: dict[str, Account] = {}
        self._workspaces: dict[str, Workspace] = {}
        self._resources: dict[str, MetricResource] = {}
        for each in (*accounts, *workspaces):
            self.add(each)

    @property
    def accounts(self) -> list[Account]:
        """All accounts, in the order they were added."""
        return list(self._accounts.values())

    @property
    def workspaces(self) -> list[Workspace]:
        """All workspaces, in the order they were added."""
        return list(self._workspaces.values())

    def add(self, resource: Account | Workspace) -> None:
        """Add a resource, or replace the one of the same id.

        Raises:
            LookupError: there is no such subscription.
        """
        if resource.subscription.lower() not in self.subscriptions:
            raise LookupError(f"no subscription {resource.subscription}")
        self.remove(resource.id)
        if isinstance(resource, Account):
            self._accounts[resource.id.lower()] = resource
        else:
            self._workspaces[resource.id.lower()] = resource
        self._resources |= {each.id.lower(): each for each in _with_metrics(resource)}

    def remove(self, resource_id: str) -> None:
        """Remove a resource with all that is in it; nothing happens when it is not there."""
        key = resource_id.lower()
        resource = self._accounts.pop(key, None) or self._workspaces.pop(key, None)
        for each in _with_metrics(resource) if resource else ():
            self._resources.pop(each.id.lower(), None)

    def find(self, resource_id: str) -> MetricResource | None:
        """Return a resource with metrics by its id, whose case does not matter."""
        return self._resources.get(resource_id.lower())

    def resources(self) -> Iterator[MetricResource]:
        """Yield every resource that has metrics."""
        yield from self._resources.values()

    def count_usage(self, subscription: str, region: str) -> Counter[str]:
        """Return the capacity in use for every quota of a region."""
        usage: Counter[str] = Counter()
        for account in self._accounts.values():
            if (account.subscription.lower(), account.region) == (subscription.lower(), region):
                for deployment in account.deployments:
                    usage[deployment.usage_name] += deployment.capacity
        return usage


def normalise_region(name: str) -> str:
    """Return a region as Resource Manager compares it: `East US` is `eastus`."""
    return name.replace(" ", "").lower()


def _with_metrics(resource: Account | Workspace) -> Iterator[MetricResource]:
    if isinstance(resource, Account):
        yield resource
        return
    for endpoint in resource.list_endpoints():
        yield endpoint
        yield from endpoint.deployments
