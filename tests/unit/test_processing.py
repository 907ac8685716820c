"""Processors at work: what is added, what is dropped, and what stays as it is."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.delivery.acknowledgement import Lane
from collector.delivery.budget import Budget
from collector.delivery.intake import Intake
from collector.delivery.processing import enrich, is_constant
from collector.events import DataStream, Entry, Position, Record, Reject, RejectReason, RepairedRecord, Source
from collector.output.elasticsearch.encoding import StreamEncoder
from collector.output.elasticsearch.items import Item, Load, unfold
from collector.policy import load_policy
from collector.policy.processors import Processor
from collector.telemetry.counters import Counters

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SOURCE = Source("ns.servicebus.windows.net", "hub", "$Default")
AUDIT, CHAT = Record('{"category":"Audit"}'), Record('{"n":2}')
REPAIRED = RepairedRecord('{"n":3}')
BAD = Reject(b"{", RejectReason.TRUNCATED, "it ends")
HUB = "Endpoint=sb://localhost;SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;"

type Read = Callable[..., tuple[Processor, ...]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read processors of an input and a stream as a policy has them."""

    def read_all(*own: dict[str, Any], above: list[dict[str, Any]] | None = None) -> tuple[Processor, ...]:
        stream = {"eventhub": "hub", "connection_string": HUB, "processors": list(own)}
        source = {"type": "azure-eventhub", "processors": above or [], "streams": [stream]}
        path = tmp_path / "policy.yml"
        outputs = {"default": {"type": "elasticsearch", "hosts": "http://localhost"}}
        path.write_text(yaml.safe_dump({"outputs": outputs, "inputs": [source]}), encoding="utf-8")
        ((entry, loaded),) = load_policy(path, {}).streams()
        return entry.processors + loaded.processors

    return read_all


class Bench:
    """An intake of a stream with processors; its items are settled by hand."""

    def __init__(self, processors: tuple[Processor, ...], tags: tuple[str, ...] = ()) -> None:
        self.items: list[Item] = []
        self.counters, self.budget, self.lane = Counters(), Budget(1000), Lane("0")
        constant = is_constant(processors)
        encoder = StreamEncoder(
            SOURCE,
            DataStream("logs", "aoai.logs", "default"),
            tags,
            preserve_original=False,
            enrich=partial(enrich, processors=processors if constant else ()),
        )
        watching = () if constant else processors
        self.intake = Intake(SOURCE, encoder, self, self.budget, self.counters, processors=watching)

    def add(self, load: Load) -> None:
        self.items += unfold([load])

    async def take(self, *entries: Entry, number: int = 7) -> list[dict[str, Any]]:
        """Take one event in and return the documents that came of it."""
        await self.intake.reserve(100)
        before = len(self.items)
        await self.intake.accept(self.lane, Position(str(number), number, NOON), b"x" * 100, entries)
        assert self.counters.balanced
        return [json.loads(item.lines.split(b"\n")[1]) for item in self.items[before:]]

    def ids(self) -> list[str]:
        return [json.loads(item.lines.partition(b"\n")[0])["create"]["_id"] for item in self.items]


async def one(processors: tuple[Processor, ...], record: Record = CHAT, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    (document,) = await Bench(processors, tags).take(record)
    return document


async def test_fields_go_below_fields_unless_a_target_is_named(read: Read) -> None:
    document = await one(
        read(
            {"add_fields": {"fields": {"team": "search", "cost.centre": 7}}},
            {"add_fields": {"target": "labels", "fields": {"on": True}}},
            {"add_fields": {"target": "", "fields": {"service": {"name": "a"}, "service.version": "1"}}},
        )
    )
    assert document["fields"] == {"team": "search", "cost": {"centre": 7}}
    assert document["labels"] == {"on": True}
    assert document["service"] == {"name": "a", "version": "1"}


async def test_processors_of_the_input_run_before_those_of_the_stream(read: Read) -> None:
    above = [{"add_fields": {"fields": {"team": "all", "site": "a"}}}]
    document = await one(read({"add_fields": {"fields": {"team": "one"}}}, above=above))
    assert document["fields"] == {"team": "one", "site": "a"}


async def test_tags_are_appended_to_those_of_the_stream_or_to_a_target(read: Read) -> None:
    processors = read({"add_tags": {"tags": ["a", "b"]}}, {"add_tags": {"target": "labels.kinds", "tags": "c"}})
    document = await one(processors, REPAIRED, tags=("forwarded",))
    assert document["tags"] == ["forwarded", "repaired", "a", "b"]
    assert document["labels"]["kinds"] == ["c"]


@pytest.mark.parametrize("when", [None, {"contains": {"message": "n"}}])
async def test_the_record_and_its_id_stay_as_they_are(read: Read, when: dict[str, Any] | None) -> None:
    condition = {"when": when} if when else {}
    plain, processed = Bench(()), Bench(read({"add_fields": {"fields": {"a": 1}} | condition}))
    (before,), (after,) = await plain.take(CHAT), await processed.take(CHAT)
    assert plain.ids() == processed.ids()
    assert after.pop("fields") == {"a": 1}
    assert after == before


MET: list[dict[str, Any]] = [
    {"equals": {"azure.eventhub": "hub"}},
    {"equals": {"azure": {"sequence_number": 7, "partition_id": "0"}}},
    {"equals": {"data_stream.dataset": "aoai.logs"}},
    {"equals": {"@timestamp": "2026-03-10T12:00:00.000Z"}},
    {"equals": {"labels.on": True}},
    {"contains": {"message": '"category":"Audit"'}},
    {"contains": {"tags": "forwarded"}},
    {"range": {"azure.sequence_number": {"gte": 7, "lt": 8}}},
    {"range": {"azure.sequence_number.lte": 7, "labels.size.gt": 1.5}},
    {"has_fields": ["azure", "tags", "labels.size"]},
    {"and": [{"equals": {"azure.eventhub": "hub"}}, {"contains": {"message": "Audit"}}]},
    {"or": [{"equals": {"azure.eventhub": "other"}}, {"contains": {"message": "Audit"}}]},
    {"not": {"contains": {"message": "Chat"}}},
]
UNMET: list[dict[str, Any]] = [
    {"equals": {"azure.eventhub": "hub", "azure.partition_id": "1"}},
    {"equals": {"azure.eventhub": "HUB"}},
    {"contains": {"message": "audit"}},
    {"contains": {"tags": "forward"}},
    {"range": {"azure.sequence_number": {"gt": 7}}},
    {"range": {"azure.sequence_number": {"gte": 0, "lt": 7}}},
    {"and": [{"equals": {"azure.eventhub": "hub"}}, {"contains": {"message": "Chat"}}]},
    {"or": [{"equals": {"azure.eventhub": "other"}}, {"contains": {"message": "Chat"}}]},
    {"not": {"has_fields": ["message"]}},
]
LABELS = {"add_fields": {"target": "labels", "fields": {"on": True, "size": 2}}}


@pytest.mark.parametrize("when", MET, ids=json.dumps)
async def test_a_record_is_dropped_when_the_condition_is_met(read: Read, when: dict[str, Any]) -> None:
    bench = Bench(read(LABELS, {"drop_event": {"when": when}}), tags=("forwarded",))
    assert await bench.take(AUDIT) == []


@pytest.mark.parametrize("when", UNMET, ids=json.dumps)
async def test_a_record_stays_when_the_condition_is_not_met(read: Read, when: dict[str, Any]) -> None:
    bench = Bench(read(LABELS, {"drop_event": {"when": when}}), tags=("forwarded",))
    assert len(await bench.take(AUDIT)) == 1


async def test_a_condition_may_be_written_with_dots(read: Read) -> None:
    bench = Bench(read({"drop_event": {"when.contains.message": "Audit"}}))
    assert [each["message"] for each in await bench.take(AUDIT, CHAT)] == [CHAT.text]


async def test_a_condition_sees_what_earlier_processors_added_to_this_record(read: Read) -> None:
    processors = read(
        {"add_tags": {"tags": ["audit"], "when": {"contains": {"message": "Audit"}}}},
        {"add_fields": {"fields": {"kind": "a"}, "when": {"contains": {"tags": "audit"}}}},
        {"add_fields": {"target": "later", "fields": {"always": 1}}},
    )
    audit, chat = await Bench(processors).take(AUDIT, CHAT)
    assert (audit["tags"], audit["fields"], audit["later"]) == (["audit"], {"kind": "a"}, {"always": 1})
    assert ("tags" in chat, "fields" in chat, chat["later"]) == (False, False, {"always": 1})


async def test_dropping_leaves_the_ids_of_the_other_records_alone(read: Read) -> None:
    every, some = Bench(()), Bench(read({"drop_event": {"when": {"contains": {"message": "Audit"}}}}))
    await every.take(AUDIT, CHAT, AUDIT, REPAIRED)
    await some.take(AUDIT, CHAT, AUDIT, REPAIRED)
    assert some.ids() == [every.ids()[1], every.ids()[3]]


async def test_a_dropped_record_is_settled_at_once_and_counted(read: Read) -> None:
    bench = Bench(read({"drop_event": {"when": {"contains": {"message": "Audit"}}}}))
    await bench.take(AUDIT, AUDIT, number=1)
    assert (bench.counters.received, bench.counters.dropped, bench.counters.in_flight) == (2, 2, 0)
    assert (bench.budget.taken, bench.lane.checkpoint_due) == (0, Position("1", 1, NOON))


async def test_an_event_is_done_when_what_was_not_dropped_is_settled(read: Read) -> None:
    bench = Bench(read({"drop_event": {"when": {"contains": {"message": "Audit"}}}}))
    await bench.take(AUDIT, CHAT, AUDIT, number=1)
    assert (bench.counters.dropped, bench.counters.in_flight, bench.lane.prefix) == (2, 1, None)
    bench.items[0].settle()
    assert (bench.budget.taken, bench.lane.prefix) == (0, Position("1", 1, NOON))


async def test_what_is_no_record_is_never_dropped(read: Read) -> None:
    bench = Bench(read({"drop_event": {"when": {"has_fields": ["message"]}}}))
    await bench.take(BAD, CHAT)
    assert [item.dead_letter_reason for item in bench.items] == ["truncated"]


async def test_the_effective_policy_shows_processors_as_they_were_written(read: Read) -> None:
    written = {"drop_event": {"when": {"contains": {"message": "a"}}}}
    assert [each.written for each in read(written)] == [written]
