"""Promise D11: a dead letter is never lost; what Elasticsearch refuses too goes to a file."""

import base64
import json
import os
import stat
from pathlib import Path

import pytest
from output.delivery_rig import Rig, record
from plugins.bulk_server import BulkServer, Reply, SentItem, parse

from collector.events import Record, Reject, RejectReason
from collector.output.dead_letter import DeadLetterFile

TARGET, LETTERS = "logs-aoai.logs-default", "logs-aoai.deadletter-default"
REFUSED = {"status": 400, "error": {"type": "document_parsing_exception", "reason": "[1:9] failed to parse"}}


def refuse_records(item: SentItem) -> Reply | None:
    return None if item.is_dead_letter else REFUSED


async def test_a_refused_record_is_kept_with_original_reason_and_position(rig: Rig) -> None:
    rig.server.item_rule = refuse_records
    rig.feed(record(0))
    await rig.settle()

    [(stream, _)] = rig.server.stored
    [letter] = rig.server.documents(LETTERS)
    assert stream == LETTERS
    assert letter["@timestamp"] == "2026-03-10T12:00:00.000Z"
    assert letter["event"]["original"] == '{"n":0}'
    assert letter["event"]["reason"] == letter["error"]["type"] == "document_parsing_exception"
    assert letter["error"]["message"] == "[1:9] failed to parse"
    assert letter["aoai"]["dead_letter"] == {
        "stage": "index",
        "target": TARGET,
        "original_encoding": "utf-8",
        "status": 400,
    }
    assert letter["azure"] == {
        "eventhub": "hub",
        "consumer_group": "$Default",
        "partition_id": "0",
        "offset": "0",
        "sequence_number": 0,
        "enqueued_time": "2026-03-10T12:00:00.000Z",
    }


async def test_a_dead_letter_has_the_id_of_its_record(rig: Rig) -> None:
    rig.server.item_rule = refuse_records
    rig.feed(record(0))
    await rig.settle()

    first, second = (items[0] for items in rig.server.requests)
    assert (first.stream, second.stream) == (TARGET, LETTERS)
    assert first.id == second.id


@pytest.mark.parametrize(
    ("source", "kept", "encoding"),
    [(b"{'a'", "{'a'", "utf-8"), (b"\xff\x00", base64.b64encode(b"\xff\x00").decode(), "base64")],
)
async def test_a_piece_that_is_no_record_is_kept_byte_for_byte(
    rig: Rig, source: bytes, kept: str, encoding: str
) -> None:
    rig.feed(Reject(source, RejectReason.INVALID_JSON, "why"))
    await rig.settle()

    [letter] = rig.server.documents(LETTERS)
    assert (letter["event"]["original"], letter["event"]["reason"]) == (kept, "invalid_json")
    assert letter["aoai"]["dead_letter"] == {
        "stage": "split",
        "target": TARGET,
        "original_encoding": encoding,
        "record_index": 0,
    }
    assert rig.counters.dead_letter_reasons == {"invalid_json": 1}


async def test_a_record_with_characters_that_json_escapes_comes_back_unchanged(rig: Rig) -> None:
    text = '{"a":"\\u0000 \\ud83d\\ude00 \u2028 \U0001f600 \\" \\\\"}'
    rig.server.item_rule = refuse_records
    rig.feed(Record(text))
    await rig.settle()

    assert rig.server.documents(LETTERS)[0]["event"]["original"] == text


async def test_a_dead_letter_that_is_already_there_counts_once(rig: Rig) -> None:
    rig.server.item_rule = lambda item: refuse_records(item) or {"status": 409, "error": {"type": "version_conflict"}}
    rig.feed_records(3)
    await rig.settle()

    assert (rig.counters.dead_lettered, rig.counters.already_there) == (3, 0)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_dead_letter_waits_like_any_item(rig: Rig, status: int) -> None:
    tries: list[int] = []

    def rule(item: SentItem) -> Reply | None:
        if not item.is_dead_letter:
            return REFUSED
        tries.append(1)
        return {"status": status, "error": {"type": "busy"}} if len(tries) < 4 else None

    rig.server.item_rule = rule
    rig.feed_records(1)
    await rig.settle()

    assert (len(tries), rig.counters.dead_lettered, rig.counters.dead_letters_on_disk) == (4, 1, 0)


async def test_a_refused_dead_letter_goes_to_a_file_that_only_its_owner_reads(rig: Rig) -> None:
    rig.server.item_rule = lambda _: REFUSED
    rig.feed_records(3)
    await rig.settle()

    kept = parse(rig.dead_letter_file.read_bytes())
    assert [(item.stream, item.document["event"]["original"]) for item in kept] == [
        (LETTERS, f'{{"n":{number}}}') for number in range(3)
    ]
    assert (rig.counters.dead_lettered, rig.counters.dead_letters_on_disk) == (3, 3)
    assert stat.S_IMODE(rig.dead_letter_file.stat().st_mode) == 0o600


async def test_a_line_in_the_file_is_on_disk_before_the_record_is_settled(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, int]] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        fsync(descriptor)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):  # and not the folder, which is synced for a new file
            synced.append((os.fstat(descriptor).st_size, rig.counters.settled))

    monkeypatch.setattr(os, "fsync", note)
    rig.server.item_rule = lambda _: REFUSED
    rig.feed_records(2)
    await rig.settle()

    sizes = [size for size, _ in synced]
    assert [settled for _, settled in synced] == [0, 1]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == rig.dead_letter_file.stat().st_size


async def test_a_disk_that_fails_keeps_the_record_unsettled_until_it_works(rig: Rig) -> None:
    rig.dead_letter_file.parent.write_text("a file where the folder should be")
    rig.server.item_rule = lambda _: REFUSED
    rig.feed_records(2)
    await rig.until(lambda: rig.trouble.what == "the dead letter file cannot be written")
    assert (rig.counters.in_flight, rig.counters.settled, rig.lane.prefix) == (2, 0, None)

    rig.dead_letter_file.parent.unlink()
    await rig.settle()
    assert rig.counters.dead_letters_on_disk == 2
    assert len(parse(rig.dead_letter_file.read_bytes())) == 2


def test_a_line_that_was_cut_short_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "dead-letters.ndjson"
    path.write_bytes(b'{"create":{}}\n{"mess')
    DeadLetterFile(path).append(b'{"create":{}}\n{"message":"whole"}\n')
    assert path.read_bytes() == b'{"create":{}}\n{"mess\n{"create":{}}\n{"message":"whole"}\n'


async def test_a_full_disk_keeps_the_record_unsettled(rig: Rig) -> None:
    rig.dead_letter_file.parent.mkdir()
    rig.dead_letter_file.symlink_to(Path("/dev/full"))
    rig.server.item_rule = lambda _: REFUSED
    rig.feed_records(1)
    await rig.until(lambda: rig.trouble.what == "the dead letter file cannot be written")

    assert (rig.counters.in_flight, rig.counters.settled) == (1, 0)


async def test_the_message_of_the_server_is_kept_but_bounded(rig: Rig) -> None:
    rig.server.item_rule = lambda item: (
        None if item.is_dead_letter else {"status": 400, "error": {"type": "t", "reason": "x" * 100_000}}
    )
    rig.feed_records(1)
    await rig.settle()

    [letter] = rig.server.documents(LETTERS)
    assert len(json.dumps(letter)) < 3000


async def test_records_and_dead_letters_of_one_event_are_settled_together(rig: Rig, bulk_server: BulkServer) -> None:
    bulk_server.item_rule = lambda item: REFUSED if not item.is_dead_letter and item.sequence_number % 2 else None
    rig.feed(*(record(number) for number in range(6)), Reject(b"x", RejectReason.INVALID_JSON, "why"))
    await rig.settle()

    assert (rig.counters.indexed, rig.counters.dead_lettered) == (3, 4)


async def test_a_disk_that_fails_is_mentioned_once_and_not_at_every_try(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.dead_letter_file.parent.write_text("a file where the folder should be")
    rig.server.item_rule = lambda _: REFUSED
    rig.feed_records(50)
    await rig.until(lambda: len(rig.server.requests) > 10)

    assert [entry.message for entry in caplog.records if entry.levelname in {"WARNING", "ERROR"}] == [
        "the dead letter file cannot be written"
    ]
