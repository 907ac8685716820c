"""Answers of Azure Monitor, read exactly; their form is that of Microsoft's reference pages."""

import json
from typing import Any

import pytest

from collector.inputs.azure_metrics.answers import read_answer, read_batch
from collector.inputs.azure_metrics.ports import Point
from collector.inputs.azure_metrics.refusals import Cause, RefusedByAzureError

RESOURCE = "/subscriptions/s/resourceGroups/Rg/providers/Microsoft.CognitiveServices/accounts/Chat"
NINE = 1_773_133_200 // 60
"""2026-03-10T09:00Z in minutes since 1970."""


def make_metric(name: str = "AzureOpenAIRequests", **keys: Any) -> dict[str, Any]:
    series = {
        "metadatavalues": [{"name": {"value": "modeldeploymentname", "localizedValue": "x"}, "value": "chat-prod"}],
        "data": [
            {"timeStamp": "2026-03-10T09:00:00Z", "total": 12.0},
            {"timeStamp": "2026-03-10T09:01:00Z", "total": 9007199254740993},
            {"timeStamp": "2026-03-10T09:02:00Z"},
            {"timeStamp": "2026-03-10T09:03:00Z", "total": 0.0, "count": 0},
        ],
    }
    named = {"name": {"value": name, "localizedValue": name}, "errorCode": "Success", "unit": "Count"}
    return {"id": f"{RESOURCE}/providers/Microsoft.Insights/metrics/{name}", **named, "timeseries": [series]} | keys


def encode(*results: dict[str, Any]) -> bytes:
    return json.dumps({"values": list(results)}).encode()


def test_zero_and_missing_are_told_apart_and_numbers_stay_what_they_are() -> None:
    [metric] = read_answer(json.dumps({"value": [make_metric()], "cost": 4}).encode()).metrics()
    [series] = metric.series
    assert series.dimensions == {"modeldeploymentname": "chat-prod"}
    assert list(series.points) == [
        Point(NINE, total=12.0),
        Point(NINE + 1, total=2**53 + 1),
        Point(NINE + 2),
        Point(NINE + 3, total=0.0, count=0),
    ]
    assert isinstance(series.points[1].total, int)


def test_a_metric_without_series_is_there_and_empty() -> None:
    [metric] = read_answer(json.dumps({"value": [make_metric(timeseries=[])]}).encode()).metrics()
    assert (metric.series, metric.error) == ([], None)


def test_an_error_of_one_metric_is_kept() -> None:
    metrics = [make_metric(), make_metric("Latency", errorCode="Timeout", timeseries=[])]
    read = read_answer(json.dumps({"value": metrics}).encode()).metrics()
    assert [metric.error for metric in read] == [None, "Timeout"]


@pytest.mark.parametrize("named", [{"resourceid": RESOURCE}, {"resourceid": RESOURCE.upper()}, {}])
def test_a_result_says_of_which_resource_it_is_itself_or_by_its_metrics(named: dict[str, str]) -> None:
    [answer] = read_batch(encode({"value": [make_metric()], **named}))
    assert answer.resource_key == RESOURCE.lower()


def test_an_answer_that_is_encoded_twice_is_read() -> None:
    body = json.dumps(encode({"value": [make_metric()], "resourceid": RESOURCE}).decode()).encode()
    assert [answer.resource_key for answer in read_batch(body)] == [RESOURCE.lower()]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"values": 1}', b'"text"', b'{"values": [{"value": [{}]}]}', b"\xff"]
)
def test_whatever_else_comes_is_no_answer(body: bytes) -> None:
    with pytest.raises(RefusedByAzureError) as caught:
        read_batch(body)
    assert caught.value.kind is Cause.UNAVAILABLE


def test_a_time_that_is_none_is_no_answer() -> None:
    broken = make_metric()
    broken["timeseries"][0]["data"][0]["timeStamp"] = "yesterday"
    with pytest.raises(RefusedByAzureError):
        read_answer(json.dumps({"value": [broken]}).encode()).metrics()
