"""What a stock Elastic Agent is configured with, from the package's variables and templates.

Keys and their meaning: Elastic's reference of the azure-eventhub input and of the azure module's monitor metricset.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml
from plugins.fleet_templates import compile_stream, read_manifest, variables_of

from collector.azure_monitor.metrics import load_metrics
from collector.policy import load_policy
from collector.policy.azure_metrics import AzureMetricsStream
from collector.policy.event_hub import EventHubStream

ACCOUNTS = "Microsoft.CognitiveServices/accounts"
ACCOUNT = f"/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/rg/providers/{ACCOUNTS}/chat"
LOGS = ("endpoints", "gateway", "logs")
CONNECTION = {
    "connection_string": "Endpoint=sb://example.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=a2V5",
    "storage_account": "examplestorage",
    "storage_account_key": "c3RvcmFnZQ==",
    "eventhub": "insights-logs",
}
APPLICATION = {
    "auth_type": "client_secret",
    "eventhub_namespace": "example.servicebus.windows.net",
    "tenant_id": "22222222-2222-4222-8222-222222222222",
    "client_id": "11111111-1111-4111-8111-111111111111",
    "client_secret": "it's #1: secret",
    "storage_account": "examplestorage",
    "eventhub": "insights-logs",
}
MONITOR = {
    "subscription_id": "33333333-3333-4333-8333-333333333333",
    "tenant_id": "22222222-2222-4222-8222-222222222222",
    "client_id": "11111111-1111-4111-8111-111111111111",
    "client_secret": "it's #1: secret",
}
OTHER_DEFAULTS = {
    ("metrics", "period"): "the Elastic Agent's input takes multiples of five minutes only",
    ("logs", "tags"): "tags are shown in Kibana, to be changed",
    ("metrics", "tags"): "tags are shown in Kibana, to be changed",
}
STREAMS = {"logs": EventHubStream, "metrics": AzureMetricsStream}


def test_a_hub_is_read_by_connection_string() -> None:
    assert compile_stream("logs", CONNECTION) == {
        "processor_version": "v2",
        "migrate_checkpoint": True,
        "auth_type": "connection_string",
        "connection_string": CONNECTION["connection_string"],
        "storage_account": "examplestorage",
        "storage_account_connection_string": (
            "DefaultEndpointsProtocol=https;AccountName=examplestorage;AccountKey=c3RvcmFnZQ==;"
            "EndpointSuffix=core.windows.net"
        ),
        "storage_account_container": "aoai-insights-logs",
        "eventhub": "insights-logs",
        "consumer_group": "$Default",
        "processor_start_position": "earliest",
        "tags": ["azure-openai-logs", "forwarded"],
        "publisher_pipeline.disable_host": True,
    }


def test_a_hub_is_read_by_client_secret_and_no_key_is_left_in_the_policy() -> None:
    compiled = compile_stream("logs", {**APPLICATION, "connection_string": "left over", "storage_account_key": "too"})
    assert "left over" not in str(compiled)
    assert "too" not in str(compiled)
    assert APPLICATION.items() <= compiled.items()


def test_a_hub_is_read_with_what_was_chosen() -> None:
    chosen = {
        "transport": "websocket",
        "consumer_group": "elastic",
        "storage_account_container": "mine",
        "processor_start_position": "latest",
        "preserve_original_event": True,
        "tags": ["mine"],
        "processors": "- add_tags:\n    tags: [more]",
    }
    compiled = compile_stream("logs", {**CONNECTION, **chosen})
    assert compiled["tags"] == ["preserve_original_event", "mine"]
    assert compiled["processors"] == [{"add_tags": {"tags": ["more"]}}]
    assert "publisher_pipeline.disable_host" not in compiled
    for key in ("transport", "consumer_group", "storage_account_container", "processor_start_position"):
        assert compiled[key] == chosen[key]


@pytest.mark.parametrize(
    ("cloud", "storage", "login", "management"),
    [
        ("us_government", "core.usgovcloudapi.net", "login.microsoftonline.us", "management.usgovcloudapi.net"),
        ("china", "core.chinacloudapi.cn", "login.chinacloudapi.cn", "management.chinacloudapi.cn"),
    ],
)
def test_a_cloud_other_than_the_public_one_is_reached_at_its_own_hosts(
    cloud: str, storage: str, login: str, management: str
) -> None:
    by_key = compile_stream("logs", {**CONNECTION, "cloud": cloud})
    assert by_key["storage_account_connection_string"].endswith(f";EndpointSuffix={storage}")
    assert compile_stream("logs", {**APPLICATION, "cloud": cloud})["authority_host"] == f"https://{login}"
    metrics = compile_stream("metrics", {**MONITOR, "cloud": cloud})
    assert metrics["resource_manager_endpoint"] == f"https://{management}/"
    assert metrics["active_directory_endpoint"] == f"https://{login}/"


def test_every_account_of_the_subscription_is_polled_unless_some_are_chosen() -> None:
    compiled = compile_stream("metrics", MONITOR)
    (resources,) = compiled.pop("resources")
    assert resources.pop("metrics")
    assert resources == {"resource_query": f"resourceType eq '{ACCOUNTS}'"}
    assert compiled == {
        "metricsets": ["monitor"],
        "period": "300s",
        "refresh_list_interval": "600s",
        **MONITOR,
        "tags": ["azure-openai-metrics", "forwarded"],
        "publisher_pipeline.disable_host": True,
    }


def test_chosen_groups_and_accounts_are_polled_with_the_same_metrics() -> None:
    compiled = compile_stream("metrics", {**MONITOR, "resource_groups": ["rg-a", "rg-b"], "resource_ids": [ACCOUNT]})
    by_group, by_id = compiled["resources"]
    assert (by_group["resource_group"], by_group["resource_type"]) == (["rg-a", "rg-b"], ACCOUNTS)
    assert by_id["resource_id"] == [ACCOUNT]
    (everything,) = compile_stream("metrics", MONITOR)["resources"]
    assert by_group["metrics"] == by_id["metrics"] == everything["metrics"]


def test_every_metric_of_an_account_is_asked_for_once_by_all_its_dimensions() -> None:
    (resources,) = compile_stream("metrics", MONITOR)["resources"]
    asked = [
        (name, tuple(dimension["name"] for dimension in group["dimensions"]))
        for group in resources["metrics"]
        for name in group["name"]
    ]
    wanted = [(m.name, m.dimensions) for m in load_metrics() if m.namespace == ACCOUNTS and not m.deprecated]
    assert sorted(asked) == sorted(wanted)
    for group in resources["metrics"]:
        assert (group["namespace"], group["timegrain"], group["ignore_unsupported"]) == (ACCOUNTS, "PT1M", True)
        assert {dimension["value"] for dimension in group["dimensions"]} == {"*"}


@pytest.mark.parametrize("folder", LOGS)
def test_every_data_stream_of_logs_is_collected_in_the_same_way(folder: str) -> None:
    first, *_ = LOGS
    tags = {"tags": ["same"]}
    assert compile_stream(folder, CONNECTION | tags) == compile_stream(first, CONNECTION | tags)


@pytest.mark.parametrize("folder", sorted(STREAMS))
def test_a_variable_is_a_key_of_our_policy_with_the_same_default(folder: str) -> None:
    keys = STREAMS[folder].model_fields
    for variable in variables_of(folder):
        key = keys[variable["name"]]
        if "default" in variable and (folder, variable["name"]) not in OTHER_DEFAULTS:
            default = key.get_default()
            shown = f"{default.total_seconds():.0f}s" if hasattr(default, "total_seconds") else default
            assert variable["default"] == getattr(shown, "value", shown), variable["name"]


@pytest.mark.parametrize("login", [CONNECTION, APPLICATION], ids=["connection_string", "client_secret"])
def test_the_policy_that_kibana_shows_is_one_for_our_collector(login: dict[str, Any], tmp_path: Path) -> None:
    """An Elastic Agent can be replaced by our collector, which goes on at the agent's checkpoints."""
    policy = load_policy(_write_policy(tmp_path, login), {})
    logs, metrics = (each.streams[0] for each in policy.inputs)
    assert isinstance(logs, EventHubStream)
    assert isinstance(metrics, AzureMetricsStream)
    assert (logs.eventhub, logs.checkpoint_store, logs.storage_account_container) == (
        "insights-logs",
        "blob",
        "aoai-insights-logs",
    )
    assert metrics.subscription_id == (MONITOR["subscription_id"],)
    assert metrics.reads_everything


def _write_policy(folder: Path, login: dict[str, Any]) -> Path:
    """The policy of a standalone agent: as in tests/policy/good/kibana-standalone.yml, for our package."""
    inputs = [
        {
            "id": f"{kind}-azure_openai-0b0b0b0b",
            "revision": 2,
            "name": "aoai-1",
            "type": kind,
            "data_stream": {"namespace": "default"},
            "use_output": "default",
            "package_policy_id": "0b0b0b0b",
            "streams": [
                {
                    "id": f"{kind}-{read_manifest(name)['dataset']}-0b0b0b0b",
                    "data_stream": {"dataset": read_manifest(name)["dataset"], "type": name},
                    **compile_stream(name, given),
                }
            ],
            "meta": {"package": {"name": "aoai", "version": "0.1.0"}},
        }
        for kind, name, given in (("azure-eventhub", "logs", login), ("azure/metrics", "metrics", MONITOR))
    ]
    output = {"type": "elasticsearch", "hosts": ["https://es.example.org:9200"], "api_key": "id:key"}
    path = folder / "policy.yml"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({"id": "0a0a0a0a", "outputs": {"default": output}, "inputs": inputs}))
    return path
