"""The meter: what Azure Monitor counts is what was called, minute by minute."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from collector.demo.expectations import Call
from collector.demo.fleet import RESOURCES, THROTTLED, Resource
from collector.demo.metering import PROVISIONED_UNITS, TOKENS_PER_UNIT, Meter, list_accounts
from collector.demo.traffic import Traffic
from collector.emulators.azure_monitor import Account, Observation, Sample

MINUTE = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
SHOP = next(resource for resource in RESOURCES if resource.name == THROTTLED[0])
PROVISIONED = next(each for each in SHOP.deployments if each.name == THROTTLED[1])
SMALL = next(each for each in SHOP.deployments if each.name == "chat-small")
CALL = Call(
    resource=SHOP,
    deployment=SMALL,
    status=200,
    stream_type="Streaming",
    api="Azure OpenAI API version 2024-10-21",
    answered=MINUTE + timedelta(seconds=59.9),
    milliseconds=1_500.0,
    request_bytes=400,
    response_bytes=200,
    input_tokens=100,
    output_tokens=50,
)
SLOWER = replace(CALL, milliseconds=2_500.0, input_tokens=7)
REFUSED = replace(CALL, status=429, milliseconds=3.0, input_tokens=0, output_tokens=0)
NEXT_MINUTE = replace(CALL, answered=MINUTE + timedelta(minutes=1))


def account_of(resource: Resource) -> Account:
    return next(account for account in list_accounts() if account.name == resource.name)


def observe(*calls: Call, minute: datetime = MINUTE, resource: Resource = SHOP) -> list[Observation]:
    meter = Meter()
    for call in calls:
        meter.enter(call)
    return list(meter(account_of(resource), minute))


def find(observations: list[Observation], metric: str, status: str = "200") -> Sample | None:
    ours = (each for each in observations if each.dimensions.get("StatusCode", status) == status)
    return next((each.samples[metric] for each in ours if metric in each.samples), None)


def test_calls_of_one_series_are_counted_together() -> None:
    assert find(observe(CALL, SLOWER), "AzureOpenAIRequests") == Sample.counted(2)


def test_tokens_are_those_of_the_calls() -> None:
    observations = observe(CALL, SLOWER)
    assert (find(observations, "ProcessedPromptTokens"), find(observations, "GeneratedTokens")) == (
        Sample.counted(107),
        Sample.counted(100),
    )


def test_times_are_the_least_the_most_and_the_sum() -> None:
    assert find(observe(CALL, SLOWER), "AzureOpenAITimeToResponse") == Sample(4_000.0, 2, 1_500.0, 2_500.0)


def test_a_refused_call_is_a_series_of_its_own_without_tokens() -> None:
    observations = observe(CALL, REFUSED)
    assert (
        find(observations, "AzureOpenAIRequests", "429"),
        find([each for each in observations if each.dimensions["StatusCode"] == "429"], "ProcessedPromptTokens", "429"),
    ) == (Sample.counted(1), None)


def test_a_call_counts_in_the_minute_in_which_it_was_answered() -> None:
    calls = (CALL, NEXT_MINUTE)
    found = [find(observe(*calls, minute=MINUTE + timedelta(minutes=each)), "AzureOpenAIRequests") for each in range(3)]
    assert found == [Sample.counted(1), Sample.counted(1), None]


def test_a_deployment_of_the_same_name_in_another_account_is_another() -> None:
    other = next(resource for resource in RESOURCES if resource.name == "aoai-shop-eu")
    assert observe(replace(CALL, deployment=PROVISIONED), resource=other) == []


def test_bought_throughput_is_used_by_the_tokens_of_a_minute() -> None:
    half = PROVISIONED_UNITS * TOKENS_PER_UNIT // 2
    call = replace(CALL, deployment=PROVISIONED, input_tokens=half - 10, output_tokens=10)
    used = find(observe(call), "AzureOpenAIProvisionedManagedUtilizationV2")
    assert used == Sample(50.0, 1, 50.0, 50.0)


def test_a_deployment_that_pays_by_the_token_has_no_utilisation() -> None:
    assert find(observe(CALL), "AzureOpenAIProvisionedManagedUtilizationV2") is None


def test_the_fleet_has_one_provisioned_deployment() -> None:
    bought = [(account.name, each.name) for account in list_accounts() for each in account.deployments]
    provisioned = [
        (account.name, each.name)
        for account in list_accounts()
        for each in account.deployments
        if each.is_provisioned and each.capacity == PROVISIONED_UNITS
    ]
    assert (len(bought), provisioned) == (10, [THROTTLED])


@pytest.mark.parametrize("minutes", [1, 3])
def test_calls_are_counted_from_a_minute_until_another(minutes: int) -> None:
    meter = Meter()
    for call in (CALL, REFUSED, NEXT_MINUTE, replace(CALL, answered=MINUTE - timedelta(seconds=1))):
        meter.enter(call)
    assert meter.count_calls(MINUTE, MINUTE + timedelta(minutes=minutes)) == (2 if minutes == 1 else 3)


def test_every_call_of_the_traffic_is_metered_once() -> None:
    made: list[Call] = []
    meter = Meter()
    traffic = Traffic(5, MINUTE, on_call=made.append)
    list(traffic.events(2_000))
    for call in made:
        meter.enter(call)
    metered: Counter[tuple[str, str]] = Counter()
    for account in list_accounts():
        for number in range(-1, int((traffic.now - MINUTE).total_seconds() // 60) + 1):
            for each in meter(account, MINUTE + timedelta(minutes=number)):
                if "AzureOpenAIRequests" in each.samples:
                    deployment = each.dimensions["ModelDeploymentName"]
                    metered[account.name, deployment] += int(each.samples["AzureOpenAIRequests"].total)
    assert metered == Counter((call.resource.name, call.deployment.name) for call in made)
