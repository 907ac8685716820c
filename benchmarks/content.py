"""What the content policy costs a record: ``python -m benchmarks.content`` measures and writes ``results/CONTENT.md``.

Each figure is the fastest of many short rounds in one process: what the code needs, not what the machine does beside.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from benchmarks.bodies import compact, make_answer, make_request, make_stream
from benchmarks.hub import make_record
from benchmarks.summary import commit, machine
from collector.events import Record
from collector.redact.levels import MetadataLevel, RedactedLevel
from collector.redact.patterns import PATTERNS, TextRedactor

RESULTS: Final = Path(__file__).parent / "results" / "CONTENT.md"
_BODY_BYTES: Final = 8192
_ROUNDS: Final = 400
_ROUND_SECONDS: Final = 0.002
_KEY: Final = b"k" * 32


def _gateway(**bodies: str) -> Record:
    properties = {
        "apiId": "azure-openai-api",
        "backendId": "aoai-pool",
        "backendMethod": "POST",
        "backendResponseCode": 200,
        "backendTime": 1023,
        "backendUrl": "https://aoai.openai.azure.com/openai/deployments/chat-prod/chat/completions?api-version=2024-10-21",
        "operationId": "ChatCompletions_Create",
        "responseCode": 200,
    }
    record = {
        "callerIpAddress": "203.0.113.25",
        "category": "GatewayLogs",
        "correlationId": "00000001-1111-4222-8333-000000000001",
        "properties": properties | bodies,
        "resourceId": "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/APIM-DEMO",
        "time": "2026-03-10T09:01:03.5611234Z",
    }
    return _record(record)


def _record(record: Mapping[str, object]) -> Record:
    text = compact(record)
    return Record(text.encode(), text)


def cases() -> Iterator[tuple[str, float | None, Record]]:
    """Yield the name of each case, its target in microseconds under ``metadata``, and its record."""
    yield "RequestResponse, no body", 0.5, _record(make_record(random.Random(7)))  # noqa: S311 - the same in every run
    yield "gateway, no body", None, _gateway()
    yield "gateway, request of 8 KB", 60, _gateway(requestBody=make_request())
    yield "gateway, answer of 8 KB", 60, _gateway(responseBody=make_answer(7400))
    yield "gateway, both of 8 KB", None, _gateway(requestBody=make_request(), responseBody=make_answer(7400))
    yield "gateway, request cut at 8,192 bytes", 60, _gateway(requestBody=make_request(20)[:_BODY_BYTES])
    yield "gateway, stream cut at 8,192 bytes", 60, _gateway(responseBody=make_stream()[:_BODY_BYTES])


def microseconds(apply: Callable[[Record], object], record: Record) -> float:
    """Return how long one call takes in the fastest round."""
    apply(record)
    started = time.perf_counter()
    apply(record)
    calls = max(1, int(_ROUND_SECONDS / max(time.perf_counter() - started, 1e-7)))
    best = float("inf")
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        for _ in range(calls):
            apply(record)
        best = min(best, (time.perf_counter() - started) / calls)
    return best * 1e6


def render() -> str:
    """Measure and return the page."""
    metadata, redacted = MetadataLevel(_KEY), RedactedLevel(_KEY, TextRedactor(PATTERNS).redact)
    lines = [
        "# What the content policy costs",
        "",
        f"`python -m benchmarks.content`, commit `{commit()}`, {machine()}.",
        "",
        "Microseconds a record, the fastest of 400 rounds; the target is for `metadata`. `full` costs nothing.",
        "",
        "| record | bytes | metadata | target | redacted |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, target, record in cases():
        taken = microseconds(metadata.apply, record), microseconds(redacted.apply, record)
        shown = "-" if target is None else f"{target:g}"
        lines.append(f"| {name} | {len(record.source):,} | {taken[0]:.2f} | {shown} | {taken[1]:.2f} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    RESULTS.write_text(render(), encoding="utf-8")
