"""What a tap shows, and that it never holds more than it may."""

import json

import pytest

from collector.delivery.tap import Tap, Taps, TooManyTapsError
from collector.events import Record, Reject, RejectReason, Source

SOURCE = Source("host", "hub", "$Default")
CHAT = '{"category":"RequestResponse","properties":{"modelDeploymentName":"chat","answer":"x"}}'
TEXT = '{"category":"Audit","properties":"{\\"modelDeploymentName\\": \\"embed\\"}"}'
GATEWAY = (
    '{"category":"GatewayLogs","properties":{"url":"https://gw.example.org/openai/deployments/chat/completions?a"}}'
)
NAMES_IT_ELSEWHERE = '{"category":"RequestResponse","properties":{"modelDeploymentName":"other","answer":"chat"}}'
ALL = (CHAT, TEXT, GATEWAY, NAMES_IT_ELSEWHERE)


def shown(tap: Tap, *texts: str) -> list[str]:
    for number, text in enumerate(texts):
        tap.offer(SOURCE, "0", number, Record(text))
    lines, missed = tap.take()
    assert missed == 0
    return [texts[json.loads(line)["sequence_number"]] for line in lines]


@pytest.mark.parametrize(
    ("tap", "expected"),
    [
        (Tap(), ALL),
        (Tap(categories=["requestRESPONSE"]), (CHAT, NAMES_IT_ELSEWHERE)),
        (Tap(categories=["Audit", "GatewayLogs"]), (TEXT, GATEWAY)),
        (Tap(deployments=["chat"]), (CHAT, GATEWAY)),
        (Tap(deployments=["embed", "nobody"]), (TEXT,)),
        (Tap(categories=["GatewayLogs"], deployments=["chat"]), (GATEWAY,)),
        (Tap(deployments=["cha"]), ()),
    ],
    ids=["all", "one category", "two categories", "a deployment", "as JSON text", "both", "part of a name"],
)
def test_it_shows_what_was_asked_for(tap: Tap, expected: tuple[str, ...]) -> None:
    assert shown(tap, *ALL) == list(expected)


def test_a_line_has_the_place_and_the_record_whatever_its_white_space_is() -> None:
    tap = Tap()
    text = '{"a": [1,\n 2],\r\n "b": "\\n"}'
    tap.offer(SOURCE, "3", 7, Record(text))
    ((line,), _) = tap.take()
    assert b"\n" not in line
    assert json.loads(line) == {
        "eventhub": "hub",
        "consumer_group": "$Default",
        "partition_id": "3",
        "sequence_number": 7,
        "record": json.loads(text),
    }


def test_of_what_is_no_record_the_reason_is_shown_and_no_byte_and_with_filters_nothing() -> None:
    reject = Reject(b"secret bytes", RejectReason.TRUNCATED, "secret detail")
    tap, filtered = Tap(), Tap(categories=["Audit"])
    for each in (tap, filtered):
        each.offer(SOURCE, "0", 1, reject)
    ((line,), _) = tap.take()
    assert (json.loads(line)["rejected"], json.loads(line)["bytes"]) == ("truncated", 12)
    assert b"secret" not in line
    assert filtered.take() == ((), 0)


def test_what_finds_no_room_is_counted_and_room_is_made_by_taking() -> None:
    tap = Tap()
    small, large = Record("{}"), Record('{"a":"' + "x" * 2**20 + '"}')
    for number in range(501):
        tap.offer(SOURCE, "0", number, small)
    lines, missed = tap.take()
    assert (len(lines), missed) == (500, 1)
    tap.offer(SOURCE, "0", 501, large)
    tap.offer(SOURCE, "0", 502, small)
    lines, missed = tap.take()
    assert (len(lines), missed) == (1, 1)
    assert tap.take() == ((), 0)


def test_four_may_look_at_once_and_a_place_is_free_when_one_has_gone() -> None:
    taps = Taps()
    contexts = [taps.open(Tap()) for _ in range(4)]
    for context in contexts:
        context.__enter__()
    with pytest.raises(TooManyTapsError), taps.open(Tap()):
        pass
    contexts.pop().__exit__(None, None, None)
    with taps.open(Tap()):
        assert taps.watched
    for context in contexts:
        context.__exit__(None, None, None)
    assert not taps.watched
