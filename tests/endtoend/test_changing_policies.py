"""A policy that changes while the daemon runs: taken over without losing a record, or refused as a whole."""

import asyncio
import signal
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from plugins.daemon import HUB, PARTITIONS, Daemon
from plugins.feeding import feed
from plugins.light_job import LightJob

from collector.emulators.event_hubs import EventHubsEmulator, Hub
from collector.state.sqlite import SqliteCheckpointStore

IN_FORCE = "the changed policy is in force"
REFUSED = "the changed policy is refused; the one before stays in force"
THE_SAME = "the policy was read again, and nothing has changed"


@pytest.fixture
async def hub() -> AsyncIterator[EventHubsEmulator]:
    """A hub that two streams can read."""
    async with EventHubsEmulator([Hub(HUB, PARTITIONS, ("$Default", "other"))]) as emulator:
        yield emulator


def rewrite(path: Path, policy: dict[str, Any]) -> None:
    """Put another file in its place at once, as editors and Kubernetes do."""
    path.with_suffix(".new").write_text(yaml.safe_dump(policy), encoding="utf-8")
    path.with_suffix(".new").chmod(0o600)
    path.with_suffix(".new").replace(path)


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


async def wait_for_all(job: LightJob, fed: set[str]) -> None:
    async with asyncio.timeout(60):
        while len(job.server.stored) < len(fed):  # noqa: ASYNC110 - the server has no bell
            await asyncio.sleep(0.05)
    assert job.correlation_ids().keys() == fed


async def feed_until(daemon: Daemon, job: LightJob, message: str, fed: set[str]) -> None:
    """Keep records coming until the daemon says it."""
    said = len(daemon.said(message))
    async with asyncio.timeout(60):
        while len(daemon.said(message)) == said:
            fed |= feed(job.hub, events=4, per_event=5)
            await asyncio.sleep(0.05)


async def test_a_changed_policy_is_taken_over_in_full_flow_and_no_record_is_lost_or_doubled(
    light_job: LightJob,
) -> None:
    policy = light_job.write_policy()
    daemon = await light_job.start()
    await daemon.wait_to_say("stream starts")
    fed: set[str] = set()
    for number in range(2):
        changed = read(policy)
        changed["inputs"][0]["streams"][0]["tags"] = [f"change-{number}"]
        rewrite(policy, changed)
        if number:
            daemon.process.send_signal(signal.SIGHUP)
        await feed_until(daemon, light_job, IN_FORCE, fed)
    fed |= feed(light_job.hub, events=4, per_event=10)
    await wait_for_all(light_job, fed)
    assert await daemon.stop() == 0
    assert set(light_job.correlation_ids().values()) == {1}
    last = [document["tags"] for document in light_job.server.stored.values()][-1]
    assert "change-1" in last
    counts = daemon.last_counts
    assert (counts["received"] - counts["already_there"], counts["in_flight"]) == (len(fed), 0)


BAD = (
    "outputs: [",
    "outputs: {default: {type: elasticsearch, hosts: [localhost], max_in_fligt_bytes: 1}}\ninputs: []\n",
    "",
)
"""No YAML at all, a misspelt key, nothing."""


async def test_a_bad_change_is_refused_with_its_mistake_and_the_old_policy_stays_in_force(light_job: LightJob) -> None:
    policy = light_job.write_policy()
    good = read(policy)
    daemon = await light_job.start()
    await daemon.wait_to_say("stream starts")
    for number, text in enumerate(BAD, 1):
        policy.write_text(text, encoding="utf-8")
        daemon.process.send_signal(signal.SIGHUP)
        while len(daemon.said(REFUSED)) < number:
            await daemon.wait_for_news()
    assert all(f"{policy}:" in each["error"]["message"] for each in daemon.said(REFUSED))
    assert "max_in_flight_bytes" in daemon.said(REFUSED)[1]["error"]["message"]
    fed = feed(light_job.hub, events=4, per_event=10)
    await wait_for_all(light_job, fed)
    rewrite(policy, good)
    daemon.process.send_signal(signal.SIGHUP)
    await daemon.wait_to_say(THE_SAME)
    assert len(daemon.said("stream starts")) == 1
    assert await daemon.stop() == 0
    assert "Traceback" not in daemon.text


KEPT_ELSEWHERE = {
    "storage_account_connection_string": (
        "DefaultEndpointsProtocol=http;AccountName=nobody;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:9/nobody"
    ),
    "storage_account_container": "checkpoints",
}


async def test_a_policy_that_cannot_be_followed_here_is_refused_and_the_old_one_goes_on(light_job: LightJob) -> None:
    """Its local state is another collector's."""
    policy = light_job.write_policy()
    kept_here = read(policy)
    rewrite(policy, read(light_job.write_policy(**KEPT_ELSEWHERE)))
    daemon = await light_job.start()
    await daemon.wait_to_say("collector starts")
    other = SqliteCheckpointStore(light_job.data)
    rewrite(policy, kept_here)
    daemon.process.send_signal(signal.SIGHUP)
    refusal = await daemon.wait_to_say(REFUSED)
    other.close()
    assert "another collector works on" in refusal["error"]["message"]
    daemon.process.send_signal(signal.SIGHUP)
    await daemon.wait_to_say(IN_FORCE)
    assert await daemon.stop() == 0
    assert "Traceback" not in daemon.text


async def test_a_secret_that_changes_in_its_file_needs_no_signal_and_what_did_not_change_runs_on(
    light_job: LightJob,
) -> None:
    secret = light_job.policy.with_name("api-key")
    secret.write_text("first:key", encoding="utf-8")
    policy = read(light_job.write_policy())
    policy["providers"] = {"filesource": {"sources": {"key": {"path": str(secret)}}}}
    policy["outputs"]["other"] = policy["outputs"]["default"] | {"api_key": "${filesource.key}"}
    source = policy["inputs"][0]
    stream = source["streams"][0] | {"id": "other", "consumer_group": "other"}
    policy["inputs"].append(source | {"id": "other", "use_output": "other", "streams": [stream]})
    rewrite(light_job.policy, policy)
    daemon = await light_job.start()
    await daemon.wait_to_say("stream starts", "'stream': 'logs'")
    await daemon.wait_to_say("stream starts", "'stream': 'other'")
    secret.with_suffix(".new").write_text("second:key", encoding="utf-8")
    secret.with_suffix(".new").replace(secret)
    said = await daemon.wait_to_say(IN_FORCE)
    assert said["outputs"] == ["other"]
    feed(light_job.hub, events=1, per_event=1)
    encoded = "ApiKey " + b64encode(b"second:key").decode()
    async with asyncio.timeout(60):
        while encoded not in {headers.get("Authorization") for headers in light_job.server.headers}:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert [each["stream"] for each in daemon.said("stream starts")].count("logs") == 1
    assert await daemon.stop() == 0
    assert "second:key" not in daemon.text


async def test_a_stop_in_the_middle_of_a_change_ends_in_order(light_job: LightJob) -> None:
    policy = light_job.write_policy()
    daemon = await light_job.start()
    await daemon.wait_to_say("partition claimed")
    changed = read(policy)
    changed["inputs"][0]["streams"][0]["tags"] = ["new"]
    rewrite(policy, changed)
    daemon.process.send_signal(signal.SIGHUP)
    await daemon.wait_to_say("partition left")
    daemon.process.send_signal(signal.SIGTERM)
    assert await daemon.exit_code() == 0
    assert daemon.said("collector stopped")
    assert "Traceback" not in daemon.text
