"""What is known to be safe in a body, of all the APIs together: what no table names is content.

Source: the REST references of Azure OpenAI (2024-10-21, v1 and the previews), the Responses and Assistants APIs, the
Azure AI model inference API and the Messages API of Anthropic, which Foundry serves too. One table serves requests and
responses of all, since API Management does not say which API a body belongs to.
"""

import re
from typing import Any, Final

from collector.redact.rules import Rule, matching, names, number, opaque, text, within
from collector.redact.treatments import Treatment

_WORD: Final = r"[a-z]{1,24}(?:[._-][a-z0-9]{1,24}){0,5}"
"""The API's own words: ``assistant``, ``content_filter``, ``chat.completion.chunk``, ``response.output_text.delta``."""
_ERROR_CODE: Final = r"[0-9]{3}|[A-Za-z_]{1,64}"
_ID: Final = r"(?=[0-9_-]*[A-Za-z])[A-Za-z0-9_-]{1,128}|[0-9]{1,4}"
"""An id has a letter: more digits than a small number has could be a card or a phone."""
_MODEL: Final = r"[A-Za-z][A-Za-z0-9._:/-]{0,99}"
_TOOL: Final = r"[A-Za-z0-9_.-]{1,64}"
_LANGUAGE: Final = r"[A-Za-z]{2,3}(?:-[A-Za-z]{2,4})?|[a-z]{4,12}"
_METHOD: Final = r"[a-z]{1,24}(?:/[a-z_]{1,24}){0,3}"
_SIZE: Final = r"auto|[0-9]{1,5}x[0-9]{1,5}|[0-9]{3,4}p?"
_STEP: Final = re.compile(r"([a-z_]{1,32})(?:\.?\[[0-9]{1,3}\])?(?:\.|\Z)")
_MOST_STEPS: Final = 8
"""Keys of a path that are kept, each with at most one small index: more could spell a number of any kind."""

_NUMBERS: Final = names(
    "background best_of cancelled_at check_offset completed_at content_index created created_at deleted detected "
    "dimensions duration echo embedding_index end_offset end_turn expired_at expires_at failed_at filtered "
    "frequency_penalty has_more include_obfuscation include_usage index is_error max_completion_tokens "
    "max_output_tokens max_prompt_tokens max_tokens max_tool_calls n num_images output_compression output_index "
    "parallel_tool_calls partial_images presence_penalty prompt_index redacted revision seconds seed sequence_number "
    "speed start_offset started_at statusCode store stream strict summary_index temperature threshold timeout "
    "budget_tokens top_k top_logprobs top_n top_p ttl_seconds"
)
_WORDS: Final = names(
    "detail effort encoding_format event finish_reason format include input_fidelity jsonrpc media_type modalities "
    "moderation object order output_format output_modalities phase purpose quality reason reasoning_effort role "
    "service_tier severity source_type status stop_reason style task timestamp_granularities truncation type "
    "verbosity voice"
)
_IDS: Final = names(
    "assistant_id batch_id call_id container_id file_id file_ids first_id id item_id last_id message_id "
    "previous_response_id response_id run_id step_id system_fingerprint thread_id tool_call_id tool_use_id "
    "vector_store_id vector_store_ids"
)
_TEXTS: Final = names(
    "additional_instructions annotations arguments b64_json code content delta description encrypted_content "
    "file_data filename input instructions message name output output_text partial_json prompt "
    "prompt_cache_key reasoning reasoning_content refusal result revised_prompt safety_identifier signature stop "
    "stop_sequence stop_sequences suffix summary system text thinking title transcript url user"
)
_OPAQUE: Final = names(
    "action attachments citations context data_sources documents embedding json_schema logit_bias metadata "
    "parameters queries results schema segments tool_resources variables words"
)
_USAGE_KEYS: Final = names(
    "accepted_prediction_tokens audio_tokens cache_creation cache_creation_input_tokens cache_read_input_tokens "
    "cached_tokens completion_tokens completion_tokens_details ephemeral_1h_input_tokens ephemeral_5m_input_tokens "
    "image_tokens input_token_details input_tokens input_tokens_details output_token_details output_tokens "
    "output_tokens_details prompt_tokens prompt_tokens_details queries_count reasoning_tokens "
    "rejected_prediction_tokens seconds server_tool_use text_tokens total_tokens web_search_requests"
)
_FILTERS: Final = names(
    "custom_blocklists custom_topics details hate indirect_attack jailbreak personally_identifiable_information "
    "profanity protected_material_code protected_material_text self_harm sexual task_adherence ungrounded_material "
    "violence"
)


def body_rule(treatment: Treatment) -> Rule:
    """Return the rule for a decoded body, a message or a list of messages."""
    return _Tables(treatment).body()


class _Tables:
    """The tables of one treatment; objects can hold their own kind, so some tables are filled in after their rule."""

    def __init__(self, treatment: Treatment) -> None:
        self._treatment = treatment
        self._basic = _basic(treatment)
        self._word = matching(_WORD, treatment)
        self._tool = matching(_TOOL, treatment)
        self._opaque = opaque(treatment)
        self._filters = _filters(treatment)
        self._error = _error(self._basic, self._filters, treatment)
        function = {"name": self._tool, "arguments": self._opaque, "input": self._opaque}
        called = self._object(function, self._word)
        self._named: dict[str, Rule] = {"function": called, "function_call": called, "custom": called}
        self._parts: dict[str, Rule] = {}
        self._part = within(self._parts, treatment)
        self._parts |= self._make_parts()
        self._messages = self._parts | {
            "name": self._basic["text"],
            # The first event of Anthropic's streams is a message that names its model.
            "model": matching(_MODEL, treatment),
            "error": self._error,
            "usage": _usage(treatment),
        }
        self._message = within(self._messages, treatment)

    def body(self) -> Rule:
        """Return the rule for a body; an event of a stream holds a whole answer, and a run its thread."""
        bodies: dict[str, Rule] = {}
        body = within(bodies, self._treatment)
        bodies |= self._messages | self._requests() | self._answers() | {"response": body, "thread": body}
        return body

    def _object(self, more: dict[str, Rule] | None = None, leaf: Rule | None = None) -> Rule:
        """Return the rule for an object with the basic members and more."""
        return within(self._basic | (more or {}), self._treatment, leaf)

    def _make_parts(self) -> dict[str, Rule]:
        """Parts of a message's content, calls of tools, and items of the Responses API."""
        data = self._object({"data": self._basic["text"]})
        return (
            self._basic
            | self._named
            | {
                "name": self._tool,
                "input": self._opaque,
                "text": self._object({"value": self._basic["text"]}),
                "input_audio": data,
                "source": data,
                "content_filter_results": self._filters,
            }
            | dict.fromkeys(("image_url", "file", "cache_control"), self._object())
            | dict.fromkeys(("content", "output", "summary", "tool_calls"), self._part)
        )

    def _requests(self) -> dict[str, Rule]:
        """What only requests hold."""
        tools = self._object(self._named | {"name": self._tool})
        return {
            "model": matching(_MODEL, self._treatment),
            "size": matching(_SIZE, self._treatment),
            "language": matching(_LANGUAGE, self._treatment),
            "method": matching(_METHOD, self._treatment),
            "messages": self._message,
            "additional_messages": self._message,
            "prompt": self._object({"version": matching(_ID, self._treatment)}),
            "tools": tools,
            "functions": tools,
            "tool_choice": self._object(self._named | {"name": self._tool}, self._word),
            "response_format": self._object(leaf=self._word),
            "stream_options": self._object(),
            "audio": self._object({"data": self._basic["text"]}),
            "text": self._object({"format": self._object(leaf=self._word)}),
            "reasoning": self._object({"summary": matching(r"auto|concise|detailed", self._treatment)}),
            "thinking": self._object(),
            "conversation": self._object(leaf=matching(_ID, self._treatment)),
            "params": self._object({"name": self._tool, "arguments": self._opaque}),
        } | dict.fromkeys(("input", "instructions", "prediction", "system", "tool_outputs"), self._part)

    def _answers(self) -> dict[str, Rule]:
        """What only answers and the events of streams hold."""
        filtered = self._object({"content_filter_results": self._filters})
        calls = {"tool_calls": self._part, "message_creation": self._object()}
        steps = self._object(calls | {"submit_tool_outputs": self._object(calls)})
        return {
            "choices": self._choice(),
            "code": matching(_ERROR_CODE, self._treatment),
            "data": within(self._messages | {"prompt_filter_results": self._filters}, self._treatment),
            "delta": self._message,
            "incomplete_details": self._object(),
            "last_error": self._error,
            "logprobs": number(self._treatment),
            "message": self._message,
            "required_action": steps,
            "step_details": steps,
            "content_block": self._part,
            "item": self._part,
            "part": self._part,
        } | dict.fromkeys(("prompt_filter_results", "prompt_annotations", "content_filters"), filtered)

    def _choice(self) -> Rule:
        return self._object(
            {
                "message": self._message,
                "delta": self._message,
                "logprobs": self._opaque,
                "content_filter_results": self._filters,
                "content_filter_result": self._filters,
                "content_filter_offsets": self._object(),
                "finish_details": self._object(),
            }
        )


def _basic(treatment: Treatment) -> dict[str, Rule]:
    """Return what means the same wherever it stands."""
    kinds = (
        (_NUMBERS, number(treatment)),
        (_WORDS, matching(_WORD, treatment)),
        (_IDS, matching(_ID, treatment)),
        (_TEXTS, text(treatment)),
        (_OPAQUE, opaque(treatment)),
    )
    return {key: rule for keys, rule in kinds for key in keys}


def _usage(treatment: Treatment) -> Rule:
    """Return the rule for usage: numbers under keys that are known."""
    rules: dict[str, Rule] = {"type": matching(r"tokens|duration", treatment)}
    usage = within(rules, treatment, number(treatment))
    rules |= dict.fromkeys(_USAGE_KEYS, usage)
    return usage


def _filters(treatment: Treatment) -> Rule:
    """Return the rule for what the content filter found; the names of blocklists are an administrator's."""
    word = matching(r"safe|low|medium|high|unknown", treatment)
    rules: dict[str, Rule] = {
        "filtered": number(treatment),
        "detected": number(treatment),
        "redacted": number(treatment),
        "completion_start_offset": number(treatment),
        "completion_end_offset": number(treatment),
        "severity": word,
        "id": matching(_ID, treatment),
        "error": within({"code": matching(_ERROR_CODE, treatment), "message": text(treatment)}, treatment),
        "citation": opaque(treatment),
    }
    filters = within(rules, treatment, number(treatment))
    rules |= dict.fromkeys(_FILTERS, filters)
    return filters


def _error(basic: dict[str, Rule], filters: Rule, treatment: Treatment) -> Rule:
    """Return the rule for an error: code, type and what the filter found stay; its words may quote the input."""
    errors: dict[str, Rule] = {}
    error = within(errors, treatment)
    errors |= basic | {
        "code": matching(_ERROR_CODE, treatment),
        "type": matching(_ERROR_CODE, treatment),
        "status": number(treatment),
        "param": _parameter(treatment),
        "message": text(treatment),
        "innererror": error,
        "inner_error": error,
        "content_filter_result": filters,
        "content_filter_results": filters,
        "details": error,
    }
    return error


def _parameter(treatment: Treatment) -> Rule:
    """Return the rule for the path of a parameter, ``messages[0].content``.

    From the first key on that is none of the API's it is content.
    """
    known = {*_NUMBERS, *_WORDS, *_IDS, *_TEXTS, *_OPAQUE, "messages", "tools", "model", "tool_calls", "function"}

    def apply(value: Any) -> Any:
        if type(value) is not str:
            return treatment.opaque(value)
        end = 0
        for _ in range(_MOST_STEPS):
            step = _STEP.match(value, end)
            if step is None or step.group(1) not in known:
                break
            end = step.end()
        return value[:end] + treatment.text(value[end:])

    return apply
