"""Hostile bodies: every one ends, in bounded size, and lets nothing through. ``hostile_bodies/`` holds one a file."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugins.bodies import CANARY, find_canary, written_bodies

from collector.events import Entry, Record, Reject, RejectReason
from collector.redact.levels import MetadataLevel, RedactedLevel

APIM = "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/GATEWAY"
LEVELS = {
    "metadata": MetadataLevel(b"k" * 32),
    "redacted": RedactedLevel(b"k" * 32, lambda text: text.replace(CANARY, "[redacted]")),
}
CASES = sorted((Path(__file__).parent / "hostile_bodies").iterdir())
NESTED = 100_000
MANY = 1_000_000


SIGN = "\u2622"
"""A canary for bodies that are mutated: no id, name or word of an API holds it, so not even a part of it may leave."""
MUTATED_LEVELS = {
    "metadata": LEVELS["metadata"],
    "redacted": RedactedLevel(b"k" * 32, lambda text: text.replace(SIGN, "[redacted]")),
}
SEEDS = [case.read_bytes().decode("utf-8", "replace") for case in CASES] + [body for _, body in written_bodies()]
SIGNED = [seed.replace(CANARY, SIGN * 9) for seed in SEEDS]
PIECES = [
    *('"', "\\", '\\"', "\\\\", "{", "}", "[", "]", ",", ":", "\n", "\n\n", "\r", "data: ", "data: [DONE]\n\n", "null"),
    *(
        "1e999",
        "\\ud83d",
        "\\u00",
        "\x00",
        "\ufffd",
        "\ufeff",
        SIGN,
        f'"{SIGN}"',
        f',"id":"{SIGN}"',
        f'"usage":{{"{SIGN}":1}}',
    ),
    *('"delta":{"content":"', '"choices":[', '"error":{"param":"messages[0].', '"type":', '"role":', '"model":'),
]


def in_texts(value: Any, levels: int) -> str:
    """JSON in JSON in JSON."""
    for _ in range(levels):
        value = json.dumps(value)
    return str(value)


LARGE: dict[str, Callable[[], str]] = {
    "arrays in arrays": lambda: "[" * NESTED + f'"{CANARY}"' + "]" * NESTED,
    "arrays that never end": lambda: "[" * MANY,
    "objects in objects": lambda: '{"content":' * NESTED + f'"{CANARY}"' + "}" * NESTED,
    "content in content, as deep as is read": lambda: '{"content":[' * 400 + f'"{CANARY}"' + "]}" * 400,
    "keys": lambda: "{" + ",".join(f'"{CANARY}{number}":1' for number in range(MANY)) + "}",
    "known keys again and again": lambda: "{" + ",".join([f'"content":"{CANARY}"'] * 50_000) + "}",
    "a long text": lambda: json.dumps({"input": CANARY * 120_000}),
    "a long text that is cut": lambda: '{"input":"' + CANARY * 120_000,
    "texts of one letter": lambda: json.dumps({"input": ["Z"] * 250_000}),
    "empty messages": lambda: json.dumps({"messages": [{}] * 250_000}),
    "numbers": lambda: json.dumps({"input": list(range(150_000))}),
    "backslashes": lambda: '{"input":"' + "\\" * MANY,
    "quotes": lambda: '{"input":' + '"' * MANY,
    "commas": lambda: "[1" + "," * MANY,
    "a stream of letters": lambda: 'data: {"choices":[{"index":0,"delta":{"content":"Z"}}]}\n\n' * 20_000,
    "a stream of choices": lambda: "".join(
        f'data: {{"choices":[{{"index":{n},"delta":{{}}}}]}}\n' for n in range(30_000)
    ),
    "a stream of nothing": lambda: "data:\n" * 170_000,
    "texts in texts": lambda: in_texts({"content": CANARY}, 12),
    "a long query": lambda: "https://example.org/?" + f"a={CANARY}&" * 60_000,
}


def written(entry: Entry) -> str:
    return entry.text if isinstance(entry, Record) else entry.source.decode()


def apply_everywhere(body: str, level: MetadataLevel | RedactedLevel) -> list[str]:
    """What leaves of the body at each place that reads it in its own way."""
    properties = {"requestBody": body, "url": body, "lastError": {"message": body}, "requestHeaders": {"Cookie": body}}
    records: list[dict[str, Any]] = [
        {"category": "GatewayLogs", "resourceId": APIM, "properties": properties},
        {"resourceId": APIM, "properties": body},
        {"resourceId": APIM.replace("APIMANAGEMENT", "WEB"), "properties": {"body": body}},
    ]
    texts = [json.dumps(each, ensure_ascii=False) for each in records]
    texts.append(f'{{"resourceId":"{APIM}","properties":{{"requestBody":{body or 0}}}}}')
    entries: list[Entry] = [Record(text) for text in texts]
    entries.append(Reject(body.encode("utf-8", "surrogatepass"), RejectReason.INVALID_JSON, ""))
    return [written(level.apply(entry)) for entry in entries]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_nasty_body_lets_nothing_through(level: str, case: Path) -> None:
    body = case.read_bytes().decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
    for text in apply_everywhere(body, LEVELS[level]):
        if level == "metadata":
            assert not find_canary(text)
        else:
            assert CANARY not in text


@pytest.mark.parametrize("name", LARGE)
def test_a_large_body_does_not_swell(name: str) -> None:
    body = LARGE[name]()
    for text in apply_everywhere(body, LEVELS["metadata"]):
        assert not find_canary(text)
        assert len(text) < len(body) + 100_000


def test_memory_is_bounded_by_the_size_of_the_body() -> None:
    body = LARGE["keys"]()[: 1 << 20]
    tracemalloc.start()
    try:
        apply_everywhere(body, LEVELS["metadata"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * len(body)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A body of the committed ones, cut, mended, and mixed with another at random places."""
    body = draw(st.sampled_from(SIGNED))
    for _ in range(draw(st.integers(1, 6))):
        begin, end = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
        other = draw(st.sampled_from(SIGNED))
        match draw(st.sampled_from(("insert", "delete", "repeat", "cut", "splice", "as a text"))):
            case "insert":
                body = body[:begin] + draw(st.sampled_from(PIECES)) + body[begin:]
            case "delete":
                body = body[:begin] + body[min(end, begin + 9) :]
            case "repeat":
                body = body[:end] + body[begin:end][:2000] + body[end:]
            case "cut":
                body = body[:end]
            case "splice":
                body = body[:begin] + other[draw(st.integers(0, len(other))) :]
            case _:
                body = json.dumps(body[:end], ensure_ascii=False)
    return body


@pytest.mark.parametrize("level", MUTATED_LEVELS)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(body=mutated())
def test_no_mutation_of_a_body_lets_anything_through(level: str, body: str) -> None:
    for text in apply_everywhere(body, MUTATED_LEVELS[level]):
        assert SIGN not in text
        assert json.dumps(SIGN)[1:-1] not in text
        assert len(text) < 40 * len(body) + 2000
