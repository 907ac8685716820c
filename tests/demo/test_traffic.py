"""What the generator writes: repeatable, in realistic shares, with every odd kind in it."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from collector.demo.calls import write_call
from collector.demo.expectations import Event, Expectation, Fate
from collector.demo.faults import make_truncated
from collector.demo.packing import LARGEST_EVENT_BYTES
from collector.demo.run import DEFAULT_RECORDS, DEFAULT_SEED
from collector.demo.traffic import Traffic

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
SOUND_SHAPES = {"envelope", "gzip", "newline-delimited", "bare array", "array of envelopes"}
# The fifteen kinds of samples/malformed, and those that issue 3 names beside them.
ODD_SHAPES = {
    "array of envelopes",
    "bare array",
    "double-encoded properties",
    "empty records",
    "newline-delimited",
    "null records",
    "properties not JSON",
    "raw newline",
    "single object",
    "single quotes",
    "trailing comma",
    "truncated",
    "unquoted placeholder",
    "UTF-16",
    "byte order mark",
    "empty body",
    "null body",
    "not UTF-8",
    "plain text",
    "binary",
    "records as text",
    "scalar body",
    "elements that are no objects",
    "broken gzip",
    "gzip",
    "1 MB of records",
    "1 MB record",
    "1 MB of text",
}


def generate(seed: int, records: int) -> list[Event]:
    return list(Traffic(seed, START).events(records))


def parse_sound(event: Event) -> list[dict[str, Any]]:
    """Read a sound event with nothing but the standard library."""
    body = gzip.decompress(event.body) if event.shape == "gzip" else event.body
    if event.shape == "newline-delimited":
        return [json.loads(line) for line in body.splitlines()]
    content = json.loads(body)
    if event.shape == "array of envelopes":
        return [record for envelope in content for record in envelope["records"]]
    return content if event.shape == "bare array" else content["records"]


def read_properties(record: dict[str, Any]) -> dict[str, Any]:
    properties = record.get("properties", {})
    return json.loads(properties) if isinstance(properties, str) else properties


@pytest.fixture(scope="module")
def default_run() -> list[Event]:
    return generate(DEFAULT_SEED, DEFAULT_RECORDS)


@pytest.fixture(scope="module")
def calls(default_run: list[Event]) -> list[dict[str, Any]]:
    sound = [event for event in default_run if event.shape in SOUND_SHAPES]
    return [record for event in sound for record in parse_sound(event) if record.get("category") == "RequestResponse"]


def test_the_same_seed_writes_the_same_bytes() -> None:
    assert generate(3, 2_000) == generate(3, 2_000)


def test_another_seed_writes_other_bytes() -> None:
    assert generate(3, 200) != generate(4, 200)


def test_a_default_run_holds_every_odd_kind(default_run: list[Event]) -> None:
    assert {event.shape for event in default_run} >= ODD_SHAPES


def test_no_event_is_larger_than_a_hub_takes(default_run: list[Event]) -> None:
    assert max(len(event.body) for event in default_run) <= LARGEST_EVENT_BYTES


def test_the_largest_events_nearly_fill_what_a_hub_takes(default_run: list[Event]) -> None:
    assert max(len(event.body) for event in default_run) > 1_000_000


def test_an_event_holds_one_to_sixty_records(default_run: list[Event]) -> None:
    sizes = {len(event.expected) for event in default_run if event.shape in SOUND_SHAPES}
    assert (min(sizes) >= 1, max(sizes) <= 60, len(sizes) > 20) == (True, True, True)


def _foretell(record: dict[str, Any]) -> tuple[str | None, str | None, int | None, str | None]:
    status = record.get("resultSignature")
    deployment = read_properties(record).get("modelDeploymentName")
    return record.get("category"), record.get("correlationId"), int(status) if status else None, deployment


def _said(expectation: Expectation) -> tuple[str | None, str | None, int | None, str | None]:
    return expectation.category, expectation.correlation_id, expectation.status, expectation.deployment


def test_what_is_foretold_of_sound_events_is_what_a_plain_json_parser_reads(default_run: list[Event]) -> None:
    sound = [event for event in default_run if event.shape in SOUND_SHAPES]
    foretold = [[_said(expectation) for expectation in event.expected] for event in sound]
    assert foretold == [[_foretell(record) for record in parse_sound(event)] for event in sound]


def test_no_record_of_a_sound_event_is_foretold_to_be_a_dead_letter(default_run: list[Event]) -> None:
    fates = Counter(record.fate for event in default_run if event.shape in SOUND_SHAPES for record in event.expected)
    assert fates[Fate.DEAD_LETTER] == 0


@pytest.mark.parametrize("shape", ["empty body", "null body", "empty records", "null records"])
def test_an_event_without_records_must_leave_nothing(default_run: list[Event], shape: str) -> None:
    assert {event.expected for event in default_run if event.shape == shape} == {()}


@pytest.mark.parametrize(
    ("shape", "dead", "indexed"),
    [
        ("unquoted placeholder", 1, 3),
        ("not UTF-8", 1, 2),
        ("elements that are no objects", 3, 2),
        ("single quotes", 0, 3),
        ("raw newline", 0, 3),
        ("trailing comma", 0, 3),
        ("UTF-16", 0, 3),
        ("byte order mark", 0, 3),
        ("plain text", 1, 0),
        ("1 MB of text", 1, 0),
        ("1 MB record", 0, 1),
        ("records as text", 1, 0),
        ("scalar body", 1, 0),
        ("binary", 1, 0),
        ("broken gzip", 1, 0),
        ("single object", 0, 1),
    ],
)
def test_a_broken_event_costs_only_what_cannot_be_repaired(
    default_run: list[Event], shape: str, dead: int, indexed: int
) -> None:
    fates = [Counter(record.fate for record in event.expected) for event in default_run if event.shape == shape]
    assert {(fate[Fate.DEAD_LETTER], fate[Fate.INDEXED]) for fate in fates} == {(dead, indexed)}


@pytest.mark.parametrize("seed", range(100))
def test_a_truncated_event_keeps_all_records_but_its_last(seed: int) -> None:
    dice = random.Random(seed)
    event = make_truncated(dice, lambda count: [write_call(dice, START, burst=False) for _ in range(count)])
    reopened = event.body[: event.body.rindex(b',{"Tenant"')] + b"]}"
    survivors = [record["correlationId"] for record in json.loads(reopened)["records"]]
    *foretold, last = event.expected
    assert (survivors, last.fate) == ([record.correlation_id for record in foretold], Fate.DEAD_LETTER)


@pytest.mark.parametrize(
    ("status", "low", "high"),
    [
        ("200", 0.88, 0.96),
        ("400", 0.012, 0.025),
        ("401", 0.003, 0.010),
        ("429", 0.025, 0.08),
        ("500", 0.001, 0.008),
        ("503", 0.001, 0.008),
    ],
)
def test_statuses_come_in_plausible_shares(calls: list[dict[str, Any]], status: str, low: float, high: float) -> None:
    share = sum(call["resultSignature"] == status for call in calls) / len(calls)
    assert low < share < high


def test_throttling_comes_in_a_burst_on_one_deployment(calls: list[dict[str, Any]]) -> None:
    throttled = [call for call in calls if call["resultSignature"] == "429"]
    moments = Counter(call["time"][: len("2026-03-10T09:00:0")] for call in throttled)
    usual = sorted(moments.values())[len(moments) // 2]
    assert max(moments.values()) > 8 * usual


def test_properties_come_as_strings_and_as_objects(calls: list[dict[str, Any]]) -> None:
    share = sum(isinstance(call["properties"], str) for call in calls) / len(calls)
    assert 0.4 < share < 0.8


def test_a_duration_is_negative_now_and_then_while_the_ticks_stay_right(calls: list[dict[str, Any]]) -> None:
    negative = [read_properties(call) for call in calls if call["durationMs"] < 0]
    assert 0 < len(negative) < len(calls) * 0.02
    assert all(properties["responseTime"] > properties["requestTime"] for properties in negative)


def test_a_record_is_emitted_seconds_after_its_answer(calls: list[dict[str, Any]]) -> None:
    def delay(call: dict[str, Any]) -> float:
        ticks = read_properties(call)["responseTime"] - 621_355_968_000_000_000
        return datetime.fromisoformat(call["time"]).timestamp() - ticks / 10_000_000

    assert all(1 < delay(call) < 5 for call in calls)


def _latencies(calls: list[dict[str, Any]], model: str) -> Iterator[float]:
    for call in calls:
        properties = read_properties(call)
        if properties.get("modelName") == model and call["resultSignature"] == "200":
            yield (properties["responseTime"] - properties["requestTime"]) / 10_000


@pytest.mark.parametrize(
    ("model", "low_ms", "high_ms"),
    [("gpt-4o", 1_200, 1_600), ("text-embedding-3-small", 44, 52), ("o1", 9_000, 30_000)],
)
def test_latencies_are_those_of_the_model(
    calls: list[dict[str, Any]], model: str, low_ms: float, high_ms: float
) -> None:
    latencies = sorted(_latencies(calls, model))
    assert low_ms < latencies[len(latencies) // 2] < high_ms


def test_latencies_have_a_heavy_tail(calls: list[dict[str, Any]]) -> None:
    latencies = sorted(_latencies(calls, "gpt-4o"))
    assert latencies[len(latencies) * 99 // 100] > 4 * latencies[len(latencies) // 2]


def test_the_traffic_spans_regions_subscriptions_models_and_operations(calls: list[dict[str, Any]]) -> None:
    properties = [read_properties(call) for call in calls]
    found = (
        len({call["Tenant"] for call in calls}),
        len({call["resourceId"].split("/")[2] for call in calls}),
        len({each["modelName"] for each in properties if "modelName" in each}),
        {call["operationName"] for call in calls},
        {each["streamType"] for each in properties if "streamType" in each},
    )
    operations = {"ChatCompletions_Create", "Embeddings_Create", "ImageGenerations_Create", "Create_Thread"}
    assert found == (3, 2, 9, operations, {"Streaming", "Non-Streaming"})


def test_callers_are_masked_addresses_with_and_without_object_ids(calls: list[dict[str, Any]]) -> None:
    assert all(call["callerIpAddress"].endswith(".***") for call in calls)
    signed_in = sum(bool(read_properties(call)["objectId"]) for call in calls) / len(calls)
    assert 0.3 < signed_in < 0.8


def test_neighbours_and_audits_share_the_hub(default_run: list[Event]) -> None:
    kinds = Counter(record.why for event in default_run for record in event.expected)
    assert min(kinds[kind] for kind in ("audit", "function app log", "diagnostic metric", "unknown category")) > 20


def test_time_moves_at_the_rate_that_was_asked_for() -> None:
    traffic = Traffic(1, START, rate=100.0)
    list(traffic.events(20_000))
    assert 150 < (traffic.now - START).total_seconds() < 230
