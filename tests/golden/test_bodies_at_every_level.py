"""What bodies of all APIs tell at each level of the content policy: the collector's own policy, then the pipeline.

Usage, model, finish reasons and filter results are the same at every level; the texts are there at ``redacted`` and
``full``, and as length and keyed hash at ``metadata``. ``plugins/told_bodies.py`` says what each body tells.
"""

from collections.abc import Callable
from typing import Any

import pytest
from plugins.told_bodies import ANSWERS, BODIES, KEY, LEVELS, REQUESTS, Told, apply_level, gateway, write

from collector.redact.markers import Markers

type Document = dict[str, Any]
type ProcessAll = Callable[[list[Document]], list[Document]]

pytestmark = pytest.mark.engine


@pytest.fixture
def passed(as_collected: Callable[..., Document], process_all: ProcessAll) -> Callable[..., list[Document]]:
    """Records after one level and the pipeline of the gateway, in one request to the engine."""

    def run(records: list[Document], level: str) -> list[Document]:
        tag = (f"content_{level}",)
        return process_all([as_collected(apply_level(record, level), "aoai.gateway", tag) for record in records])

    return run


def kept_of(document: Document, name: str) -> Any:
    return document["azure"]["open_ai"].get("properties", {}).get(name, {})


def messages_in(document: Document) -> list[Document]:
    asked = kept_of(document, "backend_request_body").get("messages", [])
    choices = kept_of(document, "backend_response_body").get("choices", [])
    return [*asked, *(choice["message"] for choice in choices if "message" in choice)]


def shown(messages: list[Document], level: str) -> list[Any]:
    """The texts of messages; at ``metadata`` their lengths and, of those in one piece, their hashes."""
    if level != "metadata":
        return [message["content"] for message in messages if "content" in message]
    found = [(message["content_length"], message.get("content_hash")) for message in messages if len(message) > 1]
    assert not [message for message in messages if "content" in message]
    return found


def expected(texts: list[str], level: str) -> list[Any]:
    if level != "metadata":
        return texts
    hashes = [Markers(KEY).text(text).rsplit(":", 1)[1][:-1] for text in texts]
    return [(len(text), None if "\n" in text else mark) for text, mark in zip(texts, hashes, strict=True)]


@pytest.mark.parametrize("level", LEVELS)
def test_a_request_tells_its_model_and_its_texts(level: str, passed: Callable[..., list[Document]]) -> None:
    sent = [(name, text) for name in REQUESTS for text in write(BODIES[name])]
    made = passed([gateway(requestBody=text) for _, text in sent], level)
    for (name, text), document in zip(sent, made, strict=True):
        told = REQUESTS[name]
        assert shown(messages_in(document), level) == expected(told.texts, level), (name, text)
        assert document["gen_ai"].get("request", {}).get("model") == told.model, (name, text)


@pytest.mark.parametrize("level", LEVELS)
def test_an_answer_tells_usage_model_reasons_and_what_was_filtered(
    level: str, passed: Callable[..., list[Document]]
) -> None:
    sent = [(name, text) for name in ANSWERS for text in write(BODIES[name])]
    made = passed([gateway(backendResponseBody=text) for _, text in sent], level)
    for (name, text), document in zip(sent, made, strict=True):
        told, open_ai, gen_ai = ANSWERS[name], document["azure"]["open_ai"], document["gen_ai"]
        answer = gen_ai.get("response", {})
        found = Told(
            texts=told.texts,
            model=answer.get("model"),
            usage=gen_ai.get("usage"),
            finish=answer.get("finish_reasons"),
            filter=open_ai.get("content_filter"),
            error=document.get("error", {}).get("code"),
            events=open_ai.get("stream_events"),
        )
        assert found == told, (name, text)
        assert ("body_cut" in open_ai, "body_unreadable" in open_ai) == (False, False), (name, text)


@pytest.mark.parametrize("level", LEVELS)
def test_an_answer_tells_its_texts(level: str, passed: Callable[..., list[Document]]) -> None:
    sent = [(name, text) for name in ANSWERS for text in write(BODIES[name])]
    made = passed([gateway(responseBody=text) for _, text in sent], level)
    for (name, text), document in zip(sent, made, strict=True):
        told = ANSWERS[name].texts
        if level == "metadata" and isinstance(BODIES[name], str):
            # The hash is one of the text that the collector joined, or of its pieces.
            lengths = [message["content_length"] for message in messages_in(document)]
            assert lengths == [len(each) for each in told], (name, text)
        else:
            assert shown(messages_in(document), level) == expected(told, level), (name, text)
