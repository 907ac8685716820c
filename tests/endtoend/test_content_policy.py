"""Prompts and answers over the whole way: at the default level no byte of them leaves the real daemon."""

import asyncio
import json
from typing import Any

from plugins.bodies import CANARY, find_canary, written_bodies
from plugins.daemon import HUB, Documents, Job
from plugins.scraping import read_page

_RESOURCE = (
    "/SUBSCRIPTIONS/00000000-0000-4000-8000-000000000001/RESOURCEGROUPS/RG-TEST/PROVIDERS/"
    "MICROSOFT.APIMANAGEMENT/SERVICE/GATEWAY"
)
_DATASETS = ("aoai.logs", "aoai.gateway", "aoai.deadletter")
_PATIENCE_SECONDS = 60


def gateway_record(category: str = "GatewayLogs", **properties: Any) -> dict[str, Any]:
    return {
        "time": "2026-03-10T09:01:03.5611234Z",
        "category": category,
        "operationName": f"Microsoft.ApiManagement/{category}",
        "resourceId": _RESOURCE,
        "correlationId": "00000001-1111-4222-8333-000000000001",
        "properties": properties,
    }


def feed_bodies(job: Job) -> int:
    """Put every body into the hub, as records and as what is none; return how many documents there will be."""
    bodies = [body for _, body in written_bodies()]
    records = [gateway_record(requestBody=body, backendResponseBody=body) for body in bodies]
    records += [gateway_record("GatewayLlmLogs", requestMessages=body, sequenceNumber=1) for body in bodies]
    for start in range(0, len(records), 20):
        job.hub.append(HUB, "0", json.dumps({"records": records[start : start + 20]}).encode())
    whole = json.dumps(gateway_record(requestBody=bodies[0]))
    broken = [
        b'{"records":[' + whole[:-30].encode(),
        whole.encode().replace(b"category", b"\xff", 1),
        CANARY.encode() + b" \x80",
        b'"' + CANARY.encode(),
    ]
    for body in broken:
        job.hub.append(HUB, "1", body)
    return len(records) + len(broken)


async def wait_for_all(documents: Documents, count: int) -> list[dict[str, Any]]:
    """Every document of the namespace, once there are that many."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while sum([await documents.count(dataset) for dataset in _DATASETS]) < count:  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(0.1)
    return [source for dataset in _DATASETS for source in await documents.sources(dataset)]


def find_on_disk(job: Job) -> dict[str, list[str]]:
    """What the data folder holds of the canary, by file."""
    found = {path.name: find_canary(path.read_bytes()) for path in job.data.rglob("*") if path.is_file()}
    return {name: forms for name, forms in found.items() if forms}


async def test_no_prompt_and_no_answer_leaves_the_collector(job: Job, documents: Documents) -> None:
    job.write_policy(preserve_original_event=True)
    count = feed_bodies(job)
    daemon = await job.start()
    sources = await wait_for_all(documents, count)
    await daemon.scrape()
    assert daemon.watch.url is not None
    _, page = await read_page(daemon.watch.url, "/metrics")
    assert await daemon.stop() == 0
    assert len(sources) == count
    assert [found for source in sources if (found := find_canary(json.dumps(source, ensure_ascii=False)))] == []
    assert (find_canary(daemon.text), find_canary(page), find_on_disk(job)) == ([], [], {})


async def test_none_is_in_the_dead_letters(job: Job, documents: Documents) -> None:
    for dataset in ("aoai.logs", "aoai.gateway"):
        await documents.refuse_everything(dataset)
    count = feed_bodies(job)
    letters = await start_and_stop(job, documents, count)
    assert len(letters) == count
    assert find_canary(json.dumps(letters, ensure_ascii=False)) == []


async def test_none_is_in_the_file_of_dead_letters_that_are_refused_too(job: Job, documents: Documents) -> None:
    for dataset in _DATASETS:
        await documents.refuse_everything(dataset)
    job.hub.append(HUB, "0", json.dumps({"records": [gateway_record(requestBody=f'{{"user":"{CANARY}"}}')]}).encode())
    daemon = await job.start()
    path = job.data / "dead-letters-default.ndjson"
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not path.exists() or not path.read_bytes().endswith(b"\n"):  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(0.05)
    assert await daemon.stop() == 0
    assert "[text:9:" in path.read_text(encoding="utf-8")
    assert (find_on_disk(job), find_canary(daemon.text)) == ({}, [])


async def start_and_stop(job: Job, documents: Documents, count: int) -> list[dict[str, Any]]:
    daemon = await job.start()
    found = await wait_for_all(documents, count)
    assert await daemon.stop() == 0
    assert find_canary(daemon.text) == []
    return found


async def test_a_dead_letter_at_full_holds_the_record_as_it_came(job: Job, documents: Documents) -> None:
    job.write_policy(content="full")
    await documents.refuse_everything("aoai.logs")
    await documents.refuse_everything("aoai.gateway")
    record = json.dumps(gateway_record(requestBody=json.dumps({"user": CANARY})))
    job.hub.append(HUB, "0", f'{{"records":[{record}]}}'.encode())
    (letter,) = await start_and_stop(job, documents, 1)
    assert letter["event"]["original"] == record


async def test_a_dead_letter_at_redacted_keeps_the_text_around_an_address(job: Job, documents: Documents) -> None:
    job.write_policy(content="redacted")
    await documents.refuse_everything("aoai.logs")
    await documents.refuse_everything("aoai.gateway")
    body = json.dumps({"messages": [{"role": "user", "content": "Write to alice@example.org about it."}]})
    job.hub.append(HUB, "0", json.dumps({"records": [gateway_record(requestBody=body)]}).encode())
    (letter,) = await start_and_stop(job, documents, 1)
    original = letter["event"]["original"]
    assert "alice" not in original
    assert "about it." in original
