"""D17 of the guarantees: a full disk, a checkpoint store that is down, a clock that jumps, names that do not resolve, a
certificate that changes: each loses nothing, is said, and is over without a restart.

At full size each must be said within 5 s and be over within 30 s; the smaller size waits for the same with patience.
"""

import asyncio
import json
import resource
from pathlib import Path
from typing import Any

import pytest
from plugins.azurite import Azurite
from plugins.bulk_gate import ORDINARY, BulkGate, Fate, correlation_id
from plugins.daemon import Daemon, Documents, Job
from plugins.fault_proxy import FaultProxy
from plugins.feeding import feed, lost_and_extra
from plugins.strange_machine import StrangeMachine
from plugins.tls_server import Certificates

QUICK: dict[str, Any] = {"backoff": {"init": "10ms", "max": "1s"}}
CHECKPOINT_FAILS = "checkpoints cannot be written, trying again"
PATIENCE = 60.0


@pytest.fixture
def said_within(full_size: bool) -> float:
    return 5.0 if full_size else PATIENCE


@pytest.fixture
def over_within(full_size: bool) -> float:
    return 30.0 if full_size else PATIENCE


async def feed_and_wait(job: Job, documents: Documents, fed: set[str]) -> None:
    """Put more records into the hub and wait until all that were fed are documents."""
    fed |= feed(job.hub, events=20, per_event=5)
    await documents.wait_for("aoai.logs", len(fed))


async def expect_nothing_again(job: Job) -> None:
    """A start after a clean stop reads nothing again: the checkpoints are where they should be."""
    daemon = await job.start()
    await daemon.wait_to_say("partition claimed")
    assert await daemon.stop() == 0
    assert daemon.last_counts["received"] == 0


class FullDisk:
    """No byte can be written to any file by a daemon, as its limit says; root and everybody meet it alike."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def begin(self) -> None:
        for process in self._daemon.processes.values():
            _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
            resource.prlimit(process, resource.RLIMIT_FSIZE, (0, hard))

    def end(self) -> None:
        for process in self._daemon.processes.values():
            _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
            resource.prlimit(process, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_full_disk_holds_back_checkpoints_and_dead_letters_and_loses_neither(
    job: Job, documents: Documents, said_within: float, over_within: float
) -> None:
    async with BulkGate(job.url) as gate:
        job.write_policy(output={"hosts": [gate.url]} | QUICK, processor_update_interval="1s")
        daemon = await job.start()
        disk, fed = FullDisk(daemon), set[str]()
        await feed_and_wait(job, documents, fed)
        disk.begin()
        await feed_and_wait(job, documents, fed)
        async with asyncio.timeout(said_within):
            await daemon.wait_to_say(CHECKPOINT_FAILS)
        [refused] = feed(job.hub, events=1, per_event=1)
        # Set before the record can come: the emulator hands events out in this test's own event loop.
        gate.fate = lambda item, _: Fate(False, 400) if correlation_id(item) == refused else ORDINARY
        async with asyncio.timeout(said_within):
            await daemon.wait_to_say("the dead letter file cannot be written")
        assert not letters_on_disk(job)
        disk.end()
        async with asyncio.timeout(over_within):
            await daemon.wait_to_say("dead letter was refused and written to the local file")
        assert await daemon.stop() == 0
        await expect_nothing_again(job)

    assert await lost_and_extra(documents, fed) == (0, 0)
    assert letters_on_disk(job) == [refused]


def letters_on_disk(job: Job) -> list[str]:
    """The correlation ids of what the local file holds."""
    documents = (job.data / "dead-letters-default.ndjson").read_text().splitlines()[1::2]
    return [json.loads(json.loads(document)["event"]["original"])["correlationId"] for document in documents]


@pytest.mark.azurite
@pytest.mark.parametrize("fault", ["refuses", "is silent"])
async def test_a_checkpoint_store_that_is_down_stops_no_record_and_is_written_when_it_is_back(  # noqa: PLR0913, PLR0917
    job: Job, documents: Documents, azurite: Azurite, said_within: float, over_within: float, fault: str
) -> None:
    async with FaultProxy(azurite.port) as storage:
        job.write_policy(
            output=QUICK,
            processor_update_interval="1s",
            storage_account_connection_string=Azurite(storage.port).connection_string,
            storage_account_container=f"d17-{id(job)}",
        )
        daemon, fed = await job.start(), set[str]()
        await daemon.wait_to_share()
        await feed_and_wait(job, documents, fed)
        if fault == "refuses":
            await storage.refuse()
        else:
            storage.hold()
        await feed_and_wait(job, documents, fed)
        async with asyncio.timeout(said_within):
            await daemon.wait_to_say(CHECKPOINT_FAILS)
        if fault == "refuses":
            await storage.listen()
        else:
            storage.release()
        async with asyncio.timeout(over_within):
            await daemon.wait_to_say("recovered", CHECKPOINT_FAILS)
        assert await daemon.stop() == 0
        await expect_nothing_again(job)

    assert await lost_and_extra(documents, fed) == (0, 0)
    assert daemon.last_counts["received"] == len(fed)


async def test_a_clock_that_jumps_by_an_hour_either_way_changes_nothing(
    job: Job, documents: Documents, tmp_path: Path
) -> None:
    machine = StrangeMachine(tmp_path)
    job.write_policy(output=QUICK, processor_update_interval="1s")
    daemon, fed = await job.start(launcher=machine.launcher), set[str]()
    await daemon.wait_to_share()
    claims = len(daemon.said("partition claimed"))
    await feed_and_wait(job, documents, fed)
    for hours in (1, -1):
        machine.set_clock(hours * 3600)
        await feed_and_wait(job, documents, fed)
    assert await daemon.stop() == 0
    moments = [line["@timestamp"] for line in daemon.lines]
    assert moments != sorted(moments), "the clock of the process did not jump"

    assert await lost_and_extra(documents, fed) == (0, 0)
    assert (daemon.last_counts["received"], daemon.last_counts["already_there"]) == (len(fed), 0)
    assert len(daemon.said("partition claimed")) == claims
    await expect_nothing_again(job)


async def test_names_that_stop_resolving_are_waited_for(
    job: Job, documents: Documents, tmp_path: Path, said_within: float, over_within: float
) -> None:
    machine = StrangeMachine(tmp_path)
    async with FaultProxy(job.url) as engine:
        job.write_policy(output={"hosts": [engine.url(host="localhost")]} | QUICK)
        daemon, fed = await job.start(launcher=machine.launcher), set[str]()
        await daemon.wait_to_say("stream starts")
        machine.forget_names(engine.port)  # before the first bulk, whose client would remember an address for 10 s
        fed |= feed(job.hub, events=20, per_event=5)
        async with asyncio.timeout(said_within):
            await daemon.wait_to_say("Elasticsearch cannot be reached", "name resolution")
        machine.remember_names()
        async with asyncio.timeout(over_within):
            await documents.wait_for("aoai.logs", len(fed))
        assert await daemon.stop() == 0

    assert await lost_and_extra(documents, fed) == (0, 0)


async def test_a_certificate_of_the_same_authority_changes_nothing_and_one_of_another_is_refused_until_mended(  # noqa: PLR0913, PLR0917
    job: Job, documents: Documents, certificates: Certificates, said_within: float, over_within: float, tmp_path: Path
) -> None:
    async with FaultProxy(job.url, ssl_context=certificates.serve()) as engine:
        trust = {"certificate_authorities": [str(certificates.ca_path)]}
        job.write_policy(output={"hosts": [engine.url("https", "localhost")], "ssl": trust} | QUICK)
        daemon, fed = await job.start(), set[str]()
        await feed_and_wait(job, documents, fed)
        await engine.present(certificates.serve())
        await feed_and_wait(job, documents, fed)
        held = len(fed)
        await engine.present(certificates.serve_untrusted())
        fed |= feed(job.hub, events=20, per_event=5)
        async with asyncio.timeout(said_within):
            reason = await daemon.wait_to_say("Elasticsearch cannot be reached", "name the authority")
        assert "unable to get local issuer" in str(reason)
        assert await documents.count("aoai.logs") == held
        await engine.present(certificates.serve())
        async with asyncio.timeout(over_within):
            await documents.wait_for("aoai.logs", len(fed))
        assert await daemon.stop() == 0

    assert await lost_and_extra(documents, fed) == (0, 0)
