"""A policy that another program has read, as the Elastic Agent has under Fleet, means what it means in a file."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.policy import PolicyError, load_policy, load_values

LOGIN = "Endpoint=sb://example.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=a2V5"
METRICS_LOGIN = {
    "subscription_id": "33333333-3333-4333-8333-333333333333",
    "tenant_id": "22222222-2222-4222-8222-222222222222",
    "client_id": "11111111-1111-4111-8111-111111111111",
    "client_secret": "${not a variable} $${nor this",
}


def policy_of(**stream: Any) -> dict[str, Any]:
    whole = {"id": "logs", "eventhub": "hub", "connection_string": LOGIN} | stream
    return {
        "outputs": {"default": {"type": "elasticsearch", "hosts": ["https://localhost:9200"], "api_key": "id:key"}},
        "inputs": [{"id": "one", "type": "aoai/azure-eventhub", "streams": [whole]}],
    }


def test_values_and_the_same_text_in_a_file_are_one_policy(tmp_path: Path) -> None:
    values = policy_of(processor_start_position="latest", tags=["a"])
    file = tmp_path / "policy.yml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    file.chmod(0o600)
    assert load_values(values, "Fleet") == load_policy(file, {})


def test_the_names_for_fleet_are_the_same_inputs() -> None:
    values = policy_of()
    values["inputs"].append({"id": "two", "type": "aoai/azure-metrics", "streams": [METRICS_LOGIN]})
    policy = load_values(values, "Fleet")
    assert [stream.eventhub for _, stream in policy.streams()] == ["hub"]
    assert [stream.subscription_id for _, stream in policy.metrics_streams()] == [(METRICS_LOGIN["subscription_id"],)]


def test_a_secret_that_looks_like_a_variable_stays_as_it_is() -> None:
    values = policy_of()
    values["inputs"] = [{"id": "two", "type": "aoai/azure-metrics", "streams": [METRICS_LOGIN]}]
    ((_, stream),) = load_values(values, "Fleet").metrics_streams()
    assert stream.client_secret is not None
    assert stream.client_secret.reveal() == METRICS_LOGIN["client_secret"]


@pytest.mark.parametrize("dataset", ["aoai.collector", "aoai.deadletter", "aoai.deployments"])
def test_a_stream_for_the_rights_of_fleets_key_is_not_read(dataset: str) -> None:
    values = policy_of()
    values["inputs"][0]["streams"].append({"id": "x", "data_stream": {"dataset": dataset}, "written": True})
    policy = load_values(values, "Fleet")
    assert [stream.id for _, stream in policy.streams()] == ["logs"]
    assert "the rights of Fleet's key" in policy.notes[0]


def test_a_problem_has_a_key_and_no_line() -> None:
    values = policy_of(event_hub="hub2")
    with pytest.raises(PolicyError) as refused:
        load_values(values, "Fleet")
    assert str(refused.value) == (
        "Fleet: inputs[0].streams[0].event_hub: is not a key that is known here. Did you mean 'eventhub'?"
    )


def test_another_stream_is_named_by_its_key() -> None:
    values = policy_of()
    values["inputs"][0]["streams"].append(values["inputs"][0]["streams"][0] | {"id": "again"})
    with pytest.raises(PolicyError, match=r"is read by the stream at inputs\[0\]\.streams\[0\] too"):
        load_values(values, "Fleet")
