"""The package's second policy template: what Fleet makes of it is a policy that our component follows.

What the first template offers to a stock agent's inputs, the second offers to the same inputs under our names.
"""

from typing import Any

import pytest
import yaml
from plugins.elastic_agent import INPUT, input_unit, output_unit
from plugins.fleet_templates import compile_stream, read_manifest

from collector.agent.component.translation import translate
from collector.agent.component.units import Units
from collector.assets.files import package_root
from collector.policy import AzureMetricsStream, EventHubStream
from collector.policy.input_kinds import FLEET_INPUT_TYPES, INPUT_KINDS, WRITTEN_ONLY

OF_THE_AGENT = {"aoai/azure-eventhub": "azure-eventhub", "aoai/azure-metrics": "azure/metrics"}
GIVEN = {
    "aoai/azure-eventhub": {
        "connection_string": "Endpoint=sb://example.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=a2V5",
        "storage_account": "examplestorage",
        "storage_account_key": "c3RvcmFnZQ==",
    },
    "aoai/azure-metrics": {
        "subscription_id": "33333333-3333-4333-8333-333333333333",
        "tenant_id": "22222222-2222-4222-8222-222222222222",
        "client_id": "11111111-1111-4111-8111-111111111111",
        "client_secret": "secret",
    },
}
TOLD_BY_WORDS = {"title", "description"}


def inputs_of_templates() -> list[dict[str, dict[str, Any]]]:
    templates = yaml.safe_load((package_root() / "manifest.yml").read_text())["policy_templates"]
    return [{each["type"]: each for each in template["inputs"]} for template in templates]


def asked(variables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is asked for, without the words that it is asked with."""
    return [{key: value for key, value in each.items() if key not in TOLD_BY_WORDS} for each in variables]


def fleet_streams(kind: str) -> list[dict[str, Any]]:
    """Every stream that an input of the type has, with all of them enabled, as Fleet writes them into a policy."""
    streams: list[dict[str, Any]] = []
    for folder in sorted(path.name for path in (package_root() / "data_stream").iterdir()):
        manifest = read_manifest(folder)
        if any(each["input"] == kind for each in manifest.get("streams", ())):
            hub = {"eventhub": f"insights-{folder}"} if INPUT_KINDS[kind].stream is EventHubStream else {}
            reads = manifest["dataset"] not in WRITTEN_ONLY
            streams.append(
                {
                    "id": f"{kind}-{manifest['dataset']}-0b0b",
                    "data_stream": {"type": manifest["type"], "dataset": manifest["dataset"]},
                    **compile_stream(folder, GIVEN[kind] | hub if reads else {}, kind),
                }
            )
    return streams


def test_one_template_is_for_the_agents_own_programs_and_one_for_ours() -> None:
    first, second = inputs_of_templates()
    assert first.keys() == set(OF_THE_AGENT.values())
    assert second.keys() == FLEET_INPUT_TYPES.keys() == OF_THE_AGENT.keys()


@pytest.mark.parametrize("ours", sorted(OF_THE_AGENT))
def test_both_ask_for_the_same(ours: str) -> None:
    first, second = inputs_of_templates()
    assert asked(second[ours]["vars"]) == asked(first[OF_THE_AGENT[ours]]["vars"])
    for folder in ("logs", "gateway", "endpoints", "metrics"):
        streams = {each["input"]: each for each in read_manifest(folder)["streams"]}
        if ours in streams:
            other = streams[OF_THE_AGENT[ours]]
            assert (streams[ours]["enabled"], streams[ours]["template_path"]) == (
                other["enabled"],
                other["template_path"],
            )
            changed = {"period"}  # the agent's own takes multiples of five minutes only
            assert [each for each in asked(streams[ours]["vars"]) if each["name"] not in changed] == [
                each for each in asked(other["vars"]) if each["name"] not in changed
            ]


@pytest.mark.parametrize("kind", sorted(OF_THE_AGENT))
def test_the_component_follows_what_fleet_makes_of_it(kind: str) -> None:
    units = Units()
    units.take(
        [
            output_unit("https://es.example.org:9200", api_key="id:key"),
            input_unit(type=kind, streams=fleet_streams(kind)),
        ]
    )
    outputs = [each for each in units if each.id != INPUT]
    made = translate([each for each in units if each.id == INPUT], outputs)
    assert made.refusals == {}
    assert made.policy is not None
    assert made.policy.agent.monitoring.metrics
    (entry,) = made.policy.inputs
    if kind == "aoai/azure-eventhub":
        assert [stream.data_stream.dataset for stream in entry.streams] == [
            "aoai.endpoints",
            "aoai.gateway",
            "aoai.logs",
        ]
    else:
        (stream,) = entry.streams
        assert isinstance(stream, AzureMetricsStream)
        assert stream.period.total_seconds() == 60
        assert stream.reads_everything


def test_a_key_of_fleet_may_write_all_that_the_collector_writes_unasked() -> None:
    listed = {
        kind: {stream["data_stream"]["dataset"] for stream in fleet_streams(kind)} & WRITTEN_ONLY
        for kind in OF_THE_AGENT
    }
    assert listed == {
        "aoai/azure-eventhub": {"aoai.collector", "aoai.deadletter"},
        "aoai/azure-metrics": {"aoai.collector", "aoai.deadletter", "aoai.deployments"},
    }
