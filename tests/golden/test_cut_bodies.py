"""Bodies that the gateway cut, chunks of messages, and records that could not be read: nothing of them is lost."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from plugins.bodies import USAGE
from plugins.told_bodies import ANSWERS, BODIES, KEY, LEVELS, REQUESTS, apply_level, entry, gateway

from collector.redact.markers import Markers

type Document = dict[str, Any]

pytestmark = pytest.mark.engine

CUTS = (0.02, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97)
"""How much of a body the gateway kept."""


def write(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))


def cut_bodies(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in told:
        text = write(BODIES[name])
        yield from ((name, text[: max(2, int(len(text) * part))]) for part in CUTS)


def pass_level(
    records: list[Document],
    level: str,
    as_collected: Callable[..., Document],
    process_all: Callable[[list[Document]], list[Document]],
) -> list[Document]:
    tags = (f"content_{level}",)
    return process_all([as_collected(apply_level(record, level), "aoai.gateway", tags) for record in records])


def came_whole(said: str, text: str) -> bool:
    """Whether a text stands in a cut body with something after it, so that it is known to be whole."""
    return any(json.dumps(said) + following in text for following in ",}]")


def words_of(document: Document) -> str:
    """All texts of a document's bodies; a cut one ends where it was cut."""
    properties = document["azure"]["open_ai"].get("properties", {})
    return json.dumps([value for key, value in properties.items() if key.startswith("backend_re")])


@pytest.fixture
def passed(
    as_collected: Callable[..., Document], process_all: Callable[[list[Document]], list[Document]]
) -> Callable[[list[Document], str], list[Document]]:
    return lambda records, level: pass_level(records, level, as_collected, process_all)


Passed = Callable[[list[Document], str], list[Document]]


@pytest.mark.parametrize("level", LEVELS)
def test_a_cut_body_is_marked_and_its_whole_texts_stay(level: str, passed: Passed) -> None:
    sent = [(REQUESTS[name], text) for name, text in cut_bodies(REQUESTS)]
    for (told, text), document in zip(
        sent, passed([gateway(requestBody=text) for _, text in sent], level), strict=True
    ):
        open_ai = document["azure"]["open_ai"]
        assert document["event"]["kind"] == "event", text
        assert "body_cut" in open_ai or "body_unreadable" in open_ai, text
        whole = [part for said in told.texts for part in said.split("\n") if came_whole(part, text)]
        missing = [part for part in whole if part not in words_of(document)]
        assert missing == ([] if level != "metadata" else whole), text


@pytest.mark.parametrize("level", LEVELS)
def test_a_cut_answer_tells_what_came_before_the_cut(level: str, passed: Passed) -> None:
    sent = [(ANSWERS[name], text) for name, text in cut_bodies(ANSWERS)]
    made = passed([gateway(backendResponseBody=text) for _, text in sent], level)
    for (told, text), document in zip(sent, made, strict=True):
        gen_ai = document.get("gen_ai", {})
        answer = gen_ai.get("response", {})
        assert document["event"]["kind"] == "event", text
        assert answer.get("model") in {told.model, None}, text
        if f'"model":"{told.model}",' in text and text.startswith("{"):
            assert answer["model"] == told.model, text
        if '"finish_reason":"stop",' in text:
            assert answer["finish_reasons"] == ["stop"], text
        if f'"usage":{json.dumps(USAGE, separators=(",", ":"))}' in text:
            assert gen_ai["usage"] == told.usage, text
        whole = [said for said in told.texts if came_whole(said, text)]
        missing = [said for said in whole if said not in words_of(document)]
        assert missing == ([] if level != "metadata" else whole), text


@pytest.mark.parametrize("level", ["redacted", "full"])
def test_a_cut_stream_keeps_the_pieces_that_came(level: str, passed: Passed) -> None:
    names = [name for name in ANSWERS if isinstance(BODIES[name], str) and name != "streamed response"]
    sent = [(ANSWERS[name].texts[0], text) for name in names for _, text in cut_bodies({name: None})]
    made = passed([gateway(backendResponseBody=text) for _, text in sent], level)
    lengths = []
    for (whole, text), document in zip(sent, made, strict=True):
        choices = document["azure"]["open_ai"].get("properties", {}).get("backend_response_body", {}).get("choices", [])
        said = choices[0].get("message", {}).get("content", "") if choices else ""
        assert whole.startswith(said.rstrip("…")), text
        lengths.append(len(said))
    assert len(set(lengths)) > len(names)


CHUNK = 'me one river in Utopia."},{"role":"assistant","content":"The '


@pytest.mark.parametrize("level", LEVELS)
def test_messages_of_an_entry_are_read_whole_streamed_and_in_chunks(level: str, passed: Passed) -> None:
    asked = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name one river in Utopia."}]
    said = [{"role": "assistant", "content": "The Eternal river."}]
    streamed = ANSWERS["streamed chat"].texts[0]
    entries = [
        (entry(requestMessages=json.dumps(asked)), ["Be brief.", "Name one river in Utopia."]),
        (entry(responseMessages=json.dumps(said)), ["The Eternal river."]),
        (entry(responseMessages=json.dumps(said[0])), ["The Eternal river."]),
        (entry(responseMessages=write(BODIES["chat answer"])), ANSWERS["chat answer"].texts),
        (entry(responseMessages=write(BODIES["responses answer"])), ANSWERS["responses answer"].texts),
        (entry(responseMessages=BODIES["streamed chat"]), [streamed]),
        (entry(responseMessages=CHUNK), [CHUNK]),
    ]
    for (record, texts), document in zip(entries, passed([each for each, _ in entries], level), strict=True):
        properties = document["azure"]["open_ai"]["properties"]
        (messages,) = (properties[key] for key in ("request_messages", "response_messages") if key in properties)
        if level == "metadata":
            assert [message["content_length"] for message in messages] == [len(text) for text in texts], record
            assert all("content_hash" in message and "content" not in message for message in messages), record
        else:
            assert [message["content"] for message in messages] == texts, record
        assert ("body_cut" in document["azure"]["open_ai"]) is (texts == [CHUNK])


def test_a_hash_is_that_of_the_collector(passed: Passed) -> None:
    (document,) = passed([entry(responseMessages=json.dumps([{"role": "assistant", "content": "Utopia"}]))], "metadata")
    (message,) = document["azure"]["open_ai"]["properties"]["response_messages"]
    assert Markers(KEY).text("Utopia") == f"[text:6:{message['content_hash']}]"


def test_a_record_that_the_collector_withheld_is_kept(passed: Passed) -> None:
    messages = [{"role": "user", "content": f"text {number}"} for number in range(2_001)]
    (document,) = passed([gateway(requestBody=json.dumps({"messages": messages}))], "metadata")
    assert document["event"]["kind"] == "event"
    assert document["azure"]["open_ai"]["category"] == "GatewayLogs"
    assert document["azure"]["open_ai"]["raw"]["[withheld]"].startswith("[text:")
