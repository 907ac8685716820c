"""Streams of the Responses API under ``metadata``: what is gathered says the same as what is read event by event."""

import json
from typing import Any

import pytest
from plugins.bodies import CANARY, COMPACT

from collector.events import Record
from collector.redact.levels import MetadataLevel

LEVEL = MetadataLevel(b"k" * 32)
FRAME = {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0}
PIECES = ("The ", "Eternal ", 'river "', "Ω", "\n", ".")


def delta(number: int, piece: str, **more: Any) -> dict[str, Any]:
    return FRAME | {"sequence_number": number, "delta": piece} | more


def write(*events: dict[str, Any] | str) -> str:
    written = (event if isinstance(event, str) else json.dumps(event, separators=COMPACT) for event in events)
    return "".join(f"event: response.output_text.delta\ndata: {event}\n\n" for event in written)


def leave(body: str) -> str:
    """What leaves of a body."""
    text = json.dumps({"category": "GatewayLogs", "properties": {"responseBody": body}})
    out = LEVEL.apply(Record(text))
    assert isinstance(out, Record)
    return json.loads(out.text)["properties"]["responseBody"]


def read(*events: dict[str, Any] | str) -> dict[str, Any]:
    return json.loads(leave(write(*events)))


def marker(text: str) -> str:
    """The marker of a text that was not streamed."""
    return json.loads(leave(json.dumps({"delta": text})))["delta"]


@pytest.mark.parametrize(
    "more", [{}, {"logprobs": []}, {"logprobs": [], "obfuscation": "x7Qk"}, {"summary_index": 2}], ids=str
)
def test_the_pieces_of_a_text_have_the_marker_of_the_whole_text(more: dict[str, Any]) -> None:
    answer = read(*(delta(number, piece, **more) for number, piece in enumerate(PIECES)))
    assert answer["delta"] == marker("".join(PIECES))
    assert (answer["sequence_number"], answer["[stream]"]) == (len(PIECES) - 1, len(PIECES))
    assert {key: answer[key] for key in FRAME} == FRAME


def test_the_padding_of_the_last_piece_stays_the_one_that_is_marked() -> None:
    padded = read(*(delta(number, "a", obfuscation=padding) for number, padding in enumerate(("p", "q", "r"))))
    alone = read(delta(2, "aaa", obfuscation="r"))
    assert padded == alone | {"[stream]": 3}


def test_a_text_that_another_event_interrupts_goes_on_after_it() -> None:
    usage = {"input_tokens": 14, "output_tokens": 3, "total_tokens": 17}
    done = {"type": "response.completed", "response": {"id": "resp_1", "usage": usage}}
    answer = read(delta(1, "a"), delta(2, "b"), done, delta(4, "c"), delta(5, "d"), done)
    assert answer["delta"] == marker("abcd")
    assert answer["response"] == {"id": "resp_1", "usage": usage}
    assert (answer["type"], answer["[stream]"]) == ("response.completed", 6)


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("output_index", 1, 1),
        ("output_index", 1.5, 1.5),
        ("output_index", True, True),
        ("content_index", None, 0),
        ("item_id", "msg_2", "msg_2"),
        ("type", "response.refusal.delta", "response.refusal.delta"),
        ("sequence_number", 2.5, 2.5),
        ("summary_index", 3, 3),
    ],
)
def test_an_event_that_differs_in_more_than_its_piece_is_read_as_any_other(key: str, value: Any, kept: Any) -> None:
    answer = read(delta(0, "a"), delta(1, "b"), delta(2, "c") | {key: value})
    assert (answer[key], type(answer[key])) == (kept, type(kept))
    assert answer["delta"] == marker("abc")


@pytest.mark.parametrize("more", [{"words": CANARY}, {CANARY: 1}, {"logprobs": [{"token": CANARY}]}], ids=str)
def test_a_member_that_the_other_events_do_not_have_is_treated_like_any(more: dict[str, Any]) -> None:
    text = leave(write(delta(0, "a"), delta(1, "b"), delta(2, "c", **more), delta(3, "d")))
    assert CANARY not in text
    assert json.loads(text)["delta"] == marker("abcd")
    assert len(json.loads(text)) > len(read(delta(0, "a")))


@pytest.mark.parametrize("end", ['x"', '"}{', "\\q", '","delta":"x\\', "\t"])
def test_a_stream_with_an_event_that_is_no_json_becomes_a_marker(end: str) -> None:
    event = json.dumps(delta(2, CANARY), separators=COMPACT).replace(CANARY, CANARY + end)
    text = leave(write(delta(0, "a"), delta(1, "b"), event, delta(3, "d")))
    assert text.startswith("[text:")
