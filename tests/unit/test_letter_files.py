"""The local file of dead letters: read whatever its lines are, taken away while a daemon goes on appending."""

import json
from datetime import UTC, datetime
from pathlib import Path

from collector.events import DataStream, Position, Reject, RejectReason, Source
from collector.inputs.replay.letter_file import read_file
from collector.inputs.replay.letters import Letter, NoDeadLetterError, Place, Selection
from collector.output.dead_letter import DeadLetterFile
from collector.output.elasticsearch.encoding import StreamEncoder

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TARGET = DataStream("logs", "aoai.logs", "default")
ENCODER = StreamEncoder(Source("ns", "hub", "$Default"), TARGET, (), preserve_original=False)


def letter_lines(letter_id: str, original: bytes) -> bytes:
    origin = ENCODER.origin("3", Position("800", 8, NOON))
    return ENCODER.reject(letter_id.encode(), origin, 2, Reject(original, RejectReason.TRUNCATED, "why"))


def test_a_letter_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "letters.ndjson"
    lines = letter_lines("one", b"\xff{")
    DeadLetterFile(path).append(lines)

    assert list(read_file(path)) == [
        Letter(
            id="one",
            at=NOON,
            place=Place("hub", "$Default", "3", Position("800", 8, NOON)),
            target=TARGET,
            stage="split",
            reason="truncated",
            original=b"\xff{",
            record_index=2,
            lines=lines,
        )
    ]


def test_lines_that_were_cut_cost_no_other_letter(tmp_path: Path) -> None:
    path = tmp_path / "letters.ndjson"
    one, two = letter_lines("one", b"1"), letter_lines("two", b"2")
    action, document = two.split(b"\n")[:2]
    path.write_bytes(one + action + b"\n" + document[:20] + b"\n" + two + action[:9] + b"\n" + one + action + b"\n")

    found = list(read_file(path))

    assert [each.id for each in found if isinstance(each, Letter)] == ["one", "two", "one"]
    assert sum(isinstance(each, NoDeadLetterError) for each in found) == 3


def test_a_file_that_holds_something_else_says_where(tmp_path: Path) -> None:
    path = tmp_path / "letters.ndjson"
    path.write_text('{"create":{"_id":"x"}}\n' + json.dumps({"message": "a secret"}) + "\n")

    (found,) = read_file(path)

    assert str(found) == "line 2: this is no dead letter of the collector"


def test_what_is_taken_away_is_whole_and_new_letters_go_to_a_file_of_their_own(tmp_path: Path) -> None:
    file = DeadLetterFile(tmp_path / "letters.ndjson")
    file.append(b"old\n")
    (taken,) = file.set_aside(NOON)
    file.append(b"new\n")

    assert (taken.read_bytes(), file.path.read_bytes()) == (b"old\n", b"new\n")
    assert file.unfinished() == [taken]
    done = file.finish(taken)
    assert (done.name, done.read_bytes(), file.unfinished()) == (
        "letters.20260310T120000000000Z.replayed.ndjson",
        b"old\n",
        [],
    )


def test_what_an_interrupted_replay_took_away_comes_first_in_the_next(tmp_path: Path) -> None:
    file = DeadLetterFile(tmp_path / "letters.ndjson")
    file.append(b"old\n")
    file.set_aside(NOON)
    file.append(b"new\n")

    assert [path.read_bytes() for path in file.set_aside(NOON.replace(hour=13))] == [b"old\n", b"new\n"]


def test_a_selection_wants_what_all_of_its_parts_want(tmp_path: Path) -> None:
    path = tmp_path / "letters.ndjson"
    path.write_bytes(letter_lines("one", b"1"))
    (letter,) = read_file(path)
    assert isinstance(letter, Letter)
    wanted = [
        Selection(),
        Selection(("aoai.logs", "x"), ("truncated",), NOON),
        Selection(("x",)),
        Selection((), ("x",)),
        Selection((), (), NOON.replace(hour=13)),
    ]
    assert [selection.wants(letter) for selection in wanted] == [True, True, False, False, False]
