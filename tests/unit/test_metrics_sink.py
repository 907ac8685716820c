"""Documents of metrics on their way: which data stream, and what the policy adds."""

import json
from typing import Any

from collector.delivery.budget import Budget
from collector.delivery.documents import DocumentIntake
from collector.events import DataStream
from collector.inputs.azure_metrics.ports import Document
from collector.inputs.azure_metrics.sink import ElasticsearchSink
from collector.output.elasticsearch.items import Item
from collector.policy.processors import AddFields, AddTags, Processor
from collector.telemetry.counters import Counters

ACCOUNTS = "Microsoft.CognitiveServices/accounts"
ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
IDENTITY = "0123456789abcdefghijkl"


class Sent:
    """Settles each item at once and keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self.in_doubt: list[bool] = []

    def add(self, load: Item) -> None:
        first, second = load.lines.splitlines()
        self.lines.append((json.loads(first), json.loads(second)))
        self.in_doubt.append(load.in_doubt)
        load.settle()


def make_sink(sent: Sent, dataset: str = "aoai.metrics", *processors: Processor) -> ElasticsearchSink:
    intake = DocumentIntake(sent, Budget(1 << 20), Counters())
    target = DataStream("metrics", dataset, "team")
    return ElasticsearchSink(intake, target, ("forwarded",), processors)


def make_document(namespace: str = ACCOUNTS) -> Document:
    source = {"@timestamp": "2026-03-10T09:00:00.000Z", "event": {"module": "azure"}, "azure": {"namespace": namespace}}
    return Document(IDENTITY, namespace, source)


async def test_the_type_of_the_resource_decides_about_the_data_stream() -> None:
    sent = Sent()
    namespaces = [ACCOUNTS, ENDPOINTS, f"{ENDPOINTS.lower()}/deployments"]
    await make_sink(sent).deliver([make_document(each) for each in namespaces])
    assert [action["create"] for action, _ in sent.lines] == [
        {"_index": "metrics-aoai.metrics-team", "_id": IDENTITY},
        {"_index": "metrics-aoai.endpoints-team", "_id": IDENTITY},
        {"_index": "metrics-aoai.endpoints-team", "_id": IDENTITY},
    ]
    assert [body["event"]["dataset"] for _, body in sent.lines] == ["aoai.metrics", *["aoai.endpoints"] * 2]


async def test_the_data_stream_of_another_package_gets_all_of_them() -> None:
    sent = Sent()
    await make_sink(sent, "azure.open_ai").deliver([make_document(ACCOUNTS), make_document(ENDPOINTS)])
    assert {action["create"]["_index"] for action, _ in sent.lines} == {"metrics-azure.open_ai-team"}


async def test_what_the_policy_adds_is_beside_what_azure_said() -> None:
    sent = Sent()
    fields = Processor(AddFields({"labels": {"team": "search"}}), None, None)
    tags = Processor(AddTags(("tags",), ("extra",)), None, None)
    await make_sink(sent, "aoai.metrics", fields, tags).deliver([make_document()])
    [(_, body)] = sent.lines
    assert body == {
        "@timestamp": "2026-03-10T09:00:00.000Z",
        "azure": {"namespace": ACCOUNTS},
        "data_stream": {"type": "metrics", "dataset": "aoai.metrics", "namespace": "team"},
        "event": {"module": "azure", "dataset": "aoai.metrics"},
        "labels": {"team": "search"},
        "tags": ["forwarded", "extra"],
    }


async def test_documents_are_in_doubt_until_the_reader_knows_better() -> None:
    sent = Sent()
    sink = make_sink(sent)
    await sink.deliver([make_document()])
    sink.in_doubt = False
    await sink.deliver([make_document()])
    assert sent.in_doubt == [True, False]
