"""Bodies of calls as API Management logs them: prompts and answers of a chat, whole and streamed."""

import json
from typing import Any, Final

_PROSE: Final = 'The "Eternal" river runs through Utopia;\nnobody has seen its end. '
_FILTERS: Final = {
    name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")
}


def make_request(turns: int = 9) -> str:
    """Return the request of a chat; of 8 KB unless told otherwise."""
    messages = [{"role": "system", "content": _PROSE * 10}]
    messages += [{"role": ("user", "assistant")[turn % 2], "content": _PROSE * 11} for turn in range(turns)]
    return compact({"model": "chat-prod", "messages": messages, "temperature": 0.2, "max_tokens": 800})


def make_answer(characters: int) -> str:
    """Return the answer to a chat whose text has so many characters."""
    message = {"role": "assistant", "content": (_PROSE * 120)[:characters], "refusal": None}
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "logprobs": None,
        "message": message,
        "content_filter_results": _FILTERS,
    }
    usage = {"prompt_tokens": 1400, "completion_tokens": 80, "total_tokens": 1480}
    prompt = [{"prompt_index": 0, "content_filter_results": _FILTERS}]
    return compact(_head("chat.completion") | {"choices": [choice], "prompt_filter_results": prompt, "usage": usage})


def make_stream() -> str:
    """Return an answer as the events of a stream."""

    def event(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "content_filter_results": _FILTERS}
        return f"data: {compact(_head('chat.completion.chunk') | {'choices': [choice]})}\n\n"

    pieces = "".join(event({"content": f" word{number}"}) for number in range(24))
    return event({"role": "assistant", "content": ""}) + pieces + event({}, "stop") + "data: [DONE]\n\n"


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-demo0001", "object": kind, "created": 1773133262, "model": "gpt-4o-2024-08-06"}


def compact(value: object) -> str:
    """Return JSON without blanks, as Azure writes it."""
    return json.dumps(value, separators=(",", ":"))
