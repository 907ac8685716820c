"""The inventory through the real daemon: deployments and quotas beside the metrics, once an interval."""

from typing import Any

from plugins.azure_sdk import SDK_HABITS
from plugins.metrics_job import EAST, MetricsJob

from collector.emulators.azure_monitor import Fault

pytestmark = [*SDK_HABITS]

DATASET = "aoai.deployments"
WHOLE_DAY = "24h"


def by_kind(found: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    kinds: dict[str, list[dict[str, Any]]] = {}
    for each in found:
        kinds.setdefault(each["azure"]["inventory"]["kind"], []).append(each["azure"])
    return kinds


async def test_each_deployment_and_quota_has_a_document_in_its_own_data_stream(metrics_job: MetricsJob) -> None:
    metrics_job.write_policy(data_stream={"dataset": "aoai.metrics"}, refresh_list_interval=WHOLE_DAY, tags=["chat"])
    daemon = await metrics_job.job.start()
    found = await metrics_job.wait_for_documents(4, DATASET)
    assert await daemon.stop() == 0

    assert {each["event"]["kind"] for each in found} == {"state"}
    assert {tuple(each["tags"]) for each in found} == {("chat",)}
    kinds = by_kind(found)
    [chat] = kinds["model_deployment"]
    assert chat["resource"]["id"] == EAST.lower()
    assert (chat["resource"]["tags"], chat["resource"]["sku"]) == ({"team": "chat"}, {"name": "S0"})
    assert chat["deployment"]["model"] == {
        "format": "OpenAI",
        "name": "gpt-4o",
        "version": "2024-11-20",
        "lifecycle_status": "GenerallyAvailable",
        "retirement_date": "2027-10-01T00:00:00Z",
    }
    assert (chat["deployment"]["tokens_per_minute"], chat["deployment"]["provisioning_state"]) == (10_000, "Succeeded")
    [blue] = kinds["endpoint_deployment"]
    assert blue["deployment"]["instance"] == {"type": "Standard_DS3_v2", "count": 2}
    assert blue["deployment"]["model"] == {"name": "Phi-4", "version": "7"}
    quotas = {quota["quota"]["name"]: (quota["quota"]["current"], quota["quota"]["limit"]) for quota in kinds["quota"]}
    assert quotas == {"OpenAI.GlobalStandard.gpt-4o": (10, 1000), "OpenAI.S0.AccountCount": (1, 30)}


async def test_after_a_kill_nothing_of_an_interval_is_there_twice(metrics_job: MetricsJob) -> None:
    metrics_job.azure.faults.add(Fault("getBatch", 503, times=None))  # so that the inventory is all that is sent
    metrics_job.write_policy(data_stream={"dataset": "aoai.metrics"}, refresh_list_interval=WHOLE_DAY)
    first = await metrics_job.job.start()
    await metrics_job.wait_for_documents(4, DATASET)
    await first.kill()
    await metrics_job.documents.roll_over(DATASET, kind="metrics")
    second = await metrics_job.job.start()
    await second.wait_to_settle(4)
    assert await second.stop() == 0

    found = await metrics_job.read(DATASET)
    days = {each["@timestamp"] for each in found}
    assert len(found) == 4 * len(days)


async def test_quotas_that_azure_does_not_tell_cost_no_metric_and_no_deployment(metrics_job: MetricsJob) -> None:
    metrics_job.azure.faults.add(Fault("listUsages", 503, times=None))
    metrics_job.azure.faults.add(Fault("listModels", 403, times=None))
    metrics_job.write_policy(data_stream={"dataset": "aoai.metrics"}, refresh_list_interval=WHOLE_DAY)
    daemon = await metrics_job.job.start()
    found = await metrics_job.wait_for_documents(2, DATASET)
    await metrics_job.wait_for_the_first_round(daemon)
    page = await daemon.scrape()
    assert await daemon.stop() == 0

    assert page.value("collector_stream_up", stream="metrics") == 1
    kinds = by_kind(found)
    assert set(kinds) == {"model_deployment", "endpoint_deployment"}
    assert kinds["model_deployment"][0]["deployment"]["model"]["name"] == "gpt-4o"
    assert daemon.text.count("the inventory lacks what Azure does not say") == 2
