"""``replay dead-letters`` with documents of metrics: after a fix each is in its data stream, as it was, once."""

from plugins.azure_sdk import SDK_HABITS
from plugins.metrics_job import MetricsJob
from plugins.replaying import replay, rows

pytestmark = [*SDK_HABITS]

DATASETS = ("aoai.metrics", "aoai.endpoints", "aoai.deployments")


async def test_metrics_and_the_inventory_are_indexed_after_the_fix_with_the_ids_that_they_had(
    metrics_job: MetricsJob,
) -> None:
    documents = metrics_job.documents
    for dataset in DATASETS:
        await documents.refuse_everything(dataset, kind="metrics")
    metrics_job.write_policy(data_stream={"dataset": "aoai.metrics"}, refresh_list_interval="24h")
    daemon = await metrics_job.job.start()
    await metrics_job.wait_for_the_first_round(daemon)
    assert await daemon.stop() == 0
    letters = await documents.ids("aoai.deadletter")
    for dataset in DATASETS:
        await documents.accept_again(dataset, kind="metrics")

    ended = await replay(metrics_job.job)

    assert (ended.code, rows(ended.table)["indexed"]) == (0, len(letters))
    indexed = [each for dataset in DATASETS for each in await documents.ids(dataset, kind="metrics")]
    assert sorted(indexed) == sorted(letters)
    found = await metrics_job.read("aoai.deployments")
    assert {each["azure"]["inventory"]["kind"] for each in found} >= {"model_deployment", "endpoint_deployment"}

    for dataset in DATASETS:
        await documents.roll_over(dataset, kind="metrics")
    again = await replay(metrics_job.job, "--dataset", "aoai.deployments", "--since", "2d")
    assert (again.code, rows(again.table)["already there"]) == (0, len(found))
    assert len(await documents.ids("aoai.deployments", kind="metrics")) == len(found)
