"""Bulk lines: the documented shape, and two lines an item whatever the text holds."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.events import DataStream, Position, Record, Reject, RejectReason, RepairedRecord, Source
from collector.output.elasticsearch.encoding import DeadLetter, StreamEncoder, dead_letter, iso

ID = b"AAAAAAAAAAAAAAAAAAAAAA"
WHEN = datetime(2026, 3, 10, 9, 1, 6, 410415, tzinfo=UTC)
POSITION = Position("4096", 42, WHEN)
SOURCE = Source("ns.servicebus.windows.net", "hub", "$Default")
TARGET = DataStream("logs", "aoai.logs", "default")
AZURE = {
    "eventhub": "hub",
    "consumer_group": "$Default",
    "partition_id": "0",
    "offset": "4096",
    "sequence_number": 42,
    "enqueued_time": "2026-03-10T09:01:06.410Z",
}
TEXT = st.text(st.characters(codec="utf-8"))
NASTY = ["\n", "\r\n", '"', '"}}\n{"delete":{}}\n', "\u2028\u2029", "\0", "\\", "\x85", "\U0001f600", "", "{{message}}"]


def encoder(*tags: str, source: Source = SOURCE, target: DataStream = TARGET, preserve: bool = False) -> StreamEncoder:
    return StreamEncoder(source, target, tags, preserve_original=preserve)


def encode(record: Record, made: StreamEncoder, partition: str = "0", position: Position = POSITION) -> bytes:
    return made.record(ID, made.origin(partition, position), record)


def lines_of(bulk: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The action and the document; fails unless these are exactly two lines."""
    action, document, nothing = bulk.split(b"\n")
    assert nothing == b""
    return json.loads(action), json.loads(document)


def record_of(text: str, *, repaired: bool = False) -> Record:
    return RepairedRecord(text) if repaired else Record(text)


def test_a_record_becomes_the_documented_document() -> None:
    action, document = lines_of(encode(record_of('{"a": 1.0}'), encoder()))

    assert action == {"create": {"_index": "logs-aoai.logs-default", "_id": ID.decode()}}
    assert document == {
        "@timestamp": "2026-03-10T09:01:06.410Z",
        "message": '{"a": 1.0}',
        "azure": AZURE,
        "data_stream": {"type": "logs", "dataset": "aoai.logs", "namespace": "default"},
        "event": {"module": "aoai", "dataset": "aoai.logs"},
    }


@pytest.mark.parametrize(
    ("tags", "preserve", "repaired", "expected"),
    [
        (("forwarded",), False, False, ["forwarded"]),
        ((), False, True, ["repaired"]),
        (("a", "b"), True, True, ["a", "b", "preserve_original_event", "repaired"]),
        ((), True, False, ["preserve_original_event"]),
    ],
)
def test_tags_tell_what_the_stream_asks_for_and_what_was_done(
    tags: tuple[str, ...], preserve: bool, repaired: bool, expected: list[str]
) -> None:
    _, document = lines_of(encode(record_of("{}", repaired=repaired), encoder(*tags, preserve=preserve)))

    assert document["tags"] == expected


@pytest.mark.parametrize("repaired", [False, True])
@given(text=TEXT)
def test_any_text_makes_two_lines_and_comes_back_unchanged(text: str, repaired: bool) -> None:
    _, document = lines_of(encode(record_of(text, repaired=repaired), encoder("x")))

    assert document["message"] == text


@pytest.mark.parametrize("text", NASTY)
def test_a_text_that_looks_like_a_bulk_line_stays_a_text(text: str) -> None:
    action, document = lines_of(encode(record_of(text), encoder()))

    assert (list(action), document["message"]) == (["create"], text)


@given(TEXT | st.sampled_from(NASTY), TEXT | st.sampled_from(NASTY), TEXT, TEXT, TEXT)
def test_no_name_from_outside_breaks_a_line(hub: str, group: str, partition: str, offset: str, tag: str) -> None:
    made = encoder(tag, source=Source("h", hub, group), target=DataStream("logs", hub, group))
    action, document = lines_of(encode(record_of("{}"), made, partition, Position(offset, 1, WHEN)))

    assert list(action) == ["create"]
    assert (action["create"]["_id"], action["create"]["_index"]) == (ID.decode(), f"logs-{hub}-{group}")
    found = document["azure"]
    assert [found[key] for key in ("eventhub", "consumer_group", "partition_id", "offset")] == [
        hub,
        group,
        partition,
        offset,
    ]
    assert (document["message"], document["tags"]) == ("{}", [tag])


def test_a_piece_that_is_no_record_becomes_the_documented_dead_letter() -> None:
    made = encoder(target=DataStream("logs", "aoai.logs", "prod"))
    reject = Reject(b'{"a":', RejectReason.TRUNCATED, "it ends")
    action, document = lines_of(made.reject(ID, made.origin("0", POSITION), 3, reject))

    assert action == {"create": {"_index": "logs-aoai.deadletter-prod", "_id": ID.decode()}}
    assert document == {
        "@timestamp": "2026-03-10T09:01:06.410Z",
        "azure": AZURE,
        "data_stream": {"type": "logs", "dataset": "aoai.deadletter", "namespace": "prod"},
        "event": {
            "kind": "event",
            "module": "aoai",
            "dataset": "aoai.deadletter",
            "reason": "truncated",
            "original": '{"a":',
        },
        "error": {"type": "truncated", "message": "it ends"},
        "aoai": {
            "dead_letter": {
                "stage": "split",
                "record_index": 3,
                "original_encoding": "utf-8",
                "target": "logs-aoai.logs-prod",
            }
        },
        "tags": ["preserve_original_event"],
    }


@given(st.binary())
def test_a_dead_letter_keeps_any_bytes(source: bytes) -> None:
    made = encoder()
    reject = Reject(source, RejectReason.INVALID_JSON, "why")
    _, document = lines_of(made.reject(ID, made.origin("0", POSITION), 0, reject))
    original, encoding = document["event"]["original"], document["aoai"]["dead_letter"]["original_encoding"]

    assert (original.encode() if encoding == "utf-8" else base64.b64decode(original, validate=True)) == source
    assert encoding in {"utf-8", "base64"}


@given(st.binary(max_size=30), TEXT, TEXT)
def test_no_message_of_a_server_breaks_the_lines_of_a_dead_letter(original: bytes, kind: str, message: str) -> None:
    letter = DeadLetter(
        timestamp="2026-03-10T09:01:06.410Z",
        azure=dict(AZURE),
        namespace="default",
        target="logs-aoai.logs-default",
        original=original,
        stage="index",
        error_type=kind,
        error_message=message,
        status=400,
    )
    action, document = lines_of(dead_letter(ID, letter))

    assert list(action) == ["create"]
    assert document["error"] == {"type": kind, "message": message}
    assert document["aoai"]["dead_letter"]["status"] == 400


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 3, 10, 9, 0, tzinfo=UTC), "2026-03-10T09:00:00.000Z"),
        (datetime(2026, 3, 10, 9, 0, 0, 999_999, tzinfo=UTC), "2026-03-10T09:00:00.999Z"),
        (datetime(2026, 3, 10, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-03-09T20:00:00.000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "9999-12-31T23:59:59.000Z"),
    ],
)
def test_a_moment_is_written_in_utc_with_milliseconds(moment: datetime, written: str) -> None:
    assert iso(moment) == written
