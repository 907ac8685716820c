"""What is accepted as a connection string is what the Azure SDKs accept, and means the same to them."""

import pytest
from azure.eventhub import parse_connection_string
from azure.storage.blob import ContainerClient

from collector.policy import EventHubConnectionString, StorageConnectionString
from collector.policy.problems import RefusedError

KEY = "SharedAccessKeyName=listen;SharedAccessKey=c2VjcmV0PQ=="
ACCOUNT = "AccountName=examplestorage;AccountKey=c2VjcmV0"
AZURITE = "AccountName=devstoreaccount1;AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;"

ACCEPTED = [
    f"Endpoint=sb://example.servicebus.windows.net/;{KEY}",
    f"Endpoint=sb://example.servicebus.windows.net/;{KEY};EntityPath=hub",
    f"{KEY};Endpoint=sb://example.servicebus.chinacloudapi.cn",
    f"Endpoint=sb://localhost:5999;{KEY};UseDevelopmentEmulator=true",
    "Endpoint=sb://example.servicebus.windows.net/;SharedAccessSignature=SharedAccessSignature sr=a&sig=b&se=1&skn=c",
    f"  Endpoint=sb://example.servicebus.windows.net/;{KEY};  \n".replace(";  ", ";"),
]

REFUSED = [
    "",
    "Endpoint=sb://example.org",
    f"Endpoint=sb://example.org;{KEY};EntityPath=",
    f"Endpoint=;{KEY}",
    f"Endpoint=example.org;{KEY}",
    f";Endpoint=sb://example.org;{KEY}",
    f"Endpoint=sb://example.org;;{KEY}",
    f"Endpoint=sb://example.org;{KEY};Endpoint=sb://example.org",
    "Endpoint=sb://example.org;SharedAccessKey=a",
    "Endpoint=sb://example.org;SharedAccessKeyName=a",
    f"Endpoint=sb://example.org;{KEY};SharedAccessSignature=a",
    f"Endpoint=sb://example.org; {KEY}",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_an_accepted_string_means_the_same_to_the_sdk(text: str) -> None:
    ours, theirs = EventHubConnectionString.parse(text), parse_connection_string(text)
    address = ours.host if ours.port is None else f"{ours.host}:{ours.port}"
    assert address == theirs.fully_qualified_namespace.rstrip("/")
    assert ours.hub == theirs.eventhub_name
    assert ours.key_name == theirs.shared_access_key_name


@pytest.mark.parametrize("text", REFUSED)
def test_a_wrong_string_is_refused_before_the_sdk_sees_it(text: str) -> None:
    with pytest.raises(RefusedError):
        EventHubConnectionString.parse(text)


def test_the_namespace_is_told_by_host_and_port() -> None:
    emulator = f"Endpoint=sb://LOCALHOST;{KEY};UseDevelopmentEmulator=true"
    assert EventHubConnectionString.parse(emulator).namespace == "localhost:5672"
    assert EventHubConnectionString.parse(ACCEPTED[0]).namespace == "example.servicebus.windows.net:5671"
    assert EventHubConnectionString.parse(ACCEPTED[3]).namespace == "localhost:5999"


def test_the_emulator_is_told_by_its_mark() -> None:
    assert [EventHubConnectionString.parse(text).emulator for text in ACCEPTED[:4]] == [False, False, False, True]


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_parsed_string_holds_no_key(text: str) -> None:
    parsed = repr(EventHubConnectionString.parse(text))
    assert "c2VjcmV0" not in parsed
    assert "sig" not in parsed


@pytest.mark.parametrize(
    ("text", "account"),
    [
        (f"DefaultEndpointsProtocol=https;{ACCOUNT};EndpointSuffix=core.windows.net", "examplestorage"),
        (ACCOUNT, "examplestorage"),
        (AZURITE, "devstoreaccount1"),
        ("UseDevelopmentStorage=true", "devstoreaccount1"),
        ("BlobEndpoint=https://examplestorage.blob.core.windows.net;SharedAccessSignature=sv=1&sig=a", None),
    ],
)
def test_an_accepted_storage_string_opens_the_sdks_client(text: str, account: str | None) -> None:
    assert StorageConnectionString.parse(text).account == account
    with ContainerClient.from_connection_string(text, "aoai-hub") as client:
        assert client.account_name in {account, "examplestorage"}


@pytest.mark.parametrize(
    "text",
    ["", "examplestorage", "AccountName=examplestorage", "AccountKey=a", "AccountKey=a;BlobEndpoint=https://a", "A=b"],
)
def test_a_wrong_storage_string_is_refused_before_the_sdk_sees_it(text: str) -> None:
    with pytest.raises(RefusedError):
        StorageConnectionString.parse(text)
