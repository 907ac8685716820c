"""D7 of the guarantees: of a bulk that partly failed each item is in exactly one class, and only what may still succeed
is sent again; whatever a request is answered, nothing is lost and nothing is there twice.
"""

import json
import zlib
from typing import Any

from plugins.bulk_gate import ORDINARY, BulkGate, Fate, Fault, answer_with, correlation_id, cut, refusal, reset, silence
from plugins.bulk_server import SentItem
from plugins.daemon import Documents, Job
from plugins.fault_proxy import FaultProxy
from plugins.feeding import feed, lost_and_extra

QUICK: dict[str, Any] = {"backoff": {"init": "10ms", "max": "50ms"}}

FATES = {
    "indexed": ORDINARY,
    "indexed, though its answer says 409": Fate(status=409),
    "dropped": Fate(is_forwarded=False, status=200),
    "refused": Fate(is_forwarded=False, status=400),
    "throttled": Fate(is_forwarded=False, status=429),
    "unavailable": Fate(is_forwarded=False, status=503),
    "indexed, though its answer says 503": Fate(status=503),
}


def fate_of(correlation: str) -> str:
    return list(FATES)[zlib.crc32(correlation.encode()) % len(FATES)]


def mix(item: SentItem, times: int) -> Fate:
    """Each record meets its fate the first time that it comes, and the engine after that."""
    return FATES[fate_of(correlation_id(item))] if times == 1 else ORDINARY


async def test_each_item_of_a_mixed_reply_is_in_exactly_one_class_and_only_429_and_503_are_sent_again(
    job: Job, documents: Documents
) -> None:
    async with BulkGate(job.url) as gate:
        gate.fate = mix
        job.write_policy(output={"hosts": [gate.url], "bulk_max_size": 1600} | QUICK)
        fed = feed(job.hub, events=64, per_event=25)
        by_fate = {fate: {each for each in fed if fate_of(each) == fate} for fate in FATES}
        indexed = fed - by_fate["dropped"] - by_fate["refused"]
        daemon = await job.start()
        await documents.wait_for("aoai.logs", len(indexed))
        await documents.wait_for("aoai.deadletter", len(by_fate["refused"]))
        assert await daemon.stop() == 0

    assert await lost_and_extra(documents, indexed) == (0, 0)
    letters = await documents.sources("aoai.deadletter")
    originals = [json.loads(letter["event"]["original"])["correlationId"] for letter in letters]
    assert sorted(originals) == sorted(by_fate["refused"])
    assert {letter["aoai"]["dead_letter"]["status"] for letter in letters} == {400}
    counts = daemon.last_counts
    already_there = by_fate["indexed, though its answer says 409"] | by_fate["indexed, though its answer says 503"]
    assert counts["received"] == 1600
    assert (counts["already_there"], counts["dropped"]) == (len(already_there), len(by_fate["dropped"]))
    assert counts["dead_lettered"] == len(by_fate["refused"])
    again = {each for each, times in gate.times_sent.items() if times > 1}
    assert again - by_fate["indexed, though its answer says 503"] == must_come_again(by_fate)
    assert max(gate.times_sent.values()) == 2


def must_come_again(by_fate: dict[str, set[str]]) -> set[str]:
    """What is not in the engine after the first answer; the refused come as dead letters."""
    return by_fate["refused"] | by_fate["throttled"] | by_fate["unavailable"]


GARBAGE = (b"", b"<html>", b"{}", b'{"items":[]}', b'{"items":[{"create":{"status":"201"}}]}', b"\xff")


async def test_whatever_a_whole_request_is_answered_nothing_is_lost_or_doubled(job: Job, documents: Documents) -> None:
    refused = [401, 403, 404, 408, 429, 500, 502, 503, 504, 302]
    async with BulkGate(job.url) as gate:
        after_indexing: list[Fault] = [
            *(answer_with(status) for status in refused),
            *(answer_with(200, body) for body in GARBAGE),
            reset,
            cut,
            silence(gate),
        ]
        gate.faults.extend(after_indexing)
        before_indexing = list(refused)
        gate.request_rule = lambda _: refusal(before_indexing.pop(0)) if before_indexing else None
        job.write_policy(output={"hosts": [gate.url], "bulk_max_size": 50, "timeout": "2s"} | QUICK)
        fed = feed(job.hub, events=40, per_event=25)
        daemon = await job.start()
        await gate.wait_for_requests(len(refused) + len(after_indexing))
        await documents.wait_for("aoai.logs", len(fed))
        assert await daemon.stop() == 0

    assert not before_indexing
    assert not gate.faults
    assert await lost_and_extra(documents, fed) == (0, 0)
    assert await documents.count("aoai.deadletter") == 0
    counts = daemon.last_counts
    assert (counts["received"], counts["indexed"] + counts["already_there"]) == (len(fed), len(fed))
    assert counts["already_there"] > 0  # of what the engine had indexed before the answer was spoilt


async def test_a_connection_that_breaks_in_the_middle_of_a_body_or_crawls_loses_nothing(
    job: Job, documents: Documents
) -> None:
    async with FaultProxy(job.url) as proxy:
        job.write_policy(output={"hosts": [proxy.url()], "compression_level": 0, "bulk_max_size": 500} | QUICK)
        daemon = await job.start()
        await daemon.wait_to_say("stream starts")
        proxy.reset_after(40_000)  # of some 150,000 bytes of a body
        fed = feed(job.hub, events=20, per_event=25)
        await documents.wait_for("aoai.logs", len(fed))
        proxy.delay = 0.02
        fed |= feed(job.hub, events=20, per_event=25)
        await documents.wait_for("aoai.logs", len(fed))
        assert await daemon.stop() == 0

    assert await lost_and_extra(documents, fed) == (0, 0)
    assert daemon.last_counts["failed_requests"] > 0
