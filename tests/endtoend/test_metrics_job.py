"""Metrics through the real daemon: what Azure says of each minute is in the engine, once, beside the logs."""

import json

from plugins.azure_sdk import SDK_HABITS
from plugins.feeding import feed
from plugins.metrics_job import ACCOUNTS, EAST, SENT, WORKSPACES, MetricsJob

from collector.emulators.azure_monitor import Fault

pytestmark = [*SDK_HABITS]


async def test_every_value_of_a_final_minute_is_in_a_document(metrics_job: MetricsJob) -> None:
    by_status = {"add_tags": {"tags": ["by-status"], "when": {"has_fields": ["azure.dimensions.status_code"]}}}
    metrics_job.write_policy(
        tags=["azure-openai-metrics"], processors=[{"add_fields": {"fields": {"site": "a"}}}, by_status]
    )
    daemon = await metrics_job.job.start()
    await metrics_job.wait_for_the_first_round(daemon)
    assert await daemon.stop() == 0

    found = await metrics_job.read()
    told, true = metrics_job.requests(found, EAST)
    assert told == true
    assert any(told.values())
    one = next(each for each in found if "azure_openairequests" in each["azure"]["metrics"])
    assert one["azure"]["namespace"] == one["azure"]["resource"]["type"] == "Microsoft.CognitiveServices/accounts"
    assert one["azure"]["timegrain"] == "PT1M"
    assert one["azure"]["deployment"]["model"]["name"] == "gpt-4o"
    assert one["cloud"]["provider"] == "azure"
    assert one["data_stream"] == {"type": "metrics", "dataset": SENT, "namespace": metrics_job.namespace}
    assert one["event"]["dataset"] == SENT
    kinds = {each["azure"]["namespace"] for each in found}
    assert kinds == {ACCOUNTS, f"{WORKSPACES}/onlineEndpoints", f"{WORKSPACES}/onlineEndpoints/deployments"}
    assert (one["tags"], one["fields"]) == (["azure-openai-metrics", "by-status"], {"site": "a"})
    others = [each for each in found if "status_code" not in each["azure"]["dimensions"]]
    assert {tuple(each["tags"]) for each in others} == {("azure-openai-metrics",)}


async def test_after_a_kill_nothing_is_lost_and_nothing_is_there_twice(metrics_job: MetricsJob) -> None:
    metrics_job.write_policy()
    first = await metrics_job.job.start()
    await metrics_job.wait_for_documents(50)
    await first.kill()
    second = await metrics_job.job.start()
    await metrics_job.wait_for_the_first_round(second)
    assert await second.stop() == 0

    found = await metrics_job.read()
    told, true = metrics_job.requests(found, EAST)
    assert told == true


async def test_what_kibana_writes_for_elastics_package_runs_beside_the_logs(metrics_job: MetricsJob) -> None:
    fed = feed(metrics_job.job.hub, events=10, per_event=5)
    metrics_job.write_policy(
        hub=True,
        data_stream={"dataset": "azure.open_ai", "type": "metrics"},
        metricsets=["monitor"],
        period="300s",
        refresh_list_interval="600s",
        resources=[{"resource_query": "resourceType eq 'Microsoft.CognitiveServices/accounts'", "metrics": []}],
    )
    daemon = await metrics_job.job.start()
    await metrics_job.documents.wait_for("aoai.logs", len(fed))
    await metrics_job.wait_for_documents(50, "azure.open_ai")

    page = await daemon.scrape()
    assert page.value("collector_metrics_polled_resources", stream="metrics") == 3
    assert page.value("collector_metrics_requests_total", stream="metrics") > 0
    assert page.value("collector_stream_up", stream="metrics") == 1
    assert page.value("collector_stream_up", stream="logs") == 1
    assert await daemon.stop() == 0
    assert len(await metrics_job.documents.ids("aoai.logs")) == len(fed)
    assert metrics_job.azure.count("listUsages") == 0  # Elastic's data stream does not know an inventory


async def test_a_wrong_secret_is_said_with_its_fix_and_the_logs_go_on(metrics_job: MetricsJob) -> None:
    fed = feed(metrics_job.job.hub, events=10, per_event=5)
    metrics_job.write_policy(hub=True, client_secret="canary-that-is-wrong")
    daemon = await metrics_job.job.start()
    complaint = await daemon.wait_to_say("no resources to poll")
    await metrics_job.documents.wait_for("aoai.logs", len(fed))

    assert "write the secret's value, not its id" in complaint["error"]["message"]
    page = await daemon.scrape()
    assert page.value("collector_stream_up", stream="metrics") == 0
    assert page.value("collector_stream_up", stream="logs") == 1
    assert await daemon.stop() == 0
    assert "canary" not in daemon.text


async def test_a_document_that_elasticsearch_refuses_becomes_a_dead_letter(metrics_job: MetricsJob) -> None:
    await metrics_job.documents.refuse_everything(SENT, kind="metrics")
    metrics_job.write_policy()
    daemon = await metrics_job.job.start()
    await metrics_job.documents.wait_for("aoai.deadletter", 20)
    assert await daemon.stop() == 0

    letter = (await metrics_job.documents.sources("aoai.deadletter"))[0]
    assert letter["aoai"]["dead_letter"]["target"] == f"metrics-{SENT}-{metrics_job.namespace}"
    whole = json.loads(letter["event"]["original"])
    assert whole["azure"]["resource"] == letter["azure"]["resource"]
    assert whole["azure"]["metrics"]


async def test_the_gap_ledger_names_the_minutes_that_azure_would_not_answer_for(metrics_job: MetricsJob) -> None:
    metrics_job.azure.faults.add(Fault("getBatch", 503, times=None))
    metrics_job.write_policy()
    daemon = await metrics_job.job.start()
    await metrics_job.wait_for_the_first_round(daemon)
    page = await daemon.scrape()
    assert page.value("collector_metrics_open_gap_minutes", stream="metrics", reason="unavailable") > 100
    gaps = await metrics_job.list_gaps()
    assert await daemon.stop() == 0

    assert {gap["reason"] for gap in gaps} == {"unavailable"}
    assert {gap["state"] for gap in gaps} == {"open"}
    assert {gap["resource"] for gap in gaps} >= {EAST.lower()}
    assert sum(gap["minutes"] for gap in gaps) > 100


async def test_in_our_own_data_sets_metrics_have_the_names_of_the_catalogue(metrics_job: MetricsJob) -> None:
    metrics_job.write_policy(data_stream={"dataset": "aoai.metrics"})
    daemon = await metrics_job.job.start()
    await metrics_job.wait_for_the_first_round(daemon)
    assert await daemon.stop() == 0

    accounts, endpoints = await metrics_job.read("aoai.metrics"), await metrics_job.read("aoai.endpoints")
    assert accounts
    assert endpoints
    assert {each["event"]["kind"] for each in accounts + endpoints} == {"metric"}
    told, true = metrics_job.requests(accounts, EAST)
    assert told == true
