"""What is sent: bulk requests of documents as the collector writes them, for each pipeline."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.bodies import make_answer, make_request
from benchmarks.hub import make_record
from collector.events import DataStream, Position, Record, Source
from collector.output.elasticsearch.encoding import StreamEncoder

type RecordMaker = Callable[[random.Random], dict[str, Any]]

_CASES: Final = Path(__file__).parents[2] / "tests" / "golden" / "cases"
_SEED: Final = 7
_ANSWER_CHARACTERS: Final = 7400
"""With what stands around it, an answer of 8 KB."""


@dataclass(frozen=True, slots=True)
class Load:
    """Records of one kind for one pipeline."""

    dataset: str
    what: str
    make: RecordMaker
    bulk_documents: int
    target: float | None = None
    """How many times the yardstick the pipeline may take."""
    tags: tuple[str, ...] = ()

    def bulk(self) -> bytes:
        """Return one request; every run sends the same."""
        source = random.Random(_SEED)  # noqa: S311 - the same load in every run
        stream = DataStream("logs", self.dataset, "benchmark")
        encoder = StreamEncoder(Source("ns", "hub", "$Default"), stream, self.tags, preserve_original=False)
        lines: list[bytes] = []
        for number in range(self.bulk_documents):
            text = json.dumps(self.make(source), separators=(",", ":"), ensure_ascii=False)
            position = Position(str(number * 4096), number, datetime(2026, 3, 10, 9, 10, tzinfo=UTC))
            record_id = f"{number:022}".encode()
            lines.append(encoder.record(record_id, encoder.origin("0", position), Record(text)))
        return b"".join(lines)


def _from_case(name: str) -> RecordMaker:
    """Make records like one of the golden ones, with ids and durations that differ."""
    text = (_CASES / name / "record.json").read_text(encoding="utf-8")

    def make(source: random.Random) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(text)
        duration = source.randrange(20, 9000)
        record |= {"correlationId": f"{source.getrandbits(128):032x}", "durationMs": duration}
        return record

    return make


def _gateway(source: random.Random) -> dict[str, Any]:
    record = _from_case("gateway/chat")(source)
    properties = record["properties"]
    for name in ("backendRequestBody", "backendResponseBody"):
        del properties[name]
    properties |= {"requestBody": make_request(), "responseBody": make_answer(_ANSWER_CHARACTERS)}
    return record


LOADS: Final = (
    Load("aoai.logs", "RequestResponse records, one in four of them throttled", make_record, 500, target=4.0),
    Load(
        "aoai.gateway",
        "GatewayLogs records with a request and an answer of 8 KB, at the level full",
        _gateway,
        100,
        target=4.0,
        tags=("content_full",),
    ),
    Load("aoai.endpoints", "AmlOnlineEndpointTrafficLog records", _from_case("endpoints/traffic"), 500),
)
