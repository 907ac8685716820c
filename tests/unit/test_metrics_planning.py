"""Calls for metrics: within Azure's limits, split by all dimensions, nothing twice, the live definitions before the
catalogue."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.azure_monitor.metrics import Aggregation, load_metrics, metrics_of
from collector.inputs.azure_metrics.limits import BATCH, RESOURCE_MANAGER, CallBudget, CallLimit
from collector.inputs.azure_metrics.planning import (
    Definition,
    MetricGroup,
    Want,
    compare,
    group_metrics,
    plan,
)
from collector.inputs.azure_metrics.resources import Resource

ACCOUNTS = "Microsoft.CognitiveServices/accounts"
NAMESPACES = sorted({metric.namespace for metric in load_metrics()})
EVERYTHING = frozenset(Aggregation)
GROUPS = group_metrics(metrics_of(ACCOUNTS))


def account(number: int, region: str = "eastus", subscription: str = "s1") -> Resource:
    path = f"/subscriptions/{subscription}/resourceGroups/rg/providers/{ACCOUNTS}/account-{number}"
    return Resource(path, ACCOUNTS, region)


def live(**changes: tuple[str, ...]) -> list[Definition]:
    """The catalogue as definitions, some metrics with other dimensions."""
    return [
        Definition(metric.name, changes.get(metric.name, metric.dimensions), EVERYTHING)
        for metric in metrics_of(ACCOUNTS)
    ]


def group_of(groups: tuple[MetricGroup, ...], name: str) -> MetricGroup:
    [found] = [group for group in groups if any(metric.name == name for metric in group.metrics)]
    return found


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_metric_is_asked_for_once_and_split_by_all_its_dimensions(namespace: str) -> None:
    groups = group_metrics(metrics_of(namespace))
    asked = Counter(name for group in groups for question in group.questions for name in question.metrics)
    assert asked == Counter(metric.name for metric in metrics_of(namespace))
    for metric in metrics_of(namespace):
        assert set(group_of(groups, metric.name).dimensions) == set(metric.dimensions)


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_call_asks_for_aggregations_that_all_its_metrics_have(namespace: str) -> None:
    offered = {metric.name: set(metric.aggregations) for metric in metrics_of(namespace)}
    for group in group_metrics(metrics_of(namespace)):
        for question in group.questions:
            assert all(set(question.aggregations) <= offered[name] for name in question.metrics)


def test_one_call_serves_a_group_when_the_definitions_support_every_aggregation() -> None:
    groups = compare(ACCOUNTS, live()).groups
    assert {len(group.questions) for group in groups} == {1}
    assert len(groups) == 17


def test_a_call_names_twenty_metrics_at_most() -> None:
    everywhere = live(**{metric.name: ("Region",) for metric in metrics_of(ACCOUNTS)})
    [group] = compare(ACCOUNTS, everywhere).groups
    sizes = [len(question.metrics) for question in group.questions]
    assert sum(sizes) == len(metrics_of(ACCOUNTS))
    assert max(sizes) == 20


def test_live_dimensions_win_and_get_azures_spelling() -> None:
    changed = live(TokenTransaction=("region", "modeldeploymentname", "servicetierrequest"))
    group = group_of(compare(ACCOUNTS, changed).groups, "TokenTransaction")
    assert group.dimensions == ("ModelDeploymentName", "Region", "ServiceTierRequest")
    assert group.key == "model_deployment_name+region+service_tier_request"


def test_what_is_not_offered_is_skipped_and_what_is_unknown_is_told() -> None:
    definitions = [each for each in live() if each.name != "RAIAbusiveUsersCount"]
    offer = compare(ACCOUNTS.lower(), [*definitions, Definition("Novelty", ("Region",), EVERYTHING)])
    assert offer.missing == ("RAIAbusiveUsersCount",)
    assert offer.unknown == ("Novelty",)
    asked = {name for group in offer.groups for question in group.questions for name in question.metrics}
    assert "RAIAbusiveUsersCount" not in asked
    assert "Novelty" not in asked


def test_a_group_without_dimensions_is_asked_for_unsplit() -> None:
    endpoints = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
    group = group_of(group_metrics(metrics_of(endpoints)), "NetworkBytes")
    assert (group.dimensions, group.key) == ((), "unsplit")


def test_resources_of_two_regions_or_subscriptions_are_never_in_one_call() -> None:
    groups = group_metrics(metrics_of(ACCOUNTS))
    resources = [
        account(number, region, subscription)
        for number, (region, subscription) in enumerate([("eastus", "s1"), ("westus", "s1"), ("eastus", "s2")] * 4)
    ]
    lots = plan((Want(resource, groups[0], 0, 1) for resource in resources), lambda _: 50)
    assert sorted({(lot.subscription_id, lot.region) for lot in lots}) == [
        ("s1", "eastus"),
        ("s1", "westus"),
        ("s2", "eastus"),
    ]
    for lot in lots:
        assert {(each.subscription_id, each.region) for each in lot.resources} == {(lot.subscription_id, lot.region)}


@settings(deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=200),
    largest=st.integers(1, 50),
)
def test_every_want_is_in_one_lot_and_no_lot_is_too_large(counts: list[tuple[int, int]], largest: int) -> None:
    groups = GROUPS
    wants = [Want(account(number), groups[group], start, start + 1) for number, (group, start) in enumerate(counts)]
    lots = plan(wants, lambda _: largest)
    planned = Counter((each.key, lot.group.key, lot.start) for lot in lots for each in lot.resources)
    assert planned == Counter((want.resource.key, want.group.key, want.start) for want in wants)
    assert all(len(lot.resources) <= largest for lot in lots)
    assert [lot.start for lot in lots] == sorted(lot.start for lot in lots)


@pytest.mark.parametrize("limit", [RESOURCE_MANAGER, BATCH])
def test_what_a_budget_holds_and_what_flows_in_during_an_hour_stay_below_the_documented_limit(limit: CallLimit) -> None:
    assert limit.capacity + 3600 * limit.rate < limit.an_hour
    assert limit.capacity < limit.at_once


@settings(deadline=None)
@given(pauses=st.lists(st.integers(0, 1800), max_size=30))
def test_no_hour_sees_more_calls_than_the_limit(pauses: list[int]) -> None:
    now = 0.0
    budget = CallBudget(CallLimit(an_hour=60, at_once=10, share=1), lambda: now)
    made: list[float] = []
    for pause in pauses:
        now += pause
        while budget.take("s1"):
            made.append(now)
    for start in set(made):
        assert sum(start <= each < start + 3600 for each in made) <= 60


def test_subscriptions_have_budgets_of_their_own() -> None:
    budget = CallBudget(CallLimit(an_hour=3600, at_once=2, share=1), lambda: 0.0)
    assert [budget.take("s1"), budget.take("s1"), budget.take("s1"), budget.take("s2")] == [True, True, False, True]
