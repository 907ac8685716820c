"""deploy/azure: the Bicep files and the script make the same things, with the documented roles and every category.

The script runs as it is, with an ``az`` on its path that writes down what it is asked for. Role ids are those of
https://learn.microsoft.com/azure/role-based-access-control/built-in-roles.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from plugins.bicep import Template, read_template

from collector.delivery.routing import DATASET_OF, ENDPOINTS, LOGS
from collector.delivery.routing import GATEWAY as GATEWAY_LOGS
from collector.policy import load_policy

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "azure"
TEMPLATES = {path.stem: read_template(path) for path in (FOLDER / "main.bicep", *FOLDER.glob("modules/*.bicep"))}
MAIN = TEMPLATES["main"]
ROLES = {
    "Azure Event Hubs Data Receiver": "a638d3c7-ab3a-418d-83e6-5f17a39d4fde",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Monitoring Reader": "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
}
SUBSCRIPTION = "33333333-3333-4333-8333-333333333333"
IN_GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-ai/providers"
ACCOUNT = f"{IN_GROUP}/Microsoft.CognitiveServices/accounts/aoai-eus"
GATEWAY = f"{IN_GROUP}/Microsoft.ApiManagement/service/apim-eus"
LLM_API = f"{GATEWAY}/apis/openai"
ENDPOINT = f"{IN_GROUP}/Microsoft.MachineLearningServices/workspaces/ws/onlineEndpoints/score"
NEEDED = {
    "RESOURCE_GROUP": "rg-aoai",
    "NAMESPACE_NAME": "evhns-aoai",
    "STORAGE_ACCOUNT_NAME": "staoai",
    "PRINCIPAL_ID": "44444444-4444-4444-8444-444444444444",
}
GIVEN = NEEDED | {
    "OPENAI_ACCOUNT_IDS": f"{ACCOUNT} {ACCOUNT}-2",
    "API_MANAGEMENT_IDS": GATEWAY,
    "LLM_API_IDS": LLM_API,
    "ONLINE_ENDPOINT_IDS": ENDPOINT,
}
PARAMETERS = {
    "location": "eastus",
    "namespaceName": "evhns-aoai",
    "storageAccountName": "staoai",
    "principalId": NEEDED["PRINCIPAL_ID"],
}
"""What the template is given, where the script is given ``NEEDED`` in a group in eastus."""
AZ = """#!/usr/bin/env bash
printf '%s\\0' "$@" >>"$CALLS" && printf '\\0' >>"$CALLS"
case "$* " in
  "group show "*) echo eastus ;;
  "account show --query id "*) echo {subscription} ;;
  "account show --query tenantId "*) echo 22222222-2222-4222-8222-222222222222 ;;
esac
"""

type Call = tuple[str, dict[str, Any]]
type Deploy = Callable[[Mapping[str, str]], tuple[list[Call], dict[str, str]]]


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """Run the script; return what it asked az for, as command and options, and the lines that it printed."""
    az = tmp_path / "bin" / "az"
    az.parent.mkdir()
    az.write_text(AZ.replace("{subscription}", SUBSCRIPTION))
    az.chmod(0o755)

    def run(given: Mapping[str, str]) -> tuple[list[Call], dict[str, str]]:
        calls = tmp_path / "calls"
        calls.write_bytes(b"")
        path = f"{az.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        environment = {"PATH": path, "CALLS": str(calls), **given}
        command = ["bash", str(FOLDER / "deploy.sh")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        words = calls.read_text().removesuffix("\0\0").split("\0\0")
        return [read_call(each.split("\0")) for each in words], read_lines(done.stdout.splitlines())

    return run


def read_call(words: list[str]) -> Call:
    """Split a command line into its command and its options; several values of an option become a list."""
    first = next(number for number, word in enumerate(words) if word.startswith("--"))
    options: dict[str, list[str]] = {}
    for word in words[first:]:
        if word.startswith("--"):
            values = options.setdefault(word.removeprefix("--"), [])
        else:
            values.append(word)
    return " ".join(words[:first]), {name: given[0] if len(given) == 1 else given for name, given in options.items()}


def read_lines(lines: list[str]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines)


def options_of(calls: list[Call], command: str) -> list[dict[str, Any]]:
    return [options for name, options in calls if name == command]


def module_of(symbol: str) -> tuple[Template, dict[str, Any]]:
    """A module of the main template, and the parameters that it gets."""
    path, body = MAIN.modules[symbol]
    body = body if isinstance(body, dict) else body.body
    return TEMPLATES[Path(path).stem], MAIN.value(body["params"], PARAMETERS)


def resource_of(module: str, symbol: str) -> dict[str, Any]:
    """A resource of a module as the main template deploys it."""
    template, parameters = module_of(module)
    return template.value(template.resources[symbol].body, parameters)


def categories_of(module: str) -> list[str]:
    logs = resource_of(module, "logs")["properties"]["logs"]
    assert all(each["enabled"] for each in logs)
    return [each["category"] for each in logs]


def assignments() -> Iterator[tuple[str, str]]:
    """Role id and kind of scope of every role assignment of the templates."""
    for template in TEMPLATES.values():
        for resource in template.resources.values():
            if resource.type != "Microsoft.Authorization/roleAssignments":
                continue
            role = resource.body["properties"]["roleDefinitionId"].text
            (variable,) = re.findall(r"^subscriptionResourceId\('[\w./]+', (\w+)\)$", role)
            scope = resource.body.get("scope")
            kind = template.resources[scope.text].type if scope else "subscription"
            yield template.value(template.variables[variable]), kind


def type_of(scope: str) -> str:
    """The type of the resource that an id names."""
    provider, *rest = scope.partition("/providers/")[2].split("/")
    return "/".join([provider, *rest[::2]]) or "subscription"


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_a_template_uses_what_it_declares_and_nothing_else(name: str) -> None:
    template = TEMPLATES[name]
    unused = template.declared - template.used - template.resources.keys() - template.modules.keys()
    assert unused == set()
    assert [each for each, got in template.parameters.items() if "description" not in got.decorators] == []


@pytest.mark.parametrize("symbol", sorted(MAIN.modules))
def test_a_module_gets_exactly_its_parameters(symbol: str) -> None:
    template, given = module_of(symbol)
    assert given.keys() == template.parameters.keys()


def test_what_is_taken_from_a_module_is_one_of_its_outputs() -> None:
    taken = re.findall(r"\b(\w+)\.outputs\.(\w+)", (FOLDER / "main.bicep").read_text())
    assert taken
    assert [each for each in taken if each[1] not in module_of(each[0])[0].outputs] == []


def test_every_module_file_is_deployed() -> None:
    deployed = {Path(path).stem for path, _ in MAIN.modules.values()}
    assert deployed == TEMPLATES.keys() - {"main"}


def test_a_kind_of_resource_is_asked_for_in_one_version() -> None:
    versions = {(each.type, each.version) for got in TEMPLATES.values() for each in got.resources.values()}
    assert len(versions) == len({kind for kind, _ in versions})


@pytest.mark.parametrize(
    ("module", "provider", "dataset"),
    [
        ("openAiLogs", "Microsoft.CognitiveServices/accounts", LOGS),
        ("gatewayLogs", "Microsoft.ApiManagement/service", GATEWAY_LOGS),
        ("endpointLogs", "Microsoft.MachineLearningServices/workspaces/onlineEndpoints", ENDPOINTS),
    ],
)
def test_the_logs_of_a_resource_have_its_categories(module: str, provider: str, dataset: str) -> None:
    template, _ = module_of(module)
    scope = template.resources["logs"].body["scope"].text
    assert template.resources[scope].type == provider
    assert {DATASET_OF[category] for category in categories_of(module)} == {dataset}


def test_every_category_that_the_collector_routes_is_exported_once() -> None:
    exported = [each for module in ("openAiLogs", "gatewayLogs", "endpointLogs") for each in categories_of(module)]
    assert sorted(exported) == sorted(DATASET_OF)


def test_the_roles_are_the_documented_ones_at_the_narrowest_scope() -> None:
    assert sorted(assignments()) == sorted(
        [
            (ROLES["Azure Event Hubs Data Receiver"], "Microsoft.EventHub/namespaces/eventhubs"),
            (ROLES["Storage Blob Data Contributor"], "Microsoft.Storage/storageAccounts/blobServices/containers"),
            (ROLES["Storage Blob Data Contributor"], "Microsoft.Storage/storageAccounts/blobServices/containers"),
            (ROLES["Monitoring Reader"], "subscription"),
        ]
    )
    page = (ROOT / "docs" / "azure-permissions.md").read_text()
    table = page[: page.index("## ")]
    assert set(re.findall(r"\*\*([A-Z][\w ]+)\*\* \|", table)) - {"Listen"} == ROLES.keys()


def test_the_script_assigns_the_roles_of_the_templates(deploy: Deploy) -> None:
    calls, _ = deploy(GIVEN)
    given = options_of(calls, "role assignment create")
    kinds = [type_of(each["scope"]) for each in given]
    assert sorted(zip((each["role"] for each in given), kinds, strict=True)) == sorted(assignments())
    assert {each["assignee-object-id"] for each in given} == {NEEDED["PRINCIPAL_ID"]}
    assert {each["assignee-principal-type"] for each in given} == {"ServicePrincipal"}


def test_the_script_makes_the_event_hub_of_the_templates(deploy: Deploy) -> None:
    calls, _ = deploy(GIVEN)
    (namespace,) = options_of(calls, "eventhubs namespace create")
    expected = resource_of("eventHub", "namespace")
    assert expected["properties"] == {
        "minimumTlsVersion": namespace["minimum-tls-version"],
        "isAutoInflateEnabled": json.loads(namespace["enable-auto-inflate"]),
        "maximumThroughputUnits": int(namespace["maximum-throughput-units"]),
    }
    sku = {"name": namespace["sku"], "tier": namespace["sku"], "capacity": int(namespace["capacity"])}
    assert (expected["sku"], expected["name"]) == (sku, namespace["name"])
    assert namespace["location"] == "eastus"
    (hub,) = options_of(calls, "eventhubs eventhub create")
    retention = {
        "cleanupPolicy": hub["cleanup-policy"],
        "retentionTimeInHours": int(hub["retention-time-in-hours"]),
    }
    assert resource_of("eventHub", "hub")["properties"] == {
        "partitionCount": int(hub["partition-count"]),
        "retentionDescription": retention,
    }
    (group,) = options_of(calls, "eventhubs eventhub consumer-group create")
    assert resource_of("eventHub", "consumerGroup")["name"] == group["name"]
    (rule,) = options_of(calls, "eventhubs namespace authorization-rule create")
    expected = resource_of("eventHub", "azureMonitor")
    assert (expected["name"], expected["properties"]["rights"]) == (rule["name"], rule["rights"])


def test_the_script_makes_the_storage_account_of_the_templates(deploy: Deploy) -> None:
    calls, _ = deploy(GIVEN)
    (account,) = options_of(calls, "storage account create")
    expected = resource_of("stateStore", "account")
    assert expected["properties"] == {
        "allowBlobPublicAccess": json.loads(account["allow-blob-public-access"]),
        "allowSharedKeyAccess": json.loads(account["allow-shared-key-access"]),
        "minimumTlsVersion": account["min-tls-version"],
        "supportsHttpsTrafficOnly": json.loads(account["https-only"]),
    }
    named = {"name": account["sku"]}
    assert (expected["sku"], expected["kind"], expected["name"]) == (named, account["kind"], account["name"])
    (blobs,) = options_of(calls, "storage account blob-service-properties update")
    assert resource_of("stateStore", "blobs")["properties"] == {
        "deleteRetentionPolicy": {"enabled": json.loads(blobs["enable-delete-retention"])},
        "isVersioningEnabled": json.loads(blobs["enable-versioning"]),
    }
    containers = [each["name"] for each in options_of(calls, "storage container-rm create")]
    assert containers == [resource_of("stateStore", each)["name"] for each in ("checkpoints", "metrics")]


def test_the_script_exports_the_categories_of_the_templates(deploy: Deploy) -> None:
    calls, _ = deploy(GIVEN)
    given = options_of(calls, "monitor diagnostic-settings create")
    categories = {each["resource"]: [log["category"] for log in json.loads(each["logs"])] for each in given}
    assert categories == {
        ACCOUNT: categories_of("openAiLogs"),
        f"{ACCOUNT}-2": categories_of("openAiLogs"),
        GATEWAY: categories_of("gatewayLogs"),
        ENDPOINT: categories_of("endpointLogs"),
    }
    assert {each["name"] for each in given} == {resource_of("openAiLogs", "logs")["name"]}
    assert {each["event-hub"] for each in given} == {"insights-logs"}
    (rule,) = {each["event-hub-rule"] for each in given}
    assert rule.endswith("/Microsoft.EventHub/namespaces/evhns-aoai/authorizationRules/azure-monitor")


@pytest.mark.parametrize("messages", [False, True])
def test_the_script_lets_api_management_log_what_the_templates_do(deploy: Deploy, messages: bool) -> None:
    calls, _ = deploy(GIVEN | {"LOG_MESSAGES": json.dumps(messages)})
    logger, api = options_of(calls, "rest")
    template, parameters = module_of("llmApiLogging")
    diagnostic = template.resources["diagnostic"]
    expected = template.value(diagnostic.body, parameters | {"logMessages": messages})["properties"]
    assert json.loads(api["body"])["properties"] == expected | {"loggerId": f"{GATEWAY}/loggers/azuremonitor"}
    assert expected["loggerId"] == "<service.id>/loggers/azuremonitor"
    assert ("requests" in expected["largeLanguageModel"]) is messages
    assert api["url"] == f"{LLM_API}/diagnostics/azuremonitor?api-version={diagnostic.version}"
    made = TEMPLATES["gateway-logs"].resources["logger"]
    assert json.loads(logger["body"])["properties"] == resource_of("gatewayLogs", "logger")["properties"]
    assert logger["url"] == f"{GATEWAY}/loggers/azuremonitor?api-version={made.version}"


def test_messages_are_not_logged_unless_somebody_asks(deploy: Deploy) -> None:
    assert MAIN.parameters["logMessages"].default is False
    calls, _ = deploy(GIVEN)
    assert not [call for call in calls if "messages" in json.dumps(call)]


def test_without_resources_no_setting_of_a_resource_is_touched(deploy: Deploy) -> None:
    calls, _ = deploy(NEEDED)
    assert {name.split()[0] for name, _ in calls} == {"account", "eventhubs", "group", "role", "storage"}


def test_script_and_template_print_the_same_environment(deploy: Deploy) -> None:
    _, printed = deploy(NEEDED)
    lines = read_lines(MAIN.value(MAIN.outputs["environment"], PARAMETERS))
    known = {name: value for name, value in lines.items() if not value.startswith("<")}
    assert printed.keys() == lines.keys()
    assert known.keys() == lines.keys() - {"AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID"}
    assert known.items() <= printed.items()


@pytest.mark.parametrize("login", ["managed_identity", "client_secret"])
def test_the_environment_is_what_a_policy_needs(deploy: Deploy, login: str) -> None:
    calls, printed = deploy(NEEDED)
    name = {"managed_identity": "managed-identity", "client_secret": "service-principal"}[login]
    path = FOLDER / f"policy-{name}.yml"
    own = set(re.findall(r"^#   ([A-Z_]+) ", path.read_text(), re.MULTILINE))
    values = dict.fromkeys(own, "a:b") | {
        "AZURE_CLIENT_ID": "11111111-1111-4111-8111-111111111111",
        "ELASTICSEARCH_URL": "https://search.example.net",
    }

    policy = load_policy(path, printed | values)

    logs, metrics = (each.streams[0] for each in policy.inputs)
    assert (logs.auth_type, metrics.auth_type) == (login, login)
    assert (logs.eventhub_namespace, logs.eventhub) == ("evhns-aoai.servicebus.windows.net", "insights-logs")
    assert (logs.consumer_group, logs.storage_account) == ("aoai-collector", "staoai")
    containers = {each["name"] for each in options_of(calls, "storage container-rm create")}
    assert {logs.storage_account_container, metrics.storage_account_container} == containers
    assert set(re.findall(r"\$\{env\.(\w+)\}", path.read_text())) <= printed.keys() | own
