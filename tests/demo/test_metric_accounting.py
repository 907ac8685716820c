"""The account of metrics: final values against stored ones and listed gaps, and each kind of fault named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from collector.azure_monitor.metrics import Aggregation
from collector.demo.metric_accounting import Gap, MetricAccount, Series, Values, read_gap, settle_metrics

MINUTE = datetime(2026, 3, 10, 9, 7, tzinfo=UTC)
SPLIT = (("modeldeploymentname", "chat"), ("statuscode", "200"))
REQUESTS = Series("aoai-us", MINUTE, "AzureOpenAIRequests", SPLIT)
LATENCY = Series("aoai-us", MINUTE, "AzureOpenAITimeToResponse", SPLIT)
FINALS: dict[Series, Values] = {
    REQUESTS: {Aggregation.TOTAL: 12},
    LATENCY: {Aggregation.AVERAGE: 100 / 3, Aggregation.MAXIMUM: 50.0},
}
LINE = {
    "stream": "metrics",
    "resource": "/subscriptions/s/resourcegroups/g/providers/microsoft.cognitiveservices/accounts/aoai-us",
    "group": "model_deployment_name+status_code",
    "from": "2026-03-10T09:07Z",
    "to": "2026-03-10T09:08Z",
    "minutes": 1,
    "reason": "throttled",
    "state": "open",
    "detail": "",
}
GAP = Gap(
    "aoai-us", frozenset({"modeldeploymentname", "statuscode"}), MINUTE, MINUTE + timedelta(minutes=1), "throttled"
)


def settle(*changed: tuple[Series, Values], without: Series | None = None, gaps: tuple[Gap, ...] = ()) -> MetricAccount:
    found = [each for each in FINALS.items() if each[0] != without and each[0] not in dict(changed)]
    return settle_metrics(FINALS, [*found, *changed], gaps)


def test_the_account_is_balanced_when_every_value_is_stored() -> None:
    assert settle() == MetricAccount(expected=2, stored=2, listed=0, missing=0, altered=0, extra=0, faults=())


def test_a_mean_may_differ_in_its_last_digit() -> None:
    assert settle((LATENCY, {Aggregation.AVERAGE: 33.333333333333336, Aggregation.MAXIMUM: 50})).balanced


def test_a_missing_value_is_named_by_metric_account_and_minute() -> None:
    assert settle(without=REQUESTS).faults == ("missing: AzureOpenAIRequests of aoai-us at 09:07 UTC [chat, 200]",)


def test_a_value_that_is_not_the_final_one_is_altered() -> None:
    account = settle((REQUESTS, {Aggregation.TOTAL: 11}))
    assert (account.altered, account.stored, account.faults[0].split(":")[0]) == (1, 1, "altered")


def test_a_value_without_one_of_its_aggregations_is_altered() -> None:
    assert settle((LATENCY, {Aggregation.MAXIMUM: 50.0})).altered == 1


def test_a_value_that_stands_twice_is_extra() -> None:
    account = settle_metrics(FINALS, [*FINALS.items(), (REQUESTS, FINALS[REQUESTS])])
    assert (account.extra, account.stored, account.balanced) == (1, 2, False)


def test_a_value_that_azure_does_not_have_is_extra() -> None:
    stray = REQUESTS._replace(account="aoai-eu")
    account = settle_metrics(FINALS, [*FINALS.items(), (stray, {Aggregation.TOTAL: 1})])
    assert account.faults == ("extra: AzureOpenAIRequests of aoai-eu at 09:07 UTC [chat, 200]",)


def test_a_missing_value_that_a_gap_lists_is_no_fault() -> None:
    account = settle(without=REQUESTS, gaps=(GAP,))
    assert account == replace(settle(), stored=1, listed=1)


@pytest.mark.parametrize(
    "gap",
    [
        GAP._replace(account="aoai-eu"),
        GAP._replace(since=MINUTE + timedelta(minutes=1), until=MINUTE + timedelta(minutes=9)),
        GAP._replace(since=MINUTE - timedelta(minutes=9), until=MINUTE),
        GAP._replace(dimensions=frozenset({"modeldeploymentname"})),
    ],
    ids=["another account", "later", "earlier", "another split"],
)
def test_a_gap_elsewhere_excuses_nothing(gap: Gap) -> None:
    assert settle(without=REQUESTS, gaps=(gap,)).missing == 1


def test_a_gap_is_read_from_what_the_command_prints() -> None:
    assert read_gap(LINE) == GAP


def test_the_gap_of_an_unsplit_group_has_no_dimensions() -> None:
    assert read_gap(LINE | {"group": "unsplit"}).dimensions == frozenset()
