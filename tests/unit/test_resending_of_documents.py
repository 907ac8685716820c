"""Letters that hold whole documents: sent again as they were kept, or not at all."""

import json
from datetime import UTC, datetime

import pytest

from collector.events import DataStream
from collector.inputs.replay.letters import Letter, Selection, read_letter
from collector.inputs.replay.resending import CannotBeSentError, resend_document
from collector.output.elasticsearch.encoding import DeadLetter, dead_letter

NINE = datetime(2026, 3, 10, 9, tzinfo=UTC)
WHOLE = b'{"@timestamp":"2026-03-10T09:00:00.000Z","azure":{"metrics":{"tokens":{"total":9007199254740993}}}}'


def read(original: bytes) -> Letter:
    """A letter as the output writes it when Elasticsearch refuses a document of metrics."""
    letter = DeadLetter(
        timestamp="2026-03-10T09:00:00.000Z",
        azure={"namespace": "Microsoft.CognitiveServices/accounts"},
        namespace="team",
        target="metrics-aoai.metrics-team",
        original=original,
        stage="index",
        error_type="document_parsing_exception",
        error_message="why",
        status=400,
    )
    _, document, _ = dead_letter(b"0123456789abcdefghijkl", letter).split(b"\n")
    return read_letter("0123456789abcdefghijkl", document)


def test_a_document_is_sent_byte_for_byte_to_its_data_stream_under_its_id() -> None:
    letter = read(WHOLE)
    assert (letter.place, letter.target) == (None, DataStream("metrics", "aoai.metrics", "team"))
    action, document, rest = resend_document(letter).split(b"\n")
    assert json.loads(action) == {"create": {"_index": "metrics-aoai.metrics-team", "_id": letter.id}}
    assert (document, rest) == (WHOLE, b"")


def test_it_is_chosen_by_its_own_time() -> None:
    letter = read(WHOLE)
    assert Selection(since=NINE).wants(letter)
    assert not Selection(since=NINE.replace(hour=10)).wants(letter)


@pytest.mark.parametrize("original", [b"", b"text", b"[1]", b'{"a":\n1}', b'{"a":1'], ids=repr)
def test_what_is_no_document_is_not_sent(original: bytes) -> None:
    with pytest.raises(CannotBeSentError, match="no document"):
        resend_document(read(original))
