"""What a poller of Azure Monitor sends becomes: our collector's documents, and a stock Elastic Agent's.

Each metric of the catalogue is sent under the name that metricbeat's azure module gives it and must be found in its
field. The documents written out here are of the form of that module.
"""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from genai_prices import Usage, calc_price
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugins.fields_of_documents import leaves

from collector.assets.catalogue import FieldType, fields_of
from collector.assets.templates import METRIC_DATASETS
from collector.azure_monitor.metrics import Metric, load_metrics, property_name

type Document = dict[str, Any]
type Process = Callable[[str, list[Document]], list[Document]]

pytestmark = pytest.mark.engine

ACCOUNTS, ENDPOINTS = (dataset.name for dataset in METRIC_DATASETS)
ACCOUNT = "Microsoft.CognitiveServices/accounts"
ENDPOINT = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
SUBSCRIPTION = "5f0c2a9e-7d31-4c1b-9a54-0d6e8b7f1c22"


OF_USERS = {"azure.open_ai.cost.daily_budget", "azure.open_ai.cost.unit_hour"}
"""What only a pipeline of the user brings: test_users_own_pipelines.py has it."""
ONLY_MAPPED = {f"azure.quota.{field}" for field in ("current", "description", "limit")}
"""Of the inventory: charts of all metrics ask for them."""


def dataset_of(metric: Metric) -> str:
    return ACCOUNTS if metric.namespace == ACCOUNT else ENDPOINTS


def sent(metrics: Document, dimensions: Document | None = None, namespace: str = ACCOUNT, **azure: object) -> Document:
    """A document as the collector and a stock agent write it."""
    dataset = ACCOUNTS if namespace == ACCOUNT else ENDPOINTS
    provider, *kinds = namespace.split("/")
    names = ["aoai-assist-sc"] if namespace == ACCOUNT else ["ws", "flow", "blue"][: len(kinds)]
    path = "/".join(part for pair in zip(kinds, names, strict=True) for part in pair)
    return {
        "@timestamp": "2026-03-10T09:10:00.000Z",
        "azure": {
            "timegrain": "PT1M",
            "namespace": namespace,
            "subscription_id": SUBSCRIPTION,
            "resource": {
                "id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/RG-Assist/providers/{provider}/{path}",
                "name": names[-1],
                "group": "RG-Assist",
                "type": namespace,
                "tags": {"team": "assist"},
            },
            "dimensions": dimensions or {},
            "metrics": metrics,
            **azure,
        },
        "cloud": {"provider": "azure", "region": "swedencentral", "account": {"id": SUBSCRIPTION}},
        "data_stream": {
            "type": "metrics",
            "dataset": dataset.removeprefix("metrics-"),
            "namespace": "default",
        },
        "event": {"module": "azure", "dataset": dataset.removeprefix("metrics-")},
    }


def value_at(document: Document, field: str) -> object:
    value: Any = document
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def one_of_each() -> Iterator[tuple[Metric, Document, dict[str, float]]]:
    """Each metric with a document that has a value for each aggregation, and the values by field."""
    for number, metric in enumerate(load_metrics()):
        values = {aggregation.suffix: number + place + 0.5 for place, aggregation in enumerate(metric.aggregations)}
        dimensions = {property_name(name): f"{name} 1" for name in metric.dimensions}
        document = sent({property_name(metric.name): values}, dimensions, metric.namespace)
        yield metric, document, {f"{metric.field}.{suffix}": value for suffix, value in values.items()}


@pytest.mark.parametrize("dataset", [ACCOUNTS, ENDPOINTS])
def test_each_value_of_each_metric_stands_in_its_field_and_nowhere_else(dataset: str, process_metrics: Process) -> None:
    cases = [case for case in one_of_each() if dataset_of(case[0]) == dataset]
    assert len(cases) > 20
    for made, (metric, _, expected) in zip(
        process_metrics(dataset, [document for _, document, _ in cases]), cases, strict=True
    ):
        assert {field: value_at(made, field) for field in expected} == expected, metric.name
        assert "metrics" not in made["azure"], metric.name
        assert made["event"]["kind"] == "metric"


def test_metrics_of_an_endpoint_name_it_as_its_logs_do(process_metrics: Process) -> None:
    documents = [
        sent({}, namespace=f"{ENDPOINT}/deployments"),
        sent({}, {"deployment": "Green"}, ENDPOINT),
        sent({}, namespace=ENDPOINT),
    ]
    names = [value_at(made, "azure.open_ai.endpoint") for made in process_metrics(ENDPOINTS, documents)]
    assert names == [
        {"workspace_name": "ws", "endpoint_name": "flow", "deployment_name": "blue"},
        {"workspace_name": "ws", "endpoint_name": "flow", "deployment_name": "Green"},
        {"workspace_name": "ws", "endpoint_name": "flow"},
    ]


def test_times_of_opentelemetry_are_in_seconds(process_metrics: Process) -> None:
    timed = [metric for metric in load_metrics() if metric.gen_ai and metric.gen_ai.divisor == 1000]
    assert len(timed) == 3
    documents = [sent({property_name(metric.name): {"avg": 1250.0, "max": 9000}}) for metric in timed]
    for metric, made in zip(timed, process_metrics(ACCOUNTS, documents), strict=True):
        assert metric.gen_ai
        assert value_at(made, metric.gen_ai.field) == 1.25


TOKENS = {
    "processed_prompt_tokens": {"total": 1_000_000.0},
    "generated_tokens": {"total": 200_000},
    "token_transaction": {"total": 1_200_000},
}
CHAT = {
    "api_name": "Azure OpenAI API version 2024-10-21",
    "model_deployment_name": "Assist-Chat",
    "region": "Sweden Central",
    "status_code": "200",
}
DEPLOYED = {
    "name": "assist-chat",
    "model": {"name": "gpt-4o", "version": "2024-08-06"},
    "sku": {"name": "GlobalStandard", "capacity": 50},
}
PAID_BY_THE_HOUR = {**DEPLOYED, "sku": {"name": "ProvisionedManaged", "capacity": 100}}


def test_tokens_find_their_model_and_their_price_through_the_deployment(process_metrics: Process) -> None:
    (made,) = process_metrics(ACCOUNTS, [sent(TOKENS, CHAT, deployment=DEPLOYED)])
    price = calc_price(Usage(input_tokens=1_000_000, output_tokens=200_000), "gpt-4o-2024-08-06", provider_id="azure")
    assert made["gen_ai"] == {
        "provider": {"name": "azure.ai.openai"},
        "request": {"model": "Assist-Chat"},
        "response": {"model": "gpt-4o-2024-08-06"},
        "usage": {"input_tokens": 1_000_000, "output_tokens": 200_000},
    }
    cost = made["azure"]["open_ai"]["cost"]
    assert (cost["status"], cost["currency"]) == ("priced", "USD")
    assert cost["total"] == pytest.approx(float(price.total_price), rel=1e-9)
    assert made["http"]["response"]["status_code"] == 200


@pytest.mark.parametrize(
    ("deployment", "status"),
    [
        (None, "unknown_model"),
        ({**DEPLOYED, "model": {"name": "a-model-of-our-own", "version": "1"}}, "unknown_model"),
        ({**PAID_BY_THE_HOUR, "model": {"name": "a-model-of-our-own", "version": "1"}}, "provisioned"),
    ],
)
def test_tokens_without_a_price_cost_nothing_and_are_counted(
    deployment: Document | None, status: str, process_metrics: Process
) -> None:
    document = sent(TOKENS, CHAT, **({"deployment": deployment} if deployment else {}))
    (made,) = process_metrics(ACCOUNTS, [document])
    assert made["azure"]["open_ai"]["cost"] == {"status": status}


def test_tokens_of_a_provisioned_deployment_cost_nothing_and_tell_what_they_would_cost(
    process_metrics: Process,
) -> None:
    hourly, standard = process_metrics(
        ACCOUNTS, [sent(TOKENS, CHAT, deployment=deployed) for deployed in (PAID_BY_THE_HOUR, DEPLOYED)]
    )
    cost, paid = hourly["azure"]["open_ai"]["cost"], standard["azure"]["open_ai"]["cost"]
    assert cost["status"] == "provisioned"
    assert cost.keys() == {"status", "source", "currency", "pay_as_you_go"}
    assert cost["pay_as_you_go"] == pytest.approx(paid["total"])


def test_tokens_of_a_minute_cost_what_short_prompts_do_on_that_day(process_metrics: Process) -> None:
    """A long prompt costs more a token with this model, but a sum does not tell how long its prompts were."""
    document = sent(TOKENS, CHAT, deployment=DEPLOYED | {"model": {"name": "gpt-5.6-sol"}})
    before, after = process_metrics(ACCOUNTS, [document, document | {"@timestamp": "2026-08-21T00:00:00.000Z"}])
    costs = [made["azure"]["open_ai"]["cost"] for made in (before, after)]
    assert [cost["total"] for cost in costs] == pytest.approx([5.0 + 30.0 / 5, 4.0 + 20.0 / 5])
    assert "price_date" not in costs[0]
    assert costs[1]["price_date"] == "2026-08-21"


def test_a_data_zone_costs_a_tenth_more(process_metrics: Process) -> None:
    zone = {**DEPLOYED, "sku": {"name": "DataZoneStandard", "capacity": 50}}
    plain, dearer = process_metrics(
        ACCOUNTS, [sent(TOKENS, CHAT, deployment=deployed) for deployed in (DEPLOYED, zone)]
    )
    costs = [made["azure"]["open_ai"]["cost"]["total"] for made in (plain, dearer)]
    assert costs[1] == pytest.approx(costs[0] * 1.1)


def test_a_model_whose_versions_are_counted_goes_by_its_name(process_metrics: Process) -> None:
    dimensions = {**CHAT, "model_name": "text-embedding-ada-002", "model_version": "2"}
    (made,) = process_metrics(ACCOUNTS, [sent({"active_tokens": {"total": 7}}, dimensions)])
    assert made["gen_ai"]["response"]["model"] == "text-embedding-ada-002"


def test_a_resource_is_named_as_in_the_logs(process_metrics: Process) -> None:
    (made,) = process_metrics(ACCOUNTS, [sent(TOKENS)])
    resource = made["azure"]["resource"]
    assert (resource["group"], resource["type"]) == ("rg-assist", ACCOUNT.lower())
    assert resource["id"] == resource["id"].lower()
    assert resource["tags"] == {"team": "assist"}


@pytest.mark.parametrize(
    ("metrics", "left"),
    [
        ({"tomorrows_metric": {"total": 3}}, {"tomorrows_metric": {"total": 3}}),
        ({"generated_tokens": {"total": "many"}}, {"generated_tokens": {"total": "many"}}),
        ({"generated_tokens": 7}, {"generated_tokens": 7}),
    ],
)
def test_what_the_catalogue_does_not_know_or_is_no_number_stays(
    metrics: Document, left: Document, process_metrics: Process
) -> None:
    (made,) = process_metrics(ACCOUNTS, [sent(metrics | {"active_tokens": {"total": 5}})])
    assert made["azure"]["metrics"] == left
    assert value_at(made, "azure.open_ai.active_tokens.total") == 5


def test_zero_is_a_value(process_metrics: Process) -> None:
    (made,) = process_metrics(ACCOUNTS, [sent({"generated_tokens": {"total": 0}})])
    assert value_at(made, "azure.open_ai.generated_tokens.total") == 0


def test_a_document_that_went_through_before_stays_as_it_is(process_metrics: Process) -> None:
    once = process_metrics(ACCOUNTS, [sent(TOKENS, CHAT, deployment=DEPLOYED)])
    again = process_metrics(ACCOUNTS, copy.deepcopy(once))
    for document in (*once, *again):
        document["event"].pop("ingested")
    assert again == once


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["total", "avg", "a"]), inner, max_size=2)
    ),
    max_leaves=6,
)
ODD = st.fixed_dictionaries(
    {},
    optional={
        "metrics": st.dictionaries(st.sampled_from(["generated_tokens", "active_tokens", "x"]), JSON, max_size=3)
        | JSON,
        "dimensions": st.dictionaries(st.sampled_from(["status_code", "model_name", "model_deployment_name"]), JSON)
        | JSON,
        "namespace": st.sampled_from([ACCOUNT, ACCOUNT.lower(), "x"]) | JSON,
        "deployment": JSON,
        "resource": JSON,
    },
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents=st.lists(ODD, min_size=20, max_size=40))
def test_whatever_a_sender_writes_becomes_a_document(process_metrics: Process, documents: list[Document]) -> None:
    written = [sent({}) | {"azure": odd} for odd in documents]
    for dataset in (ACCOUNTS, ENDPOINTS):
        made = process_metrics(dataset, copy.deepcopy(written))
        assert {document["event"].get("kind", "metric") for document in made} <= {"metric", "pipeline_error"}


def test_every_field_of_the_data_sets_is_in_some_document(process_metrics: Process) -> None:
    whole = sent(TOKENS, CHAT, deployment=DEPLOYED) | {"tags": ["assist"]}
    priced = sent(TOKENS, CHAT, deployment=DEPLOYED | {"model": {"name": "gpt-5.6-sol"}})
    priced["@timestamp"] = "2026-08-21T00:00:00.000Z"
    provisioned = sent(TOKENS, CHAT, deployment=PAID_BY_THE_HOUR)
    cached = {
        "cachereadinput_tokens": {"total": 5},
        property_name("cacheReadInputTokens"): {"total": 5},
        property_name("ephemeral5mInputTokens"): {"total": 5},
    }
    times = {
        property_name(metric.name): {"avg": 5.0}
        for metric in load_metrics()
        if metric.gen_ai and metric.gen_ai.divisor == 1000
    }
    for dataset in (ACCOUNTS, ENDPOINTS):
        documents = [document for metric, document, _ in one_of_each() if dataset_of(metric) == dataset]
        documents += (
            [whole, priced, provisioned, sent(cached), sent(times)]
            if dataset == ACCOUNTS
            else [sent({}, {"status_code": "200"}, ENDPOINT) | {"tags": ["flow"]}]
        )
        seen = {field for made in process_metrics(dataset, documents) for field, _ in leaves(made)}
        missing = {
            field.name
            for field in fields_of(dataset)
            if field.type is not FieldType.OBJECT and field.name not in OF_USERS | {"error.message"}
            if dataset != ACCOUNTS or field.name not in ONLY_MAPPED
            if not any(other == field.name or other.startswith(f"{field.name}.") for other in seen)
        }
        assert missing == set(), dataset


def test_the_data_streams_take_every_document(
    elasticsearch_client: Elasticsearch, logs_pipeline: str, misfits: Callable[[Document, str], list[Any]]
) -> None:
    odd = [sent({"x": {"total": value}}) for value in (1, 1.5, "text")]
    documents = [document for _, document, _ in one_of_each()] + [sent(TOKENS, CHAT, deployment=DEPLOYED), *odd]
    namespace = "takesall"
    operations: list[Document] = []
    for document in documents:
        stream = document["data_stream"] | {"namespace": namespace}
        index = f"metrics-{stream['dataset']}-{namespace}"
        operations += [{"create": {"_index": index}}, document | {"data_stream": stream}]
    try:
        answer = elasticsearch_client.bulk(operations=operations, refresh=True)
        refused = [item["create"] for item in answer["items"] if item["create"]["status"] != 201]
        assert refused == [], json.dumps(refused[:3])
        for dataset in (ACCOUNTS, ENDPOINTS):
            found = elasticsearch_client.search(index=f"{dataset}-{namespace}", size=500)["hits"]["hits"]
            assert len(found) > 20
            assert [
                misfit
                for hit in found
                for misfit in misfits(hit["_source"], dataset)
                if "azure.metrics" not in misfit[0]
            ] == []
    finally:
        elasticsearch_client.indices.delete_data_stream(name=f"metrics-*-{namespace}")
