"""What paths of Resource Manager lead to. Paths have no case."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_METRICS_VERSIONS: Final = ("2018-01-01", "2019-07-01", "2021-05-01", "2023-10-01", "2024-02-01")
_NAMESPACE_VERSIONS: Final = ("2017-12-01-preview", "2023-10-01", "2024-02-01")

_SUBSCRIPTION: Final = r"/subscriptions/(?P<subscription>[^/]+)"
_GROUP: Final = rf"{_SUBSCRIPTION}/resourcegroups/(?P<group>[^/]+)"
_COGNITIVE: Final = "/providers/microsoft.cognitiveservices"
_ACCOUNT: Final = rf"(?P<id>{_GROUP}{_COGNITIVE}/accounts/[^/]+)"
_LEARNING: Final = "/providers/microsoft.machinelearningservices"
_WORKSPACE: Final = rf"(?P<id>{_GROUP}{_LEARNING}/workspaces/[^/]+)"
_ENDPOINT: Final = rf"(?P<id>{_GROUP}{_LEARNING}/workspaces/[^/]+/onlineendpoints/[^/]+)"
_RESOURCE: Final = rf"(?P<id>{_GROUP}/providers/.+?)/providers/microsoft\.insights"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: who asks, at what time, for which address with which parameters, under lower-case names."""

    client_id: str
    url: str
    parts: Mapping[str, str]
    parameters: Mapping[str, str]
    now: datetime

    @property
    def subscription(self) -> str:
        """The subscription of the path; empty when there is none in it."""
        return self.parts.get("subscription", "")

    @property
    def resource_id(self) -> str:
        """The resource that the path begins with, written as the client wrote it."""
        return self.parts.get("id", "")

    @property
    def scope(self) -> str:
        """The subscription or resource group that a list is of."""
        group = self.parts.get("group")
        base = f"/subscriptions/{self.subscription}"
        return f"{base}/resourceGroups/{group}" if group else base


@dataclass(frozen=True, slots=True)
class Route:
    """What a path leads to. `action` is its name in the journal and in faults, `right` what a role must allow."""

    action: str
    right: str
    pattern: re.Pattern[str]
    versions: tuple[str, ...] = ()


def _route(action: str, right: str, pattern: str, versions: tuple[str, ...] = ()) -> Route:
    return Route(action, right, re.compile(pattern, re.IGNORECASE), versions)


_ROUTES: Final = (
    _route("listSubscriptions", "Microsoft.Resources/subscriptions/read", "/subscriptions"),
    _route("getSubscription", "Microsoft.Resources/subscriptions/read", _SUBSCRIPTION),
    _route("listAccounts", "Microsoft.CognitiveServices/accounts/read", rf"{_SUBSCRIPTION}{_COGNITIVE}/accounts"),
    _route("listAccounts", "Microsoft.CognitiveServices/accounts/read", rf"{_GROUP}{_COGNITIVE}/accounts"),
    _route("getAccount", "Microsoft.CognitiveServices/accounts/read", _ACCOUNT),
    _route("listDeployments", "Microsoft.CognitiveServices/accounts/deployments/read", rf"{_ACCOUNT}/deployments"),
    _route("listAccountModels", "Microsoft.CognitiveServices/accounts/models/read", rf"{_ACCOUNT}/models"),
    _route("listAccountUsages", "Microsoft.CognitiveServices/accounts/usages/read", rf"{_ACCOUNT}/usages"),
    _route(
        "listUsages",
        "Microsoft.CognitiveServices/locations/usages/read",
        rf"{_SUBSCRIPTION}{_COGNITIVE}/locations/(?P<region>[^/]+)/usages",
    ),
    _route(
        "listModels",
        "Microsoft.CognitiveServices/locations/models/read",
        rf"{_SUBSCRIPTION}{_COGNITIVE}/locations/(?P<region>[^/]+)/models",
    ),
    _route(
        "listWorkspaces", "Microsoft.MachineLearningServices/workspaces/read", rf"{_SUBSCRIPTION}{_LEARNING}/workspaces"
    ),
    _route("listWorkspaces", "Microsoft.MachineLearningServices/workspaces/read", rf"{_GROUP}{_LEARNING}/workspaces"),
    _route(
        "listOnlineEndpoints",
        "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/read",
        rf"{_WORKSPACE}/onlineendpoints",
    ),
    _route(
        "listOnlineDeployments",
        "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/read",
        rf"{_ENDPOINT}/deployments",
    ),
    _route(
        "listNamespaces",
        "Microsoft.EventHub/namespaces/read",
        rf"{_SUBSCRIPTION}/providers/microsoft\.eventhub/namespaces",
    ),
    _route(
        "listDiagnosticSettings",
        "Microsoft.Insights/diagnosticSettings/read",
        rf"{_RESOURCE}/diagnosticsettings",
        ("2021-05-01-preview",),
    ),
    _route("metrics", "Microsoft.Insights/metrics/read", rf"{_RESOURCE}/metrics", _METRICS_VERSIONS),
    _route(
        "metricDefinitions",
        "Microsoft.Insights/metricDefinitions/read",
        rf"{_RESOURCE}/metricdefinitions",
        _METRICS_VERSIONS,
    ),
    _route(
        "metricNamespaces",
        "Microsoft.Insights/metricNamespaces/read",
        rf"{_RESOURCE}/metricnamespaces",
        _NAMESPACE_VERSIONS,
    ),
)


def find_route(path: str) -> tuple[Route, Mapping[str, str]] | None:
    """Return what a path leads to, and its parts; None when nothing is there."""
    for route in _ROUTES:
        match = route.pattern.fullmatch(path.rstrip("/"))
        if match:
            return route, {name: each for name, each in match.groupdict().items() if each}
    return None
