"""What happens to whole requests: refusals, waits, and halving until the poison is found."""

import math
import random
from collections.abc import Callable

import pytest
from aiohttp import web
from output.delivery_rig import Build, Rig
from plugins.bulk_server import BulkServer, SentItem, answer, listening, redirect_to, refuse, reply_with

from collector.output.elasticsearch.client import BulkClient

POISONED = 10_000
MALFORMED = {"error": {"type": "x_content_parse_exception", "reason": "[1:2] unexpected"}, "status": 400}


def refuse_whole(numbers: set[int], status: int = 400) -> Callable[[list[SentItem]], web.Response | None]:
    """One record that cannot be parsed fails its whole request (elastic/elasticsearch issue 138445)."""

    def rule(items: list[SentItem]) -> web.Response | None:
        poisoned = any(item.sequence_number in numbers and not item.is_dead_letter for item in items)
        return answer(MALFORMED, status) if poisoned else None

    return rule


@pytest.mark.parametrize("place", [0, 1, 4_999, 5_000, 7_500, POISONED - 2, POISONED - 1])
async def test_one_poison_in_10000_costs_one_dead_letter_and_few_requests(
    bulk_server: BulkServer, build: Build, place: int
) -> None:
    rig = build(bulk_server, max_items=POISONED)
    bulk_server.request_rule = refuse_whole({place})
    rig.feed_records(POISONED)
    await rig.settle()

    assert (rig.counters.indexed, rig.counters.dead_lettered) == (POISONED - 1, 1)
    assert len(bulk_server.requests) - 1 <= 2 * math.log2(POISONED) + 1
    [letter] = bulk_server.documents("logs-aoai.deadletter-default")
    assert letter["azure"]["sequence_number"] == place
    assert letter["aoai"]["dead_letter"] | {"stage": "index", "status": 400} == letter["aoai"]["dead_letter"]


async def test_the_bound_on_further_requests_holds_for_every_size_and_place(
    bulk_server: BulkServer, build: Build
) -> None:
    for size in [*range(2, 20), 33, 100]:
        for place in {0, size // 3, size // 2, size - 1}:
            rig = build(bulk_server, max_items=size)
            bulk_server.requests.clear()
            bulk_server.request_rule = refuse_whole({place})
            rig.feed_records(size)
            await rig.settle()

            assert len(bulk_server.requests) - 1 <= 2 * math.log2(size) + 1, (size, place)


@pytest.mark.parametrize("seed", range(5))
async def test_several_poisons_cost_a_dead_letter_each(rig: Rig, seed: int) -> None:
    poisons = set(random.Random(seed).sample(range(500), 7))
    rig.server.request_rule = refuse_whole(poisons)
    rig.feed_records(500)
    await rig.settle()

    letters = rig.server.documents("logs-aoai.deadletter-default")
    assert (rig.counters.indexed, rig.counters.dead_lettered) == (493, 7)
    assert {letter["azure"]["sequence_number"] for letter in letters} == poisons


async def test_a_body_too_large_is_halved_until_it_fits(rig: Rig) -> None:
    rig.server.request_rule = lambda items: answer({}, 413) if len(items) > 100 else None
    rig.feed_records(1000)
    await rig.settle()

    assert (rig.counters.indexed, rig.counters.dead_lettered) == (1000, 0)
    assert sum(len(items) for items in rig.server.requests if len(items) <= 100) == 1000


async def test_a_body_too_large_is_cut_no_finer_than_it_must(rig: Rig) -> None:
    rig.server.request_rule = lambda items: answer({}, 413) if len(items) > 100 else None
    rig.feed_records(200)
    await rig.settle()

    assert [len(items) for items in rig.server.requests] == [200, 100, 100]


async def test_one_item_too_large_by_itself_ends_in_the_local_file(rig: Rig) -> None:
    rig.server.request_rule = lambda items: answer({}, 413) if any(i.sequence_number == 3 for i in items) else None
    rig.feed_records(10)
    await rig.settle()

    assert (rig.counters.indexed, rig.counters.dead_lettered, rig.counters.dead_letters_on_disk) == (9, 1, 1)


@pytest.mark.parametrize("status", [401, 403, 404, 405, 410])
async def test_a_refusal_of_all_writing_stays_loud_until_it_is_mended(rig: Rig, status: int) -> None:
    rig.server.request_rule = lambda _: answer({"error": {"type": "security_exception", "reason": "no"}}, status)
    rig.feed_records(10)
    await rig.until(lambda: len(rig.server.requests) > 5)
    assert rig.trouble.what == "Elasticsearch refuses to be written to"
    assert (rig.counters.in_flight, rig.counters.settled) == (10, 0)

    rig.server.request_rule = lambda _: None
    await rig.settle()
    assert (rig.counters.indexed, rig.trouble.what) == (10, None)


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
async def test_a_passing_refusal_is_waited_out(rig: Rig, status: int) -> None:
    rig.server.faults.extend([refuse(status)] * 20)
    rig.feed_records(10)
    await rig.settle()

    assert (rig.counters.indexed, rig.counters.failed_requests, len(rig.server.requests)) == (10, 20, 21)


class TestServerError:
    """A 500 for a whole request: the server's own fault, or that of one document (decision 0004)."""

    @pytest.mark.parametrize("workers", [1, 4])
    @pytest.mark.parametrize("place", [0, 123, 299])
    async def test_a_document_that_breaks_the_server_costs_one_dead_letter(
        self, bulk_server: BulkServer, build: Build, place: int, workers: int
    ) -> None:
        rig = build(bulk_server, max_items=100, workers=workers)
        bulk_server.request_rule = refuse_whole({place}, 500)
        rig.feed_records(300)
        await rig.settle()

        assert (rig.counters.indexed, rig.counters.dead_lettered) == (299, 1)
        [letter] = bulk_server.documents("logs-aoai.deadletter-default")
        assert (letter["azure"]["sequence_number"], letter["aoai"]["dead_letter"]["status"]) == (place, 500)

    @pytest.mark.parametrize("workers", [1, 4])
    async def test_a_server_that_is_broken_for_everyone_costs_no_dead_letter(
        self, bulk_server: BulkServer, build: Build, workers: int
    ) -> None:
        rig = build(bulk_server, max_items=10, workers=workers)
        bulk_server.faults.extend([refuse(500)] * 100)
        rig.feed_records(30)
        await rig.settle()

        assert (rig.counters.indexed, rig.counters.dead_lettered, rig.counters.failed_requests) == (30, 0, 100)

    async def test_a_document_that_alone_meets_it_is_tried_without_end_while_nothing_else_gets_through(
        self, rig: Rig
    ) -> None:
        rig.server.request_rule = refuse_whole({0}, 500)
        rig.feed_records(1)
        await rig.until(lambda: len(rig.server.requests) > 20)
        assert (rig.counters.in_flight, rig.counters.settled) == (1, 0)

        rig.feed_records(1)  # number 1
        await rig.settle()
        assert (rig.counters.indexed, rig.counters.dead_lettered) == (1, 1)


NOON = "Wed, 21 Oct 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("86400", 300.0),
        ("Wed, 21 Oct 2026 12:00:42 GMT", 42.0),
        ("Wed, 21 Oct 2026 11:59:00 GMT", 0.0),
        ("Thu, 22 Oct 2026 12:00:00 GMT", 300.0),
        ("Wednesday, 21-Oct-26 12:00:42 GMT", 42.0),
        ("Wed Oct 21 12:00:42 2026", 42.0),
        ("soon", None),
        ("-1", None),
        ("\u0667", None),
    ],
)
async def test_the_wait_that_the_server_asks_for_is_told_by_the_servers_own_clock(
    bulk_server: BulkServer, header: str, seconds: float | None
) -> None:
    bulk_server.faults.append(refuse(429, **{"Retry-After": header, "Date": NOON}))
    client = BulkClient({"hosts": [bulk_server.url]}, compression_level=0)
    told = await client.send(b'{"create":{"_index":"a","_id":"b"}}\n{}\n')
    await client.close()

    assert (told.status, told.retry_after, told.reason) == (429, seconds, "some_exception: refused")


async def test_a_redirect_is_not_followed(rig: Rig) -> None:
    async with listening(BulkServer()) as elsewhere:
        rig.server.faults.append(redirect_to(elsewhere.url + "/_bulk"))
        rig.feed_records(1)
        await rig.settle()

        assert (rig.counters.indexed, rig.counters.failed_requests, elsewhere.arrivals) == (1, 1, 0)


async def test_an_answer_without_the_product_header_is_not_trusted(rig: Rig) -> None:
    rig.server.faults.extend([reply_with(b'{"items":[{"create":{"status":201}}]}', product="")] * 3)
    rig.feed_records(1)
    await rig.until(lambda: rig.trouble.what is not None)
    assert rig.trouble.what == "the output's address is not Elasticsearch"

    await rig.settle()
    assert (rig.counters.already_there, rig.counters.indexed) == (1, 0)


GARBAGE = {
    "nothing": b"",
    "text": b"hello",
    "an empty object": b"{}",
    "no items": b'{"items":[]}',
    "too many items": b'{"items":[{"create":{"status":201}},{"create":{"status":201}}]}',
    "another action": b'{"items":[{"index":{"status":201}}]}',
    "a status in words": b'{"items":[{"create":{"status":"201"}}]}',
    "no status": b'{"items":[{"create":{}}]}',
    "not UTF-8": b'{"items":[{"create":{"status":400,"error":{"type":"\xe9"}}}]}',
    "nesting": b'{"took":' + b"[" * 200_000,
    "a cut reply": b'{"items":[{"create":{"sta',
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
async def test_a_reply_that_cannot_be_read_settles_nothing_and_is_asked_for_again(rig: Rig, body: bytes) -> None:
    rig.server.faults.append(reply_with(body))
    rig.feed_records(1)
    await rig.settle()

    assert (rig.counters.already_there, len(rig.server.requests)) == (1, 2)


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=latin-1", "application/octet-stream", ""])
async def test_an_error_page_of_a_proxy_is_waited_out_whatever_its_type(rig: Rig, kind: str) -> None:
    rig.server.faults.append(reply_with(b"<h1>d\xe9sol\xe9</h1>", status=502, content_type=kind, product=""))
    rig.feed_records(1)
    await rig.settle()

    assert rig.counters.already_there == 1
