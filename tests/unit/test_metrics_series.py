"""Azure's answers as rows and documents: names back in Azure's spelling, split apart from unsplit, zero from missing,
values exact, ids the same for the same."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.azure_monitor.metrics import metrics_of
from collector.inputs.azure_metrics.documents import build, document_id
from collector.inputs.azure_metrics.planning import MetricGroup, group_metrics
from collector.inputs.azure_metrics.ports import Document, MetricSeries, Number, Point, Series
from collector.inputs.azure_metrics.resources import Deployment, Resource
from collector.inputs.azure_metrics.series import read

ACCOUNTS = "Microsoft.CognitiveServices/accounts"
ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
MINUTE = 29_552_220
"""2026-03-10T09:00Z."""
ACCOUNT = Resource(
    "/subscriptions/S-1/resourceGroups/RG-Demo/providers/Microsoft.CognitiveServices/accounts/Aoai-1",
    ACCOUNTS,
    "eastus",
    tags={"team": "Utopia"},
    deployments={"chat-prod": Deployment("chat-prod", "gpt-4o", "2024-08-06", "GlobalStandard", 50)},
)


def group_with(metric: str, namespace: str = ACCOUNTS) -> MetricGroup:
    groups = group_metrics(metrics_of(namespace))
    [found] = [group for group in groups if any(each.name == metric for each in group.metrics)]
    return found


TOKENS = group_with("TokenTransaction")
UNSPLIT = group_with("NetworkBytes", ENDPOINTS)


def dimensions(**changes: str) -> dict[str, str]:
    """Dimensions of a token metric as answers have them."""
    return {name.lower(): f"{name} 1" for name in TOKENS.dimensions} | changes


def answer(
    metric: str, *points: Point, split: Mapping[str, str] | None = None, error: str | None = None
) -> MetricSeries:
    return MetricSeries(metric, [Series(dimensions() if split is None else split, points)], error)


def documents(group: MetricGroup, answers: Sequence[MetricSeries], *, late: bool = False) -> list[Document]:
    reading = read(group, answers, MINUTE, MINUTE + 3)
    return [
        document
        for minute, rows in reading.minutes.items()
        for document in build(
            ACCOUNT, group, minute, [(reading.dimensions[key], row) for key, row in rows.items()], late=late
        )
    ]


def azure(document: Document) -> dict[str, Any]:
    found = document.source["azure"]
    assert isinstance(found, dict)
    return found


def test_one_document_has_all_metrics_of_a_dimension_set_and_minute_in_a_stock_agents_shape() -> None:
    split = dimensions(modeldeploymentname="chat-prod", region="East US")
    [document] = documents(
        TOKENS,
        [
            answer("ProcessedPromptTokens", Point(MINUTE, total=29), split=split),
            answer("GeneratedTokens", Point(MINUTE, total=46), split=split),
            answer("TokenTransaction", Point(MINUTE, total=75), split=split),
        ],
    )
    assert document.namespace == ACCOUNTS
    assert document.source == {
        "@timestamp": "2026-03-10T09:00:00.000Z",
        "event": {"module": "azure"},
        "cloud": {"provider": "azure", "region": "eastus", "account": {"id": "s-1"}},
        "azure": {
            "timegrain": "PT1M",
            "namespace": ACCOUNTS,
            "subscription_id": "s-1",
            "resource": {
                "id": ACCOUNT.id,
                "name": "Aoai-1",
                "group": "RG-Demo",
                "type": ACCOUNTS,
                "tags": {"team": "Utopia"},
            },
            "dimensions": {
                "api_name": "ApiName 1",
                "feature_name": "FeatureName 1",
                "model_deployment_name": "chat-prod",
                "model_version": "ModelVersion 1",
                "region": "East US",
                "usage_channel": "UsageChannel 1",
            },
            "metrics": {
                "processed_prompt_tokens": {"total": 29},
                "generated_tokens": {"total": 46},
                "token_transaction": {"total": 75},
            },
            "deployment": {
                "name": "chat-prod",
                "model": {"name": "gpt-4o", "version": "2024-08-06"},
                "sku": {"name": "GlobalStandard", "capacity": 50},
            },
        },
    }


def test_a_deployment_that_nobody_knows_adds_nothing() -> None:
    [document] = documents(TOKENS, [answer("TokenTransaction", Point(MINUTE, total=1))])
    assert "deployment" not in azure(document)


def test_the_sum_of_split_series_is_no_document() -> None:
    found = documents(
        TOKENS,
        [
            answer("TokenTransaction", Point(MINUTE, total=75), split={}),
            answer("TokenTransaction", Point(MINUTE, total=40), split=dimensions(region="a")),
            answer("TokenTransaction", Point(MINUTE, total=35), split=dimensions(region="b")),
        ],
    )
    assert [azure(document)["metrics"]["token_transaction"]["total"] for document in found] == [40, 35]


def test_a_metric_without_dimensions_is_a_document_without_them() -> None:
    [document] = documents(UNSPLIT, [answer("NetworkBytes", Point(MINUTE, average=2.5), split={})])
    assert azure(document)["dimensions"] == {}
    assert azure(document)["metrics"] == {"network_bytes": {"avg": 2.5}}


def test_zero_is_a_value_and_a_point_without_a_value_is_none() -> None:
    found = documents(
        TOKENS,
        [answer("TokenTransaction", Point(MINUTE, total=0), Point(MINUTE + 1), Point(MINUTE + 2, total=0.0))],
    )
    assert [document.source["@timestamp"] for document in found] == [
        "2026-03-10T09:00:00.000Z",
        "2026-03-10T09:02:00.000Z",
    ]


def test_minutes_that_nobody_asked_for_are_left_out() -> None:
    points = [Point(MINUTE - 1, total=1), Point(MINUTE, total=2), Point(MINUTE + 3, total=3)]
    [document] = documents(TOKENS, [answer("TokenTransaction", *points)])
    assert azure(document)["metrics"] == {"token_transaction": {"total": 2}}


def test_only_the_aggregations_of_a_metric_are_kept() -> None:
    point = Point(MINUTE, total=5, average=2.5, minimum=1, maximum=4, count=2)
    [document] = documents(TOKENS, [answer("TokenTransaction", point)])
    assert azure(document)["metrics"] == {"token_transaction": {"total": 5}}


def test_what_azure_could_not_answer_is_told() -> None:
    reading = read(TOKENS, [answer("TokenTransaction", error="InvalidSamplingType")], MINUTE, MINUTE + 1)
    assert reading.errors == ["TokenTransaction: InvalidSamplingType"]


@given(value=st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)))
def test_values_arrive_in_the_bulk_body_as_azure_sent_them(value: Number) -> None:
    [document] = documents(TOKENS, [answer("TokenTransaction", Point(MINUTE, total=value))])
    decoded = json.loads(msgspec.json.encode(document.source))
    assert decoded["azure"]["metrics"]["token_transaction"]["total"] == value


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)


@settings(deadline=None)
@given(
    values=st.lists(st.tuples(names, names), min_size=2, max_size=6, unique=True),
    minutes=st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True),
)
def test_documents_of_two_dimension_sets_or_minutes_never_share_an_id(
    values: list[tuple[str, str]], minutes: list[int]
) -> None:
    answers = [
        answer(
            "TokenTransaction",
            *(Point(MINUTE + minute, total=1) for minute in minutes),
            split=dimensions(region=region, apiname=api),
        )
        for region, api in values
    ]
    found = documents(TOKENS, answers)
    assert len({document.id for document in found}) == len(found) == len(values) * len(minutes)


@settings(deadline=None)
@given(order=st.permutations(sorted(name.lower() for name in TOKENS.dimensions)))
def test_an_id_does_not_depend_on_the_order_or_case_of_names(order: list[str]) -> None:
    usual, other = (
        documents(TOKENS, [answer("TokenTransaction", Point(MINUTE, total=1), split=split)])[0]
        for split in (dimensions(), {name.upper(): dimensions()[name] for name in order})
    )
    assert usual.id == other.id


def test_an_id_does_not_depend_on_how_azure_writes_the_resource_or_on_values() -> None:
    shouted = Resource(ACCOUNT.id.upper(), ACCOUNTS.upper(), "eastus")
    assert document_id(shouted, TOKENS, MINUTE, ()) == document_id(ACCOUNT, TOKENS, MINUTE, ())


def test_an_id_is_as_long_as_those_of_records() -> None:
    assert len(document_id(ACCOUNT, TOKENS, MINUTE, ())) == 22


def test_metrics_that_came_late_stand_beside_their_document() -> None:
    answers = [answer("TokenTransaction", Point(MINUTE, total=1))]
    [usual], [late] = documents(TOKENS, answers), documents(TOKENS, answers, late=True)
    assert usual.id != late.id
    assert usual.source == late.source


def test_a_captured_answer_becomes_the_documents_that_it_holds(captured: Mapping[str, Any]) -> None:
    requests = group_with("AzureOpenAIRequests")
    answers = [
        MetricSeries(
            metric["name"]["value"],
            [
                Series(
                    {each["name"]["value"]: each["value"] for each in series["metadatavalues"]},
                    [Point(MINUTE + number, total=point.get("total")) for number, point in enumerate(series["data"])],
                )
                for series in metric["timeseries"]
            ],
        )
        for metric in captured["value"]
    ]
    found = documents(requests, answers)
    assert sorted(
        (azure(each)["dimensions"]["status_code"], azure(each)["metrics"]["azure_openairequests"]["total"])
        for each in found
    ) == [("200", 9.0), ("200", 12.0), ("429", 0.0), ("429", 1.0)]


@pytest.fixture
def captured() -> Mapping[str, Any]:
    """The shape of an answer of metrics:getBatch: lower-case names, an empty point, a metric without series."""

    def series(status: str, *totals: float | None) -> dict[str, Any]:
        names = {"modeldeploymentname": "chat-prod", "statuscode": status}
        return {
            "metadatavalues": [
                {"name": {"value": name, "localizedValue": name}, "value": value} for name, value in names.items()
            ],
            "data": [{} if total is None else {"total": total} for total in totals],
        }

    return {
        "value": [
            {
                "name": {"value": "AzureOpenAIRequests"},
                "timeseries": [series("200", 12.0, 9.0, None), series("429", 1.0, 0.0, None)],
            },
            {"name": {"value": "FineTunedTrainingHours"}, "timeseries": []},
        ]
    }
