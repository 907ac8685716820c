"""The reports of a scenario have the shape of what the daemon writes: the same subjects with the same fields."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml
from plugins.daemon import HUB
from plugins.feeding import feed
from plugins.metrics_job import MetricsJob

from collector.scenario.upkeep import Report, draw_upkeep, leave_unanswered, refuse_records
from collector.telemetry.documents import Identity, build_documents

type Shapes = Mapping[str, frozenset[str]]

START = datetime(2026, 8, 19, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATIENCE_S = 120
AFTER_A_MINUTE = {f"aoai.collector.partition_{name}.events" for name in ("lag", "checkpoint_lag")}
"""Fields of a partition that are known when it was first asked where it ends."""


def leaves(document: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for key, value in document.items():
        yield from leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]


def shapes_of(documents: Iterable[Mapping[str, Any]]) -> Shapes:
    """The fields that each subject has in any document."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for document in documents:
        found[document["metricset"]["name"]].update(leaves(document))
    return {name: frozenset(fields - AFTER_A_MINUTE) for name, fields in found.items()}


def tell(report: Report) -> list[dict[str, Any]]:
    who = report.collector
    return build_documents(report.statuses, Identity(who.name, who.version, who.ephemeral_id), "default", report.at)


async def read_shapes(metrics_job: MetricsJob) -> Shapes:
    return shapes_of(await metrics_job.documents.sources("aoai.collector", kind="metrics"))


async def wait_until_told(metrics_job: MetricsJob, expected: Shapes) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            written = await read_shapes(metrics_job)
            if all(fields <= written.get(name, frozenset()) for name, fields in expected.items()):
                return
            await asyncio.sleep(0.2)


async def test_a_scenario_tells_of_collectors_what_the_daemon_tells_of_itself(metrics_job: MetricsJob) -> None:
    incidents = (refuse_records(START, START + HOUR), leave_unanswered(START, START + HOUR))
    reports = draw_upkeep(1, START, START + HOUR, incidents)
    expected = shapes_of(document for report in reports for document in tell(report))

    job = metrics_job.job
    feed(job.hub, events=8, per_event=2)
    job.hub.append(HUB, "0", b'{"records": [')
    metrics_job.write_policy(hub=True)
    policy = yaml.safe_load(job.policy.read_text(encoding="utf-8"))
    policy["agent"]["monitoring"]["metrics_period"] = "1s"
    job.policy.write_text(yaml.safe_dump(policy), encoding="utf-8")
    daemon = await job.start()
    await wait_until_told(metrics_job, expected)
    assert await daemon.stop() == 0
    assert await read_shapes(metrics_job) == expected
