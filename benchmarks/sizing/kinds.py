"""The kinds of records that are sized, with records of each that differ as they do in life.

They are those of the scenario's day; what its calls do not have, texts and GatewayLlmLogs, is put to them here. Texts
are pieces of Python's own language reference, which compresses as prose does.
"""

import pydoc_data.topics
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec

from collector.delivery.routing import ENDPOINTS, GATEWAY, LOGS
from collector.demo.fleet import CHAT
from collector.scenario import draw_day
from collector.scenario.calls import Call
from collector.scenario.ledger import Ledger
from collector.scenario.records import write_records

PROMPT_CHARACTERS: Final = 4_000
ANSWER_CHARACTERS: Final = 1_200
DAY: Final = date(2026, 3, 10)
_SEED: Final = 20260310
_PROSE: Final = "\n".join(pydoc_data.topics.topics.values())
_CASES: Final = Path(__file__).parents[2] / "tests" / "golden" / "cases" / "endpoints"
_CALLS_FOR_A_RECORD: Final = 4
"""Calls drawn for each record that is wanted: one in three passes API Management and succeeds."""

type Properties = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """Records of one kind, as Azure writes them; ``has_texts`` where the content level decides what is stored."""

    name: str
    dataset: str
    texts: Sequence[str]
    has_texts: bool = False

    @property
    def bytes_on_the_wire(self) -> float:
        """Mean bytes of a record with the comma behind it."""
        return sum(len(text.encode()) + 1 for text in self.texts) / len(self.texts)


def draw(records: int) -> Ledger:
    """Return the day that so many records of each kind are taken from."""
    return draw_day(_SEED, DAY, calls=records * _CALLS_FOR_A_RECORD)


def kinds(ledger: Ledger, records: int) -> Iterator[Kind]:
    """Yield each kind with at most so many records."""
    dice = random.Random(_SEED)  # noqa: S311 - the same records in every run
    written = _written(ledger)
    for name, texts in written.items():
        if name != "GatewayLogs":
            yield Kind(name, LOGS, texts[:records])
    gateway = [msgspec.json.decode(text) for text in written["GatewayLogs"] if "choices" in text][:records]
    yield Kind("GatewayLogs, no bodies", GATEWAY, [_encode(_with(each, {})) for each in gateway])
    bodies = [_encode(_with(each, _bodies(each, dice))) for each in gateway]
    yield Kind("GatewayLogs, with bodies", GATEWAY, bodies, has_texts=True)
    heads = [_encode(_chunk(call, 0, _tokens(call))) for call in _answered(ledger)[:records]]
    yield Kind("GatewayLlmLogs, tokens", GATEWAY, heads)
    for number, (name, key, length) in enumerate(_MESSAGES, start=1):
        chunks = [_chunk(call, number, {key: _message(name, dice, length)}) for call in _answered(ledger)[:records]]
        yield Kind(f"GatewayLlmLogs, {name}", GATEWAY, [_encode(chunk) for chunk in chunks], has_texts=True)
    yield Kind("AmlOnlineEndpointTrafficLog", ENDPOINTS, list(_varied("traffic", dice, records)))
    yield Kind("AmlOnlineEndpointConsoleLog", ENDPOINTS, list(_varied("console", dice, records)))


_MESSAGES: Final = (("prompt", "requestMessages", PROMPT_CHARACTERS), ("answer", "responseMessages", ANSWER_CHARACTERS))


def _written(ledger: Ledger) -> Mapping[str, list[str]]:
    """Return what Azure writes of the day's calls, by category; empty twins apart."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for call in ledger.calls:
        for text in write_records(call):
            record = msgspec.json.decode(text)
            twin = record["category"] == "RequestResponse" and "requestTime" not in str(record["properties"])
            found[f"{record['category']}, empty twin" if twin else record["category"]].append(text)
    return found


def _answered(ledger: Ledger) -> list[Call]:
    """Return the chats that API Management passed on and that were answered."""
    return [call for call in ledger.at_gateway if call.usage is not None and call.operation == CHAT]


def _with(record: Mapping[str, Any], bodies: Properties) -> dict[str, Any]:
    kept = {key: value for key, value in record["properties"].items() if not key.endswith("Body")}
    return {**record, "properties": kept | bodies}


def _bodies(record: Mapping[str, Any], dice: random.Random) -> Properties:
    """Return a request and its answer, which has the usage and the filter results that the record had."""
    answer = msgspec.json.decode(record["properties"]["backendResponseBody"])
    for choice in answer.get("choices", []):
        choice["message"] = {"role": "assistant", "content": _prose(dice, ANSWER_CHARACTERS), "refusal": None}
    request = {"messages": [{"role": "user", "content": _prose(dice, PROMPT_CHARACTERS)}], "max_tokens": 800}
    return {"requestBody": _encode(request), "backendResponseBody": _encode(answer)}


def _chunk(call: Call, number: int, properties: Properties) -> dict[str, Any]:
    """Return a record of GatewayLlmLogs in the shape of the golden ones."""
    correlation = {"correlationId": call.correlation_id}
    log = msgspec.json.decode(next(write_records(call)))
    shared = {key: log[key] for key in ("resourceId", "time", "serviceName", "Sku", "location")}
    head = {"Region": "eastus", "category": "GatewayLlmLogs", "operationName": "Microsoft.ApiManagement/GatewayLlmLogs"}
    request = {"requestId": f"chatcmpl-{call.correlation_id}", "sequenceNumber": number}
    return shared | head | correlation | {"properties": correlation | request | properties}


def _tokens(call: Call) -> Properties:
    usage = call.usage
    if usage is None:
        raise ValueError(f"{call.correlation_id} has no usage")
    return {
        "apiVersion": "2024-10-21",
        "deploymentName": call.deployment,
        "modelName": call.model,
        "isStreamCompletion": call.streamed,
        "promptTokens": usage.input_tokens,
        "completionTokens": usage.output_tokens,
        "totalTokens": usage.input_tokens + usage.output_tokens,
        "promptCachedTokens": usage.cached_tokens,
    }


def _message(name: str, dice: random.Random, length: int) -> str:
    role = "user" if name == "prompt" else "assistant"
    return _encode([{"role": role, "content": _prose(dice, length)}])


def _prose(dice: random.Random, length: int) -> str:
    start = dice.randrange(len(_PROSE) - length)
    return _PROSE[start : start + length]


def _varied(case: str, dice: random.Random, records: int) -> Iterator[str]:
    """Yield records like a golden one of Azure ML, with ids, times, durations and sizes that differ."""
    record = msgspec.json.decode((_CASES / case / "record.json").read_text(encoding="utf-8"))
    changes: dict[str, Callable[[], object]] = {
        "XRequestId": lambda: str(UUID(int=dice.getrandbits(128))),
        "XMSClientRequestId": lambda: str(UUID(int=dice.getrandbits(128))),
        "RequestPayloadSize": lambda: dice.randrange(200, 9_000),
        "ResponsePayloadSize": lambda: dice.randrange(200, 9_000),
        "ResponseDurationMs": lambda: dice.randrange(5, 3_000),
        "TotalDurationMs": lambda: dice.randrange(5, 3_000),
        "Message": lambda: f"{_prose(dice, 120)} POST /score 200 {dice.randrange(5, 3_000)}ms",
    }
    for number in range(records):
        at = f"2026-03-10T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.{dice.randrange(10**7):07}Z"
        properties = record["properties"]
        varied = {key: change() for key, change in changes.items() if key in properties}
        yield _encode({**record, "time": at, "properties": properties | {"TimeGenerated": at} | varied})


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()
