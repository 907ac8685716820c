"""Processors of a policy on documents of metrics: what conditions see, what is added, what is dropped."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.delivery.budget import Budget
from collector.delivery.documents import DocumentIntake
from collector.events import DataStream
from collector.inputs.azure_metrics.ports import Document
from collector.inputs.azure_metrics.sink import ElasticsearchSink
from collector.output.elasticsearch.items import Item
from collector.policy import load_policy
from collector.policy.processors import Processor
from collector.telemetry.counters import Counters

ACCOUNTS = "Microsoft.CognitiveServices/accounts"
SOURCE = {
    "@timestamp": "2026-03-10T09:00:00.000Z",
    "event": {"module": "azure"},
    "cloud": {"provider": "azure", "region": "eastus"},
    "azure": {
        "namespace": ACCOUNTS,
        "resource": {"name": "aoai-east", "tags": {"team": "search"}},
        "dimensions": {"model_deployment_name": "chat", "status_code": "429"},
        "metrics": {"azure_openairequests": {"total": 12}},
    },
}
EMBED = {**SOURCE, "azure": {**SOURCE["azure"], "dimensions": {"model_deployment_name": "embed"}, "metrics": {}}}

type Read = Callable[..., tuple[Processor, ...]]
type Fields = dict[str, Any]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read processors of an input and a stream as a policy has them."""

    def read_all(*own: Fields, above: list[Fields] | None = None) -> tuple[Processor, ...]:
        stream = {"auth_type": "managed_identity", "subscription_id": "33333333-3333-4333-8333-333333333333"}
        source = {"type": "azure/metrics", "processors": above or [], "streams": [stream | {"processors": list(own)}]}
        outputs = {"default": {"type": "elasticsearch", "hosts": "http://localhost"}}
        path = tmp_path / "policy.yml"
        path.write_text(yaml.safe_dump({"outputs": outputs, "inputs": [source]}), encoding="utf-8")
        ((entry, loaded),) = load_policy(path, {}).metrics_streams()
        return entry.processors + loaded.processors

    return read_all


class Bench:
    """A sink with processors; what it sends is settled at once."""

    def __init__(self, processors: tuple[Processor, ...]) -> None:
        self.counters = Counters()
        self.sent: list[Fields] = []
        intake = DocumentIntake(self, Budget(1 << 20), self.counters)
        target = DataStream("metrics", "aoai.metrics", "default")
        self._sink = ElasticsearchSink(intake, target, ("forwarded",), processors)

    def add(self, load: Item) -> None:
        self.sent.append(json.loads(load.lines.splitlines()[1]))
        self.counters.in_flight -= 1
        self.counters.indexed += 1
        load.settle()

    async def take(self, *sources: Fields) -> list[Fields]:
        """Deliver documents and return what was sent of them."""
        documents = [Document(f"id-{number}", ACCOUNTS, source) for number, source in enumerate(sources)]
        await self._sink.deliver(documents)
        assert self.counters.balanced
        return self.sent


def only_when(condition: Fields) -> Fields:
    return {"add_fields": {"target": "labels", "fields": {"seen": True}, "when": condition}}


CONDITIONS = {
    "a dimension": {"equals": {"azure.dimensions.model_deployment_name": "chat"}},
    "a tag of the resource": {
        "and": [{"equals": {"azure.resource.tags.team": "search"}}, {"has_fields": ["azure.dimensions.status_code"]}]
    },
    "a value": {"range": {"azure.metrics.azure_openairequests.total": {"gte": 12}}},
    "a metric": {"has_fields": ["azure.metrics.azure_openairequests"]},
    "part of a text": {"contains": {"azure.dimensions.model_deployment_name": "ha"}},
    "a field that the other lacks": {"not": {"equals": {"azure.dimensions.model_deployment_name": "embed"}}},
}


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS.keys())
async def test_a_field_is_added_where_the_condition_is_met(read: Read, condition: Fields) -> None:
    chat, embed = await Bench(read(only_when(condition))).take(SOURCE, EMBED)
    assert (chat.get("labels"), embed.get("labels")) == ({"seen": True}, None)


NEVER_MET = {
    "another region": {"equals": {"cloud.region": "westus"}},
    "a larger value": {"range": {"azure.metrics.azure_openairequests.total": {"gt": 12}}},
    "a tag that nobody has set": {"has_fields": ["azure.resource.tags.owner"]},
    "another data set": {"equals": {"data_stream.dataset": "aoai.deployments"}},
}


@pytest.mark.parametrize("condition", NEVER_MET.values(), ids=NEVER_MET.keys())
async def test_nothing_is_added_where_it_is_not(read: Read, condition: Fields) -> None:
    (document,) = await Bench(read(only_when(condition))).take(SOURCE)
    assert "labels" not in document


async def test_a_dropped_document_is_counted_and_not_sent(read: Read) -> None:
    bench = Bench(read({"drop_event": {"when": {"equals": {"azure.dimensions.status_code": "429"}}}}))
    (kept,) = await bench.take(SOURCE, EMBED)
    assert kept["azure"]["dimensions"] == {"model_deployment_name": "embed"}
    assert (bench.counters.received, bench.counters.dropped, bench.counters.indexed) == (2, 1, 1)


async def test_a_condition_sees_what_earlier_processors_of_the_input_added(read: Read) -> None:
    drop = {"drop_event": {"when": {"equals": {"labels.seen": True}}}}
    processors = read(drop, above=[only_when(CONDITIONS["a dimension"])])
    assert len(await Bench(processors).take(SOURCE, EMBED)) == 1


async def test_the_condition_of_one_processor_changes_nothing_for_the_others(read: Read) -> None:
    always = [
        {"add_fields": {"target": "", "fields": {"event.site": "a", "labels.team": "x"}}},
        {"add_tags": {"tags": ["one", "two"]}},
        {"add_tags": {"target": "labels.kinds", "tags": "c"}},
    ]
    never = only_when(NEVER_MET["another region"])
    (plain,), (beside,) = await Bench(read(*always)).take(SOURCE), await Bench(read(*always, never)).take(SOURCE)
    assert beside == plain
    assert (plain["event"]["site"], plain["event"]["module"], plain["tags"]) == (
        "a",
        "azure",
        ["forwarded", "one", "two"],
    )


async def test_what_is_added_to_one_document_is_in_no_other(read: Read) -> None:
    """Documents of a minute share parts of their source."""
    before = copy.deepcopy(SOURCE)
    tag = {"add_tags": {"tags": ["hot"], "when": CONDITIONS["a dimension"]}}
    field = {"add_fields": {"target": "event", "fields": {"site": "a"}, "when": CONDITIONS["a dimension"]}}
    chat, embed = await Bench(read(tag, field)).take(SOURCE, EMBED)
    assert (chat["tags"], chat["event"]["site"]) == (["forwarded", "hot"], "a")
    assert (embed["tags"], "site" in embed["event"], before) == (["forwarded"], False, SOURCE)
