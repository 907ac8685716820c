"""The input azure/metrics in a policy: what follows from what is written, and what stands for everything."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from collector.policy import AzureMetricsStream, Policy, Secret, render_effective

type Load = Callable[..., Policy]

SUBSCRIPTION = "33333333-3333-4333-8333-333333333333"
ACCOUNT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/chat"
HEAD = f"""
outputs:
  default: {{type: elasticsearch, hosts: ["http://127.0.0.1:9200"]}}
inputs:
  - type: azure/metrics
    streams:
      - subscription_id: {SUBSCRIPTION}
        tenant_id: example.org
        client_id: 11111111-1111-4111-8111-111111111111
        client_secret: "${{env.SECRET}}"
"""


def load_stream(load: Load, **keys: str) -> AzureMetricsStream:
    text = HEAD + "".join(f"        {key}: {value}\n" for key, value in keys.items())
    [(_, stream)] = load(text, {"SECRET": "canary"}).metrics_streams()
    return stream


def test_three_keys_and_a_secret_are_enough(load: Load) -> None:
    policy = load(HEAD, {"SECRET": "canary"})
    stream = load_stream(load)
    assert (policy.inputs[0].id, stream.id) == ("azure/metrics", "azure/metrics-aoai.metrics")
    assert stream.client_secret == Secret("canary")
    assert (stream.period, stream.latency) == (timedelta(seconds=60), timedelta(minutes=3))
    assert (stream.backfill, stream.refresh_list_interval) == (timedelta(hours=24), timedelta(minutes=10))
    assert (stream.checkpoint_store, stream.enable_batch_api, stream.reads_everything) == ("sqlite", True, True)
    assert (stream.data_stream.type, stream.data_stream.dataset) == ("metrics", "aoai.metrics")
    assert policy.notes == ()
    assert list(policy.streams()) == []
    assert policy.monitoring_output == "default"


CLOUDS = {
    "public": ("login.microsoftonline.com", "management.azure.com", "metrics.monitor.azure.com"),
    "us_government": ("login.microsoftonline.us", "management.usgovcloudapi.net", "metrics.monitor.azure.us"),
    "china": ("login.chinacloudapi.cn", "management.chinacloudapi.cn", "metrics.monitor.azure.cn"),
}
"""The hosts that Microsoft documents for each cloud."""


def check_cloud(stream: AzureMetricsStream, cloud: str) -> None:
    login, manager, metrics = CLOUDS[cloud]
    assert stream.cloud == cloud
    assert stream.authority_host == f"https://{login}"
    assert stream.resource_manager_endpoint == stream.resource_manager_audience == f"https://{manager}"
    assert (stream.metrics_endpoint, stream.metrics_audience) == (f"https://{{region}}.{metrics}", f"https://{metrics}")


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_name_of_a_cloud_gives_every_address(load: Load, cloud: str) -> None:
    check_cloud(load_stream(load, cloud=cloud), cloud)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_elastics_own_key_names_the_cloud(load: Load, cloud: str) -> None:
    check_cloud(load_stream(load, resource_manager_endpoint=f"https://{CLOUDS[cloud][1]}/"), cloud)


def test_the_login_host_has_a_second_name_in_elastics_input(load: Load) -> None:
    stream = load_stream(load, active_directory_endpoint="https://login.microsoftonline.us/")
    assert (stream.authority_host, stream.cloud) == ("https://login.microsoftonline.us", "us_government")


def test_a_private_front_of_resource_manager_keeps_the_clouds_audience(load: Load) -> None:
    stream = load_stream(load, resource_manager_endpoint="https://manager.example.org")
    assert stream.resource_manager_endpoint == "https://manager.example.org"
    assert stream.resource_manager_audience == "https://management.azure.com"


def test_one_value_stands_for_a_list_of_one(load: Load) -> None:
    stream = load_stream(load, resource_groups="rg-chat", resource_ids=ACCOUNT)
    assert (stream.subscription_id, stream.resource_groups) == ((SUBSCRIPTION,), ("rg-chat",))
    assert stream.resource_ids == (ACCOUNT,)
    assert not stream.reads_everything


@pytest.mark.parametrize(
    ("resources", "ids", "groups", "everything"),
    [
        ("[{resource_query: \"resourceType eq 'Microsoft.CognitiveServices/accounts'\"}]", (), (), True),
        ("[{resource_group: [rg-a, rg-b], resource_type: Microsoft.CognitiveServices/accounts}]", (), 2, False),
        (f"[{{resource_id: {ACCOUNT}}}]", 1, (), False),
        (f"[{{resource_id: [{ACCOUNT}]}}, {{resource_group: rg-a}}]", 1, 1, False),
        ("[{resource_group: rg-a}, {resource_type: Microsoft.Web/sites, resource_group: rg-b}]", (), 1, False),
    ],
)
def test_the_resources_that_kibana_writes_are_chosen(
    load: Load, resources: str, ids: object, groups: object, *, everything: bool
) -> None:
    stream = load_stream(load, resources=resources)
    assert len(stream.chosen_ids) == (ids or 0)
    assert len(stream.chosen_groups) == (groups or 0)
    assert stream.reads_everything is everything


def test_a_storage_account_keeps_the_cursor_for_several_collectors(load: Load) -> None:
    stream = load_stream(load, storage_account="openaistate")
    assert (stream.checkpoint_store, stream.storage_account_container) == ("blob", "aoai-metrics")
    assert stream.storage_account_endpoint == "https://openaistate.blob.core.windows.net"


@pytest.mark.parametrize(
    "login", ["managed_identity", "workload_identity", "default_credential", "client_certificate", "client_secret"]
)
def test_every_login_at_entra_id_is_taken(load: Load, login: str) -> None:
    own = {"client_certificate": 'client_certificate: "${env.PEM}"', "client_secret": 'client_secret: "${env.SECRET}"'}
    text = HEAD.partition("        tenant_id")[0] + f"        auth_type: {login}\n"
    if login in own:
        text += f"        tenant_id: example.org\n        client_id: {SUBSCRIPTION}\n        {own[login]}\n"
    policy = load(text, {"SECRET": "canary", "PEM": "-----BEGIN PRIVATE KEY-----"})
    assert [stream.auth_type for _, stream in policy.metrics_streams()] == [login]


def test_it_runs_beside_an_event_hub_and_what_is_printed_is_a_policy(load: Load) -> None:
    hub = """
  - type: azure-eventhub
    streams: [{eventhub: hub, auth_type: managed_identity, eventhub_namespace: example}]
"""
    policy = load(HEAD + hub, {"SECRET": "canary"})
    printed = render_effective(policy)
    assert "canary" not in printed
    again = load(printed.replace("'**********'", '"${env.SECRET}"'), {"SECRET": "canary"})
    assert again == policy
    assert [len(list(again.streams())), len(list(again.metrics_streams()))] == [1, 1]
