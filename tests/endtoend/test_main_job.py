"""The main job: from the hub through the real daemon into the engine, every record accounted for."""

import gzip
import json

from plugins.daemon import HUB, Documents, Job
from plugins.feeding import feed, make_record


async def test_every_record_of_the_hub_becomes_one_normalised_document(job: Job, documents: Documents) -> None:
    fed = feed(job.hub, events=80, per_event=25)
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(fed))
    assert await daemon.stop() == 0
    assert sorted(await documents.values("aoai.logs", "azure.open_ai.correlation_id")) == sorted(fed)
    one = (await documents.sources("aoai.logs"))[0]
    assert one["@timestamp"] == "2026-03-10T09:01:06.410415Z"
    assert one["event"]["duration"] == 1_000_000_000
    assert one["http"]["response"]["status_code"] == 200
    assert one["gen_ai"]["request"]["model"] == "chat"
    assert one["azure"]["eventhub"] == HUB


async def test_a_broken_event_costs_dead_letters_and_stops_nobody(job: Job, documents: Documents) -> None:
    good = json.dumps(make_record("good")).encode()
    repairable = b"{'category':'Audit','operationName':'ListKey','time':'2026-03-10T09:00:00Z'}"
    broken = {
        b"\x80 not json": "not_utf8",
        b'{"records":"none"}': "records_not_an_array",
        b'{"records":[' + good + b',{"category":"Audi': "truncated",
        b'{"records":[' + good + b",[1]]}": "not_an_object",
        gzip.compress(good)[:-4]: "invalid_gzip",
    }
    for body in [*broken, b"", b"null", b'{"records":[]}', b'{"records":[' + repairable + b"]}", gzip.compress(good)]:
        job.hub.append(HUB, "0", body)
    after = feed(job.hub, events=4, per_event=5)
    await job.start()
    await documents.wait_for("aoai.deadletter", len(broken))
    await documents.wait_for("aoai.logs", len(after) + 4)
    letters = await documents.sources("aoai.deadletter")
    assert sorted(letter["event"]["reason"] for letter in letters) == sorted(broken.values())
    assert {letter["azure"]["partition_id"] for letter in letters} == {"0"}
    assert sorted(letter["azure"]["sequence_number"] for letter in letters) == [0, 1, 2, 3, 4]
    repaired = [doc for doc in await documents.sources("aoai.logs") if "repaired" in doc.get("tags", [])]
    assert [doc["event"]["action"] for doc in repaired] == ["ListKey"]


async def test_a_record_that_elasticsearch_refuses_becomes_a_dead_letter(job: Job, documents: Documents) -> None:
    job.hub.append(HUB, "0", json.dumps({"records": [make_record("one")]}).encode())
    await documents.refuse_everything("aoai.logs")
    daemon = await job.start()
    await documents.wait_for("aoai.deadletter", 1)
    (letter,) = await documents.sources("aoai.deadletter")
    assert letter["aoai"]["dead_letter"]["stage"] == "index"
    assert letter["aoai"]["dead_letter"]["status"] == 400
    assert json.loads(letter["event"]["original"])["correlationId"] == "one"
    assert await daemon.stop() == 0
    assert daemon.last_counts["dead_lettered"] == 1


async def test_a_restart_after_a_stop_reads_nothing_again(job: Job, documents: Documents) -> None:
    first = feed(job.hub, events=20, per_event=10)
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(first))
    assert await daemon.stop() == 0
    second = feed(job.hub, events=20, per_event=10)
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(first) + len(second))
    assert await daemon.stop() == 0
    assert daemon.last_counts["received"] == len(second)
    assert daemon.last_counts["already_there"] == 0
