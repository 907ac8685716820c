"""Every status that an answer can have is in exactly one class (decision 5)."""

import json

import pytest

from collector.output.elasticsearch.outcomes import (
    FILTER_PATH,
    GarbledReplyError,
    ItemOutcome,
    RequestOutcome,
    all_created,
    classify_item,
    classify_request,
    read_reply,
)

# As decided: what is not spelled out follows the rule of its hundred.
ITEMS = {
    200: ItemOutcome.DROPPED,
    201: ItemOutcome.INDEXED,
    401: ItemOutcome.BLOCKED,
    403: ItemOutcome.BLOCKED,
    404: ItemOutcome.BLOCKED,
    408: ItemOutcome.AGAIN,
    409: ItemOutcome.ALREADY_THERE,
    429: ItemOutcome.AGAIN,
    500: ItemOutcome.SERVER_ERROR,
    502: ItemOutcome.AGAIN,
    503: ItemOutcome.AGAIN,
    504: ItemOutcome.AGAIN,
}
REQUESTS = {
    200: RequestOutcome.ANSWERED,
    400: RequestOutcome.BISECT,
    401: RequestOutcome.BLOCKED,
    403: RequestOutcome.BLOCKED,
    404: RequestOutcome.BLOCKED,
    408: RequestOutcome.AGAIN,
    413: RequestOutcome.BISECT,
    429: RequestOutcome.AGAIN,
    500: RequestOutcome.SERVER_ERROR,
    502: RequestOutcome.AGAIN,
    503: RequestOutcome.AGAIN,
    504: RequestOutcome.AGAIN,
}


@pytest.mark.parametrize("status", range(100, 600))
def test_each_status_of_an_item_has_its_class(status: int) -> None:
    by_hundred = {4: ItemOutcome.REFUSED}

    assert classify_item(status) is ITEMS.get(status, by_hundred.get(status // 100, ItemOutcome.AGAIN))


@pytest.mark.parametrize("status", range(100, 600))
def test_each_status_of_a_request_has_its_class(status: int) -> None:
    by_hundred = {5: RequestOutcome.AGAIN}

    assert classify_request(status) is REQUESTS.get(status, by_hundred.get(status // 100, RequestOutcome.BLOCKED))


def test_no_status_but_those_of_success_lets_a_record_count_as_safe() -> None:
    safe = {ItemOutcome.INDEXED, ItemOutcome.ALREADY_THERE, ItemOutcome.DROPPED}

    assert {status for status in range(100, 600) if classify_item(status) in safe} == {200, 201, 409}


@pytest.mark.parametrize(("told", "outcome"), [("used", ItemOutcome.DIVERTED), ("not_enabled", ItemOutcome.INDEXED)])
def test_a_document_in_the_failure_store_is_not_indexed_whatever_the_status(told: str, outcome: ItemOutcome) -> None:
    assert classify_item(201, told) is outcome


def test_a_failure_store_that_failed_leaves_the_refusal() -> None:
    assert classify_item(400, "failed") is ItemOutcome.REFUSED


def test_the_reply_is_read_as_far_as_it_is_asked_for() -> None:
    full = {
        "took": 3,
        "errors": True,
        "items": [
            {"create": {"_index": ".ds-x", "_id": "a", "status": 201, "result": "created", "failure_store": "used"}},
            {"create": {"status": 400, "error": {"type": "t", "reason": "r", "caused_by": {"type": "c"}}}},
        ],
    }
    stored, refused = read_reply(json.dumps(full).encode(), 2)

    assert (stored.status, stored.failure_store, stored.error) == (201, "used", None)
    assert refused.error is not None
    assert (refused.status, refused.error.type, refused.error.reason) == (400, "t", "r")


def test_the_filter_keeps_all_that_is_read() -> None:
    paths = {"items.*.status", "items.*.error.type", "items.*.error.reason", "items.*.failure_store"}

    assert set(FILTER_PATH.split(",")) == paths


def test_an_error_without_type_or_reason_can_be_read() -> None:
    [answer] = read_reply(b'{"items":[{"create":{"status":400,"error":{}}}]}', 1)

    assert answer.status == 400


GARBAGE = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"\xff",
    b"<html>",
    b'{"items":null}',
    b'{"items":[{}]}',
    b'{"items":[{"create":{}}]}',
    b'{"items":[{"create":{"status":"201"}}]}',
    b'{"items":[{"create":{"status":201.5}}]}',
    b'{"items":[{"index":{"status":201}}]}',
    b'{"items":[{"create":{"status":400,"error":"text"}}]}',
    b'{"items":[{"create":{"status":400,"error":{"type":"\xe9"}}}]}',
    b'{"items":[{"create":{"status":201}}',
    b'{"took":' + b"[" * 100_000,
]


@pytest.mark.parametrize("body", GARBAGE)
def test_a_body_that_is_no_bulk_reply_is_said_to_be_garbled(body: bytes) -> None:
    with pytest.raises(GarbledReplyError):
        read_reply(body, 1)


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_a_reply_with_another_number_of_answers_is_garbled(expected: int) -> None:
    body = json.dumps({"items": [{"create": {"status": 201}}] * 2}).encode()

    with pytest.raises(GarbledReplyError):
        read_reply(body, expected)


def reply_of(answers: list[dict[str, object]]) -> bytes:
    """A reply as Elasticsearch writes it when `FILTER_PATH` is asked for: without blanks."""
    return json.dumps({"items": [{"create": answer} for answer in answers]}, separators=(",", ":")).encode()


@pytest.mark.parametrize("count", [1, 2, 1600])
def test_an_answer_that_all_were_created_is_known_at_a_glance(count: int) -> None:
    body = reply_of([{"status": 201}] * count)

    assert all_created(body, count)
    assert [(each.status, each.failure_store) for each in read_reply(body, count)] == [(201, None)] * count


@pytest.mark.parametrize("count", [0, 1, 3])
def test_of_another_number_of_items_it_says_nothing(count: int) -> None:
    assert not all_created(reply_of([{"status": 201}] * 2), count)


@pytest.mark.parametrize(
    "odd",
    [
        {"status": 409},
        {"status": 200},
        {"status": 201, "failure_store": "used"},
        {"status": 400, "error": {"type": '{"create":{"status":201}}'}},
    ],
    ids=["already there", "dropped", "diverted", "refused"],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_item_that_was_not_created_is_not_overlooked(odd: dict[str, object], place: int) -> None:
    answers: list[dict[str, object]] = [{"status": 201}] * 3
    answers[place] = odd

    assert not all_created(reply_of(answers), 3)


@pytest.mark.parametrize("body", GARBAGE)
def test_garbage_does_not_say_that_all_were_created(body: bytes) -> None:
    assert not all_created(body, 1)
