"""Bodies of every API, with a canary at each place where people's content can stand, and the search for it."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle
from typing import Any

CANARY = "ZQ7kanari"
"""Part of every text that must not leave; three letters of it are enough to be found."""
_TEXTS = (
    f"Write to {CANARY}@example.org about it.",
    f'She said "{CANARY}",\n\tand left. \\ / \u2622',
    f"{CANARY}",
    f"sk-{CANARY}0123456789abcdef0123456789abcdef",
    f'{{"role":"system","content":"{CANARY}","usage":{{"{CANARY}":1}}}}',
    f"{CANARY} " * 20,
    f"\u00fcber {CANARY} \U0001f600",
    f"https://user:{CANARY}@example.org/{CANARY}?q={CANARY}",
    f"data: {CANARY}\n\n",
)
FILTERS: dict[str, Any] = {
    "hate": {"filtered": False, "severity": "safe"},
    "violence": {"filtered": True, "severity": "medium"},
    "jailbreak": {"filtered": False, "detected": False},
    "custom_blocklists": {"filtered": False, "details": [{"filtered": True, "id": "competitors"}]},
}
USAGE: dict[str, Any] = {
    "prompt_tokens": 14,
    "completion_tokens": 8,
    "total_tokens": 22,
    "prompt_tokens_details": {"cached_tokens": 4},
}
COMPACT = (",", ":")
_IN_BASE64 = tuple(base64.b64encode((b"xyz" + CANARY.encode())[shift:])[4:12].decode() for shift in range(3))


def find_canary(text: str | bytes) -> list[str]:
    """Return the forms of the canary that the text holds: as it is (JSON and URLs do not change it), or in base64."""
    shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
    return [form for form in (CANARY[:3], *_IN_BASE64) if form in shown]


def make_bodies(texts: Iterable[str] = _TEXTS) -> dict[str, Any]:
    """Return bodies by name with the texts in turn; decoded, but for those that are no JSON."""
    turns = cycle(texts)

    def text() -> str:
        return next(turns)

    return {**_chat(text), **_others(text), **_responses_api(text), **_assistants(text), **_streams(text)}


def _chat(text: Callable[[], str]) -> dict[str, Any]:
    schema = {"type": "object", "properties": {text(): {"type": "string", "description": text(), "enum": [text()]}}}
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "look_up", "arguments": json.dumps({text(): text()})},
    }
    parts = [
        {"type": "text", "text": text()},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{text()}", "detail": "low"}},
        {"type": "input_audio", "input_audio": {"data": text(), "format": "wav"}},
        {"type": "file", "file": {"filename": text(), "file_data": text()}},
    ]
    request = {
        "model": "chat-prod",
        "messages": [
            {"role": "system", "content": text()},
            {"role": "user", "content": parts, "name": text()},
            {"role": "assistant", "content": None, "tool_calls": [call], "refusal": text()},
            {"role": "tool", "tool_call_id": "call_1", "content": text()},
            {"role": "function", "name": text(), "content": [text(), text()]},
            {"role": "user", "content": {text(): text()}},
        ],
        "tools": [{"type": "function", "function": {"name": "look_up", "description": text(), "parameters": schema}}],
        "functions": [{"name": "old", "description": text(), "parameters": schema}],
        "response_format": {"type": "json_schema", "json_schema": {"name": text(), "schema": schema}},
        "temperature": 0.5,
        "max_tokens": 64,
        "stop": [text()],
        "user": text(),
        "metadata": {text(): text()},
        "logit_bias": {text(): 1},
        "prediction": {"type": "content", "content": text()},
        "data_sources": [{"type": "azure_search", "parameters": {"key": text(), "endpoint": text()}}],
        text(): text(),
        "a_new_parameter": {"deep": [text(), {text(): text()}]},
    }
    token = {"token": text(), "logprob": -1, "bytes": [90, 81, 55], "top_logprobs": [{"token": text()}]}
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1773133262,
        "model": "gpt-4o-2024-08-06",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {
                    "role": "assistant",
                    "content": text(),
                    "reasoning_content": text(),
                    "tool_calls": [call],
                    "function_call": {"name": "look_up", "arguments": text()},
                    "context": {"citations": [{"content": text(), "title": text()}], "intent": text()},
                    "audio": {"id": "audio_1", "data": text(), "transcript": text()},
                    "annotations": [{"url_citation": {"url": text(), "title": text()}}],
                },
                "logprobs": {"content": [token]},
                "content_filter_results": FILTERS
                | {"protected_material_code": {"filtered": False, "citation": {"URL": text(), "license": text()}}},
            }
        ],
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": FILTERS}],
        "usage": USAGE,
    }
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": FILTERS, "revised_prompt": text()}
    refusal = {
        "message": text(),
        "type": None,
        "param": f"messages[0].{text()}",
        "code": "content_filter",
        "status": 400,
    }
    return {
        "chat request": request,
        "chat answer": answer,
        "content filter": {"error": refusal | {"innererror": inner}},
        "error as text": {"error": text()},
        "gateway error": {"statusCode": 401, "message": text()},
    }


def _others(text: Callable[[], str]) -> dict[str, Any]:
    filters = {"content_filter_results": FILTERS, "prompt_filter_results": FILTERS}
    image = {"b64_json": text(), "url": text(), "revised_prompt": text()} | filters
    return {
        "completions request": {"model": "text", "prompt": [text(), text()], "suffix": text(), "n": 1},
        "completions answer": {"choices": [{"text": text(), "index": 0, "finish_reason": "length"}], "usage": USAGE},
        "embeddings request": {"model": "embed", "input": [text(), text()], "user": text()},
        "embeddings of one": {"model": "embed", "input": text()},
        "embeddings of tokens": {"model": "embed", "input": [[90, 81, 55], [1, 2]]},
        "embeddings answer": {"data": [{"index": 0, "embedding": [0.1, 0.2]}, {"embedding": text()}], "usage": USAGE},
        "images request": {"prompt": text(), "size": "1024x1024", "quality": "hd", "user": text()},
        "images answer": {"created": 1, "data": [image]},
        "speech request": {"model": "tts", "input": text(), "voice": "alloy", "instructions": text()},
        "transcription": {"text": text(), "language": "english", "duration": 3.1, "segments": [{"text": text()}]},
        "messages request": {
            "model": "claude",
            "system": [{"type": "text", "text": text()}],
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"text": text()}]}],
                },
                {"role": "assistant", "content": [{"type": "tool_use", "name": "look_up", "input": {text(): text()}}]},
            ],
        },
        "mcp call": {
            "jsonrpc": "2.0",
            "method": "tools/call",
            "params": {"name": "look_up", "arguments": {text(): text()}},
        },
        "mcp answer": {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": text()}]}},
        "a text": text(),
        "a list of texts": [text(), [text(), {text(): [text()]}]],
    }


def _responses_api(text: Callable[[], str]) -> dict[str, Any]:
    output = [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": text()}],
            "encrypted_content": text(),
        },
        {"type": "function_call", "name": "look_up", "call_id": "call_1", "arguments": text()},
        {"type": "web_search_call", "action": {"query": text()}, "status": "completed"},
        {"type": "file_search_call", "queries": [text()], "results": [{"text": text(), "filename": text()}]},
        {"type": "code_interpreter_call", "code": text(), "outputs": [{"logs": text()}]},
        {"type": "image_generation_call", "result": text(), "revised_prompt": text()},
        {"type": "mcp_call", "arguments": text(), "output": text(), "error": text()},
        {
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": text(), "annotations": [{"title": text(), "url": text()}]}],
        },
    ]
    usage = {
        "input_tokens": 14,
        "output_tokens": 8,
        "total_tokens": 22,
        "output_tokens_details": {"reasoning_tokens": 3},
    }
    return {
        "responses request": {
            "model": "gpt-5",
            "instructions": text(),
            "input": [
                {
                    "role": "user",
                    "content": [{"type": "input_text", "text": text()}, {"type": "input_image", "image_url": text()}],
                },
                {"type": "function_call_output", "call_id": "call_1", "output": text()},
                {"type": "computer_call_output", "output": {"type": "image", "image_url": text()}},
            ],
            "prompt": {"id": "pmpt_1", "variables": {text(): text()}},
            "text": {"format": {"type": "json_schema", "name": text(), "schema": {"properties": {text(): {}}}}},
            "tools": [{"type": "mcp", "server_url": text(), "headers": {"Authorization": text()}}],
            "metadata": {"k": text()},
            "safety_identifier": text(),
        },
        "responses request with a text": {"model": "gpt-5", "input": text()},
        "responses answer": {
            "id": "resp_1",
            "object": "response",
            "status": "completed",
            "output": output,
            "usage": usage,
        },
    }


def _assistants(text: Callable[[], str]) -> dict[str, Any]:
    value = {"type": "text", "text": {"value": text(), "annotations": [{"text": text()}]}}
    call = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": text(), "output": text()}}
    return {
        "assistant": {"id": "asst_1", "name": text(), "description": text(), "instructions": text(), "tools": []},
        "thread": {"messages": [{"role": "user", "content": text(), "attachments": [{"file_id": text()}]}]},
        "messages": {
            "object": "list",
            "data": [{"id": "msg_1", "role": "user", "content": [value]}],
            "has_more": False,
        },
        "run": {
            "thread": {"messages": [{"role": "user", "content": text()}]},
            "additional_instructions": text(),
            "additional_messages": [{"role": "user", "content": text()}],
            "required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}},
            "last_error": {"code": "server_error", "message": text()},
        },
        "tool outputs": {"tool_outputs": [{"tool_call_id": "call_1", "output": text()}]},
        "run step": {
            "step_details": {"type": "tool_calls", "tool_calls": [call, {"code_interpreter": {"input": text()}}]}
        },
    }


def _streams(text: Callable[[], str]) -> dict[str, Any]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-2024-08-06"}

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
        return head | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish} | more]}

    calls = [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": ""}}]
    chat = [
        {"choices": [], "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": FILTERS}]},
        chunk({"role": "assistant", "content": ""}),
        *(chunk({"content": piece}) for piece in ("ZQ7", "kan", "ari ", text(), "\n\n", "data: ")),
        chunk({"content": text()}, content_filter_results=FILTERS),
        chunk({"tool_calls": calls}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": text()}}]}),
        chunk({"refusal": text(), "reasoning_content": text()}),
        chunk({}, "stop"),
        head | {"choices": [], "usage": USAGE},
    ]
    usage = {"input_tokens": 14, "output_tokens": 8, "total_tokens": 22}
    # The last event repeats what the first one held.
    instructions = text()
    done = {
        "id": "resp_1",
        "instructions": instructions,
        "object": "response",
        "status": "completed",
        "usage": usage,
        "output": [{"content": [{"text": text()}]}],
    }
    responses = [
        {"type": "response.created", "response": {"id": "resp_1", "instructions": instructions}},
        {"type": "response.output_item.added", "item": {"type": "message", "content": [{"text": text()}]}},
        {"type": "response.output_text.delta", "delta": text(), "item_id": "msg_1", "output_index": 0},
        {"type": "response.output_text.done", "text": text()},
        {"type": "response.completed", "response": done},
    ]
    messages = [
        {"type": "message_start", "message": {"id": "msg_1", "model": "claude", "usage": {"input_tokens": 14}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": text()}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text()}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": text()}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 8}},
        {"type": "message_stop"},
    ]
    return {
        "streamed chat": "".join(_event(each) for each in chat) + "data: [DONE]\n\n",
        "streamed response": "".join(f"event: {each['type']}\n{_event(each)}" for each in responses),
        "streamed messages": "".join(f"event: {each['type']}\r\n{_event(each)}" for each in messages),
        "a stream of texts": f"data: {text()}\n\ndata: {CANARY}\n\n",
    }


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, separators=COMPACT)}\n\n"


def written_bodies(texts: Iterable[str] = _TEXTS) -> Iterator[tuple[str, str]]:
    """Yield each body as a gateway logs it: compact, indented, escaped to ASCII, and as a text within a text."""
    for name, body in make_bodies(texts).items():
        if isinstance(body, str):
            yield name, body
        else:
            compact = json.dumps(body, ensure_ascii=False, separators=COMPACT)
            yield name, compact
            yield f"{name}, indented", json.dumps(body, indent=2) + "\n"
            yield f"{name}, as a text", json.dumps(compact)
