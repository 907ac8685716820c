"""The input's own clients on the emulators, over the real SDKs: what is found, and that what is read is the truth."""

from datetime import datetime, timedelta

import pytest
from plugins.azure_monitor import CLIENT, Sky, open_sky
from plugins.azure_sdk import SDK_HABITS
from plugins.metrics_input import OpenClients
from plugins.tls_server import ACCEPTED, Certificates, serve_tls

from collector.azure_monitor.metrics import Aggregation, metrics_of
from collector.emulators.azure_monitor import (
    DEFAULT_SUBSCRIPTION,
    Account,
    Deployment,
    Estate,
    Fault,
    Observation,
    Sample,
    Subscription,
    Workspace,
)
from collector.emulators.entra import Application
from collector.inputs.azure_metrics.discovery import Discovery
from collector.inputs.azure_metrics.planning import compare
from collector.inputs.azure_metrics.ports import Call, Refusal, Refused, ResourceSeries, Throttled, Unavailable, moment
from collector.inputs.azure_metrics.refusals import Cause, RefusedByAzureError
from collector.inputs.azure_metrics.resources import Resource
from collector.inputs.azure_metrics.single import list_definitions
from collector.inputs.azure_metrics.source import AzureMonitor

pytestmark = [*SDK_HABITS]

SCOPE = f"/subscriptions/{DEFAULT_SUBSCRIPTION}"
ACCOUNTS = "Microsoft.CognitiveServices/accounts"
LEARNING = "Microsoft.MachineLearningServices/workspaces"
EAST = f"{SCOPE}/resourceGroups/rg-llm/providers/{ACCOUNTS}/aoai-east"
FOUNDRY = f"{SCOPE}/resourceGroups/rg-llm/providers/{ACCOUNTS}/foundry-east"
FLOW = f"{SCOPE}/resourceGroups/rg-ml/providers/{LEARNING}/flows/onlineEndpoints/flow"


def settled(sky: Sky) -> int:
    """The first of ten minutes that change no more."""
    return int((sky.clock.now - timedelta(minutes=20)).timestamp()) // 60


def ask_for_requests(sky: Sky, *resource_ids: str) -> Call:
    start = settled(sky)
    return Call(
        subscription_id=DEFAULT_SUBSCRIPTION,
        region="eastus",
        namespace=ACCOUNTS,
        resource_ids=resource_ids,
        metrics=("AzureOpenAIRequests", "AzureOpenAITimeToResponse"),
        aggregations=(Aggregation.TOTAL, Aggregation.COUNT),
        dimensions=("ModelDeploymentName", "StatusCode"),
        start=start,
        end=start + 10,
    )


def read_totals(series: list[ResourceSeries]) -> dict[tuple[str, str, datetime, str, str], float]:
    return {
        (
            of_resource.resource_id,
            metric.metric,
            moment(point.minute),
            each.dimensions["modeldeploymentname"],
            each.dimensions["statuscode"],
        ): point.total
        for of_resource in series
        for metric in of_resource.metrics
        for each in metric.series
        for point in each.points
        if point.total is not None
    }


def true_totals(sky: Sky, call: Call) -> dict[tuple[str, str, datetime, str, str], float]:
    return {
        (resource_id, metric, moment(minute), deployment, status): sample.total
        for resource_id in call.resource_ids
        for metric in call.metrics
        for minute in range(call.start, call.end)
        for (deployment, status), sample in sky.azure.ledger.final(
            resource_id, metric, moment(minute), call.dimensions
        ).items()
    }


class TestReading:
    async def test_a_batch_gives_each_resource_its_own_values(self, sky: Sky, open_clients: OpenClients) -> None:
        sky.grant(SCOPE)
        _, clients = open_clients()
        call = ask_for_requests(sky, FOUNDRY, EAST)

        read = read_totals(list(await AzureMonitor(clients, stream="metrics", batch=True).fetch(call)))

        assert len(read) > 50
        assert read == true_totals(sky, call)
        assert (sky.azure.count("getBatch"), sky.azure.count("metrics")) == (1, 0)

    async def test_without_the_batch_api_each_resource_is_asked_for(self, sky: Sky, open_clients: OpenClients) -> None:
        sky.grant(SCOPE)
        _, clients = open_clients()
        call = ask_for_requests(sky, FOUNDRY, EAST)

        read = read_totals(list(await AzureMonitor(clients, stream="metrics", batch=False).fetch(call)))

        assert read == true_totals(sky, call)
        assert (sky.azure.count("getBatch"), sky.azure.count("metrics")) == (0, 2)

    @pytest.mark.parametrize("batch", [True, False])
    async def test_no_series_is_lost_beyond_azures_default_of_ten(
        self, certificates: Certificates, open_clients: OpenClients, *, batch: bool
    ) -> None:
        estate = Estate([Account("aoai-east", deployments=[Deployment(f"chat-{number}") for number in range(25)])])
        async with open_sky(certificates, estate) as sky:
            sky.grant(SCOPE)
            _, clients = open_clients(of=sky)
            call = ask_for_requests(sky, EAST)

            read = read_totals(list(await AzureMonitor(clients, stream="metrics", batch=batch).fetch(call)))

        assert len({deployment for _, _, _, deployment, _ in read}) > 10
        assert read == true_totals(sky, call)

    async def test_whole_numbers_of_64_bits_stay_exact(
        self, certificates: Certificates, open_clients: OpenClients
    ) -> None:
        huge = 2**62 + 1

        def observe(*_: object) -> list[Observation]:
            names = {"ModelDeploymentName": "chat", "StatusCode": "200"}
            return [Observation(names, {"AzureOpenAIRequests": Sample.counted(huge)})]

        async with open_sky(certificates, observations=observe) as sky:
            sky.grant(SCOPE)
            _, clients = open_clients(of=sky)
            for batch in (True, False):
                series = await AzureMonitor(clients, stream="metrics", batch=batch).fetch(ask_for_requests(sky, EAST))
                assert set(read_totals(list(series)).values()) == {huge}

    async def test_every_resource_of_a_call_has_an_entry_also_one_that_is_gone(
        self, sky: Sky, open_clients: OpenClients
    ) -> None:
        sky.grant(SCOPE)
        _, clients = open_clients()
        source = AzureMonitor(clients, stream="metrics", batch=True)

        series = await source.fetch(ask_for_requests(sky, EAST.upper().replace("/SUBSCRIPTIONS", "/subscriptions")))

        assert [each.resource_id.lower() for each in series] == [EAST.lower()]
        assert series[0].metrics


class TestFallingBack:
    async def test_a_role_on_the_resource_alone_is_enough(self, sky: Sky, open_clients: OpenClients) -> None:
        sky.grant(EAST)
        _, clients = open_clients()
        source = AzureMonitor(clients, stream="metrics", batch=True)
        call = ask_for_requests(sky, EAST)

        for _ in range(3):
            assert read_totals(list(await source.fetch(call))) == true_totals(sky, call)

        assert (sky.azure.count("getBatch"), sky.azure.count("metrics")) == (1, 3)

    async def test_the_batch_api_is_tried_again_when_a_role_had_time_to_spread(
        self, sky: Sky, open_clients: OpenClients
    ) -> None:
        sky.grant(EAST)
        _, clients = open_clients()
        now = 0.0
        source = AzureMonitor(clients, stream="metrics", batch=True, clock=lambda: now)
        await source.fetch(ask_for_requests(sky, EAST))
        sky.grant(SCOPE)
        now = 1801.0
        await source.fetch(ask_for_requests(sky, EAST))

        assert (sky.azure.count("getBatch"), sky.azure.count("metrics")) == (2, 1)

    async def test_a_region_without_a_batch_host_is_read_by_resource_manager(
        self, sky: Sky, open_clients: OpenClients
    ) -> None:
        sky.grant(SCOPE)
        _, clients = open_clients(metrics_endpoint="https://localhost:1/{region}")
        call = ask_for_requests(sky, EAST, FOUNDRY)

        series = await AzureMonitor(clients, stream="metrics", batch=True).fetch(call)

        assert read_totals(list(series)) == true_totals(sky, call)


class TestRefusals:
    @pytest.mark.parametrize(
        ("fault", "expected", "retry_after"),
        [
            (Fault("getBatch", 529), Throttled, None),
            (Fault("getBatch", 429, retry_after=17), Throttled, 17.0),
            (Fault("getBatch", 503), Unavailable, None),
            (Fault("getBatch", 500), Unavailable, None),
        ],
        ids=lambda value: str(getattr(value, "status", value)),
    )
    async def test_what_passes_is_told_from_what_does_not(
        self,
        sky: Sky,
        open_clients: OpenClients,
        fault: Fault,
        expected: type[Exception],
        retry_after: float | None,
    ) -> None:
        sky.grant(SCOPE)
        sky.azure.faults.add(fault)
        _, clients = open_clients()
        source = AzureMonitor(clients, stream="metrics", batch=True)
        with pytest.raises(expected) as caught:
            await source.fetch(ask_for_requests(sky, EAST))
        assert getattr(caught.value, "retry_after", None) == retry_after
        assert sky.azure.count("getBatch") == 1

    async def test_a_connection_that_is_cut_is_no_refusal(self, sky: Sky, open_clients: OpenClients) -> None:
        sky.grant(SCOPE)
        sky.azure.faults.add(Fault(status=0, times=None))
        _, clients = open_clients()

        with pytest.raises(Unavailable):
            await AzureMonitor(clients, stream="metrics", batch=True).fetch(ask_for_requests(sky, EAST))

    async def test_a_missing_role_is_said_with_its_fix(self, sky: Sky, open_clients: OpenClients) -> None:
        _, clients = open_clients()
        source = AzureMonitor(clients, stream="metrics", batch=True)

        with pytest.raises(Refused, match="Monitoring Reader") as caught:
            await source.fetch(ask_for_requests(sky, EAST))

        assert caught.value.refusal is Refusal.ROLE
        [trouble] = source.troubles
        assert trouble.grave
        assert "Monitoring Reader" in trouble.reason

    async def test_an_unknown_metric_is_a_question_that_azure_does_not_take(
        self, sky: Sky, open_clients: OpenClients
    ) -> None:
        sky.grant(SCOPE)
        _, clients = open_clients()
        call = Call(
            DEFAULT_SUBSCRIPTION, "eastus", ACCOUNTS, (EAST,), ("NoSuchMetric",), (Aggregation.TOTAL,), (), 1, 2
        )

        with pytest.raises(Refused) as caught:
            await AzureMonitor(clients, stream="metrics", batch=True).fetch(call)

        assert caught.value.refusal is Refusal.QUERY


class TestDefinitions:
    async def test_the_live_definitions_are_those_of_the_catalogue(self, sky: Sky, open_clients: OpenClients) -> None:
        sky.grant(SCOPE)
        _, clients = open_clients()

        definitions = await list_definitions(clients, Resource(EAST, ACCOUNTS, "eastus"))

        known = {metric.name: metric for metric in metrics_of(ACCOUNTS)}
        assert {each.name for each in definitions} == set(known)
        assert all(each.aggregations >= set(known[each.name].aggregations) for each in definitions)
        offer = compare(ACCOUNTS, definitions)
        assert (offer.missing, offer.unknown) == ((), ())


class TestDiscovery:
    async def test_accounts_and_online_endpoints_are_found_and_nothing_else(
        self, sky: Sky, open_clients: OpenClients
    ) -> None:
        sky.grant(SCOPE)
        stream, clients = open_clients()

        found = {each.resource.name: each.resource for each in await Discovery(clients, stream).find()}

        assert set(found) == {"aoai-east", "foundry-east", "aoai-west", "flow", "blue", "green"}
        east = found["aoai-east"]
        assert (east.type, east.kind, east.region, east.tags) == (ACCOUNTS, "OpenAI", "eastus", {"team": "chat"})
        reserved = east.deployment("RESERVED")
        assert reserved is not None
        assert (reserved.model, reserved.sku, reserved.capacity) == ("gpt-4o", "ProvisionedManaged", 50)
        assert (found["flow"].type, found["blue"].type) == (
            f"{LEARNING}/onlineEndpoints",
            f"{LEARNING}/onlineEndpoints/deployments",
        )

    async def test_lists_of_many_pages_are_read_to_their_end(
        self, certificates: Certificates, open_clients: OpenClients
    ) -> None:
        estate = Estate([Account(f"account-{number:02}", deployments=[Deployment("chat")]) for number in range(60)])
        async with open_sky(certificates, estate, page_size=7) as sky:
            sky.grant(SCOPE)
            stream, clients = open_clients(of=sky)

            found = await Discovery(clients, stream).find()

        assert {each.resource.name for each in found} == {f"account-{number:02}" for number in range(60)}

    async def test_several_subscriptions_are_read(self, certificates: Certificates, open_clients: OpenClients) -> None:
        other = "00000000-0000-4000-8000-000000000002"
        estate = Estate(
            [Account("here"), Account("there", subscription=other)], subscriptions=[Subscription(), Subscription(other)]
        )
        async with open_sky(certificates, estate) as sky:
            for subscription in (DEFAULT_SUBSCRIPTION, other):
                sky.grant(f"/subscriptions/{subscription}")
            stream, clients = open_clients(of=sky, subscription_id=(DEFAULT_SUBSCRIPTION, other))

            found = {
                each.resource.name: each.resource.subscription_id for each in await Discovery(clients, stream).find()
            }

        assert found == {"here": DEFAULT_SUBSCRIPTION, "there": other}

    @pytest.mark.parametrize(
        ("keys", "names"),
        [
            ({"resource_groups": ("rg-llm",)}, ["aoai-east", "aoai-west", "foundry-east"]),
            ({"resource_groups": ("RG-ML",)}, ["blue", "flow", "green"]),
            ({"resource_ids": (EAST,)}, ["aoai-east"]),
            ({"resource_ids": (FLOW,)}, ["blue", "flow", "green"]),
            ({"resource_ids": (f"{FLOW}/deployments/Blue",)}, ["blue"]),
            ({"resource_ids": (FLOW.partition("/onlineEndpoints")[0],)}, ["blue", "flow", "green"]),
            ({"resource_ids": (EAST,), "resource_groups": ("rg-ml",)}, ["aoai-east", "blue", "flow", "green"]),
        ],
        ids=str,
    )
    async def test_only_what_the_policy_names_is_read(
        self, sky: Sky, open_clients: OpenClients, keys: dict[str, tuple[str, ...]], names: list[str]
    ) -> None:
        sky.grant(SCOPE)
        stream, clients = open_clients(**keys)

        assert sorted(each.resource.name for each in await Discovery(clients, stream).find()) == names

    async def test_throttling_is_waited_out_for_the_time_that_azure_names(
        self, sky: Sky, open_clients: OpenClients
    ) -> None:
        sky.grant(SCOPE)
        sky.azure.faults.add(Fault("listDeployments", 429, times=2, retry_after=9))
        stream, clients = open_clients()
        pauses: list[float] = []

        async def pause(seconds: float) -> None:
            pauses.append(seconds)

        found = await Discovery(clients, stream, sleep=pause).find()

        assert pauses == [9.0, 9.0]
        assert len(found) == 6

    async def test_what_cannot_be_listed_does_not_hide_the_rest(self, sky: Sky, open_clients: OpenClients) -> None:
        sky.grant(SCOPE)
        sky.azure.faults.add(Fault("listWorkspaces", 503, times=None))
        sky.azure.faults.add(Fault("listDeployments", 500))
        stream, clients = open_clients()
        discovery = Discovery(clients, stream)

        found = await discovery.find()

        assert {each.resource.name for each in found} == {"aoai-east", "foundry-east", "aoai-west"}
        assert [report.kind for report in discovery.reports] == [Cause.UNAVAILABLE, Cause.UNAVAILABLE]


class TestWhatAUserMeets:
    """The causes that docs/metrics.md has a fix for."""

    async def meet(self, sky: Sky, open_clients: OpenClients, **keys: object) -> RefusedByAzureError:
        stream, clients = open_clients(of=sky, **keys)
        with pytest.raises(RefusedByAzureError) as caught:
            await Discovery(clients, stream).find()
        assert "canary" not in str(caught.value)
        return caught.value

    async def test_a_wrong_secret(self, sky: Sky, open_clients: OpenClients) -> None:
        error = await self.meet(sky, open_clients, client_secret="canary-that-is-wrong")
        assert error.kind is Cause.WRONG_SECRET

    async def test_an_unknown_application(self, sky: Sky, open_clients: OpenClients) -> None:
        error = await self.meet(sky, open_clients, client_id="99999999-9999-4999-8999-999999999999")
        assert error.kind is Cause.UNKNOWN_APPLICATION

    async def test_an_unknown_tenant(self, sky: Sky, open_clients: OpenClients) -> None:
        error = await self.meet(sky, open_clients, tenant_id="99999999-9999-4999-8999-999999999999")
        assert error.kind is Cause.UNKNOWN_TENANT

    async def test_a_missing_role(self, sky: Sky, open_clients: OpenClients) -> None:
        error = await self.meet(sky, open_clients)
        assert error.kind is Cause.MISSING_ROLE
        assert error.grave

    async def test_a_wrong_subscription(self, sky: Sky, open_clients: OpenClients) -> None:
        error = await self.meet(sky, open_clients, subscription_id="99999999-9999-4999-8999-999999999999")
        assert error.kind is Cause.UNKNOWN_SUBSCRIPTION

    async def test_no_resources(self, certificates: Certificates, open_clients: OpenClients) -> None:
        async with open_sky(certificates, Estate([Account("speech", kind="SpeechServices")])) as sky:
            sky.grant(SCOPE)
            error = await self.meet(sky, open_clients)
        assert error.kind is Cause.NO_RESOURCES

    async def test_a_workspace_without_endpoints_is_nothing_to_read(
        self, certificates: Certificates, open_clients: OpenClients
    ) -> None:
        async with open_sky(certificates, Estate(workspaces=[Workspace("empty")])) as sky:
            sky.grant(SCOPE)
            error = await self.meet(sky, open_clients)
        assert error.kind is Cause.NO_RESOURCES

    async def test_a_wrong_clock(self, sky: Sky, open_clients: OpenClients) -> None:
        sky.grant(SCOPE)
        stream, clients = open_clients(clock=lambda: 86_400.0)
        await clients.get(EAST, {"api-version": "2024-10-01"})
        sky.clock.advance(hours=30)
        with pytest.raises(RefusedByAzureError) as caught:
            await Discovery(clients, stream).find()
        assert caught.value.kind is Cause.CLOCK_SKEW

    async def test_a_blocked_network(self, sky: Sky, open_clients: OpenClients) -> None:
        error = await self.meet(sky, open_clients, resource_manager_endpoint="https://localhost:1")
        assert error.kind is Cause.BLOCKED_NETWORK
        assert not error.grave

    async def test_a_certificate_that_is_not_trusted(
        self, sky: Sky, certificates: Certificates, open_clients: OpenClients
    ) -> None:
        certificates.stranger.cert_pem.write_to_path(certificates.ca_path.with_name("stranger.pem"))
        authorities = [str(certificates.ca_path.with_name("stranger.pem"))]
        error = await self.meet(sky, open_clients, ssl={"certificate_authorities": authorities})
        assert error.kind is Cause.UNTRUSTED_CERTIFICATE

    async def test_a_token_of_another_cloud(self, certificates: Certificates, open_clients: OpenClients) -> None:
        async with open_sky(certificates, management_audiences=("https://management.chinacloudapi.cn",)) as sky:
            sky.grant(SCOPE)
            error = await self.meet(sky, open_clients)
        assert error.kind is Cause.WRONG_CLOUD

    async def test_an_expired_secret(self, certificates: Certificates, open_clients: OpenClients) -> None:
        application = Application(CLIENT, "canary-secret", secret_expires_at=1.0)
        async with open_sky(certificates, entra_applications=[application]) as sky:
            error = await self.meet(sky, open_clients)
        assert error.kind is Cause.EXPIRED_SECRET

    async def test_a_list_that_goes_on_at_another_host_is_not_followed(
        self, sky: Sky, certificates: Certificates, open_clients: OpenClients
    ) -> None:
        body = b'{"value": [], "nextLink": "https://elsewhere.example.org/page-2"}'
        async with serve_tls(ACCEPTED, certificates, body=body) as server:
            error = await self.meet(sky, open_clients, resource_manager_endpoint=server.url)
        assert "another host" in str(error)

    async def test_a_date_that_is_none_is_passed_over(
        self, sky: Sky, certificates: Certificates, open_clients: OpenClients
    ) -> None:
        async with serve_tls(ACCEPTED, certificates, body=b'{"value": []}', headers={"Date": "today"}) as server:
            error = await self.meet(sky, open_clients, resource_manager_endpoint=server.url)
        assert error.kind is Cause.NO_RESOURCES
