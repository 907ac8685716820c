"""What the bodies of ``plugins/bodies.py`` tell, and the collector's content policy applied to records with them.

The tables are written from the references of the APIs: they say where in a body a text stands that somebody wrote or
the model said, and what the body tells beside.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from plugins.bodies import make_bodies

from collector.events import Record
from collector.redact import ContentPolicy
from collector.redact.levels import MetadataLevel, RedactedLevel
from collector.redact.patterns import PATTERNS, TextRedactor

type Document = dict[str, Any]

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
    out = policy.apply(Record(text))
    assert isinstance(out, Record)
    return out.text


def gateway(**properties: str) -> Document:
    return {"category": "GatewayLogs", "resourceId": GATEWAY, "properties": properties}


def entry(**properties: str) -> Document:
    return {"category": "GatewayLlmLogs", "resourceId": GATEWAY, "properties": properties}
