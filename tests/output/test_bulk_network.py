"""A network that fails at every step: nothing is lost, and nothing is indexed twice."""

import asyncio

import pytest
from output.delivery_rig import Build
from plugins.bulk_server import (
    BulkServer,
    Fault,
    cut_the_reply,
    listening,
    reset_after_storing,
    reset_while_receiving,
    stay_silent_after_storing,
)

RECORDS = 300


async def test_a_server_that_is_down_is_waited_for(build: Build) -> None:
    server = BulkServer()
    async with listening(server):
        pass  # the port is known now, and nobody listens
    rig = build(server)
    rig.feed_records(RECORDS)
    await rig.until(lambda: rig.counters.failed_requests >= 3)
    assert (rig.trouble.what, rig.counters.settled) == ("Elasticsearch cannot be reached", 0)

    server.released = asyncio.Event()
    async with listening(server):
        await rig.settle()
        assert (rig.counters.indexed, rig.trouble.what) == (RECORDS, None)
        await rig.output.close()


async def test_a_reset_while_the_body_is_sent_loses_nothing(bulk_server: BulkServer, build: Build) -> None:
    rig = build(bulk_server, compression_level=0)
    bulk_server.faults.extend([reset_while_receiving] * 3)
    rig.feed_records(RECORDS)
    await rig.settle()

    assert (rig.counters.indexed, rig.counters.failed_requests) == (RECORDS, 3)


@pytest.mark.parametrize("fault", [reset_after_storing, cut_the_reply, stay_silent_after_storing])
async def test_no_reply_after_the_server_has_indexed_adds_no_document(
    bulk_server: BulkServer, build: Build, fault: Fault
) -> None:
    rig = build(bulk_server, client={"request_timeout": 0.2})
    bulk_server.faults.append(fault)
    rig.feed_records(RECORDS)
    await rig.settle()

    assert (rig.counters.already_there, rig.counters.indexed) == (RECORDS, 0)
    assert len(bulk_server.stored) == RECORDS


async def test_a_name_that_does_not_resolve_is_unreachable_and_not_fatal(bulk_server: BulkServer, build: Build) -> None:
    rig = build(bulk_server, client={"hosts": ["http://no-such-host.invalid:9200"]})
    rig.feed_records(1)
    await rig.until(lambda: rig.counters.failed_requests >= 2)

    assert (rig.trouble.what, rig.counters.in_flight) == ("Elasticsearch cannot be reached", 1)


async def test_a_plain_server_behind_an_https_address_is_unreachable_and_not_fatal(
    bulk_server: BulkServer, build: Build
) -> None:
    rig = build(bulk_server, client={"hosts": [bulk_server.url.replace("http:", "https:")]})
    rig.feed_records(1)
    await rig.until(lambda: rig.counters.failed_requests >= 2)

    assert rig.trouble.what == "Elasticsearch cannot be reached"


async def test_a_stop_while_the_server_is_down_keeps_to_its_time_and_settles_nothing(
    bulk_server: BulkServer, build: Build
) -> None:
    rig = build(bulk_server, client={"hosts": ["http://127.0.0.1:1"]})
    rig.feed_records(5)

    assert await rig.output.drain(0.05) is False
    assert (rig.counters.in_flight, rig.lane.prefix, rig.counters.balanced) == (5, None, True)


@pytest.mark.parametrize("level", [0, 1, 9])
async def test_bodies_are_compressed_as_asked(bulk_server: BulkServer, build: Build, level: int) -> None:
    rig = build(bulk_server, compression_level=level)
    rig.feed_records(RECORDS)
    await rig.settle()

    [headers] = bulk_server.headers
    assert (headers.get("Content-Encoding"), rig.counters.indexed) == ("gzip" if level else None, RECORDS)


async def test_a_bulk_that_is_not_full_is_sent_when_it_is_old(bulk_server: BulkServer, build: Build) -> None:
    rig = build(bulk_server, max_age=0.01)
    rig.feed_records(3)
    await rig.until(lambda: rig.counters.indexed == 3)

    assert len(bulk_server.requests) == 1
