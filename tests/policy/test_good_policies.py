"""Policies that load, and what they mean."""

import base64
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from collector.policy import Policy, PolicyError, Secret, load_policy

GOOD = Path(__file__).parent / "good"
HUB = "Endpoint=sb://Example.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=secret"
STORAGE = (
    "DefaultEndpointsProtocol=https;AccountName=openaicheckpoints;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net"
)
type Load = Callable[..., Policy]

SMALL = """
outputs: {{default: {{type: elasticsearch, hosts: {hosts}{output}}}}}
inputs:
  - type: azure-eventhub
    streams:
      - eventhub: "{hub}"
        connection_string: "${{env.HUB}}"
{stream}
"""


def small(hosts: str = "[localhost]", output: str = "", hub: str = "hub", stream: str = "") -> str:
    lines = "\n".join(f"        {line}" for line in stream.splitlines())
    return SMALL.format(hosts=hosts, output=f", {output}" if output else "", hub=hub, stream=lines)


@pytest.fixture
def load_small(load: Load) -> Load:
    def load_with(environ: dict[str, str] | None = None, **parts: str) -> Policy:
        return load(small(**parts), {"HUB": HUB, **(environ or {})})

    return load_with


def test_the_quick_start_policy_runs_as_it_stands_in_a_file_that_all_can_read(load: Load) -> None:
    policy = load((GOOD / "quick-start.yml").read_text(), mode=0o644)
    stream = policy.inputs[0].streams[0]
    assert (stream.eventhub, stream.consumer_group, stream.namespace) == ("hub", "$Default", "localhost:5672")
    assert (stream.data_stream.dataset, stream.data_stream.namespace) == ("aoai.logs", "default")
    assert (stream.checkpoint_store, policy.notes) == ("sqlite", ())


KIBANA_ENVIRON = {"API_KEY": "id:key", "SECRET_0": HUB, "SECRET_1": "c2VjcmV0", "SECRET_2": "secret"}


def test_the_policy_that_kibana_shows_runs_unchanged_without_the_secrets_of_what_is_not_served(load: Load) -> None:
    policy = load((GOOD / "kibana-standalone.yml").read_text(), KIBANA_ENVIRON, mode=0o644)
    stream = policy.inputs[0].streams[0]
    assert list(policy.outputs) == ["default"]
    assert policy.outputs["default"].urls == ("https://search.example.net:443",)
    assert (stream.data_stream.dataset, stream.data_stream.namespace) == ("azure_openai.logs", "production")
    assert (stream.checkpoint_store, stream.storage_account_container) == ("blob", "filebeat-openai-insights-logs")
    assert stream.tags == ("azure-openai-logs", "forwarded")


def test_each_thing_that_is_not_used_is_explained_once(load: Load) -> None:
    notes = load((GOOD / "kibana-standalone.yml").read_text(), KIBANA_ENVIRON).notes
    subjects = [note.split(": ", 1)[1].partition(" is not used: ")[0] for note in notes]
    assert subjects == [
        "id",
        "revision",
        "output_permissions",
        "agent.download",
        "agent.monitoring.logs",
        "agent.features",
        "secret_references",
        "outputs.default.preset",
        "outputs.archive",
        "inputs[0].revision",
        "inputs[0].name",
        "inputs[0].package_policy_id",
        "inputs[0].meta",
        "inputs[0].streams[0].publisher_pipeline.disable_host",
        "inputs[1].revision",
        "inputs[1].name",
        "inputs[1].streams[0].data_stream.elasticsearch",
        "inputs[1].streams[0].metricsets",
        "inputs[2].streams[0]",
        "inputs[2].streams[1]",
    ]


def test_metrics_of_other_packages_are_left_out_with_the_reason(load: Load) -> None:
    policy = load((GOOD / "kibana-standalone.yml").read_text(), KIBANA_ENVIRON)
    assert [stream.id.split("-")[1] for _, stream in policy.metrics_streams()] == ["azure.open_ai"]
    assert [note.partition(" is not used: ")[2] for note in policy.notes[-2:]] == [
        "its metricset is compute_vm, and monitor is what this collector serves.",
        "its resources are of other kinds than Azure OpenAI accounts and Azure ML online endpoints.",
    ]


def test_every_key_arrives_in_its_type(load: Load) -> None:
    environ = {"ES_PASSWORD": "p", "TENANT": "t", "HUB": HUB, "STORAGE": STORAGE, "CLIENT_SECRET": "s"}
    environ |= {"PROXY_PASSWORD": "q", "SITE": "x", "SERVICE_TOKEN": "v", "CONTENT_HASH_KEY": "k" * 16}
    policy = load((GOOD / "every-key.yml").read_text(), environ)
    output = policy.outputs["main"]
    assert output.proxy_url == Secret("http://aoai:q@proxy.example.org:3128")
    assert (output.proxy_headers, output.proxy_disable) == ({"X-Site": Secret("x")}, False)
    cloud = policy.outputs["cloud"]
    assert (cloud.urls, cloud.service_token) == (("https://abc.example.org:443",), Secret("v"))
    assert output.urls == ("https://one.example.org:9200/es", "https://two.example.org:9200/es")
    assert output.ssl.ca_trusted_fingerprint == "aabbccddeeff00112233445566778899" * 2
    assert (output.timeout, output.flush_timeout) == (timedelta(seconds=30), timedelta(seconds=1))
    assert (output.backoff.init, output.backoff.max) == (timedelta(milliseconds=500), timedelta(minutes=2))
    assert (output.bulk_max_bytes, output.max_in_flight_bytes) == (10 * 2**20, 100 * 2**20)
    assert output.max_in_flight_records == 50_000
    assert output.headers == {"X-Tenant": Secret("t")}
    first, second = policy.inputs[0].streams
    assert (first.data_stream.namespace, second.data_stream.namespace) == ("team_b", "team_a")
    assert (first.namespace, second.namespace) == (
        "example.servicebus.windows.net:5671",
        "example.servicebus.usgovcloudapi.net:5671",
    )
    assert (first.checkpoint_store, first.storage_account_container) == ("blob", "aoai-gateway")
    assert second.storage_account_container == "aoai-insights-logs"
    assert first.preserve_original_event
    assert (first.prefetch, first.prefetch_bytes) == (100, 8 * 2**20)
    monitoring = policy.agent.monitoring
    assert (monitoring.http.host, monitoring.http.port) == ("::1", 8766)
    assert (monitoring.metrics_period, monitoring.namespace) == (timedelta(seconds=10), "operations")
    assert policy.monitoring_output == "cloud"


def test_the_defaults_are_those_of_the_documents(load_small: Load) -> None:
    policy = load_small()
    output, stream = policy.outputs["default"], policy.inputs[0].streams[0]
    assert output.urls == ("http://localhost:9200",)
    assert (output.compression_level, output.bulk_max_size, output.worker) == (1, 1600, 4)
    assert (output.bulk_max_bytes, output.max_in_flight_bytes) == (5 * 2**20, 32 * 2**20)
    assert output.max_in_flight_records == 24_000
    assert (output.timeout, output.flush_timeout) == (timedelta(seconds=90), timedelta(milliseconds=100))
    assert (policy.inputs[0].id, stream.id) == ("azure-eventhub", "azure-eventhub-aoai.logs")
    assert (stream.prefetch, stream.prefetch_bytes) == (300, 16 * 2**20)
    assert stream.processor_update_interval == timedelta(seconds=5)


def test_without_a_word_on_monitoring_it_is_served_on_this_machine_and_sent_to_the_output_default(
    load_small: Load,
) -> None:
    policy = load_small()
    monitoring = policy.agent.monitoring
    assert (monitoring.enabled, monitoring.http.enabled, monitoring.metrics) == (True, True, True)
    assert (monitoring.http.host, monitoring.http.port) == ("127.0.0.1", 8765)
    assert (monitoring.metrics_period, monitoring.namespace) == (timedelta(seconds=60), "default")
    assert policy.monitoring_output == "default"


def test_documents_of_monitoring_go_nowhere_when_their_output_is_not_served(load: Load) -> None:
    text = (
        (GOOD / "kibana-standalone.yml")
        .read_text()
        .replace("use_output: default\n    logs", "use_output: archive\n    logs")
    )
    policy = load(text, KIBANA_ENVIRON)
    assert policy.monitoring_output is None
    assert any("agent.monitoring.use_output is not used: its output is of a type" in note for note in policy.notes)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("search", "http://search:9200"),
        ("search:9243", "http://search:9243"),
        ("http://search", "http://search:9200"),
        ("https://search/", "https://search:9200"),
        ("https://search:443/es/", "https://search:443/es"),
        ("[::1]:9201", "http://[::1]:9201"),
    ],
)
def test_a_host_becomes_a_whole_address(load_small: Load, host: str, url: str) -> None:
    assert load_small(hosts=f'["{host}"]').outputs["default"].urls == (url,)


def encode_cloud_id(content: str) -> str:
    return f"my-deployment:{base64.b64encode(content.encode()).decode()}"


@pytest.mark.parametrize(
    ("content", "url"),
    [
        ("westeurope.azure.elastic-cloud.com$abc123$def456", "https://abc123.westeurope.azure.elastic-cloud.com:443"),
        (
            "westeurope.azure.elastic-cloud.com:9243$abc123$def456",
            "https://abc123.westeurope.azure.elastic-cloud.com:9243",
        ),
        ("example.org:9243$abc:9244$def", "https://abc.example.org:9244"),
        ("example.org$abc", "https://abc.example.org:443"),
    ],
)
def test_a_cloud_id_stands_for_the_address_of_its_elasticsearch(load: Load, content: str, url: str) -> None:
    text = small().replace("hosts: [localhost]", f'cloud_id: "{encode_cloud_id(content)}"')
    assert load(text, {"HUB": HUB}).outputs["default"].urls == (url,)


def test_a_cloud_id_may_be_written_with_a_dot(load: Load) -> None:
    text = small().replace("hosts: [localhost]", f'cloud.id: "{encode_cloud_id("example.org$abc")}"')
    assert load(text, {"HUB": HUB}).outputs["default"].urls == ("https://abc.example.org:443",)


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("proxy:3128", "http://proxy:3128"),
        ("http://proxy:3128/", "http://proxy:3128"),
        ("http://u:p@proxy:3128", "http://u:p@proxy:3128"),
    ],
)
def test_a_proxy_becomes_a_whole_address(load_small: Load, written: str, whole: str) -> None:
    output = load_small(output=f"proxy_url: '{written}'").outputs["default"]
    assert output.proxy_url == Secret(whole)


def test_the_address_of_a_proxy_may_stand_in_a_file_that_all_can_read(load: Load) -> None:
    text = small(output='proxy_url: "http://proxy:3128"')
    assert load(text, {"HUB": HUB}, mode=0o644).outputs["default"].proxy_url is not None


@pytest.mark.parametrize("written", ["an-id:a-key", base64.b64encode(b"an-id:a-key").decode()])
def test_an_api_key_may_be_plain_or_encoded(load_small: Load, written: str) -> None:
    policy = load_small({"KEY": written}, output='api_key: "${env.KEY}"')
    encoded = policy.outputs["default"].encoded_api_key
    assert encoded is not None
    assert encoded.reveal() == "YW4taWQ6YS1rZXk="


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${env.GROUP}", "group-1"),
        ("${GROUP}", "group-1"),
        ("${ env.NONE | env.GROUP }", "group-1"),
        ("${env.NONE|'other'}", "other"),
        ("${env.NONE:other}", "other"),
        ("pre-${env.GROUP}-post", "pre-group-1-post"),
        ("$$Default", "$$Default"),
        ("$Default", "$Default"),
        ("$${env.GROUP}", "${env.GROUP}"),
        ("$${a}${env.GROUP}", "${a}group-1"),
        ("${env.NESTED}", "${env.GROUP}"),
    ],
)
def test_a_variable_is_replaced(load_small: Load, written: str, value: str) -> None:
    environ = {"GROUP": "group-1", "NESTED": "${env.GROUP}"}
    policy = load_small(environ, stream=f'tags: ["{written}"]')
    assert policy.inputs[0].streams[0].tags == (value,)


def test_a_number_and_a_switch_may_come_from_the_environment(load_small: Load) -> None:
    stream = 'prefetch: "${env.N}"\npreserve_original_event: "${env.ON}"'
    policy = load_small({"N": "50", "ON": "True"}, stream=stream)
    loaded = policy.inputs[0].streams[0]
    assert (loaded.prefetch, loaded.preserve_original_event) == (50, True)


def test_a_secret_may_come_from_a_file(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "hub"
    file.write_text(HUB + "\n")
    providers = f"providers: {{filesource: {{sources: {{hub: {{path: {file}}}}}}}}}\n"
    policy = load(providers + small().replace("${env.HUB}", "${filesource.hub}"))
    assert policy.inputs[0].streams[0].connection_string == Secret(HUB)
    assert policy.notes == ()


def test_dotted_keys_anchors_and_merge_keys_are_read(load: Load) -> None:
    text = """
outputs:
  default: {type: elasticsearch, hosts: a, backoff.init: 2s, backoff.max: 3s}
inputs:
  - type: azure-eventhub
    data_stream.namespace: team
    streams:
      - &base {id: one, eventhub: one, connection_string: "${env.HUB}"}
      - {<<: *base, id: two, eventhub: two}
"""
    policy = load(text, {"HUB": HUB})
    assert policy.outputs["default"].backoff.init == timedelta(seconds=2)
    assert [(s.id, s.eventhub, s.data_stream.namespace) for _, s in policy.streams()] == [
        ("one", "one", "team"),
        ("two", "two", "team"),
    ]


def test_what_is_disabled_is_not_looked_at(load: Load) -> None:
    disabled = '  - {id: off, type: azure-eventhub, enabled: "${env.OFF}", streams: nonsense}\n'
    policy = load(small() + disabled, {"HUB": HUB, "OFF": "false"})
    assert [entry.id for entry in policy.inputs] == ["azure-eventhub"]
    assert policy.notes[0].endswith("inputs[1] is not used: it has enabled: false.")


def test_a_key_that_comes_as_a_variable_inside_a_connection_string_is_no_literal_secret(load: Load) -> None:
    text = small().replace("${env.HUB}", HUB.replace("=secret", "=${env.KEY}"))
    assert load(text, {"KEY": "secret"}, mode=0o644).inputs[0].streams[0].connection_string == Secret(HUB)


def test_the_known_account_of_the_storage_emulator_is_no_secret(load: Load) -> None:
    azurite = "AccountName=devstoreaccount1;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1"
    text = small(stream=f'storage_account_connection_string: "{azurite}"')
    assert load(text, {"HUB": HUB}, mode=0o644).inputs[0].streams[0].checkpoint_store == "blob"


def test_a_policy_cannot_be_changed(load_small: Load) -> None:
    policy = load_small()
    with pytest.raises(ValueError, match="frozen"):
        policy.inputs[0].streams[0].prefetch = 1


def test_a_missing_file_is_a_policy_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read: no such file"):
        load_policy(tmp_path / "none.yml", {})
