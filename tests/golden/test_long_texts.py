"""Lucene takes no term above 32,766 bytes: documents with 100 KB in any text of a record are indexed and found."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

type Document = dict[str, Any]
type Steps = tuple[str | int, ...]

pytestmark = pytest.mark.engine

CASES = Path(__file__).parent / "cases"
GATEWAY = (
    *("chat", "answer_filtered", "prompt_filtered_blocklists_as_object", "no_subscription_key", "responses_api"),
    *("completions", "messages_of_anthropic", "llm_header", "llm_request", "llm_response", "mcp_error"),
)
LOGS = ("calls/chat_properties_object", "calls/keys_in_other_cases", "audit/list_key", "others/function_app")
ONE_TERM = "\u2622" * 34_000
"""102,000 bytes without a blank."""
KEY = "\u2622" * 16_000
"""48,000 bytes; the engine's JSON parser takes no name above 50,000 characters."""
WORDS = "Utopia has one river. " * 5_000
IN_ONE_BULK = 6
"""The embedded engine has little memory."""


def strings(value: object, path: Steps = ()) -> Iterator[Steps]:
    """The paths of all texts in a value, in JSON texts too; of a list's items the first stands for all."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(inner, (*path, key))
    elif isinstance(value, list):
        yield from strings(value[0], (*path, 0)) if value else ()
    elif isinstance(value, str):
        yield path
        if value.lstrip()[:1] in {"{", "["}:
            yield from strings(json.loads(value), (*path, "as JSON"))


def replaced(value: Any, path: Steps, text: str) -> Any:
    """The value with another text at a path."""
    if not path:
        return text
    first, *rest = path
    if first == "as JSON":
        return json.dumps(replaced(json.loads(value), tuple(rest), text), ensure_ascii=False)
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[first] = replaced(copy[first], tuple(rest), text)
    return copy


def odd_records() -> Iterator[Document]:
    """Long texts where no golden record has one."""
    bodies = ("requestBody", "backendResponseBody")
    yield {"category": "GatewayLogs", "properties": dict.fromkeys(bodies, ONE_TERM)}
    yield {"category": "GatewayLogs", "properties": dict.fromkeys(bodies, f'{{"error":"{ONE_TERM}"}}')}
    yield {"category": "GatewayLogs", "properties": ONE_TERM}
    yield {"category": "GatewayLogs", "properties": {KEY: ONE_TERM}, KEY: [ONE_TERM]}
    yield {"category": "GatewayLogs", "properties": {"requestHeaders": {KEY: ONE_TERM, "User-Agent": ONE_TERM}}}
    yield {"category": "GatewayLogs", "properties": {"errors": [{"message": ONE_TERM}], "traceRecords": [ONE_TERM]}}
    deep: Any = ONE_TERM
    for _ in range(40):
        deep = {ONE_TERM[:9_000]: deep, "": 1, " ": 1, "a..b": {".": 1}}
    choice = {"logprobs": deep, "content_filter_results": {KEY: {"filtered": True}, "": {"filtered": True}}}
    yield {"category": "GatewayLogs", "properties": {"responseBody": json.dumps({"choices": [choice]})}}
    yield {"category": "GatewayLlmLogs", "properties": {"requestMessages": ONE_TERM, "responseMessages": [ONE_TERM]}}


def long_records(names: tuple[str, ...]) -> Iterator[Document]:
    """Golden records, each with a long text in one place; each place once."""
    seen: set[Steps] = set()
    for name in names:
        record = json.loads((CASES / name / "record.json").read_text())
        for path in strings(record):
            if path not in seen:
                seen.add(path)
                yield replaced(record, path, ONE_TERM)


def read_gateway() -> list[Document]:
    return [*long_records(tuple(f"gateway/{name}" for name in GATEWAY)), *odd_records()]


def read_logs() -> list[Document]:
    return [*long_records(LOGS)]


class Stream:
    """A data stream of one data set, filled with records at the level ``full``."""

    def __init__(
        self, client: Elasticsearch, namespace: str, as_collected: Callable[..., Document], send: Callable[..., Any]
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._as_collected = as_collected
        self._send = send

    def write(self, records: list[Document], dataset: str) -> list[str]:
        """Writes the records, numbered in ``azure.sequence_number``; gives the reasons of those that are refused."""
        refused: list[str] = []
        for start in range(0, len(records), IN_ONE_BULK):
            some = [
                self._document(number, records[number], dataset) for number in range(len(records))[start:][:IN_ONE_BULK]
            ]
            items = self._send(some, self._namespace, dataset)
            refused += [item["error"]["reason"][:300] for item in items if item["status"] != 201]
        return refused

    def _document(self, number: int, record: Document, dataset: str) -> Document:
        tags = ("content_full", "preserve_original_event")
        document = self._as_collected(json.dumps(record, ensure_ascii=False), dataset, tags)
        return {**document, "azure": {**document["azure"], "sequence_number": number}}

    def find(self, query: Document, dataset: str, size: int, fields: list[str]) -> list[Document]:
        """The documents that a query finds, with these fields."""
        index = f"logs-{dataset}-{self._namespace}"
        answer = self._client.search(index=index, query=query, size=size, source=fields)
        return [hit["_source"] for hit in answer["hits"]["hits"]]


@pytest.fixture
def stream(
    elasticsearch_client: Elasticsearch,
    engine_namespace: str,
    as_collected: Callable[..., Document],
    send: Callable[..., Any],
    logs_pipeline: str,
) -> Stream:
    assert logs_pipeline
    return Stream(elasticsearch_client, engine_namespace, as_collected, send)


@pytest.mark.parametrize(("dataset", "read"), [("aoai.gateway", read_gateway), ("aoai.logs", read_logs)])
def test_every_document_with_a_long_text_is_found(
    dataset: str, read: Callable[[], list[Document]], stream: Stream
) -> None:
    records = read()
    assert stream.write(records, dataset) == []
    numbered = {"range": {"azure.sequence_number": {"gte": 0}}}
    fields = ["azure.sequence_number", "event.kind", "error.message"]
    found = {each["azure"]["sequence_number"]: each for each in stream.find(numbered, dataset, len(records), fields)}
    assert found.keys() == set(range(len(records)))
    assert [each["error"] for each in found.values() if each["event"]["kind"] == "pipeline_error"] == []


def test_a_long_text_is_found_by_its_words_and_kept_as_beginning_length_and_hash(stream: Stream) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": WORDS}]})
    assert stream.write([{"category": "GatewayLogs", "properties": {"requestBody": body}}], "aoai.gateway") == []
    place = "azure.open_ai.properties.backend_request_body.messages.content"
    (found,) = stream.find({"match_phrase": {place: "one river"}}, "aoai.gateway", 2, ["azure.open_ai.properties"])
    (message,) = found["azure"]["open_ai"]["properties"]["backend_request_body"]["messages"]
    assert message == {
        "role": "user",
        "content": WORDS[:8_191],
        "content_length": len(WORDS),
        "content_hash": hashlib.sha256(WORDS.encode()).hexdigest(),
    }
