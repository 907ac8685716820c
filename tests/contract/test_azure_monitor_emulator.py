"""The real SDKs on the Azure Monitor emulator: what a collector reads is what the ledger says."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from azure.monitor.querymetrics import Metric, MetricAggregationType
from plugins.azure_monitor import CLIENT, Sky, open_sky
from plugins.tls_server import Certificates

from collector.azure_monitor.metrics import load_metrics
from collector.emulators.azure_monitor import (
    DEFAULT_SUBSCRIPTION,
    Account,
    Definition,
    Deployment,
    Estate,
    Observation,
    Sample,
    Subscription,
)

SCOPE = f"/subscriptions/{DEFAULT_SUBSCRIPTION}"
ACCOUNTS = "Microsoft.CognitiveServices/accounts"
EAST = f"{SCOPE}/resourceGroups/rg-llm/providers/{ACCOUNTS}/aoai-east"
FOUNDRY = f"{SCOPE}/resourceGroups/rg-llm/providers/{ACCOUNTS}/foundry-east"
FLOWS = f"{SCOPE}/resourceGroups/rg-ml/providers/Microsoft.MachineLearningServices/workspaces/flows"
ENDPOINT = f"{FLOWS}/onlineEndpoints/flow"
EVERY_SERIES = 2**31 - 1


@pytest.fixture(autouse=True)
def monitoring_reader(sky: Sky) -> None:
    sky.grant(SCOPE)


def settled_hour(sky: Sky) -> tuple[datetime, datetime]:
    """The last hour whose minutes change no more."""
    end = sky.clock.now.replace(second=0) - timedelta(minutes=5)
    return end - timedelta(hours=1), end


def minutes_between(start: datetime, end: datetime) -> list[datetime]:
    return [start + timedelta(minutes=number) for number in range((end - start) // timedelta(minutes=1))]


def names_of(series: object) -> dict[str, str]:
    return dict(series.metadata_values)  # type: ignore[attr-defined]


def owner_of(metric: Metric) -> str:
    """The SDK's result has no resource id, its metrics have."""
    return metric.id.partition("/providers/Microsoft.Insights/")[0]


async def test_a_batch_holds_the_final_values_of_every_series(sky: Sky) -> None:
    start, end = settled_hour(sky)
    dimensions = ["ModelDeploymentName", "StatusCode"]
    async with sky.metrics_client("eastus") as client:
        results = await client.query_resources(
            resource_ids=[EAST, FOUNDRY],
            metric_namespace=ACCOUNTS,
            metric_names=["AzureOpenAIRequests"],
            timespan=(start, end),
            granularity=timedelta(minutes=1),
            aggregations=[MetricAggregationType.TOTAL, MetricAggregationType.COUNT],
            filter="ModelDeploymentName eq '*' and StatusCode eq '*'",
            max_results=EVERY_SERIES,
        )

    read = {
        (owner_of(metric), point.timestamp, tuple(names_of(series)[name.lower()] for name in dimensions)): point.total
        for result in results
        for metric in result.metrics
        for series in metric.timeseries
        for point in series.data
        if point.total is not None
    }
    expected = {
        (resource, minute, names): sample.total
        for resource in (EAST, FOUNDRY)
        for minute in minutes_between(start, end)
        for names, sample in sky.azure.ledger.final(resource, "AzureOpenAIRequests", minute, dimensions).items()
    }
    assert len(expected) > 100
    assert read == expected


@pytest.mark.parametrize(
    ("aggregation", "measure"),
    [
        ("Average", lambda sample: sample.average),
        ("Minimum", lambda sample: sample.minimum),
        ("Maximum", lambda sample: sample.maximum),
        ("Total", lambda sample: sample.total),
        ("Count", lambda sample: sample.count),
    ],
)
async def test_a_single_resource_answers_every_aggregation(sky: Sky, aggregation: str, measure: object) -> None:
    start, end = settled_hour(sky)
    path = f"{EAST}/providers/Microsoft.Insights/metrics"
    reply = await sky.get(
        path,
        timespan=f"{start:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}",
        interval="PT1M",
        metricnames="TimeToResponse",
        aggregation=aggregation,
        **{"$filter": "ModelDeploymentName eq 'CHAT'"},
    )

    assert reply.status == 200
    (metric,) = reply.body["value"]
    (series,) = metric["timeseries"]
    assert series["metadatavalues"][0]["name"]["value"] == "modeldeploymentname"
    read = {point["timeStamp"]: point[aggregation.lower()] for point in series["data"] if len(point) > 1}
    expected = {
        f"{minute:%Y-%m-%dT%H:%M:%SZ}": measure(samples["chat",])  # type: ignore[operator]
        for minute in minutes_between(start, end)
        if ("chat",) in (samples := sky.azure.ledger.final(EAST, "TimeToResponse", minute, ["ModelDeploymentName"]))
    }
    assert expected
    assert read == expected


async def test_what_is_not_split_adds_up_to_what_is(sky: Sky) -> None:
    start, end = settled_hour(sky)
    for metric in ("AzureOpenAIRequests", "ProcessedPromptTokens"):
        for minute in minutes_between(start, end):
            whole = sky.azure.ledger.final(EAST, metric, minute)
            parts = sky.azure.ledger.final(EAST, metric, minute, ["ModelDeploymentName"])
            assert sum(each.total for each in whole.values()) == sum(each.total for each in parts.values())


async def test_only_provisioned_deployments_have_a_utilisation_and_it_is_a_percentage(sky: Sky) -> None:
    final = sky.azure.ledger.final
    found = [
        final(EAST, "AzureOpenAIProvisionedManagedUtilizationV2", minute, ["ModelDeploymentName"])
        for minute in minutes_between(*settled_hour(sky))
    ]
    assert {names for each in found for names in each} == {("reserved",)}
    assert all(
        0 <= sample.minimum <= sample.average <= sample.maximum <= 100 for each in found for sample in each.values()
    )


async def test_metrics_of_the_same_quantity_agree(sky: Sky) -> None:
    def total(metric: str, minute: datetime) -> float:
        whole = sky.azure.ledger.final(EAST, metric, minute)
        return whole[()].total if whole else 0

    for minute in minutes_between(*settled_hour(sky)):
        assert total("AzureOpenAIRequests", minute) == total("ModelRequests", minute) == total("TotalCalls", minute)
        prompts, answers = total("ProcessedPromptTokens", minute), total("GeneratedTokens", minute)
        assert (total("InputTokens", minute), total("OutputTokens", minute)) == (prompts, answers)
        assert total("TokenTransaction", minute) == total("TotalTokens", minute) == prompts + answers


async def test_a_coarser_grain_adds_minutes_up(sky: Sky) -> None:
    start = sky.clock.now.replace(minute=0, second=0) - timedelta(hours=2)
    async with sky.metrics_client("eastus") as client:
        (result,) = await client.query_resources(
            resource_ids=[EAST],
            metric_namespace=ACCOUNTS,
            metric_names=["ProcessedPromptTokens"],
            timespan=(start, start + timedelta(hours=1)),
            granularity=timedelta(minutes=15),
            aggregations=["Total"],
        )

    (series,) = result.metrics["ProcessedPromptTokens"].timeseries
    minutes = minutes_between(start, start + timedelta(hours=1))
    totals = [
        sum(each.total for each in sky.azure.ledger.final(EAST, "ProcessedPromptTokens", minute).values())
        for minute in minutes
    ]
    assert [point.total for point in series.data] == [sum(totals[first : first + 15]) for first in (0, 15, 30, 45)]


async def read_series(sky: Sky, **options: object) -> Sequence[object]:
    start, end = settled_hour(sky)
    given = {
        "resource_ids": [EAST],
        "metric_namespace": ACCOUNTS,
        "metric_names": ["AzureOpenAIRequests"],
        "timespan": (start, end),
        "granularity": timedelta(minutes=1),
        "aggregations": ["Total"],
    }
    async with sky.metrics_client("eastus") as client:
        (result,) = await client.query_resources(**(given | options))  # type: ignore[arg-type]
    return result.metrics[0].timeseries


async def test_without_top_only_ten_series_come(sky: Sky) -> None:
    wanted = "ModelDeploymentName eq '*' and StatusCode eq '*' and StreamType eq '*'"
    assert len(await read_series(sky, filter=wanted)) == 10
    assert len(await read_series(sky, filter=wanted, max_results=EVERY_SERIES)) > 10


async def test_the_order_of_a_batch_is_not_that_of_the_question(certificates: Certificates) -> None:
    accounts = [Account(f"account-{number}", deployments=[Deployment("chat")]) for number in range(10)]
    async with open_sky(certificates, Estate(accounts)) as sky:
        sky.grant(SCOPE)
        start, end = settled_hour(sky)
        ids = [each.id for each in accounts]
        async with sky.metrics_client("eastus") as client:
            results = await client.query_resources(
                resource_ids=ids,
                metric_namespace=ACCOUNTS,
                metric_names=["AzureOpenAIRequests"],
                timespan=(start, end),
            )

    owners = [owner_of(result.metrics[0]) for result in results]
    assert sorted(owners) == sorted(ids)
    assert owners != ids


async def test_dimension_names_come_back_in_lower_case_and_values_as_they_are(sky: Sky) -> None:
    series = await read_series(sky, filter="MODELDEPLOYMENTNAME eq '*'")
    assert {name for each in series for name in names_of(each)} == {"modeldeploymentname"}
    assert {value for each in series for value in names_of(each).values()} == {"chat", "reserved", "embed"}


async def test_only_one_dimension_may_be_joined_by_or(sky: Sky) -> None:
    either = await read_series(sky, filter="ModelDeploymentName eq 'chat' or ModelDeploymentName eq 'embed'")
    assert {names_of(each)["modeldeploymentname"] for each in either} == {"chat", "embed"}


async def test_a_filter_that_matches_nothing_leaves_no_series(sky: Sky) -> None:
    assert await read_series(sky, filter="ModelDeploymentName eq 'nobody'") == []


async def test_an_idle_minute_is_zero_unsplit_and_without_a_value_split(certificates: Certificates) -> None:
    start = datetime.fromisoformat("2026-11-21T09:00:00Z")

    def once(_resource: object, minute: datetime) -> Sequence[Observation]:
        calls = {"AzureOpenAIRequests": Sample.counted(3), "TimeToResponse": Sample(900.0, 3, 200.0, 400.0)}
        return [Observation({"ModelDeploymentName": "chat"}, calls)] if minute == start else []

    async with open_sky(certificates, observations=once) as sky:
        sky.grant(SCOPE)
        span = {"timespan": (start, start + timedelta(minutes=2))}
        (unsplit,) = await read_series(sky, **span)
        (split,) = await read_series(sky, **span, filter="ModelDeploymentName eq '*'")
        (waits,) = await read_series(sky, **span, metric_names=["TimeToResponse"], aggregations=["Average"])

    assert [point.total for point in unsplit.data] == [3, 0]  # type: ignore[attr-defined]
    assert [point.total for point in split.data] == [3, None]  # type: ignore[attr-defined]
    assert [point.average for point in waits.data] == [300, None]  # type: ignore[attr-defined]


async def test_observations_of_one_series_become_one_point(certificates: Certificates) -> None:
    def observe(_resource: object, _minute: datetime) -> Sequence[Observation]:
        waits = (("200", Sample(900.0, 3, 200.0, 400.0)), ("429", Sample(5.0, 1, 5.0, 5.0)))
        return [
            Observation({"ModelDeploymentName": name, "StatusCode": code}, {"TimeToResponse": wait})
            for name in ("chat", "embed")
            for code, wait in waits
        ]

    async with open_sky(certificates, observations=observe) as sky:
        sky.grant(SCOPE)
        start = sky.clock.now.replace(second=0) - timedelta(minutes=9)
        question = {
            "metric_names": ["TimeToResponse"],
            "timespan": (start, start + timedelta(minutes=1)),
            "aggregations": ["Total", "Average", "Minimum", "Maximum", "Count"],
        }
        (whole,) = await read_series(sky, **question)
        (chat,) = await read_series(sky, **question, filter="ModelDeploymentName eq 'chat'")
        (refused,) = await read_series(sky, **question, filter="ModelDeploymentName eq 'chat' and StatusCode eq '429'")

    def values(series: object) -> tuple[float, ...]:
        (point,) = series.data  # type: ignore[attr-defined]
        return point.total, point.average, point.minimum, point.maximum, point.count

    assert values(chat) == (905, 226.25, 5, 400, 4)
    assert values(refused) == (5, 5, 5, 5, 1)
    assert values(whole) == (1810, 226.25, 5, 400, 8)


async def test_whole_numbers_of_64_bits_arrive_exactly(certificates: Certificates) -> None:
    most = 2**63 - 1

    def count(_resource: object, _minute: datetime) -> Sequence[Observation]:
        return [Observation({"ModelDeploymentName": "chat"}, {"ProcessedPromptTokens": Sample.counted(most)})]

    async with open_sky(certificates, observations=count) as sky:
        sky.grant(SCOPE)
        path = f"{EAST}/providers/Microsoft.Insights/metrics"
        reply = await sky.get(path, timespan="PT10M", metricnames="ProcessedPromptTokens", aggregation="Total")

    points = reply.body["value"][0]["timeseries"][0]["data"]
    assert {point["total"] for point in points[:5]} == {most}


async def test_the_definitions_are_those_of_the_catalogue(sky: Sky) -> None:
    for resource, kind in ((EAST, ACCOUNTS), (ENDPOINT, f"{FLOWS.split('/providers/')[1].rpartition('/')[0]}/x")):
        reply = await sky.get(f"{resource}/providers/Microsoft.Insights/metricDefinitions")
        namespace = kind if resource == EAST else "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
        defined = {each["name"]["value"]: each for each in reply.body["value"]}
        catalogue = {each.name: each for each in load_metrics() if each.namespace == namespace}
        assert defined.keys() == catalogue.keys()
        for name, metric in catalogue.items():
            assert [each["value"] for each in defined[name]["dimensions"]] == [*metric.dimensions]
            assert defined[name]["unit"] == metric.unit
            assert defined[name]["metricAvailabilities"][0] == {"timeGrain": "PT1M", "retention": "P93D"}


async def test_definitions_can_have_more_and_fewer_metrics_than_the_catalogue(sky: Sky) -> None:
    sky.azure.definitions.offer(Definition(ACCOUNTS, "ThoughtsPerSecond", dimensions=("Region",)))
    sky.azure.definitions.withhold(ACCOUNTS, "RAIAbusiveUsersCount")

    reply = await sky.get(f"{EAST}/providers/Microsoft.Insights/metricDefinitions")

    names = {each["name"]["value"] for each in reply.body["value"]}
    assert names - {each.name for each in load_metrics()} == {"ThoughtsPerSecond"}
    assert "RAIAbusiveUsersCount" not in names


async def test_each_resource_has_one_metric_namespace(sky: Sky) -> None:
    reply = await sky.get(f"{EAST}/providers/Microsoft.Insights/metricNamespaces")
    assert [each["properties"]["metricNamespaceName"] for each in reply.body["value"]] == [ACCOUNTS]


async def test_lists_come_in_pages(certificates: Certificates) -> None:
    estate = Estate([Account(f"account-{number:02}") for number in range(25)])
    async with open_sky(certificates, estate, page_size=10) as sky:
        sky.grant(SCOPE)
        path, sizes, names = f"{SCOPE}/providers/{ACCOUNTS}", [], []
        while path:
            reply = await sky.get(path)
            sizes.append(len(reply.body["value"]))
            names += [each["name"] for each in reply.body["value"]]
            path = reply.body.get("nextLink", "")

    assert sizes == [10, 10, 5]
    assert names == [f"account-{number:02}" for number in range(25)]


async def test_accounts_are_listed_with_kind_sku_tags_and_place(sky: Sky) -> None:
    reply = await sky.get(f"{SCOPE}/providers/{ACCOUNTS}")
    account = next(each for each in reply.body["value"] if each["name"] == "aoai-east")
    assert (account["id"], account["kind"], account["location"]) == (EAST, "OpenAI", "eastus")
    assert (account["sku"], account["tags"]) == ({"name": "S0"}, {"team": "chat"})
    assert {each["kind"] for each in reply.body["value"]} == {"OpenAI", "AIServices", "SpeechServices"}


async def test_deployments_have_model_sku_capacity_and_limits(sky: Sky) -> None:
    reply = await sky.get(f"{EAST}/deployments")
    chat, reserved, _ = reply.body["value"]
    assert chat["properties"]["model"] == {"format": "OpenAI", "name": "gpt-4o", "version": "2024-11-20"}
    assert chat["sku"] == {"name": "GlobalStandard", "capacity": 10}
    assert {each["key"]: each["count"] for each in chat["properties"]["rateLimits"]} == {"request": 10, "token": 10_000}
    assert reserved["sku"] == {"name": "ProvisionedManaged", "capacity": 50}
    assert "rateLimits" not in reserved["properties"]


async def test_models_say_when_they_retire_if_azure_knows(sky: Sky) -> None:
    for path in (f"{EAST}/models", f"{SCOPE}/providers/Microsoft.CognitiveServices/locations/eastus/models"):
        reply = await sky.get(path)
        models = [each.get("model", each) for each in reply.body["value"]]
        retired = {(each["name"], each["version"]): each["deprecation"].get("inference") for each in models}
        assert retired["gpt-4o", "2024-11-20"] == "2027-10-01T00:00:00Z"
        assert retired["gpt-5", "2025-08-07"] is None


async def test_quota_counts_the_capacity_of_a_region(sky: Sky) -> None:
    reply = await sky.get(f"{SCOPE}/providers/Microsoft.CognitiveServices/locations/East US/usages")
    used = {each["name"]["value"]: (each["currentValue"], each["limit"]) for each in reply.body["value"]}
    assert used["OpenAI.GlobalStandard.gpt-4o"] == (10, 1000)
    assert used["OpenAI.Standard.text-embedding-3-large"] == (120, 1000)
    assert used["OpenAI.S0.AccountCount"][0] == 3


async def test_online_endpoints_and_their_deployments_are_found_through_their_workspace(sky: Sky) -> None:
    workspaces = await sky.get(f"{SCOPE}/providers/Microsoft.MachineLearningServices/workspaces")
    (workspace,) = workspaces.body["value"]
    endpoints = await sky.get(f"{workspace['id']}/onlineEndpoints")
    (endpoint,) = endpoints.body["value"]
    deployments = await sky.get(f"{endpoint['id']}/deployments")

    assert (workspace["id"], endpoint["id"]) == (FLOWS, ENDPOINT)
    assert [each["name"] for each in deployments.body["value"]] == ["blue", "green"]


async def test_online_endpoints_and_deployments_have_metrics(sky: Sky) -> None:
    start, end = settled_hour(sky)
    kind = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
    async with sky.metrics_client("eastus") as client:
        for resource, namespace, metric in (
            (ENDPOINT, kind, "RequestLatency_P50"),
            (f"{ENDPOINT}/deployments/blue", f"{kind}/deployments", "CpuUtilizationPercentage"),
        ):
            (result,) = await client.query_resources(
                resource_ids=[resource],
                metric_namespace=namespace,
                metric_names=[metric],
                timespan=(start, end),
                aggregations=["Average"],
            )
            assert any(point.average for point in result.metrics[0].timeseries[0].data)


async def test_subscriptions_are_listed_when_something_in_them_may_be_read(certificates: Certificates) -> None:
    other = "00000000-0000-4000-8000-000000000002"
    estate = Estate(subscriptions=[Subscription(), Subscription(other, "Somebody else's")])
    async with open_sky(certificates, estate) as sky:
        sky.grant(SCOPE)
        reply = await sky.get("/subscriptions")
        sky.azure.roles.grant(CLIENT, f"/subscriptions/{other}")
        more = await sky.get("/subscriptions")

    assert [each["subscriptionId"] for each in reply.body["value"]] == [DEFAULT_SUBSCRIPTION]
    assert [each["subscriptionId"] for each in more.body["value"]] == [DEFAULT_SUBSCRIPTION, other]


async def test_paths_have_no_case(sky: Sky) -> None:
    reply = await sky.get(EAST.upper().replace("/SUBSCRIPTIONS", "/subscriptions"))
    assert (reply.status, reply.body["id"]) == (200, EAST)


async def test_what_is_added_is_found_by_the_next_list(sky: Sky) -> None:
    sky.azure.estate.add(Account("aoai-new"))
    sky.azure.estate.remove(EAST)
    reply = await sky.get(f"{SCOPE}/providers/{ACCOUNTS}")
    assert {each["name"] for each in reply.body["value"]} == {"aoai-new", "foundry-east", "aoai-west", "speech-east"}


async def test_the_same_seed_gives_the_same_values(certificates: Certificates) -> None:
    async def read(seed: int) -> Sequence[object]:
        async with open_sky(certificates, seed=seed) as sky:
            sky.grant(SCOPE)
            return [
                (names_of(each), [point.total for point in each.data])  # type: ignore[attr-defined]
                for each in await read_series(sky, filter="ModelDeploymentName eq '*'")
            ]

    assert await read(1) == await read(1)
    assert await read(1) != await read(2)
