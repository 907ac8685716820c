"""The collector as a component: what an Elastic Agent expects of it happens, and it says how it fares.

The agent's side is a gRPC server with the messages of elastic-agent-client, as strict as the real one
(tests/plugins/elastic_agent.py). Where it matters the component is the real process.
"""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ecs_logging import StdlibFormatter
from elastic_agent_client.generated import elastic_agent_client_pb2 as protocol
from plugins.bulk_server import BulkServer, answer
from plugins.daemon import HUB
from plugins.elastic_agent import INPUT, OUTPUT, FakeAgent, input_unit, output_unit

from collector import __version__
from collector.emulators.event_hubs import EventHubsEmulator

RECORD = {"time": "2026-03-10T09:00:00Z", "category": "Audit", "operationName": "ListKey"}
BROKEN = "connection to the agent breaks, and is opened again"
CANARIES = ("canary-of-the-output", "canary-of-the-hub")


def stream(hub: EventHubsEmulator, **more: Any) -> dict[str, Any]:
    return {
        "id": "logs",
        "data_stream": {"type": "logs", "dataset": "aoai.logs"},
        "eventhub": HUB,
        "connection_string": hub.connection_string(),
        "processor_start_position": "earliest",
    } | more


def send(hub: EventHubsEmulator, *names: str) -> None:
    for name in names:
        hub.append(HUB, "0", json.dumps({"records": [RECORD | {"correlationId": name}]}).encode())


def delivered(server: BulkServer) -> Counter[str]:
    """How often each record is there, by its correlation id."""
    return Counter(json.loads(document["message"])["correlationId"] for document in server.stored.values())


def said(caplog: pytest.LogCaptureFixture, text: str) -> list[str]:
    """The lines of the log, as the agent reads them, that hold the text."""
    lines = [StdlibFormatter().format(record) for record in caplog.records]
    return [line for line in lines if text in line]


async def wait_to_say(caplog: pytest.LogCaptureFixture, text: str) -> None:
    async with asyncio.timeout(60):
        while not said(caplog, text):  # noqa: ASYNC110 - a log has no event
            await asyncio.sleep(0.05)


async def wait_for_records(server: BulkServer, *names: str) -> None:
    async with asyncio.timeout(60):
        while not set(names) <= delivered(server).keys():  # noqa: ASYNC110 - the server belongs to all tests
            await asyncio.sleep(0.05)


async def test_records_flow_once_the_agent_expects_it_and_everything_ends_in_order(
    fake_agent: FakeAgent, fleet_output: BulkServer, hub: EventHubsEmulator, tmp_path: Path
) -> None:
    component = await fake_agent.start_process(tmp_path)
    await fake_agent.wait_until(lambda: fake_agent.observed)
    assert not fake_agent.observed[0].units
    assert fake_agent.observed[0].version_info.name == "aoai-collector"
    assert fake_agent.observed[0].pid == component.process.pid
    send(hub, "a", "b")
    fake_agent.expect(output_unit(fleet_output.url, api_key="id:key"), input_unit(streams=[stream(hub)]))
    healthy = await fake_agent.wait_for(INPUT, "HEALTHY", "collects")
    assert dict(healthy.payload)["streams"]["logs"]["status"] == "HEALTHY"
    await fake_agent.wait_for(OUTPUT, "HEALTHY", "takes documents")
    await wait_for_records(fleet_output, "a", "b")
    assert {stream for stream, _ in fleet_output.stored} == {"logs-aoai.logs-fleet"}
    last = fake_agent.observed[-1]
    assert (last.features_idx, last.component_idx) == (1, 1), "the agent would say everything again, without end"
    component.process.terminate()
    assert await component.exit_code() == 0
    assert [protocol.State.Name(each.state) for each in fake_agent.observed[-1].units] == ["STOPPED", "STOPPED"]
    assert component.said("collector stopped")


async def test_another_configuration_is_taken_over_without_losing_or_doubling_a_record(
    fake_agent: FakeAgent,
    fleet_output: BulkServer,
    hub: EventHubsEmulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    output = output_unit(fleet_output.url)
    fake_agent.expect(output, input_unit(streams=[stream(hub)]))
    fake_agent.start(tmp_path)
    send(hub, "before")
    await wait_for_records(fleet_output, "before")
    fake_agent.expect(output, input_unit(streams=[stream(hub, tags=["new"])]))
    send(hub, "meanwhile")
    await fake_agent.wait_for(INPUT, "HEALTHY")
    send(hub, "after")
    await wait_for_records(fleet_output, "before", "meanwhile", "after")
    assert delivered(fleet_output) == Counter({"before": 1, "meanwhile": 1, "after": 1})
    newest = next(each for each in fleet_output.stored.values() if "after" in each["message"])
    assert "new" in newest["tags"]
    assert len(said(caplog, "stream starts")) == 2


async def test_a_secret_that_changes_is_used_from_then_on_and_is_in_no_log(
    fake_agent: FakeAgent,
    fleet_output: BulkServer,
    hub: EventHubsEmulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    reads = input_unit(streams=[stream(hub)])
    fake_agent.expect(output_unit(fleet_output.url, api_key="id:first-canary"), reads)
    fake_agent.start(tmp_path)
    send(hub, "a")
    await wait_for_records(fleet_output, "a")
    fake_agent.expect(output_unit(fleet_output.url, api_key="id:second-canary"), reads)
    await fake_agent.wait_for(OUTPUT, "HEALTHY")
    send(hub, "b")
    await wait_for_records(fleet_output, "b")
    keys = [headers["Authorization"] for headers in fleet_output.headers]
    assert keys[0] != keys[-1]
    assert said(caplog, "canary") == []
    assert said(caplog, "stream starts")


async def test_the_same_expectation_or_another_log_level_begins_nothing_anew(
    fake_agent: FakeAgent,
    fleet_output: BulkServer,
    hub: EventHubsEmulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake_agent.expect(output_unit(fleet_output.url), input_unit(streams=[stream(hub)]))
    fake_agent.start(tmp_path)
    await fake_agent.wait_for(INPUT, "HEALTHY")
    for unit in fake_agent.expected.units:
        unit.log_level = protocol.DEBUG
    fake_agent.expect(*fake_agent.expected.units)
    send(hub, "a")
    await wait_for_records(fleet_output, "a")
    await fake_agent.wait_for(INPUT, "HEALTHY")
    assert len(said(caplog, "stream starts")) == 1


async def test_trouble_is_told_in_words_and_so_is_its_end(
    fake_agent: FakeAgent, fleet_output: BulkServer, hub: EventHubsEmulator, tmp_path: Path
) -> None:
    fleet_output.request_rule = lambda _: answer({"error": {"type": "rests", "reason": "soon again"}}, 503)
    send(hub, "a")
    fake_agent.expect(output_unit(fleet_output.url), input_unit(streams=[stream(hub)]))
    fake_agent.start(tmp_path)
    degraded = await fake_agent.wait_for(OUTPUT, "DEGRADED")
    assert "503" in degraded.message
    fleet_output.request_rule = lambda _: None
    await fake_agent.wait_for(OUTPUT, "HEALTHY")
    await wait_for_records(fleet_output, "a")


async def test_what_is_wrong_with_one_input_is_told_of_it_and_the_others_collect(
    fake_agent: FakeAgent, fleet_output: BulkServer, hub: EventHubsEmulator, tmp_path: Path
) -> None:
    wrong = input_unit("aoai-default-two", streams=[{"id": "x", "event_hub": HUB}])
    fake_agent.expect(output_unit(fleet_output.url), wrong, input_unit(streams=[stream(hub)]))
    fake_agent.start(tmp_path)
    refused = await fake_agent.wait_for("aoai-default-two", "FAILED")
    assert "streams[0].event_hub: is not a key that is known here. Did you mean 'eventhub'?" in refused.message
    await fake_agent.wait_for(INPUT, "HEALTHY")
    send(hub, "a")
    await wait_for_records(fleet_output, "a")


async def test_an_output_that_cannot_be_used_is_told_of_and_mended_later(
    fake_agent: FakeAgent, fleet_output: BulkServer, hub: EventHubsEmulator, tmp_path: Path
) -> None:
    reads = input_unit(streams=[stream(hub)])
    fake_agent.expect(output_unit(fleet_output.url, index="mine"), reads)
    fake_agent.start(tmp_path)
    refused = await fake_agent.wait_for(OUTPUT, "FAILED")
    assert refused.message.startswith("index: is not supported.")
    await fake_agent.wait_for(INPUT, "DEGRADED", "waits for an output that can be used")
    fake_agent.expect(output_unit(fleet_output.url), reads)
    await fake_agent.wait_for(INPUT, "HEALTHY")


async def test_an_input_that_is_removed_stops_before_it_goes(
    fake_agent: FakeAgent,
    fleet_output: BulkServer,
    hub: EventHubsEmulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    output, reads = output_unit(fleet_output.url), input_unit(streams=[stream(hub)])
    fake_agent.expect(output, reads)
    fake_agent.start(tmp_path)
    await fake_agent.wait_for(INPUT, "HEALTHY")
    reads.state = protocol.STOPPED
    fake_agent.expect(output, reads)
    await fake_agent.wait_for(INPUT, "STOPPED")
    assert said(caplog, "collector stopped")
    fake_agent.expect(output)
    await fake_agent.wait_until(lambda: [each.id for each in fake_agent.observed[-1].units] == [OUTPUT])
    send(hub, "a")
    fake_agent.expect(output, input_unit(streams=[stream(hub)]))
    await wait_for_records(fleet_output, "a")


async def test_collecting_goes_on_while_the_agent_is_away_and_it_is_told_all_when_it_is_back(
    fake_agent: FakeAgent,
    fleet_output: BulkServer,
    hub: EventHubsEmulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake_agent.expect(output_unit(fleet_output.url), input_unit(streams=[stream(hub)]))
    fake_agent.start(tmp_path)
    await fake_agent.wait_for(INPUT, "HEALTHY")
    await fake_agent.hang_up()
    await wait_to_say(caplog, BROKEN)
    send(hub, "away")
    await wait_for_records(fleet_output, "away")
    fake_agent.observed.clear()
    await fake_agent.listen()
    await fake_agent.wait_for(INPUT, "HEALTHY")
    assert fake_agent.connections == 2
    assert len(said(caplog, "stream starts")) == 1


async def test_a_new_process_goes_on_where_the_last_one_was_killed(
    fake_agent: FakeAgent, fleet_output: BulkServer, hub: EventHubsEmulator, tmp_path: Path
) -> None:
    fake_agent.expect(output_unit(fleet_output.url), input_unit(streams=[stream(hub)]))
    component = await fake_agent.start_process(tmp_path)
    send(hub, "first")
    await wait_for_records(fleet_output, "first")
    await component.kill()
    fake_agent.observed.clear()
    send(hub, "second")
    await fake_agent.start_process(tmp_path)
    await fake_agent.wait_for(INPUT, "HEALTHY")
    await wait_for_records(fleet_output, "second")
    assert delivered(fleet_output) == Counter({"first": 1, "second": 1})


async def test_garbage_from_the_agent_stops_nothing(
    fake_agent: FakeAgent,
    fleet_output: BulkServer,
    hub: EventHubsEmulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake_agent.expect(output_unit(fleet_output.url), input_unit(streams=[stream(hub)]))
    fake_agent.start(tmp_path)
    await fake_agent.wait_for(INPUT, "HEALTHY")
    await fake_agent.hang_up()
    await fake_agent.listen(garbage=True)
    await wait_to_say(caplog, "the agent sent what is no message of its protocol")
    send(hub, "a")
    await wait_for_records(fleet_output, "a")
    await fake_agent.hang_up()
    await fake_agent.listen()
    fake_agent.observed.clear()
    await fake_agent.wait_for(INPUT, "HEALTHY")


async def test_an_integration_of_another_version_is_told_of_while_records_flow(
    fake_agent: FakeAgent,
    fleet_output: BulkServer,
    hub: EventHubsEmulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    meta = {"package": {"name": "aoai", "version": "7.3.1"}}
    fake_agent.expect(output_unit(fleet_output.url), input_unit(streams=[stream(hub)], meta=meta))
    fake_agent.start(tmp_path)
    told = await fake_agent.wait_for(INPUT, "DEGRADED")
    assert told.message.startswith(f"collects, but the integration is 7.3.1 and the collector {__version__}")
    send(hub, "a")
    await wait_for_records(fleet_output, "a")


async def test_a_start_by_anyone_else_ends_at_once_with_a_reason(fake_agent: FakeAgent, tmp_path: Path) -> None:
    component = await fake_agent.start_process(tmp_path, b"\xff\xfe garbage")
    assert await component.exit_code() == 1
    assert component.text == "error: standard input holds no start-up message of an Elastic Agent\n"


async def test_a_process_that_the_agent_does_not_know_any_more_ends(
    fake_agent: FakeAgent, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    component = fake_agent.start(tmp_path, token="of another run")
    assert await component.exit_code() == 1
    assert said(caplog, "component ends: nobody is there to talk with")
    assert set(fake_agent.violations) == {"a check-in had a wrong token"}
    fake_agent.violations.clear()


async def test_diagnostics_hold_the_policy_without_secrets_and_other_actions_are_refused(
    fake_agent: FakeAgent, fleet_output: BulkServer, hub: EventHubsEmulator, tmp_path: Path
) -> None:
    host, key = hub.connection_string().split("SharedAccessKey=")
    login = f"{host}SharedAccessKey={key}"
    fake_agent.expect(
        output_unit(fleet_output.url, api_key=f"id:{CANARIES[0]}", headers={"X-Tenant": CANARIES[1]}),
        input_unit(streams=[stream(hub, connection_string=login)]),
    )
    fake_agent.start(tmp_path)
    await fake_agent.wait_for(INPUT, "HEALTHY")
    kind = protocol.ActionRequest
    answer = await fake_agent.act(kind(id="1", type=kind.DIAGNOSTICS, level=kind.ALL))
    assert answer.status == protocol.ActionResponse.SUCCESS
    files = {each.filename: each.content.decode() for each in answer.diagnostic}
    assert files.keys() == {"units.json", "policy.yml", "metrics.txt"}
    assert f"eventhub: {HUB}" in files["policy.yml"]
    assert "collector_received_records_total" in files["metrics.txt"]
    assert [canary for canary in CANARIES for text in files.values() if canary in text] == []
    of_unit = await fake_agent.act(
        kind(id="2", type=kind.DIAGNOSTICS, level=kind.UNIT, unit_id=INPUT, unit_type=protocol.INPUT)
    )
    assert [each["id"] for each in json.loads(of_unit.diagnostic[0].content)] == [INPUT]
    refused = await fake_agent.act(kind(id="3", type=kind.CUSTOM, name="dance"))
    assert refused.status == protocol.ActionResponse.FAILED
    assert json.loads(refused.result) == {"error": "no action is called 'dance' here"}
