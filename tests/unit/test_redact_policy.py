"""The content policy in its place: ids, levels, and the key of the hashes."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugins.bodies import find_canary, make_bodies

from collector.delivery.acknowledgement import Lane
from collector.delivery.budget import Budget
from collector.delivery.intake import Intake
from collector.events import (
    DataStream,
    Entry,
    Position,
    Record,
    Reject,
    RejectReason,
    RepairedRecord,
    Source,
    categories_of,
)
from collector.output.elasticsearch.encoding import StreamEncoder
from collector.output.elasticsearch.items import Load
from collector.policy.content import ContentKeys
from collector.policy.secret import Secret
from collector.redact.choice import choose_policy
from collector.redact.hash_key import FILE_NAME, derive_key, load_key
from collector.redact.levels import MetadataLevel
from collector.telemetry.counters import Counters

SOURCE = Source("host", "hub", "$Default")
POSITION = Position("1", 7, datetime(2026, 3, 10, tzinfo=UTC))
TEXT = json.dumps(
    {
        "category": "GatewayLogs",
        "resourceId": "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/GATEWAY",
        "properties": {"requestBody": json.dumps(make_bodies()["chat request"]), "backendTime": 7},
    }
)
ENTRIES: list[Entry] = [
    Record(TEXT),
    RepairedRecord(TEXT),
    Reject(TEXT.encode()[:-3], RejectReason.TRUNCATED, "cut"),
]


class Sent:
    """An output that keeps what it gets."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def add(self, load: Load) -> None:
        self.lines += [json.loads(line) for line in load.lines.splitlines()]


async def send(level: str, folder: Path) -> list[dict[str, Any]]:
    """The bulk lines of the entries at a level."""
    sent = Sent()
    encoder = StreamEncoder(SOURCE, DataStream("logs", "aoai.logs", "default"), (), preserve_original=True)
    content = choose_policy(ContentKeys.model_validate({"content": level}), folder)
    intake = Intake(SOURCE, encoder, sent, Budget(1 << 20), Counters(), content=content)
    await intake.accept(Lane("0"), POSITION, TEXT.encode(), ENTRIES)
    return sent.lines


async def test_the_level_changes_no_id_and_no_place(tmp_path: Path) -> None:
    levels = [await send(level, tmp_path) for level in ("metadata", "redacted", "full")]
    actions = [[line["create"] for line in lines[::2]] for lines in levels]
    assert actions[0] == actions[1] == actions[2]
    assert len({action["_id"] for action in actions[0]}) == len(ENTRIES)


async def test_nothing_leaves_for_the_output_that_the_level_forbids(tmp_path: Path) -> None:
    assert not find_canary(json.dumps(await send("metadata", tmp_path)))


async def test_full_leaves_records_and_originals_as_they_came(tmp_path: Path) -> None:
    _, record, _, repaired, _, letter = await send("full", tmp_path)
    assert (record["message"], repaired["message"]) == (TEXT, TEXT)
    assert letter["event"]["original"] == TEXT[:-3]


WRITER = "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/AOAI"
WITHOUT_BODY = '{"time":1,"category":"RequestResponse","resourceId":"' + WRITER + '"}'
NEIGHBOURS = [
    WITHOUT_BODY,
    WITHOUT_BODY.replace("RequestResponse", "Audit"),
    WITHOUT_BODY[:-1] + ',"requestBody":"' + "hello " * 1000 + '"}',
    WITHOUT_BODY.replace(WRITER, "/elsewhere")[:-1] + ',"prompt":"hello"}',
    TEXT,
]


@given(st.lists(st.sampled_from(NEIGHBOURS), max_size=4))
def test_a_record_has_the_same_treatment_whoever_its_neighbours_are(texts: list[str]) -> None:
    policy = MetadataLevel(b"k" * 32)

    together = policy.apply_to_all(texts, categories_of(texts))

    assert list(map(Record, together)) == [policy.apply(Record(text)) for text in texts]


def test_metadata_is_what_a_stream_has_without_the_key() -> None:
    assert ContentKeys().content == "metadata"


def test_the_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = load_key(tmp_path / "data")
    assert load_key(tmp_path / "data") == first
    assert load_key(tmp_path / "other") != first
    assert stat.S_IMODE((tmp_path / "data" / FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == [FILE_NAME]


def test_the_text_of_the_file_in_the_policy_gives_the_same_hashes(tmp_path: Path) -> None:
    load_key(tmp_path)
    key = (tmp_path / FILE_NAME).read_text(encoding="ascii").strip()
    from_file = choose_policy(ContentKeys(), tmp_path)
    from_policy = choose_policy(ContentKeys(content_hash_key=Secret(key)), tmp_path / "not made")
    assert from_file is not None
    assert from_policy is not None
    assert from_file.apply(ENTRIES[0]) == from_policy.apply(ENTRIES[0])
    assert not (tmp_path / "not made").exists()


def test_a_key_that_was_replaced_gives_other_hashes(tmp_path: Path) -> None:
    before = MetadataLevel(load_key(tmp_path)).apply(ENTRIES[0])
    (tmp_path / FILE_NAME).unlink()
    assert MetadataLevel(load_key(tmp_path)).apply(ENTRIES[0]) != before


def test_a_file_without_a_key_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("short\n", encoding="ascii")
    with pytest.raises(OSError, match="no key of at least 16") as caught:
        load_key(tmp_path)
    assert caught.value.filename == str(tmp_path / FILE_NAME)


def test_a_key_is_never_the_text_itself() -> None:
    assert derive_key("k" * 32) != b"k" * 32
