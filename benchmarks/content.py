"""What the content policy costs a record: ``python -m benchmarks.content`` measures and writes ``results/CONTENT.md``.

Rounds are short and timed in processor time, so what else runs on the machine shows in the spread and hardly in the
fastest round.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median, quantiles
from typing import Final, NamedTuple

from benchmarks.bodies import compact, make_answer, make_request, make_stream
from benchmarks.gateway import make_gateway_record
from benchmarks.hub import make_record
from benchmarks.surroundings import measured_by
from collector.events import Record
from collector.redact.levels import MetadataLevel, RedactedLevel
from collector.redact.patterns import PATTERNS, TextRedactor

RESULTS: Final = Path(__file__).parent / "results" / "CONTENT.md"
_BODY_BYTES: Final = 8192
_ROUNDS: Final = 400
_ROUND_SECONDS: Final = 0.002
_KEY: Final = b"k" * 32


def _gateway(**bodies: str) -> Record:
    return _record(make_gateway_record(**bodies))


def _record(record: Mapping[str, object]) -> Record:
    text = compact(record)
    return Record(text)


def _responses_stream() -> str:
    """Return an answer of the Responses API as events; no two of them differ in their text alone."""
    head = {"item_id": "msg_0001", "output_index": 0, "content_index": 0}
    events = [
        {"type": "response.output_text.delta", "sequence_number": number} | head | {"delta": f" word{number}"}
        for number in range(80)
    ]
    return "".join(f"event: {event['type']}\ndata: {compact(event)}\n\n" for event in events)


def cases() -> Iterator[tuple[str, float | None, Record]]:
    """Yield the name of each case, its target in microseconds under ``metadata``, and its record."""
    yield "RequestResponse, no body", 0.5, _record(make_record(random.Random(7)))  # noqa: S311 - the same in every run
    yield "gateway, no body", None, _gateway()
    yield "gateway, request of 8 KB", 60, _gateway(requestBody=make_request())
    yield "gateway, answer of 8 KB", 60, _gateway(responseBody=make_answer(7400))
    yield "gateway, both of 8 KB", None, _gateway(requestBody=make_request(), responseBody=make_answer(7400))
    yield "gateway, request cut at 8,192 bytes", 60, _gateway(requestBody=make_request(20)[:_BODY_BYTES])
    yield "gateway, stream of a chat cut at 8,192 bytes", 60, _gateway(responseBody=make_stream()[:_BODY_BYTES])
    responses = _responses_stream()[:_BODY_BYTES]
    yield "gateway, stream of the Responses API cut at 8,192 bytes", 60, _gateway(responseBody=responses)


class Cost(NamedTuple):
    """Microseconds of processor time that one call takes, by rounds."""

    fastest: float
    median: float
    slow: float
    """Nine rounds in ten are no slower."""


def measure(apply: Callable[[Record], object], record: Record) -> Cost:
    """Return what one call costs."""
    apply(record)
    started = time.process_time()
    apply(record)
    calls = max(1, int(_ROUND_SECONDS / max(time.process_time() - started, 1e-7)))
    rounds: list[float] = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        for _ in range(calls):
            apply(record)
        rounds.append((time.process_time() - started) / calls * 1e6)
    return Cost(min(rounds), median(rounds), quantiles(rounds, n=10)[-1])


def render() -> str:
    """Measure and return the page."""
    metadata, redacted = MetadataLevel(_KEY), RedactedLevel(_KEY, TextRedactor(PATTERNS).redact)
    lines = [
        "# What the content policy costs",
        "",
        f"{measured_by('benchmarks.content')}.",
        "",
        f"Microseconds of processor time a record, in {_ROUNDS} rounds: the fastest, the median, and what nine rounds",
        "in ten keep within. The target is for `metadata`. `full` costs nothing.",
        "",
        "| record | bytes | target | metadata, fastest | median | 9 in 10 | redacted, fastest | median | 9 in 10 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, target, record in cases():
        costs = (*measure(metadata.apply, record), *measure(redacted.apply, record))
        shown = "-" if target is None else f"{target:g}"
        figures = " | ".join(f"{cost:.2f}" for cost in costs)
        lines.append(f"| {name} | {len(record.source):,} | {shown} | {figures} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    RESULTS.write_text(render(), encoding="utf-8")
