"""What the daemon tells of itself: as pages for Prometheus and probes, and as documents in Elasticsearch."""

import asyncio
import json
import socket
from typing import Any

import aiohttp
import yaml
from plugins.daemon import HUB, PARTITIONS, Daemon, Documents, Job
from plugins.feeding import feed
from plugins.scraping import read_page

SECRET = "SharedAccessKey="


def write_policy(job: Job, monitoring: dict[str, Any], **stream: Any) -> None:
    """Write the job's policy with these keys below ``agent.monitoring``."""
    job.write_policy(**stream)
    policy = yaml.safe_load(job.policy.read_text())
    policy["agent"]["monitoring"] |= monitoring
    job.policy.write_text(yaml.safe_dump(policy))


async def read_url(daemon: Daemon) -> str:
    return str((await daemon.wait_to_say("monitoring listens"))["url"]["full"])


async def wait_for_state(url: str, wanted: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Wait until /readyz gives every component this state; return status and body."""
    async with asyncio.timeout(60):
        while True:
            status, text = await read_page(url, "/readyz")
            body = json.loads(text)
            if {each["component"]: each["state"] for each in body["components"]} == wanted:
                return status, body
            await asyncio.sleep(0.1)


async def test_the_numbers_are_those_of_the_hub_and_of_the_engine(job: Job, documents: Documents) -> None:
    fed = feed(job.hub, events=40, per_event=25)
    job.hub.append(HUB, "0", b'{"records": [')
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(fed))
    await documents.wait_for("aoai.deadletter", 1)
    async with asyncio.timeout(60):
        while (page := await daemon.scrape()).value("collector_in_flight_records"):
            pass
    assert page.value("collector_received_records_total", output="default") == len(fed) + 1
    assert page.value("collector_indexed_records_total", output="default") == len(fed)
    assert page.value("collector_dead_letter_reason_records_total", reason="truncated") == 1
    assert page.value("collector_received_events_total", output="default") == 41
    assert page.value("collector_owned_partitions", stream="logs") == PARTITIONS
    assert page.value("collector_in_flight_bytes") == 0
    assert page.value("process_resident_memory_bytes") > 0
    assert await daemon.stop() == 0


async def test_every_partition_is_saved_when_there_is_nothing_left_to_do(job: Job, documents: Documents) -> None:
    feed(job.hub, events=40, per_event=5)
    write_policy(job, {}, processor_update_interval="1s")
    daemon = await job.start()
    await documents.wait_for("aoai.logs", 200)
    name = "collector_partition_checkpoint_age_seconds"
    async with asyncio.timeout(60):
        while list((await daemon.scrape()).samples[name].values()) != [0] * PARTITIONS:
            pass
    page = await daemon.scrape()
    assert len(page.samples["collector_partition_last_received_timestamp_seconds"]) == PARTITIONS
    assert page.value("collector_partition_checkpoint_lag_events") == 0
    assert page.value("collector_partition_in_flight_records") == 0
    assert page.value("collector_stream_last_success_timestamp_seconds", stream="logs") > 0
    assert page.value("collector_output_last_success_timestamp_seconds", output="default") > 0


async def test_readiness_tells_each_output_and_stream_with_its_trouble(job: Job, documents: Documents) -> None:
    daemon = await job.start()
    url = await read_url(daemon)
    status, body = await wait_for_state(url, {"output": "healthy", "stream": "healthy"})
    assert (status, body["ready"]) == (200, True)
    await job.hub.stop()
    status, body = await wait_for_state(url, {"output": "healthy", "stream": "degraded"})
    assert (status, body["ready"]) == (503, False)
    stream = next(each for each in body["components"] if each["component"] == "stream")
    assert stream["name"] == "logs"
    assert stream["troubles"][0]["what"] == "the event hub cannot be read"
    assert stream["troubles"][0]["reason"]
    page = await daemon.scrape()
    assert (page.value("collector_stream_up"), page.value("collector_output_up")) == (0, 1)


async def test_before_elasticsearch_answers_the_process_is_alive_and_not_ready(job: Job, unused_tcp_port: int) -> None:
    job.url = f"http://127.0.0.1:{unused_tcp_port}"
    daemon = await job.start()
    url = await read_url(daemon)
    status, body = await wait_for_state(url, {"output": "degraded", "stream": "starting"})
    assert (status, body["components"][0]["troubles"][0]["what"]) == (503, "Elasticsearch is not ready")
    status, text = await read_page(url, "/healthz")
    assert (status, json.loads(text)["status"]) == (200, "alive")
    page = await daemon.scrape()
    assert (page.value("collector_output_up"), page.value("collector_received_records_total")) == (0, 0)


async def test_a_port_that_is_taken_costs_the_pages_and_nothing_else(job: Job, documents: Documents) -> None:
    fed = feed(job.hub, events=4, per_event=5)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        write_policy(job, {"http": {"port": port}})
        daemon = await job.start()
        complaint = await daemon.wait_to_say("monitoring cannot listen: /metrics, /healthz and /readyz are not served")
        await documents.wait_for("aoai.logs", len(fed))
    assert complaint["log.level"] == "error"
    assert complaint["address"] == f"127.0.0.1:{port}"
    assert "agent.monitoring.http.port" in complaint["hint"]
    assert await daemon.stop() == 0
    assert "Traceback" not in daemon.text


async def test_nothing_listens_and_nothing_is_sent_where_the_policy_says_so(job: Job, documents: Documents) -> None:
    fed = feed(job.hub, events=4, per_event=5)
    write_policy(job, {"enabled": False, "metrics_period": "1s"})
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(fed))
    assert await daemon.stop() == 0
    assert daemon.said("monitoring listens") == []
    assert await documents.count("aoai.collector", kind="metrics") == 0


async def test_only_this_machine_by_its_own_name_may_ask_and_only_to_read(job: Job) -> None:
    daemon = await job.start()
    url = await read_url(daemon)
    port = url.rpartition(":")[2]
    answers = {
        host: (await read_page(url, "/metrics", Host=host))[0]
        for host in (f"localhost:{port}", "[::1]", "evil.example.org")
    }
    assert answers == {f"localhost:{port}": 200, "[::1]": 200, "evil.example.org": 421}
    async with aiohttp.ClientSession() as session:
        statuses = [(await session.request(method, f"{url}/readyz")).status for method in ("POST", "PUT", "DELETE")]
        assert statuses == [405, 405, 405]
        assert (await session.head(f"{url}/metrics")).status == 200
        assert (await session.get(f"{url}/other")).status == 404
    _, writer = await asyncio.open_connection("127.0.0.1", int(port))
    writer.write(b"\x16\x03\x01 no HTTP at all\r\n\r\n")
    writer.close()
    await daemon.scrape()
    assert "Traceback" not in daemon.text


async def kinds_of_numbers(documents: Documents) -> set[str]:
    return {each["metricset"]["name"] for each in await documents.sources("aoai.collector", kind="metrics")}


async def test_the_same_numbers_are_documents_that_count_for_nothing_themselves(job: Job, documents: Documents) -> None:
    fed = feed(job.hub, events=8, per_event=5)
    write_policy(job, {"metrics_period": "1s"})
    daemon = await job.start()
    await documents.wait_for("aoai.logs", len(fed))
    async with asyncio.timeout(60):
        while (await daemon.scrape()).value("collector_indexed_records_total") != len(fed):
            pass
        while "partition" not in await kinds_of_numbers(documents):  # left before the last ones are written
            pass
    assert await daemon.stop() == 0
    found = await documents.sources("aoai.collector", kind="metrics")
    outputs = [each for each in found if each["metricset"]["name"] == "output"]
    last = max(outputs, key=lambda each: each["@timestamp"])
    numbers = last["aoai"]["collector"]
    assert last["labels"] == {"output": "default"}
    assert (numbers["received"]["records"], numbers["indexed"]["records"]) == (len(fed), len(fed))
    assert (numbers["in_flight"]["records"], numbers["output"]["up"]) == (0, 1)
    assert last["agent"]["type"] == "aoai-collector"
    assert await kinds_of_numbers(documents) == {"process", "output", "stream", "partition"}


async def test_documents_that_are_refused_are_said_and_hold_up_nothing(job: Job, documents: Documents) -> None:
    await documents.refuse_everything("aoai.collector", kind="metrics")
    write_policy(job, {"metrics_period": "1s"})
    daemon = await job.start()
    await daemon.wait_to_say("the collector's own metrics cannot be sent")
    fed = feed(job.hub, events=8, per_event=5)
    await documents.wait_for("aoai.logs", len(fed))
    assert await daemon.stop() == 0
    assert await documents.count("aoai.deadletter") == 0


async def test_no_page_and_no_document_holds_a_secret_or_a_record(job: Job, documents: Documents) -> None:
    canary = "prompt-canary"
    job.hub.append(HUB, "0", json.dumps({"records": [{"category": "Audit", "note": canary}]}).encode())
    job.hub.append(HUB, "0", f'{{"records": ["{canary}"'.encode())
    write_policy(job, {"metrics_period": "1s"})
    daemon = await job.start()
    url = await read_url(daemon)
    await documents.wait_for("aoai.deadletter", 1)
    pages = [(await read_page(url, path))[1] for path in ("/metrics", "/healthz", "/readyz")]
    assert await daemon.stop() == 0
    found = json.dumps(await documents.sources("aoai.collector", kind="metrics"))
    key = job.hub.connection_string().partition(SECRET)[2].partition(";")[0]
    for text in (*pages, found, daemon.text):
        assert canary not in text
        assert key not in text
