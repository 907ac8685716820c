"""Which part of a policy is which worker's."""

from pathlib import Path

import pytest

from collector.agent.workers.division import divide
from collector.policy import AzureMetricsInput, EventHubInput, Policy, load_policy

TEXT = """
outputs:
  first: {type: elasticsearch, hosts: [localhost]}
  second: {type: elasticsearch, hosts: [localhost]}
agent:
  workers: 3
inputs:
  - id: metrics
    type: azure/metrics
    use_output: first
    streams:
      - id: metrics
        auth_type: managed_identity
        subscription_id: 00000000-0000-4000-8000-000000000001
  - id: logs
    type: azure-eventhub
    use_output: second
    streams:
      - id: logs
        eventhub: hub
        auth_type: managed_identity
        eventhub_namespace: ns.servicebus.windows.net
"""


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    file = tmp_path / "policy.yml"
    file.write_text(TEXT)
    return load_policy(file, {})


def test_the_first_worker_polls_metrics_and_no_other(policy: Policy) -> None:
    kinds = [[type(entry) for entry in divide(policy, worker).inputs] for worker in (1, 2, 3)]
    assert kinds == [[AzureMetricsInput, EventHubInput], [EventHubInput], [EventHubInput]]


def test_hubs_and_outputs_are_whole_in_every_part(policy: Policy) -> None:
    for worker in (1, 2, 3):
        part = divide(policy, worker)
        assert list(part.streams()) == list(policy.streams())
        assert part.outputs == policy.outputs


def test_no_worker_serves_pages_and_all_send_documents_through_the_same_output(policy: Policy) -> None:
    parts = [divide(policy, worker) for worker in (1, 2, 3)]
    assert {part.agent.monitoring.http.enabled for part in parts} == {False}
    assert {(part.agent.monitoring.metrics, part.monitoring_output) for part in parts} == {
        (True, policy.monitoring_output)
    }
