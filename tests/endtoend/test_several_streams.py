"""Several inputs, hubs and outputs in one process: each record exactly in its place, and one fault stays one."""

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from elasticsearch import AsyncElasticsearch, Elasticsearch
from plugins.daemon import Daemon, Documents, Job
from plugins.feeding import make_record
from plugins.policy_file import input_of, stream_of, write_policy_file

from collector.emulators.event_hubs import EventHubsEmulator, Hub

HUBS = ("chat", "audit", "other")
PARTITIONS = 2


@pytest.fixture
async def hubs() -> AsyncIterator[EventHubsEmulator]:
    async with EventHubsEmulator([Hub(name, PARTITIONS) for name in HUBS]) as emulator:
        yield emulator


@pytest.fixture
async def other_documents(engine_url: str, elasticsearch_client: Elasticsearch) -> AsyncIterator[Documents]:
    """The documents of a second namespace, deleted afterwards."""
    namespace = f"t{uuid4().hex[:12]}"
    async with AsyncElasticsearch(engine_url, request_timeout=60) as client:
        yield Documents(client, namespace)
    elasticsearch_client.indices.delete_data_stream(name=f"*-{namespace}")


def fill(hubs: EventHubsEmulator, name: str, events: int = 10) -> set[str]:
    """Put one record an event into the hub; return the records' ids, which begin with its name."""
    ids = {f"{name}-{uuid4()}" for _ in range(events)}
    for index, each in enumerate(sorted(ids)):
        hubs.append(name, str(index % PARTITIONS), json.dumps({"records": [make_record(each)]}).encode())
    return ids


async def ids_of(documents: Documents) -> list[str]:
    return sorted(await documents.values("aoai.logs", "azure.open_ai.correlation_id"))


def received(daemon: Daemon) -> dict[str, int]:
    """How many records each output received, as the daemon counted them last."""
    return {line["output"]: line["received"] for line in daemon.said("records so far")}


async def test_each_record_goes_exactly_to_the_output_of_its_input(
    job: Job, hubs: EventHubsEmulator, engine_namespace: str, documents: Documents, other_documents: Documents
) -> None:
    fed = {name: fill(hubs, name) for name in HUBS}
    chat, audit = stream_of(hubs, "chat", tags=["chat"]), stream_of(hubs, "audit", tags=["audit"])
    inputs = [
        input_of(engine_namespace, chat, audit, use_output="one"),
        input_of(other_documents.namespace, stream_of(hubs, "other"), use_output="two"),
    ]
    write_policy_file(job.policy, job.url, inputs)
    daemon = await job.start()
    await documents.wait_for("aoai.logs", 20)
    await other_documents.wait_for("aoai.logs", 10)
    assert await daemon.stop() == 0
    assert await ids_of(documents) == sorted(fed["chat"] | fed["audit"])
    assert await ids_of(other_documents) == sorted(fed["other"])
    for document in await documents.sources("aoai.logs"):
        assert document["azure"]["eventhub"] in document["tags"]
    assert received(daemon) == {"one": 20, "two": 10}


async def test_one_local_store_keeps_the_positions_of_all_streams(
    job: Job, hubs: EventHubsEmulator, engine_namespace: str, documents: Documents, other_documents: Documents
) -> None:
    inputs = [
        input_of(engine_namespace, stream_of(hubs, "chat"), use_output="one"),
        input_of(other_documents.namespace, stream_of(hubs, "other"), use_output="two"),
    ]
    write_policy_file(job.policy, job.url, inputs)
    chat, other = fill(hubs, "chat"), fill(hubs, "other")
    first = await job.start()
    await documents.wait_for("aoai.logs", len(chat))
    await other_documents.wait_for("aoai.logs", len(other))
    assert await first.stop() == 0
    more = fill(hubs, "chat", events=4)
    second = await job.start()
    await documents.wait_for("aoai.logs", len(chat | more))
    assert await second.stop() == 0
    assert received(second) == {"one": 4, "two": 0}
    assert [path.name for path in job.data.glob("*.sqlite")] == ["checkpoints.sqlite"]


async def test_a_stream_whose_hub_is_missing_does_not_stop_the_others(
    job: Job, hubs: EventHubsEmulator, engine_namespace: str, documents: Documents
) -> None:
    fed = fill(hubs, "chat")
    streams = (stream_of(hubs, "absent"), stream_of(hubs, "chat"))
    write_policy_file(job.policy, job.url, [input_of(engine_namespace, *streams)])
    daemon = await job.start()
    complaint = await daemon.wait_to_say("the event hub cannot be read")
    await documents.wait_for("aoai.logs", len(fed))
    fed |= fill(hubs, "chat")
    await documents.wait_for("aoai.logs", len(fed))
    assert await daemon.stop() == 0
    assert complaint["component"] == "stream absent"
    assert await ids_of(documents) == sorted(fed)


async def test_an_output_that_cannot_be_reached_does_not_stop_the_others(
    job: Job, hubs: EventHubsEmulator, engine_namespace: str, documents: Documents, unused_tcp_port: int
) -> None:
    fed = fill(hubs, "chat")
    inputs = [
        input_of(engine_namespace, stream_of(hubs, "chat"), use_output="one"),
        input_of("unreached", stream_of(hubs, "other"), use_output="two"),
    ]
    write_policy_file(job.policy, job.url, inputs, hosts={"two": f"http://127.0.0.1:{unused_tcp_port}"})
    daemon = await job.start()
    complaint = await daemon.wait_to_say("Elasticsearch is not ready")
    await documents.wait_for("aoai.logs", len(fed))
    assert await daemon.stop() == 0
    assert complaint["component"] == "output two"


async def test_processors_of_one_stream_leave_the_others_alone(
    job: Job, hubs: EventHubsEmulator, engine_namespace: str, documents: Documents
) -> None:
    kept, other = fill(hubs, "chat"), fill(hubs, "other")
    hubs.append("chat", "0", json.dumps({"records": [make_record("chat-unwanted"), make_record("chat-last")]}).encode())
    label = {"add_fields": {"target": "labels", "fields": {"team": "search"}}}
    drop = {"drop_event": {"when": {"contains": {"message": "chat-unwanted"}}}}
    streams = (stream_of(hubs, "chat", processors=[drop]), stream_of(hubs, "other"))
    write_policy_file(job.policy, job.url, [input_of(engine_namespace, *streams, processors=[label])])
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(kept | other) + 1)
    assert await daemon.stop() == 0
    assert await ids_of(documents) == sorted(kept | other | {"chat-last"})
    assert {document["labels"]["team"] for document in await documents.sources("aoai.logs")} == {"search"}
    counts = daemon.last_counts
    assert (counts["dropped"], counts["in_flight"]) == (1, 0)
    assert counts["received"] == counts["indexed"] + counts["dropped"]
