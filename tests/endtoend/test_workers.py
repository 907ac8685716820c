"""``agent.workers``: several processes under one supervisor that share the partitions, seen from outside."""

import asyncio
import json
import os
import resource
import signal
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from plugins.daemon import PARTITIONS, Daemon
from plugins.feeding import feed
from plugins.light_job import LightJob
from plugins.scraping import read_page
from plugins.tls_server import Certificates

WORKERS = 2
ALL = {str(number) for number in range(PARTITIONS)}
BEGUN_ANEW = "a worker ended by itself: it is begun anew"
REFUSED = "the changed policy is refused; the one before stays in force"


@pytest.fixture
def workers() -> int:
    return WORKERS


class Sharing:
    """A daemon with two workers, and what was fed to it."""

    def __init__(self, job: LightJob, daemon: Daemon, fed: Iterable[str] = ()) -> None:
        self.job, self.daemon = job, daemon
        self.fed = set(fed)

    async def status(self) -> tuple[int, dict[str, Any]]:
        """What `status --json` tells, and its exit code."""
        code, told, _ = await self.job.command("status", "--json")
        return code, json.loads(told)

    async def partitions(self) -> dict[int, set[str]]:
        """Which partitions each worker owns, by its own account."""
        page = await self.daemon.scrape()
        owned: dict[int, set[str]] = {}
        for labels in page.samples["collector_partition_in_flight_records"]:
            owned.setdefault(int(dict(labels)["worker"]), set()).add(dict(labels)["partition"])
        return owned

    async def wait_until_shared(self) -> dict[int, set[str]]:
        """Wait until each has its half, and return it."""
        async with asyncio.timeout(60):
            while True:
                owned = await self.partitions()
                halves = [len(each) for each in owned.values()] == [PARTITIONS // WORKERS] * WORKERS
                if halves and set().union(*owned.values()) == ALL:
                    return owned
                await asyncio.sleep(0.1)

    def feed(self, events: int = 4 * PARTITIONS) -> None:
        self.fed |= feed(self.job.hub, events=events, per_event=10)

    async def wait_for_all(self) -> None:
        """Wait until all that was fed is stored, and nothing is in flight."""
        await until(lambda: self.job.correlation_ids().keys() == self.fed)

    async def readiness(self) -> tuple[int, list[dict[str, Any]]]:
        """Status and components of /readyz."""
        assert self.daemon.watch.url is not None
        status, text = await read_page(self.daemon.watch.url, "/readyz")
        return status, json.loads(text)["components"]

    async def kill(self, worker: int) -> None:
        """End a worker as the kernel does that has no memory left, and wait until that is said."""
        before = len(self.daemon.said(BEGUN_ANEW))
        os.kill(self.daemon.processes[worker], signal.SIGKILL)
        while len(self.daemon.said(BEGUN_ANEW)) == before:
            await self.daemon.wait_for_news()

    async def wait_for_begin(self, times: int) -> None:
        """Wait until workers have begun so many times in all."""
        while len(self.daemon.said("worker begins")) < times:
            await self.daemon.wait_for_news()


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(0.05)


@pytest.fixture
async def sharing(light_job: LightJob) -> Sharing:
    light_job.write_policy(processor_update_interval="1s")
    shared = Sharing(light_job, await light_job.start())
    await shared.wait_until_shared()
    return shared


async def test_each_worker_reads_its_half_from_the_start_every_record_arrives_once_and_a_stop_leaves_nothing_to_repeat(
    light_job: LightJob,
) -> None:
    light_job.write_policy()
    fed = feed(light_job.hub, events=4 * PARTITIONS, per_event=10)
    sharing = Sharing(light_job, await light_job.start(), fed)
    await sharing.wait_for_all()
    received = (await sharing.daemon.scrape()).samples["collector_received_records_total"]
    assert {dict(labels)["worker"]: value for labels, value in received.items()} == {
        "1": len(sharing.fed) / WORKERS,
        "2": len(sharing.fed) / WORKERS,
    }
    assert set(sharing.job.correlation_ids().values()) == {1}
    assert await sharing.daemon.stop() == 0
    assert {line["worker"] for line in sharing.daemon.said("collector stopped")} == {1, 2}
    again = await sharing.job.start()
    await again.wait_to_share()
    assert await again.stop() == 0
    assert again.last_counts["received"] == 0


async def test_one_view_tells_of_all_workers(sharing: Sharing, tmp_path: Path) -> None:
    code, report = await sharing.status()
    assert code == 0
    assert report["process"]["pid"] == sharing.daemon.process.pid
    pids = sharing.daemon.processes
    assert [(each["worker"], each["pid"], each["restarts"]) for each in report["workers"]] == [
        (1, pids[1], 0),
        (2, pids[2], 0),
    ]
    told = {(each.get("worker"), each["component"]) for each in report["components"]}
    assert told == {(None, "worker"), (1, "output"), (1, "stream"), (2, "output"), (2, "stream")}
    assert {each["partition"] for each in report["partitions"]} == ALL
    assert (await sharing.readiness())[0] == 200
    tap = asyncio.create_task(sharing.job.command("tap", "--count", str(4 * PARTITIONS * 10)))
    while not tap.done():
        sharing.feed(PARTITIONS)
        await asyncio.wait([tap], timeout=0.2)
    lines = [json.loads(line) for line in tap.result()[1].splitlines()]
    assert {line["partition_id"] for line in lines} == ALL
    archive = tmp_path / "diagnostics.zip"
    assert (await sharing.job.command("diagnostics", "--out", str(archive)))[0] == 0
    with ZipFile(BytesIO(archive.read_bytes())) as opened:
        names = set(opened.namelist())
    assert {"status.json", "metrics.txt", "worker-1/tasks.txt", "worker-2/log.ndjson"} <= names
    code, page, _ = await sharing.job.command("status", "--once")
    assert (code, "default #2" in page) == (0, True)


async def test_what_a_killed_worker_read_is_read_on_and_it_is_begun_anew_with_growing_pauses(sharing: Sharing) -> None:
    await sharing.kill(2)
    sharing.feed()
    await sharing.wait_for_begin(WORKERS + 1)
    status, components = await sharing.readiness()
    worker = next(each for each in components if (each["component"], each["name"]) == ("worker", "2"))
    assert (status, worker["state"]) == (503, "degraded")
    assert worker["troubles"][0]["reason"] == "signal SIGKILL"
    await sharing.kill(2)
    deaths = sharing.daemon.said(BEGUN_ANEW)
    assert [(line["log.level"], line["worker"], line["seconds"]) for line in deaths] == [
        ("error", 2, 1.0),
        ("error", 2, 2.0),
    ]
    code, report = await sharing.status()
    assert (code, report["workers"][1]["restarts"]) == (3, 2)
    await sharing.wait_for_begin(WORKERS + 2)
    sharing.feed()
    await sharing.wait_for_all()
    assert await sharing.daemon.stop() == 0
    assert set(sharing.job.correlation_ids().values()) == {1}


async def test_no_worker_outlives_its_supervisor_and_another_goes_on_at_once(sharing: Sharing) -> None:
    sharing.feed()
    await until(lambda: bool(sharing.job.server.stored))
    sharing.daemon.process.kill()
    await sharing.daemon.exit_code()  # the end of the log is that of the last process which writes to it
    sharing.feed()
    again = await sharing.job.start()
    await sharing.wait_for_all()
    assert set(sharing.job.correlation_ids().values()) == {1}
    second = await sharing.job.start()
    assert await second.exit_code() == 1
    assert f"another collector works on {sharing.job.data}" in second.text
    assert await again.stop() == 0


def change(policy: Path, *, output: dict[str, Any] | None = None, **stream: Any) -> None:
    """Put a changed policy in the place of the file."""
    whole = yaml.safe_load(policy.read_text(encoding="utf-8"))
    whole["outputs"]["default"] |= output or {}
    whole["inputs"][0]["streams"][0] |= stream
    whole["agent"]["workers"] = stream.pop("workers", whole["agent"]["workers"])
    policy.with_suffix(".new").write_text(yaml.safe_dump(whole), encoding="utf-8")
    policy.with_suffix(".new").chmod(0o600)
    policy.with_suffix(".new").replace(policy)


async def test_a_policy_is_followed_by_all_workers_or_by_none(sharing: Sharing, certificates: Certificates) -> None:
    daemon, policy = sharing.daemon, sharing.job.policy
    good = policy.read_text(encoding="utf-8")
    change(policy, tags=["changed"])
    daemon.process.send_signal(signal.SIGHUP)
    await daemon.wait_to_say("the changed policy is in force")
    sharing.feed()
    await sharing.wait_for_all()
    assert all("changed" in document["tags"] for document in sharing.job.server.stored.values())

    await sharing.wait_until_shared()
    limit = resource.prlimit(daemon.processes[2], resource.RLIMIT_NOFILE)
    resource.prlimit(daemon.processes[2], resource.RLIMIT_NOFILE, (3, limit[1]))
    trust = {"certificate_authorities": [str(certificates.ca_path)]}
    change(policy, output={"hosts": ["https://127.0.0.1:1"], "ssl": trust})
    await daemon.wait_to_say(REFUSED, "Too many open files")
    resource.prlimit(daemon.processes[2], resource.RLIMIT_NOFILE, limit)
    sharing.feed()
    await sharing.wait_for_all()
    assert set(sharing.job.correlation_ids().values()) == {1}

    policy.write_text(good.replace("workers: 2", "workers: 3"), encoding="utf-8")
    daemon.process.send_signal(signal.SIGHUP)
    await daemon.wait_to_say(REFUSED, "restart the collector")
    assert await daemon.stop() == 0


async def test_workers_that_cannot_follow_the_policy_of_the_start_end_it(light_job: LightJob, tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("no certificate")
    light_job.write_policy(
        output={"hosts": ["https://127.0.0.1:1"], "ssl": {"certificate_authorities": [str(authority)]}}
    )
    daemon = await light_job.start()
    assert await daemon.exit_code() == 1
    assert "error: the collector cannot start:" in daemon.text
    assert "Traceback" not in daemon.text
