"""Several hosts: one that is down is passed over and comes back; one that refuses is not passed over in silence."""

import asyncio
import logging

import pytest
from aiohttp import web
from output.delivery_rig import Build, Rig
from plugins.bulk_server import BulkServer, answer, listening

LIMIT = 30.0


async def deliver_until(rig: Rig, server: BulkServer) -> None:
    """Feed records, one bulk each, until this server gets one."""
    async with asyncio.timeout(LIMIT):
        while not server.arrivals:
            rig.feed_records(1)
            await rig.settle()


async def test_a_host_that_is_down_is_passed_over_and_used_again_when_it_is_back(build: Build) -> None:
    first = BulkServer()
    async with listening(first):
        pass  # takes a port, and leaves it
    async with listening(BulkServer()) as second:
        rig = build(second, client={"hosts": [first.url, second.url]})
        for _ in range(5):
            rig.feed_records(10)
            await rig.settle()
        assert (rig.counters.indexed, first.arrivals) == (50, 0)

        async with listening(first):
            await deliver_until(rig, first)  # it is tried again after a second
    assert rig.counters.indexed == rig.counters.received


async def test_a_host_that_goes_down_during_a_run_costs_no_record(build: Build) -> None:
    async with listening(BulkServer()) as second:
        first = BulkServer()
        async with listening(first):
            rig = build(second, client={"hosts": [first.url, second.url]})
            await deliver_until(rig, first)
        for _ in range(5):
            rig.feed_records(10)
            await rig.settle()
    assert rig.counters.indexed == rig.counters.received == len(first.stored) + len(second.stored)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_host_that_refuses_is_reported_though_another_takes_the_records(
    build: Build, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: object) -> web.Response:
        return answer({"error": {"type": "security_exception", "reason": "unable to authenticate"}}, status)

    async with listening(BulkServer()) as first, listening(BulkServer()) as second:
        first.request_rule = refuse
        rig = build(second, client={"hosts": [first.url, second.url]})
        await deliver_until(rig, first)

    assert (len(first.stored), len(second.stored)) == (0, rig.counters.received)
    [record, *_] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.message == "Elasticsearch refuses to be written to"
    assert vars(record)["error.message"] == f"{status} security_exception: unable to authenticate"
