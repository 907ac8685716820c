"""The policy that Kibana shows for a standalone agent with Elastic's azure_openai package, run as it stands.

The policy is our own copy of that shape. What it must change to run here is the addresses: the output's host, and
`storage_account_endpoint` for the emulated account.
"""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from azure.storage.blob.aio import ContainerClient
from plugins.azurite import ACCOUNT_KEY, ACCOUNT_NAME, Azurite
from plugins.daemon import HUB, Documents, Job
from plugins.feeding import feed

POLICY = """
id: 0a0a0a0a-0000-4000-8000-000000000001
revision: 4
outputs:
  default:
    type: elasticsearch
    hosts:
      - {url}
    preset: balanced
    api_key: "${{API_KEY}}"
output_permissions:
  default:
    _elastic_agent_checks:
      cluster:
        - monitor
    0b0b0b0b-0000-4000-8000-000000000002:
      indices:
        - names:
            - logs-azure_openai.logs-{namespace}
          privileges:
            - auto_configure
            - create_doc
agent:
  download:
    sourceURI: https://artifacts.example.org/downloads/
  monitoring:
    enabled: true
    use_output: default
    namespace: default
    logs: true
    metrics: true
    traces: false
  features: {{}}
inputs:
  - id: azure-eventhub-azure_open_ai-0b0b0b0b-0000-4000-8000-000000000002
    revision: 2
    name: azure_openai-1
    type: azure-eventhub
    data_stream:
      namespace: {namespace}
    use_output: default
    package_policy_id: 0b0b0b0b-0000-4000-8000-000000000002
    processors:
      - add_fields:
          target: ""
          fields:
            team: search
    streams:
      - id: azure-eventhub-azure_openai.logs-0b0b0b0b-0000-4000-8000-000000000002
        data_stream:
          dataset: azure_openai.logs
          type: logs
        connection_string: "${{SECRET_0}}"
        eventhub: {hub}
        consumer_group: $Default
        storage_account: {account}
        storage_account_key: "${{SECRET_1}}"
        storage_account_container: {container}
        storage_account_endpoint: {endpoint}
        tags:
          - azure-openai-logs
          - forwarded
        publisher_pipeline.disable_host: true
    meta:
      package:
        name: azure_openai
        version: 1.9.0
  - id: azure/metrics-azure_metrics-0b0b0b0b-0000-4000-8000-000000000002
    revision: 2
    name: azure_metrics-1
    type: azure/metrics
    data_stream:
      namespace: {namespace}
    use_output: default
    package_policy_id: 0b0b0b0b-0000-4000-8000-000000000002
    streams:
      - id: azure/metrics-azure.compute_vm-0b0b0b0b-0000-4000-8000-000000000002
        data_stream:
          dataset: azure.compute_vm
          type: metrics
        metricsets:
          - compute_vm
        client_secret: "${{SECRET_2}}"
    meta:
      package:
        name: azure_openai
        version: 1.9.0
secret_references:
  - id: sec-a
  - id: sec-b
  - id: sec-c
"""
NOT_OURS = (
    "records go to a data stream that is not of this package: the template and the pipeline that Elasticsearch has for "
    "it apply, and none of ours; with none there, they stay as text in message"
)


@pytest.fixture
def container() -> str:
    return f"filebeat-openai-{uuid4().hex[:12]}"


@pytest.fixture
def kibana_policy(
    job: Job, azurite: Azurite, engine_namespace: str, container: str, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The policy, with its secrets in the environment; SECRET_2 is of an input that is not served, so it is not set."""
    text = POLICY.format(
        url=job.url,
        namespace=engine_namespace,
        hub=HUB,
        account=ACCOUNT_NAME,
        container=container,
        endpoint=azurite.blob_endpoint,
    )
    job.policy.write_text(text, encoding="utf-8")
    monkeypatch.setenv("API_KEY", "id:canary-key")
    monkeypatch.setenv("SECRET_0", job.hub.connection_string())
    monkeypatch.setenv("SECRET_1", ACCOUNT_KEY)
    return job.policy


@pytest.mark.azurite
async def test_it_takes_the_records_into_the_data_stream_that_the_policy_names(
    kibana_policy: Path, job: Job, documents: Documents, azurite: Azurite, container: str
) -> None:
    fed = feed(job.hub, events=8, per_event=5)
    daemon = await job.start()
    await documents.wait_for("azure_openai.logs", len(fed))
    assert await daemon.stop() == 0
    found = await documents.sources("azure_openai.logs")
    assert {json.loads(document["message"])["correlationId"] for document in found} == fed
    assert {(document["team"], *document["tags"]) for document in found} == {
        ("search", "azure-openai-logs", "forwarded", "content_metadata")
    }
    async with ContainerClient.from_connection_string(azurite.connection_string, container) as client:
        assert len([blob async for blob in client.list_blobs() if "/checkpoint/" in blob.name]) == 4


@pytest.mark.azurite
async def test_it_says_at_start_what_differs_and_shows_no_secret(
    kibana_policy: Path, job: Job, engine_namespace: str
) -> None:
    daemon = await job.start()
    complaint = await daemon.wait_to_say(NOT_OURS)
    assert await daemon.stop() == 0
    assert complaint["target"] == f"logs-azure_openai.logs-{engine_namespace}"
    assert complaint["hint"] == "for this package's fields write data_stream.dataset: aoai.logs"
    assert len(daemon.said(NOT_OURS)) == 1
    assert "canary" not in daemon.text
    assert ACCOUNT_KEY not in daemon.text


@pytest.mark.azurite
async def test_each_key_that_is_not_used_is_explained_once_at_start(kibana_policy: Path, job: Job) -> None:
    daemon = await job.start()
    await daemon.wait_to_say("collector starts")
    assert await daemon.stop() == 0
    notes = [line["message"] for line in daemon.lines if line["message"].startswith("policy: ")]
    subjects = [note.split(": ", 2)[2].partition(" is not used: ")[0] for note in notes]
    assert subjects == [
        "id",
        "revision",
        "output_permissions",
        "agent.download",
        "agent.monitoring.logs",
        "agent.monitoring.traces",
        "agent.features",
        "secret_references",
        "outputs.default.preset",
        "inputs[0].revision",
        "inputs[0].name",
        "inputs[0].package_policy_id",
        "inputs[0].meta",
        "inputs[0].streams[0].publisher_pipeline.disable_host",
        "inputs[1].revision",
        "inputs[1].name",
        "inputs[1].package_policy_id",
        "inputs[1].meta",
        "inputs[1].streams[0]",
    ]
    reasons = [note.partition(" is not used: ")[2] for note in notes]
    assert reasons[subjects.index("output_permissions")] == (
        "information for people: it says which privileges the API key needs."
    )
    assert reasons[-1] == "its metricset is compute_vm, and monitor is what this collector serves."
