"""Every way in to Azure as keys of a stream: what follows from a cloud's name, and what overrides it."""

from collections.abc import Callable

import pytest

from collector.policy import EventHubStream, Policy, render_effective

Load = Callable[..., Policy]

APPLICATION = "11111111-1111-4111-8111-111111111111"
HEAD = """
outputs:
  default: {type: elasticsearch, hosts: ["http://127.0.0.1:9200"]}
inputs:
  - id: logs
    type: azure-eventhub
    streams:
      - eventhub: hub
"""


def load_stream(load: Load, **keys: str) -> EventHubStream:
    text = HEAD + "".join(f"        {key}: {value}\n" for key, value in keys.items())
    return load(text, {"CANARY": "sv=1&sig=canary"}).inputs[0].streams[0]


@pytest.mark.parametrize(
    ("cloud", "authority", "namespace", "blobs"),
    [
        ("public", "login.microsoftonline.com", "servicebus.windows.net", "blob.core.windows.net"),
        ("us_government", "login.microsoftonline.us", "servicebus.usgovcloudapi.net", "blob.core.usgovcloudapi.net"),
        ("china", "login.chinacloudapi.cn", "servicebus.chinacloudapi.cn", "blob.core.chinacloudapi.cn"),
    ],
)
def test_the_name_of_a_cloud_is_enough(load: Load, cloud: str, authority: str, namespace: str, blobs: str) -> None:
    stream = load_stream(
        load, auth_type="managed_identity", cloud=cloud, eventhub_namespace="example", storage_account="checkpoints"
    )

    assert stream.authority_host == f"https://{authority}"
    assert stream.eventhub_namespace == f"example.{namespace}"
    assert stream.storage_account_endpoint == f"https://checkpoints.{blobs}"


@pytest.mark.parametrize(
    "keys",
    [
        {"auth_type": "managed_identity", "eventhub_namespace": "example.servicebus.usgovcloudapi.net"},
        {
            "auth_type": "managed_identity",
            "eventhub_namespace": "example",
            "authority_host": "https://login.microsoftonline.us",
        },
        {
            "connection_string": "Endpoint=sb://example.servicebus.usgovcloudapi.net/;SharedAccessKeyName=n;"
            "SharedAccessKey=k",
            "storage_account_key": "key",
        },
    ],
    ids=["namespace", "authority", "connection string"],
)
def test_a_host_in_another_key_tells_the_cloud(load: Load, keys: dict[str, str]) -> None:
    stream = load_stream(load, storage_account="checkpoints", **keys)

    assert stream.cloud == "us_government"
    assert stream.storage_account_endpoint == "https://checkpoints.blob.core.usgovcloudapi.net"


def test_explicit_endpoints_stand_in_every_cloud(load: Load) -> None:
    stream = load_stream(
        load,
        auth_type="default_credential",
        cloud="china",
        authority_host="https://login.example.org",
        eventhub_namespace="hubs.example.org",
        custom_endpoint_address="sb://gateway.example.org:8443",
        storage_account_endpoint="https://blobs.example.org/",
        transport="websocket",
        proxy_url="proxy.example.org:3128",
    )

    assert stream.authority_host == "https://login.example.org"
    assert stream.eventhub_namespace == "hubs.example.org"
    assert stream.custom_endpoint_address == "gateway.example.org:8443"
    assert stream.storage_account_endpoint == "https://blobs.example.org"
    assert stream.checkpoint_store == "blob"


@pytest.mark.parametrize(
    "keys",
    [
        {
            "auth_type": "client_secret",
            "tenant_id": "example.org",
            "client_id": APPLICATION,
            "client_secret": "canary",
        },
        {"auth_type": "managed_identity", "managed_identity_client_id": APPLICATION},
        {"auth_type": "workload_identity", "workload_identity_token_file": "/run/token"},
        {"auth_type": "workload_identity", "tenant_id": "example.org", "client_id": APPLICATION},
        {"auth_type": "default_credential"},
    ],
    ids=lambda keys: "-".join(keys.values())[:30],
)
def test_a_login_at_entra_id_opens_storage_too(load: Load, keys: dict[str, str]) -> None:
    stream = load_stream(load, eventhub_namespace="example", storage_account="checkpoints", **keys)

    assert stream.checkpoint_store == "blob"


def test_the_effective_policy_shows_no_secret_of_azure(load: Load) -> None:
    text = HEAD + (
        "        auth_type: client_certificate\n"
        "        eventhub_namespace: example\n"
        "        tenant_id: example.org\n"
        f"        client_id: {APPLICATION}\n"
        '        client_certificate: "-----BEGIN PRIVATE KEY-----canary"\n'
        "        client_certificate_password: canary\n"
        "        transport: websocket\n"
        "        proxy_url: http://name:canary@proxy:3128\n"
        "        storage_account: checkpoints\n"
        '        storage_account_sas_token: "?sv=1&sig=canary"\n'
    )

    assert "canary" not in render_effective(load(text))


def test_a_shared_access_signature_may_have_its_question_mark(load: Load) -> None:
    stream = load_stream(
        load,
        auth_type="default_credential",
        eventhub_namespace="example",
        storage_account="checkpoints",
        storage_account_sas_token='"?${env.CANARY}"',
    )

    assert stream.storage_account_sas_token is not None
    assert stream.storage_account_sas_token.reveal() == "sv=1&sig=canary"


def test_a_shared_access_signature_may_stand_in_the_connection_string(load: Load) -> None:
    text = "Endpoint=sb://example.servicebus.windows.net/;SharedAccessSignature=SharedAccessSignature sr=a&sig=b&se=1"
    stream = load_stream(load, connection_string=f'"{text}"')

    assert stream.connection_string is not None
    assert stream.connection_string.reveal() == text
