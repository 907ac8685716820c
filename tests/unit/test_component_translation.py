"""What an agent expects becomes the policy that a file would hold."""

from typing import Any

import pytest
from elastic_agent_client.generated import elastic_agent_client_pb2 as protocol
from plugins.elastic_agent import INPUT, OUTPUT, input_unit, output_unit

from collector.agent.component.conditions import find_mismatch
from collector.agent.component.translation import Translation, log_level, translate
from collector.agent.component.units import Units
from collector.policy import load_values

LOGIN = "Endpoint=sb://example.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=a2V5"
LOGS: dict[str, Any] = {
    "id": "logs",
    "data_stream": {"type": "logs", "dataset": "aoai.logs"},
    "eventhub": "hub",
    "connection_string": LOGIN,
    "prefetch": 200,
    "preserve_original_event": True,
    "tags": ["a", "b"],
}
OTHER = "aoai-default-two"
HOST = "https://localhost:9200"


def stream_for(dataset: str, kind: str) -> dict[str, Any]:
    return {"id": dataset, "data_stream": {"type": kind, "dataset": dataset}}


def translated(*expected: protocol.UnitExpected) -> Translation:
    units = Units()
    assert units.take(expected)
    return translate(units.of_type(protocol.INPUT), units.of_type(protocol.OUTPUT))


def test_the_policy_is_that_of_a_file_with_the_same_keys() -> None:
    in_file = {
        "outputs": {"default": {"type": "elasticsearch", "hosts": [HOST], "api_key": "id:key", "preset": "balanced"}},
        "agent": {"monitoring": {"enabled": False}},
        "inputs": [
            {
                "id": "one",
                "type": "aoai/azure-eventhub",
                "use_output": "default",
                "data_stream": {"namespace": "fleet"},
                "streams": [LOGS],
            }
        ],
    }
    made = translated(output_unit(HOST, api_key="id:key"), input_unit(streams=[LOGS]))
    assert made.policy == load_values(in_file, "Fleet")
    assert made.streams == {(INPUT, protocol.INPUT): ("logs",)}


def test_streams_that_are_there_for_the_key_alone_are_not_read() -> None:
    streams = [LOGS, stream_for("aoai.deadletter", "logs"), stream_for("aoai.collector", "metrics")]
    made = translated(output_unit(HOST), input_unit(streams=streams))
    assert made.refusals == {}
    assert made.policy is not None
    assert [stream.id for _, stream in made.policy.streams()] == ["logs"]
    monitoring = made.policy.agent.monitoring
    assert (monitoring.enabled, monitoring.http.enabled, monitoring.namespace) == (True, False, "fleet")


@pytest.mark.parametrize(
    ("streams", "why"),
    [
        ([], "no stream of the input is enabled, so there is nothing to collect"),
        ([stream_for("aoai.deadletter", "logs")], "no stream of the input is enabled, so there is nothing to collect"),
        (
            "logs",
            "streams: is not a list. Begin each stream with a dash, and write eventhub and connection_string below.",
        ),
        ([LOGS | {"enabled": False}], "no stream of the input is enabled, so there is nothing to collect"),
        ([LOGS | {"id": "again"}], "streams[0].eventhub: is read by the stream at inputs[0].streams[0] too,"),
        ([7], "streams[0]: is not a mapping."),
    ],
    ids=["none", "only-rights", "no-list", "disabled", "same-hub", "no-mapping"],
)
def test_what_cannot_be_read_is_told_of_its_own_input(streams: Any, why: str) -> None:
    made = translated(output_unit(HOST), input_unit(streams=[LOGS]), input_unit(OTHER, streams=streams))
    assert made.refusals.keys() == {(OTHER, protocol.INPUT)}
    assert made.refusals[OTHER, protocol.INPUT].startswith(why)
    assert made.streams == {(INPUT, protocol.INPUT): ("logs",)}


@pytest.mark.parametrize("changes", [{"enabled": False}, {"type": "aoai/tomorrow"}, {"streams": []}], ids=str)
@pytest.mark.parametrize("others", [0, 1])
def test_an_input_that_is_not_for_us_is_told_so_alone_and_beside_others(others: int, changes: dict[str, Any]) -> None:
    first = [input_unit(streams=[LOGS])] * others
    made = translated(output_unit(HOST), *first, input_unit(OTHER, **{"streams": [LOGS]} | changes))
    assert made.refusals == {
        (OTHER, protocol.INPUT): "no stream of the input is enabled, so there is nothing to collect"
    }
    assert len(made.streams) == others


def test_an_output_of_another_type_is_told_of_the_output() -> None:
    made = translated(output_unit("broker:9092", type="kafka"), input_unit(streams=[LOGS]))
    assert made.policy is None
    assert made.refusals == {
        (OUTPUT, protocol.OUTPUT): "an output of type kafka is not served. Give the agent's policy one of type "
        "elasticsearch."
    }


def test_a_configuration_holds_until_the_next_one_comes() -> None:
    units, whole = Units(), input_unit(streams=[LOGS])
    whole.config_state_idx = 1
    units.take([whole])
    only_level = protocol.UnitExpected(
        id=INPUT, type=protocol.INPUT, state=protocol.HEALTHY, config_state_idx=1, log_level=protocol.DEBUG
    )
    assert not units.take([only_level])
    (unit,) = units
    assert unit.config == whole.config
    assert log_level(units) == protocol.DEBUG


@pytest.mark.parametrize(
    ("integration", "fits"), [("", True), ("0.1.9", True), ("0.2.0", False), ("1.1.0", False), ("garbage", False)]
)
def test_versions_fit_when_their_first_two_numbers_are_the_same(integration: str, fits: bool) -> None:
    assert (find_mismatch(integration, "0.1.0") == "") is fits
