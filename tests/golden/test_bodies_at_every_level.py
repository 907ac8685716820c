"""What bodies of all APIs tell at each level of the content policy: the collector's own policy, then the pipeline.

``TOLD`` is written from the references of the APIs: it says where in a body of ``plugins/bodies.py`` a text stands that
somebody wrote or the model said, and what the body tells beside. Usage, model, finish reasons and filter results are
the same at every level; the texts are there at ``redacted`` and ``full``, and as length and keyed hash at ``metadata``.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from plugins.bodies import make_bodies

from collector.events import Record
from collector.redact import ContentPolicy
from collector.redact.levels import MetadataLevel, RedactedLevel
from collector.redact.markers import Markers
from collector.redact.patterns import PATTERNS, TextRedactor

type Document = dict[str, Any]
type ProcessAll = Callable[[list[Document]], list[Document]]

pytestmark = pytest.mark.engine

KEY = b"k" * 32
LEVELS: dict[str, ContentPolicy | None] = {
    "metadata": MetadataLevel(KEY),
    "redacted": RedactedLevel(KEY, TextRedactor(PATTERNS).redact),
    "full": None,
}
GATEWAY = "/SUBSCRIPTIONS/A/RESOURCEGROUPS/B/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/C"

BODIES = make_bodies(f"river {number} of Utopia" for number in count())
"""Each text in them is another, and none has a form that a pattern looks for."""

CHAT_USAGE = {"input_tokens": 14, "output_tokens": 8, "cache_read": {"input_tokens": 4}}
USAGE = {"input_tokens": 14, "output_tokens": 8}
CHAT_MODEL = "gpt-4o-2024-08-06"
STOPPED = ["custom_blocklists", "violence"]
FILTERED = {"completion": STOPPED, "blocklists": ["competitors"]}


@dataclass(frozen=True)
class Told:
    """What a body tells; ``texts`` are those of its messages, parts of one message joined by line ends."""

    texts: list[str] = field(default_factory=list)
    model: str | None = None
    usage: Document | None = None
    finish: list[str] | None = None
    filter: Document | None = None
    error: str | None = None
    events: int | None = None


def events_of(stream: str) -> list[Document]:
    """The events of a stream, but for its end."""
    lines = [line[6:] for line in stream.splitlines() if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


def joined(name: str, *path: str) -> str:
    """The pieces of text at a path of the events of a stream."""
    pieces: list[str] = []
    for event in events_of(BODIES[name]):
        value: Any = event
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        pieces += [value] if isinstance(value, str) else []
    return "".join(pieces)


def chat_pieces(name: str) -> str:
    choices = [event["choices"][0] for event in events_of(BODIES[name]) if event["choices"]]
    return "".join(choice["delta"].get("content", "") for choice in choices)


def requests() -> Iterator[tuple[str, Told]]:
    chat = BODIES["chat request"]["messages"]
    yield (
        "chat request",
        Told(
            [
                chat[0]["content"],
                chat[1]["content"][0]["text"],
                chat[2]["refusal"],
                chat[3]["content"],
                "\n".join(chat[4]["content"]),
            ],
            model="chat-prod",
        ),
    )
    yield "completions request", Told(BODIES["completions request"]["prompt"], model="text")
    yield "embeddings request", Told(BODIES["embeddings request"]["input"], model="embed")
    yield "embeddings of one", Told([BODIES["embeddings of one"]["input"]], model="embed")
    yield "embeddings of tokens", Told(model="embed")
    yield "images request", Told([BODIES["images request"]["prompt"]])
    speech = BODIES["speech request"]
    yield "speech request", Told([speech["instructions"], speech["input"]], model="tts")
    messages = BODIES["messages request"]
    result = messages["messages"][0]["content"][0]["content"][0]["text"]
    yield "messages request", Told([messages["system"][0]["text"], result], model="claude")
    responses = BODIES["responses request"]
    asked = responses["input"][0]["content"][0]["text"]
    yield (
        "responses request",
        Told([responses["instructions"], asked, responses["input"][1]["output"]], model="gpt-5"),
    )
    yield "responses request with a text", Told([BODIES["responses request with a text"]["input"]], model="gpt-5")
    yield "assistant", Told([BODIES["assistant"]["instructions"]])
    yield "thread", Told([BODIES["thread"]["messages"][0]["content"]])
    run = BODIES["run"]
    additional = run["additional_messages"][0]["content"]
    yield (
        "run",
        Told([run["additional_instructions"], additional, run["thread"]["messages"][0]["content"]]),
    )
    yield "tool outputs", Told([BODIES["tool outputs"]["tool_outputs"][0]["output"]])


def answers() -> Iterator[tuple[str, Told]]:
    said = BODIES["chat answer"]["choices"][0]["message"]["content"]
    yield (
        "chat answer",
        Told([said], CHAT_MODEL, CHAT_USAGE, ["stop"], FILTERED | {"prompt": STOPPED}),
    )
    yield (
        "completions answer",
        Told([BODIES["completions answer"]["choices"][0]["text"]], usage=CHAT_USAGE, finish=["length"]),
    )
    yield "embeddings answer", Told(usage=CHAT_USAGE)
    revised = BODIES["images answer"]["data"][0]["revised_prompt"]
    yield "images answer", Told([revised], filter=FILTERED | {"prompt": STOPPED})
    yield "transcription", Told([BODIES["transcription"]["text"]])
    output = BODIES["responses answer"]["output"]
    reasoned = USAGE | {"reasoning": {"output_tokens": 3}}
    yield "responses answer", Told([output[-1]["content"][0]["text"]], usage=reasoned, finish=["completed"])
    yield "messages", Told([BODIES["messages"]["data"][0]["content"][0]["text"]["value"]])
    yield "run", Told(error="server_error")
    yield "run step", Told()
    yield "content filter", Told(error="content_filter", filter={"prompt": STOPPED, "blocklists": ["competitors"]})
    yield "gateway error", Told(error="401")
    yield "mcp answer", Told()
    yield (
        "streamed chat",
        Told(
            [chat_pieces("streamed chat")],
            CHAT_MODEL,
            CHAT_USAGE,
            ["stop"],
            FILTERED | {"prompt": STOPPED},
            events=len(events_of(BODIES["streamed chat"])),
        ),
    )
    last = events_of(BODIES["streamed response"])[-1]["response"]["output"][0]["content"][0]["text"]
    yield "streamed response", Told([last], usage=USAGE, finish=["completed"], events=5)
    opened = joined("streamed messages", "content_block", "text")
    followed = joined("streamed messages", "delta", "text")
    yield (
        "streamed messages",
        Told([opened + followed], "claude", USAGE, ["end_turn"], events=6),
    )


REQUESTS = dict(requests())
ANSWERS = dict(answers())


def write(body: Any) -> list[str]:
    """A body as a gateway may log it: compact, indented, and as a text within a text; a stream with either line end."""
    if isinstance(body, str):
        return [body, body.replace("\n", "\r\n"), json.dumps(body)]
    compact = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return [compact, json.dumps(body, indent=2) + "\n", json.dumps(compact)]


def apply_level(record: Document, level: str) -> str:
    text = json.dumps(record, ensure_ascii=False)
    policy = LEVELS[level]
    if policy is None:
        return text
    out = policy.apply(Record(text.encode(), text))
    assert isinstance(out, Record)
    return out.text


@pytest.fixture
def passed(as_collected: Callable[..., Document], process_all: ProcessAll) -> Callable[..., list[Document]]:
    """Records after one level and the pipeline of the gateway, in one request to the engine."""

    def run(records: list[Document], level: str) -> list[Document]:
        tag = (f"content_{level}",)
        return process_all([as_collected(apply_level(record, level), "aoai.gateway", tag) for record in records])

    return run


def gateway(**properties: str) -> Document:
    return {"category": "GatewayLogs", "resourceId": GATEWAY, "properties": properties}


def entry(**properties: str) -> Document:
    return {"category": "GatewayLlmLogs", "resourceId": GATEWAY, "properties": properties}


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
