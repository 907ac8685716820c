"""What Resource Manager tells of the estate, in the forms of its providers.

Source: the REST reference and examples of `Microsoft.CognitiveServices` (2024-10-01) and
`Microsoft.MachineLearningServices` (2024-10-01). Accounts and workspaces have the properties that a monitor looks at,
not all of them.
"""

from typing import Final

from collector.emulators.azure_monitor.estate import (
    ACCOUNT_TYPE,
    ENDPOINT_DEPLOYMENT_TYPE,
    ENDPOINT_TYPE,
    WORKSPACE_TYPE,
    Account,
    Deployment,
    Estate,
    Model,
    OnlineDeployment,
    OnlineEndpoint,
    Subscription,
    Workspace,
)

type Document = dict[str, object]

DEFAULT_QUOTA: Final = 1_000
_ACCOUNT_LIMIT: Final = 30
_SUCCEEDED: Final = "Succeeded"


def describe_subscription(subscription: Subscription, tenant: str) -> Document:
    """Return a subscription."""
    return {
        "id": f"/subscriptions/{subscription.id}",
        "subscriptionId": subscription.id,
        "tenantId": tenant,
        "displayName": subscription.name,
        "state": subscription.state,
        "authorizationSource": "RoleBased",
    }


def describe_account(account: Account) -> Document:
    """Return an account."""
    return {
        "id": account.id,
        "name": account.name,
        "type": ACCOUNT_TYPE,
        "location": account.region,
        "kind": account.kind,
        "sku": {"name": account.sku},
        "tags": dict(account.tags),
        "etag": f'"{account.name}-1"',
        "properties": {
            "endpoint": f"https://{account.name}.openai.azure.com/",
            "customSubDomainName": account.name,
            "provisioningState": _SUCCEEDED,
            "publicNetworkAccess": "Enabled",
        },
    }


def describe_deployment(account: Account, deployment: Deployment) -> Document:
    """Return a model deployment; a provisioned one has no limit of tokens."""
    properties: Document = {
        "model": {"format": deployment.format, "name": deployment.model, "version": deployment.version},
        "versionUpgradeOption": "OnceNewDefaultVersionAvailable",
        "currentCapacity": deployment.capacity,
        "capabilities": {"chatCompletion": "true"},
        "raiPolicyName": "Microsoft.DefaultV2",
        "provisioningState": deployment.state,
    }
    if not deployment.is_provisioned:
        properties["rateLimits"] = [
            {"key": "request", "renewalPeriod": 60, "count": deployment.capacity},
            {"key": "token", "renewalPeriod": 60, "count": deployment.capacity * 1000},
        ]
    return {
        "id": f"{account.id}/deployments/{deployment.name}",
        "name": deployment.name,
        "type": f"{ACCOUNT_TYPE}/deployments",
        "sku": {"name": deployment.sku, "capacity": deployment.capacity},
        "properties": properties,
        "etag": f'"{deployment.name}-1"',
    }


def describe_account_model(model: Model) -> Document:
    """Return a model as an account lists it."""
    skus = [
        {"name": name, "usageName": f"{model.format}.{name}.{model.name}"}
        | ({"deprecationDate": model.retires_by_sku[name]} if name in model.retires_by_sku else {})
        for name in ("GlobalStandard", "Standard")
    ]
    return {
        "format": model.format,
        "name": model.name,
        "version": model.version,
        "maxCapacity": DEFAULT_QUOTA,
        "capabilities": {"chatCompletion": "true"},
        "lifecycleStatus": model.lifecycle,
        "skus": skus,
        "deprecation": {"inference": model.retires} if model.retires else {},
    }


def describe_location_model(model: Model) -> Document:
    """Return a model as a region lists it."""
    return {"kind": "OpenAI", "skuName": "S0", "model": describe_account_model(model)}


def list_usages(estate: Estate, subscription: str, region: str) -> list[Document]:
    """Return the quotas of a region with what is in use, in thousands of tokens per minute or PTU."""
    used = estate.count_usage(subscription, region)
    names = sorted({*used, *estate.quotas})
    accounts = [each for each in estate.accounts if (each.subscription, each.region) == (subscription, region)]
    count = _describe_usage("OpenAI.S0.AccountCount", "Accounts", len(accounts), _ACCOUNT_LIMIT)
    quotas = [
        _describe_usage(
            name, f"Tokens Per Minute (thousands) - {name}", used[name], estate.quotas.get(name, DEFAULT_QUOTA)
        )
        for name in names
    ]
    return [count, *quotas]


def describe_workspace(workspace: Workspace) -> Document:
    """Return a workspace."""
    return {
        "id": workspace.id,
        "name": workspace.name,
        "type": WORKSPACE_TYPE,
        "location": workspace.region,
        "kind": workspace.kind,
        "sku": {"name": "Basic", "tier": "Basic"},
        "tags": dict(workspace.tags),
        "properties": {"friendlyName": workspace.name, "provisioningState": _SUCCEEDED},
    }


def describe_endpoint(endpoint: OnlineEndpoint) -> Document:
    """Return an online endpoint; its traffic is shared evenly."""
    share = 100 // len(endpoint.deployments) if endpoint.deployments else 0
    return {
        "id": endpoint.id,
        "name": endpoint.name,
        "type": ENDPOINT_TYPE,
        "location": endpoint.region,
        "kind": "Managed",
        "tags": dict(endpoint.tags),
        "properties": {
            "authMode": "Key",
            "scoringUri": f"https://{endpoint.name}.{endpoint.region}.inference.ml.azure.com/score",
            "traffic": {each.name: share for each in endpoint.deployments},
            "provisioningState": _SUCCEEDED,
        },
    }


def describe_endpoint_deployment(deployment: OnlineDeployment) -> Document:
    """Return a deployment of an online endpoint."""
    return {
        "id": deployment.id,
        "name": deployment.name,
        "type": ENDPOINT_DEPLOYMENT_TYPE,
        "location": deployment.region,
        "kind": "Managed",
        "tags": dict(deployment.tags),
        "sku": {"name": "Default", "capacity": deployment.instances},
        "properties": {
            "endpointComputeType": "Managed",
            "environmentVariables": {"WORKER_COUNT": "1"},
            "instanceType": deployment.instance_type,
            "model": deployment.model,
            "provisioningState": _SUCCEEDED,
        },
    }


def describe_namespace(resource_id: str, kind: str) -> Document:
    """Return the one metric namespace of a resource."""
    return {
        "id": f"{resource_id}/providers/microsoft.insights/metricNamespaces/{kind}",
        "type": "Microsoft.Insights/metricNamespaces",
        "name": kind,
        "classification": "Platform",
        "properties": {"metricNamespaceName": kind},
    }


def _describe_usage(name: str, title: str, used: int, limit: int) -> Document:
    return {
        "name": {"value": name, "localizedValue": title},
        "currentValue": float(used),
        "limit": float(limit),
        "unit": "Count",
    }
