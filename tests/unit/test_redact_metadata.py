"""The level ``metadata``: no text of a body leaves, in whatever shape it comes; what says how a call went stays."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugins.bodies import CANARY, COMPACT, FILTERS, USAGE, find_canary, make_bodies, written_bodies

from collector.events import Record, Reject, RejectReason
from collector.redact.levels import MetadataLevel

APIM = "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/GATEWAY"
OPENAI = "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/AOAI"
FUNCTION = "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.WEB/SITES/APP"
LEVEL = MetadataLevel(b"k" * 32)
WRITTEN = dict(written_bodies())


def apply(record: dict[str, Any], **form: Any) -> str:
    """What leaves of a record."""
    text = json.dumps(record, **form)
    out = LEVEL.apply(Record(text))
    assert isinstance(out, Record)
    return out.text


def gateway(**properties: Any) -> dict[str, Any]:
    return {"category": "GatewayLogs", "resourceId": APIM, "properties": properties}


PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "a gateway's bodies": lambda body: gateway(requestBody=body, backendResponseBody=body),
    "properties as a text": lambda body: gateway() | {"properties": json.dumps({"responseBody": body})},
    "properties as a text in a text": lambda body: (
        gateway() | {"properties": json.dumps(json.dumps({"RequestBody": body}))}
    ),
    "messages": lambda body: gateway(requestMessages=body, ResponseMessages=body) | {"category": "GatewayLlmLogs"},
    "a body that nobody knows of": lambda body: gateway(cachedResponseBody=body),
    "a property that nobody knows of": lambda body: gateway(somethingNew=body),
    "a trace of a policy": lambda body: gateway(
        traceRecords=[{"message": body, "data": body}], errors=[{"message": body}]
    ),
    "the last error": lambda body: gateway(lastError={"reason": "OperationNotFound", "message": body}),
    "a description of the result": lambda body: gateway() | {"resultDescription": body},
    "another category": lambda body: gateway(requestBody=body) | {"category": "Invented"},
    "no category": lambda body: {"resourceId": APIM, "properties": {"requestBody": body}},
    "the model's own trace": lambda body: {"category": "Trace", "resourceId": OPENAI, "properties": {"input": body}},
    "a call with far too much in it": lambda body: {
        "category": "RequestResponse",
        "resourceId": OPENAI,
        "properties": {"note": body, "more": [0] * 2000},
    },
    "a policy's own event": lambda body: {
        "request": body,
        "answer": {"body": body},
        "requestBody": body,
        CANARY + " x": 1,
    },
    "another service's body": lambda body: {
        "category": "FunctionAppLogs",
        "resourceId": FUNCTION,
        "properties": {"body": body},
    },
    "another service's text": lambda body: {"resourceId": FUNCTION, "properties": json.dumps({"RequestBody": body})},
    "a URL": lambda body: gateway(
        url="https://u:{0}@example.org/a?q={0}&api-key={0}#{0}".format(quote(str(body), "")), body=body
    ),
    "headers": lambda body: gateway(
        requestHeaders={"Authorization": body, "api-key": body, "X-Other": body, f"{CANARY} x": body}
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_no_canary_leaves(place: str) -> None:
    for name, body in WRITTEN.items():
        record = PLACES[place](body)
        assert find_canary(json.dumps(record)) or "tokens" in name
        for escaped in (True, False):
            text = apply(record, ensure_ascii=escaped, separators=COMPACT)
            assert not find_canary(text), f"{name}: {text}"
            assert json.loads(text)


@pytest.mark.parametrize("place", ["a gateway's bodies", "messages", "another service's body"])
def test_no_canary_leaves_of_a_body_that_is_no_text(place: str) -> None:
    for name, body in make_bodies().items():
        assert not find_canary(apply(PLACES[place](body))), name


@pytest.mark.parametrize("name", [name for name in WRITTEN if not name.endswith(("indented", "as a text"))])
def test_no_canary_leaves_of_a_body_that_is_cut_at_any_byte(name: str) -> None:
    written = WRITTEN[name].encode()
    for end in range(len(written)):
        cut = written[:end].decode("utf-8", "replace")
        text = apply(gateway(requestBody=cut))
        assert not find_canary(text), cut
        assert isinstance(json.loads(text)["properties"]["requestBody"], str)


@pytest.mark.parametrize("name", [name for name in WRITTEN if not name.endswith(("indented", "as a text"))])
def test_no_canary_leaves_of_a_message_that_begins_anywhere(name: str) -> None:
    written = WRITTEN[name]
    for begin in range(0, len(written), 3):
        assert not find_canary(apply(gateway(responseMessages=written[begin:]))), written[begin:]


NAMES = (
    "messages role content tool_calls function name arguments input output choices message delta text usage error code "
    "type id model data embedding logprobs response item part content_filter_results severity parameters tools prompt "
    "stop metadata innererror details properties requestBody resourceId category records url path identity event"
)
PROSE = f"{CANARY} und @ {CANARY}"
HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.just(PROSE) | st.just(json.dumps({"content": PROSE})),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*NAMES.split(), PROSE]), inner, max_size=5)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(body=HOSTILE, levels=st.integers(0, 5), cut=st.integers(0, 40))
def test_no_shape_lets_a_text_through(body: Any, levels: int, cut: int) -> None:
    for _ in range(levels):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body[: len(body) - cut]
    assert not find_canary(apply(gateway(requestBody=body, lastError=body, unheardOf=body)))
    assert not find_canary(apply({"request": body} | (body if isinstance(body, dict) else {}) | {"resourceId": APIM}))


def read(body: Any, **properties: Any) -> Any:
    """What a pipeline reads of a body."""
    written = body if isinstance(body, str) else json.dumps(body)
    return json.loads(json.loads(apply(gateway(responseBody=written, **properties)))["properties"]["responseBody"])


def test_a_chat_keeps_what_says_how_it_went() -> None:
    answer = read(make_bodies()["chat answer"])
    choice = answer["choices"][0]
    assert (answer["id"], answer["model"], answer["usage"]) == ("chatcmpl-1", "gpt-4o-2024-08-06", USAGE)
    assert (choice["finish_reason"], choice["message"]["role"]) == ("stop", "assistant")
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "look_up"
    assert FILTERS.items() <= choice["content_filter_results"].items()
    assert answer["prompt_filter_results"] == [{"prompt_index": 0, "content_filter_results": FILTERS}]


def test_a_request_keeps_model_roles_and_parameters() -> None:
    request = read(make_bodies()["chat request"])
    assert [message["role"] for message in request["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "function",
        "user",
    ]
    assert (request["model"], request["temperature"], request["max_tokens"]) == ("chat-prod", 0.5, 64)
    assert request["tools"][0]["function"]["name"] == "look_up"


@pytest.mark.parametrize("name", ["streamed chat", "streamed response", "streamed messages"])
def test_a_stream_is_read_like_an_answer(name: str) -> None:
    answer = read(make_bodies()[name])
    assert answer["[stream]"] > 4
    assert "[cut]" not in answer
    if name == "streamed chat":
        choice = answer["choices"][0]
        assert (answer["usage"], answer["model"], choice["finish_reason"]) == (USAGE, "gpt-4o-2024-08-06", "stop")
        assert choice["content_filter_results"] == FILTERS
    elif name == "streamed response":
        assert answer["response"]["usage"]["total_tokens"] == 22
    else:
        assert (answer["message"]["usage"], answer["usage"]) == ({"input_tokens": 14}, {"output_tokens": 8})
        assert answer["delta"]["stop_reason"] == "end_turn"


def test_a_streamed_text_has_the_marker_of_the_whole_text() -> None:
    def chunk(piece: str) -> str:
        return "data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": piece}}]}) + "\n\n"

    streamed = read("".join(chunk(piece) for piece in ("The ", "Eternal ", "river", ".")) + "data: [DONE]\n\n")
    whole = read({"choices": [{"index": 0, "message": {"content": "The Eternal river."}}]})
    assert streamed["choices"][0]["delta"]["content"] == whole["choices"][0]["message"]["content"]


def test_two_streamed_choices_do_not_mix() -> None:
    def chunk(index: int, piece: str) -> str:
        return f"data: {json.dumps({'choices': [{'index': index, 'delta': {'content': piece}}]})}\n\n"

    pieces = [(0, "a"), (0, "b"), (0, "cd"), (1, "e"), (1, "fg"), (0, "h"), (1, "i"), (1, "j"), (1, "k")]
    choices = read("".join(chunk(index, piece) for index, piece in pieces))["choices"]
    expected = read({"choices": [{"index": 0, "text": "abcdh"}, {"index": 1, "text": "efgijk"}]})["choices"]
    assert [each["delta"]["content"] for each in choices] == [each["text"] for each in expected]


def test_the_worst_that_the_filter_found_in_a_stream_stays() -> None:
    def chunk(severity: str) -> str:
        found = {"hate": {"filtered": severity == "high", "severity": severity}}
        choice = {"index": 0, "delta": {"content": "x"}, "content_filter_results": found}
        return f"data: {json.dumps({'choices': [choice]})}\n\n"

    answer = read("".join(chunk(severity) for severity in ("safe", "high", "low", "low")))
    assert answer["choices"][0]["content_filter_results"]["hate"] == {"filtered": True, "severity": "high"}


def test_a_cut_body_says_so_and_keeps_what_came_whole() -> None:
    written = json.dumps(
        {"model": "m", "usage": {"prompt_tokens": 14, "total_tokens": 2234}, "choices": [{"index": 0}]}
    )
    cut = written[: written.index("234}")]
    assert read(cut) == {"model": "m", "usage": {"prompt_tokens": 14}, "[cut]": len(cut)}


def test_a_text_that_was_cut_has_the_length_of_what_arrived_and_an_ellipsis() -> None:
    answer = read('{"model":"m","choices":[{"message":{"role":"assistant","content":"twelve chars')
    assert answer["choices"][0]["message"]["content"].startswith("[text:13:")


def test_an_id_that_was_cut_is_none() -> None:
    assert read('{"model":"m","id":"word of a sentence'[:24])["id"].startswith("[text:")


def test_half_a_surrogate_pair_costs_nothing_else() -> None:
    text = json.dumps(gateway(requestBody=json.dumps({"model": "m", "user": "\ud83d"}), backendTime=7))
    out = LEVEL.apply(Record(text))
    properties = json.loads(out.text if isinstance(out, Record) else "")["properties"]
    assert properties["backendTime"] == 7
    assert json.loads(properties["requestBody"])["model"] == "m"


def test_equal_texts_have_equal_hashes_under_one_key_only() -> None:
    def marker(level: MetadataLevel, text: str) -> str:
        record = json.dumps(gateway(requestBody=json.dumps({"user": text})))
        out = level.apply(Record(record))
        return str(
            json.loads(json.loads(out.text if isinstance(out, Record) else "")["properties"]["requestBody"])["user"]
        )

    other = MetadataLevel(b"o" * 32)
    assert marker(LEVEL, "alice") == marker(LEVEL, "alice") != marker(LEVEL, "carol")
    assert marker(other, "alice") != marker(LEVEL, "alice")
    assert marker(LEVEL, "alice").startswith("[text:5:")


def test_what_is_no_body_stays_as_it_is() -> None:
    record = gateway(
        apiId="azure-openai-api",
        backendResponseCode=200,
        backendTime=1023,
        backendUrl="https://aoai.openai.azure.com/openai/deployments/chat-prod/chat/completions?api-version=2024-10-21",
        requestHeaders={
            "X-MS-Client-Request-Id": "00000001-1111-4222-8333-000000000001",
            "Content-Type": "application/json",
        },
        lastError={"elapsed": 0, "source": "authorization", "reason": "SubscriptionKeyNotFound", "section": "backend"},
    ) | {"time": "2026-03-10T09:01:03.5611234Z", "location": "East US", "durationMs": 1024, "Level": 4, "truncated": 0}
    assert json.loads(apply(record)) == record


@pytest.mark.parametrize("category", ["Audit", "RequestResponse", "AzureOpenAIRequestUsage"])
def test_a_record_without_a_body_stays_the_same_object(category: str) -> None:
    text = json.dumps({"category": category, "properties": '{"modelName":"gpt-4o"}', "resourceId": OPENAI})
    record = Record(text)
    assert LEVEL.apply(record) is record


def test_a_record_of_another_service_without_a_body_stays_the_same_object() -> None:
    text = '{"category":"FunctionAppLogs", "properties":{"level":1.0,"text":"a line"},"resourceId":"' + FUNCTION + '"}'
    record = Record(text)
    assert LEVEL.apply(record) is record


CUT_RECORD = json.dumps(gateway(backendTime=7, requestBody=json.dumps(make_bodies()["chat request"])))


@pytest.mark.parametrize("end", range(0, len(CUT_RECORD), 61))
@pytest.mark.parametrize("before", ["", '{"records":[' + CUT_RECORD + ","])
def test_no_canary_leaves_of_what_is_no_record(end: int, before: str) -> None:
    source = (before + CUT_RECORD[:end]).encode() + b"\xff"
    reject = LEVEL.apply(Reject(source, RejectReason.TRUNCATED, "cut"))
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.detail) == (RejectReason.TRUNCATED, "cut")
    assert not find_canary(reject.source)


def test_a_cut_record_keeps_what_came_whole() -> None:
    reject = LEVEL.apply(Reject(CUT_RECORD[:-40].encode(), RejectReason.TRUNCATED, ""))
    kept = json.loads(reject.source)
    assert (kept["category"], kept["properties"]["backendTime"], kept["[cut]"]) == (
        "GatewayLogs",
        7,
        len(CUT_RECORD) - 40,
    )


def test_what_cannot_be_read_at_all_becomes_a_marker() -> None:
    reject = LEVEL.apply(Reject(f"{CANARY} \x80".encode("latin-1"), RejectReason.NOT_UTF8, ""))
    assert reject.source.startswith(b"[text:11:")
