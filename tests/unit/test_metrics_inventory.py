"""Documents of the inventory from what Resource Manager says: which parts of it, under which ids."""

from typing import Any

from collector.inputs.azure_metrics.discovery import Found
from collector.inputs.azure_metrics.inventory import Models, list_deployments, list_quotas
from collector.inputs.azure_metrics.ports import Document
from collector.inputs.azure_metrics.resources import Resource

ACCOUNTS = "Microsoft.CognitiveServices/accounts"
DEPLOYMENTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments"
MORNING = 29_551_680
"""2026-03-10T00:00Z, in minutes."""

ACCOUNT = Resource(f"/subscriptions/S/resourceGroups/G/providers/{ACCOUNTS}/Chat", ACCOUNTS, "eastus")
DESCRIBED = {"kind": "OpenAI", "sku": {"name": "S0"}, "properties": {"endpoint": "https://chat.example.org"}}
DEPLOYED: dict[str, Any] = {
    "name": "Assist",
    "sku": {"name": "Standard", "capacity": 2**53 + 1},
    "properties": {
        "model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"},
        "provisioningState": "Succeeded",
        "rateLimits": None,
    },
    "systemData": {"createdBy": "somebody@example.org"},
}
MODEL = {
    "format": "OpenAI",
    "name": "GPT-4o",
    "version": "2024-08-06",
    "lifecycleStatus": "GenerallyAvailable",
    "deprecation": {"fineTune": "2026-01-01T00:00:00Z", "inference": "2027-01-01T00:00:00Z"},
    "skus": [{"name": "GlobalStandard", "deprecationDate": "2027-05-05T00:00:00Z"}, {"name": "Standard"}],
}


def describe(models: Models, *deployments: dict[str, Any], minute: int = MORNING) -> list[Document]:
    return list(list_deployments([Found(ACCOUNT, DESCRIBED, deployments)], models, minute))


def inventory_of(document: Document) -> Any:
    azure: Any = document.source["azure"]
    return azure["inventory"]


def test_a_deployment_is_told_in_azures_words_and_nothing_of_people_or_secrets() -> None:
    [document] = describe(Models(), DEPLOYED)
    assert document.source == {
        "@timestamp": "2026-03-10T00:00:00.000Z",
        "azure": {
            "subscription_id": "s",
            "resource": {"id": ACCOUNT.id, "name": "Chat", "group": "G", "type": ACCOUNTS},
            "inventory": {
                "account": {"kind": "OpenAI", "sku": {"name": "S0"}},
                "deployment": {
                    "name": "Assist",
                    "sku": {"name": "Standard", "capacity": 2**53 + 1},
                    "properties": {
                        "model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"},
                        "provisioningState": "Succeeded",
                    },
                },
            },
        },
        "cloud": {"provider": "azure", "region": "eastus", "account": {"id": "s"}},
        "event": {"module": "azure"},
    }


def test_environment_variables_of_an_endpoints_deployment_are_left_out() -> None:
    resource = Resource(f"/subscriptions/S/resourceGroups/G/providers/{DEPLOYMENTS}/blue", DEPLOYMENTS, "eastus")
    properties = {"instanceType": "Standard_DS3_v2", "environmentVariables": {"API_KEY": "canary"}}
    described = {"name": "blue", "sku": {"name": "Default", "capacity": 3}, "properties": properties}
    [document] = list_deployments([Found(resource, described)], Models(), MORNING)
    assert inventory_of(document) == {
        "deployment": {
            "name": "blue",
            "sku": {"name": "Default", "capacity": 3},
            "properties": {"instanceType": "Standard_DS3_v2"},
        }
    }


def test_the_model_is_found_by_name_and_version_in_the_region_of_the_account() -> None:
    models = Models()
    models.add("eastus", [{"kind": "OpenAI", "model": MODEL}])
    models.add("westus", [{"kind": "OpenAI", "model": MODEL | {"lifecycleStatus": "Preview"}}])
    newer = DEPLOYED | {"properties": {"model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-11-20"}}}
    globally = DEPLOYED | {"sku": {"name": "GlobalStandard"}}
    standard, unknown, of_its_kind = map(inventory_of, describe(models, DEPLOYED, newer, globally))
    deprecation = {"inference": "2027-01-01T00:00:00Z"}
    assert standard["model"] == {"deprecation": deprecation, "lifecycleStatus": "GenerallyAvailable"}
    assert "model" not in unknown
    assert of_its_kind["model"]["sku"] == {"deprecationDate": "2027-05-05T00:00:00Z"}


def test_an_id_is_of_what_is_described_and_of_its_time_whatever_the_case() -> None:
    other = {**DEPLOYED, "name": "Embed"}
    shouted = {**DEPLOYED, "name": "ASSIST"}
    first, second = describe(Models(), DEPLOYED, other)
    [again], [later] = describe(Models(), shouted), describe(Models(), DEPLOYED, minute=MORNING + 10)
    assert again.id == first.id
    assert len({first.id, second.id, later.id}) == 3


def test_a_quota_is_of_a_subscription_and_region() -> None:
    usage = {"name": {"value": "OpenAI.Standard.gpt-4o"}, "unit": "Count", "currentValue": 120.0, "limit": 450, "x": 1}
    east, west = (next(list_quotas("s", region, [usage], MORNING)) for region in ("eastus", "westus"))
    assert inventory_of(east) == {"usage": {key: value for key, value in usage.items() if key != "x"}}
    assert east.source["cloud"] == {"provider": "azure", "region": "eastus", "account": {"id": "s"}}
    assert east.id != west.id
