"""What the Azure Monitor emulator refuses, throttles and breaks: with Azure's statuses, codes and forms."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from plugins.azure_monitor import CLIENT, METRICS, Sky, open_sky
from plugins.tls_server import Certificates

from collector.emulators.azure_monitor import DEFAULT_SUBSCRIPTION, Account, Deployment, Fault, Limits
from collector.emulators.entra import Application

SCOPE = f"/subscriptions/{DEFAULT_SUBSCRIPTION}"
ACCOUNTS = "Microsoft.CognitiveServices/accounts"
GROUP = f"{SCOPE}/resourceGroups/rg-llm"
EAST = f"{GROUP}/providers/{ACCOUNTS}/aoai-east"
WEST = f"{GROUP}/providers/{ACCOUNTS}/aoai-west"
INSIGHTS = "/providers/Microsoft.Insights"
BATCH = f"/eastus/subscriptions/{DEFAULT_SUBSCRIPTION}/metrics:getBatch"
QUESTION = {"metricnamespace": ACCOUNTS, "metricnames": "AzureOpenAIRequests"}


async def ask_batch(sky: Sky, **client: Any) -> object:
    """Ask the data plane by the SDK."""
    async with sky.metrics_client("eastus", **client) as metrics:
        return await metrics.query_resources(
            resource_ids=[EAST],
            metric_namespace=ACCOUNTS,
            metric_names=["AzureOpenAIRequests"],
            timespan=timedelta(hours=1),
        )


def code_of(body: dict[str, Any]) -> str:
    return str(body["error"]["code"])


class TestTokens:
    async def test_a_request_without_a_token_is_told_where_to_get_one(self, sky: Sky) -> None:
        reply = await sky.get("/subscriptions", token="")
        assert (reply.status, code_of(reply.body)) == (401, "AuthenticationFailed")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")

    async def test_a_token_of_somebody_else_is_refused(self, sky: Sky) -> None:
        reply = await sky.get("/subscriptions", token="canary")
        assert (reply.status, code_of(reply.body)) == (401, "InvalidAuthenticationToken")

    async def test_a_token_for_the_data_plane_is_not_good_for_resource_manager(self, sky: Sky) -> None:
        reply = await sky.get("/subscriptions", token=await sky.token(METRICS))
        assert (reply.status, code_of(reply.body)) == (401, "InvalidAuthenticationTokenAudience")
        assert "'https://metrics.monitor.azure.com'" in reply.body["error"]["message"]

    async def test_a_token_for_resource_manager_is_not_good_for_the_data_plane(self, sky: Sky) -> None:
        reply = await sky.post(BATCH, {"resourceids": [EAST]}, token=await sky.token(), **QUESTION)
        assert (reply.status, code_of(reply.body)) == (401, "InvalidAuthenticationTokenAudience")

    async def test_a_token_that_is_too_old_is_refused(self, sky: Sky) -> None:
        token = await sky.token()
        sky.clock.advance(minutes=59)
        assert (await sky.get("/subscriptions", token=token)).status == 200
        sky.clock.advance(minutes=1)
        reply = await sky.get("/subscriptions", token=token)
        assert (reply.status, code_of(reply.body)) == (401, "ExpiredAuthenticationToken")
        assert "'11/21/2026 11:30:19 AM' is earlier than current UTC time" in reply.body["error"]["message"]

    async def test_a_token_that_is_over_at_once_is_asked_for_again(self, certificates: Certificates) -> None:
        async with open_sky(certificates, entra_lifetime_s=0) as sky, sky.credential() as credential:
            first, second = [await credential.get_token(METRICS) for _ in range(2)]
        assert first.token != second.token

    async def test_a_secret_that_is_over_is_refused_as_such(self, certificates: Certificates) -> None:
        old = Application(CLIENT, "canary-secret", secret_expires_at=0)
        async with open_sky(certificates, entra_applications=[old]) as sky, sky.credential() as credential:
            with pytest.raises(ClientAuthenticationError, match="AADSTS7000222"):
                await credential.get_token(METRICS)

    async def test_a_wrong_secret_is_refused_before_it_is_told_that_it_is_over(
        self, certificates: Certificates
    ) -> None:
        old = Application(CLIENT, "canary-secret", secret_expires_at=0)
        async with open_sky(certificates, entra_applications=[old]) as sky, sky.credential("wrong") as credential:
            with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
                await credential.get_token(METRICS)

    @pytest.mark.parametrize("host", ["management.azure.com", "metrics.monitor.azure.com", "metrics.monitor.azure.cn"])
    async def test_tokens_are_given_for_azure_monitor_in_every_cloud(self, sky: Sky, host: str) -> None:
        token = sky.entra.owner_of(await sky.token(f"https://{host}/.default"))
        assert token is not None
        assert token.resource == f"https://{host}"

    async def test_a_data_plane_of_another_cloud_wants_its_own_tokens(self, certificates: Certificates) -> None:
        audience = "https://metrics.monitor.azure.cn"
        async with open_sky(certificates, metrics_audiences=(audience,)) as sky:
            sky.grant(SCOPE)
            with pytest.raises(ClientAuthenticationError, match="InvalidAuthenticationTokenAudience"):
                await ask_batch(sky)
            assert await ask_batch(sky, audience=audience)

    async def test_no_token_is_given_for_what_does_not_exist(self, sky: Sky) -> None:
        async with sky.credential() as credential:
            with pytest.raises(ClientAuthenticationError, match="AADSTS500011"):
                await credential.get_token("https://metrics.monitor.azure.example/.default")


class TestRoles:
    async def test_without_a_role_resource_manager_says_403_and_names_the_action(self, sky: Sky) -> None:
        for path, action in (
            (f"{SCOPE}/providers/{ACCOUNTS}", f"{ACCOUNTS}/read"),
            (f"{EAST}{INSIGHTS}/metrics", "Microsoft.Insights/metrics/read"),
            (f"{EAST}{INSIGHTS}/metricDefinitions", "Microsoft.Insights/metricDefinitions/read"),
            (f"{EAST}/deployments", f"{ACCOUNTS}/deployments/read"),
        ):
            reply = await sky.get(path, metricnames="AzureOpenAIRequests")
            assert (reply.status, code_of(reply.body)) == (403, "AuthorizationFailed")
            assert f"'{action}'" in reply.body["error"]["message"]

    async def test_without_a_role_the_data_plane_says_401(self, sky: Sky) -> None:
        with pytest.raises(ClientAuthenticationError) as refusal:
            await ask_batch(sky)
        assert refusal.value.status_code == 401

    async def test_a_role_on_a_resource_group_is_too_little_for_a_batch(self, sky: Sky) -> None:
        sky.grant(GROUP)
        assert (await sky.get(f"{EAST}{INSIGHTS}/metrics", metricnames="AzureOpenAIRequests")).status == 200
        with pytest.raises(ClientAuthenticationError):
            await ask_batch(sky)

    async def test_a_role_on_one_account_shows_that_account_only(self, sky: Sky) -> None:
        sky.grant(EAST)
        reply = await sky.get(f"{SCOPE}/providers/{ACCOUNTS}")
        assert [each["name"] for each in reply.body["value"]] == ["aoai-east"]
        assert (await sky.get(f"{WEST}{INSIGHTS}/metricDefinitions")).status == 403

    async def test_a_new_role_takes_its_time_to_reach_the_data_plane(self, sky: Sky) -> None:
        sky.azure.roles.spreading = timedelta(minutes=10)
        sky.grant(SCOPE)
        with pytest.raises(ClientAuthenticationError):
            await ask_batch(sky)
        sky.clock.advance(minutes=10)
        assert await ask_batch(sky)

    async def test_a_role_can_be_taken_away(self, sky: Sky) -> None:
        sky.grant(SCOPE)
        assert await ask_batch(sky)
        sky.azure.roles.revoke(CLIENT)
        with pytest.raises(ClientAuthenticationError):
            await ask_batch(sky)


class TestQuestions:
    @pytest.fixture(autouse=True)
    def monitoring_reader(self, sky: Sky) -> None:
        sky.grant(SCOPE)

    @pytest.mark.parametrize(
        ("question", "message"),
        [
            ({"metricnames": ",".join(f"m{n}" for n in range(21))}, "count: 21 bigger than allowed max: 20"),
            ({"metricnames": "AzureOpenAIRequests,Nothing"}, "metric: Nothing, Valid metrics: AzureOpenAIAvailab"),
            ({"metricnames": ""}, "'metricnames'"),
            ({"filter": "Nothing eq '*'"}, "does not support requested dimension combination: nothing, supported"),
            (
                {"metricnames": "AzureOpenAIRequests,ProcessedPromptTokens", "filter": "ModelName eq '*'"},
                "Metric: ProcessedPromptTokens does not support requested dimension combination: modelname",
            ),
            ({"filter": "Region eq"}, "invalid filter"),
            ({"filter": "Region eq 'a' or StatusCode eq '200'"}, "invalid filter"),
            ({"filter": "Region like 'a'"}, "invalid filter"),
            ({"filter": "(Region eq 'a'"}, "invalid filter"),
            ({"interval": "PT3M"}, "PT3M, supported ones are: 00:01:00,00:05:00,00:15:00,00:30:00,01:00:00,06:00:00,"),
            ({"aggregation": "Median"}, "Median for query parameter: 'aggregation'"),
            ({"top": "0", "filter": "Region eq '*'"}, "0 for query parameter: 'top'"),
            ({"orderby": "total sideways"}, "total sideways for query parameter: 'orderby'"),
            ({"metricnamespace": "Microsoft.Storage/storageAccounts"}, "'metricnamespace', the value must be: Micro"),
        ],
    )
    async def test_either_api_refuses_what_azure_does_not_take(
        self, sky: Sky, question: dict[str, str], message: str
    ) -> None:
        asked = QUESTION | question
        batch = await sky.post(BATCH, {"resourceids": [EAST]}, **asked)
        if "filter" in asked:
            asked["$filter"] = asked.pop("filter")
        single = await sky.get(f"{EAST}{INSIGHTS}/metrics", **asked)

        assert (batch.status, single.status) == (400, 400)
        assert message in batch.body["error"]["message"]
        assert message in single.body["message"]
        assert (batch.body["error"]["code"], single.body["code"]) == ("BadRequest", "BadRequest")

    async def test_dimensions_that_a_metric_lacks_pass_when_they_are_not_to_be_checked(self, sky: Sky) -> None:
        names = "AzureOpenAIRequests,ProcessedPromptTokens"
        question = {"metricnames": names, "$filter": "ModelName eq '*'", "ValidateDimensions": "false"}
        reply = await sky.get(f"{EAST}{INSIGHTS}/metrics", **question)
        requests, tokens = (each["timeseries"] for each in reply.body["value"])
        assert {each["metadatavalues"][0]["name"]["value"] for each in requests} == {"modelname"}
        assert [each["metadatavalues"] for each in tokens] == [[]]

    @pytest.mark.parametrize("span", ["yesterday", "PT", "2026-11-21T10:00:00Z/2026-11-21T09:00:00Z"])
    async def test_a_time_that_is_none_is_refused(self, sky: Sky, span: str) -> None:
        reply = await sky.get(f"{EAST}{INSIGHTS}/metrics", timespan=span, metricnames="AzureOpenAIRequests")
        assert (reply.status, reply.body["code"]) == (400, "BadRequest")

    async def test_the_future_has_no_series(self, sky: Sky) -> None:
        span = "2026-11-22T09:00:00Z/2026-11-22T10:00:00Z"
        reply = await sky.get(f"{EAST}{INSIGHTS}/metrics", timespan=span, metricnames="AzureOpenAIRequests")
        assert reply.body["value"][0]["timeseries"] == []

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({"resourceIds": [EAST]}, "no list 'resourceids'"),
            ({"resourceids": []}, "no list 'resourceids'"),
            ({"resourceids": [EAST, WEST]}, "eastus,westeurope"),
            ({"resourceids": [WEST]}, "westeurope at the endpoint of 'eastus'"),
            ({"resourceids": [EAST.replace(DEFAULT_SUBSCRIPTION, "other")]}, "is not in subscription"),
            ({"resourceids": [f"{EAST}{number}" for number in range(51)]}, "count: 51 bigger than allowed max: 50"),
        ],
    )
    async def test_a_batch_is_of_one_subscription_region_and_type(
        self, sky: Sky, body: dict[str, object], message: str
    ) -> None:
        reply = await sky.post(BATCH, body, **QUESTION)
        assert reply.status == 400
        assert message in reply.body["error"]["message"]

    async def test_fifty_resources_are_not_too_many(self, sky: Sky) -> None:
        accounts = [Account(f"account-{number}", deployments=[Deployment("chat")]) for number in range(50)]
        for each in accounts:
            sky.azure.estate.add(each)
        five_minutes = {"starttime": "2026-11-21T10:00:00Z", "endtime": "2026-11-21T10:05:00Z"}
        reply = await sky.post(BATCH, {"resourceids": [each.id for each in accounts]}, **QUESTION, **five_minutes)
        assert (reply.status, len(reply.body["values"])) == (200, 50)

    @pytest.mark.parametrize(
        ("path", "code"),
        [
            (f"{EAST}-gone", "ResourceNotFound"),
            (f"{EAST}-gone{INSIGHTS}/metrics", "ResourceNotFound"),
            (f"{EAST}-gone/deployments", "ResourceNotFound"),
            ("/subscriptions/99999999-9999-4999-8999-999999999999/providers/" + ACCOUNTS, "SubscriptionNotFound"),
        ],
    )
    async def test_what_is_not_there_is_not_found(self, sky: Sky, path: str, code: str) -> None:
        reply = await sky.get(path, metricnames="AzureOpenAIRequests")
        assert (reply.status, code_of(reply.body)) == (404, code)

    @pytest.mark.parametrize("path", ["/", f"{SCOPE}/providers/Microsoft.Storage/storageAccounts", f"{EAST}/listKeys"])
    async def test_what_is_not_emulated_is_said_to_be_so(self, sky: Sky, path: str) -> None:
        reply = await sky.get(path)
        assert (reply.status, code_of(reply.body)) == (404, "NotFound")
        assert sky.azure.journal[-1].action == ""

    async def test_every_request_names_a_version_of_the_api(self, sky: Sky) -> None:
        missing = await sky.get("/subscriptions", **{"api-version": ""})
        wrong = await sky.get(f"{EAST}{INSIGHTS}/metrics", **{"api-version": "2016-01-01"})
        assert (missing.status, code_of(missing.body)) == (400, "MissingApiVersionParameter")
        assert (wrong.status, code_of(wrong.body)) == (400, "InvalidResourceType")


class TestThrottling:
    @pytest.fixture(autouse=True)
    def monitoring_reader(self, sky: Sky) -> None:
        sky.grant(SCOPE)

    async def test_reads_come_from_a_bucket_that_fills_again(self, sky: Sky) -> None:
        token = await sky.token()
        replies = [await sky.get(SCOPE, token=token) for _ in range(251)]
        assert {each.status for each in replies[:250]} == {200}
        assert replies[0].headers["x-ms-ratelimit-remaining-subscription-reads"] == "249"
        refused = replies[250]
        assert (refused.status, code_of(refused.body)) == (429, "SubscriptionRequestsThrottled")
        assert refused.headers["Retry-After"] == "1"

        sky.clock.advance(seconds=1)
        replies = [await sky.get(SCOPE, token=token) for _ in range(26)]
        assert [each.status for each in replies] == [200] * 25 + [429]

    async def test_definitions_have_a_limit_of_their_own(self, certificates: Certificates) -> None:
        async with open_sky(certificates, limits=Limits(definitions=3)) as sky:
            sky.grant(SCOPE)
            path = f"{EAST}{INSIGHTS}/metricDefinitions"
            assert [(await sky.get(path)).status for _ in range(3)] == [200] * 3
            sky.clock.advance(minutes=1)
            refused = await sky.get(path)
            assert (refused.status, code_of(refused.body)) == (429, "ResourceRequestsThrottled")
            assert refused.headers["Retry-After"] == "240"
            assert "limit of '3' for time interval '00:05:00'. Please try again after '240' seconds." in str(
                refused.body
            )
            sky.clock.advance(minutes=4)
            assert (await sky.get(path)).status == 200

    async def test_too_many_batches_are_529_which_the_sdk_does_not_repeat(self, certificates: Certificates) -> None:
        async with open_sky(certificates, limits=Limits(batches_an_hour=1)) as sky:
            sky.grant(SCOPE)
            await ask_batch(sky)
            with pytest.raises(HttpResponseError) as refusal:
                await ask_batch(sky, retry_total=3, retry_backoff_factor=0)
            assert refusal.value.status_code == 529
            assert sky.azure.count("getBatch") == 2
            sky.clock.advance(hours=1)
            assert await ask_batch(sky)


class TestFaults:
    @pytest.fixture(autouse=True)
    def monitoring_reader(self, sky: Sky) -> None:
        sky.grant(SCOPE)

    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    async def test_a_fault_passes_and_the_sdk_tries_again(self, sky: Sky, status: int) -> None:
        sky.azure.faults.add(Fault("getBatch", status, retry_after=0))
        assert await ask_batch(sky, retry_total=1, retry_backoff_factor=0)
        assert [each.status for each in sky.azure.journal] == [status, 200]

    async def test_a_fault_can_say_how_long_to_wait(self, sky: Sky) -> None:
        sky.azure.faults.add(Fault("metrics", 429, retry_after=17))
        reply = await sky.get(f"{EAST}{INSIGHTS}/metrics", metricnames="AzureOpenAIRequests")
        assert (reply.status, reply.headers["Retry-After"]) == (429, "17")

    async def test_a_fault_is_of_one_kind_of_request(self, sky: Sky) -> None:
        sky.azure.faults.add(Fault("getBatch", times=None))
        assert (await sky.get(SCOPE)).status == 200
        with pytest.raises(HttpResponseError):
            await ask_batch(sky)
        sky.azure.faults.clear()
        assert await ask_batch(sky)

    async def test_a_connection_can_be_cut(self, sky: Sky) -> None:
        sky.azure.faults.add(Fault("getBatch", status=0))
        with pytest.raises((ServiceRequestError, ServiceResponseError)):
            await ask_batch(sky)
        assert [each.status for each in sky.azure.journal] == [0]

    async def test_an_answer_can_be_held_back(self, sky: Sky) -> None:
        with sky.azure.faults.hold("getBatch") as gate:
            asking = asyncio.create_task(ask_batch(sky))
            async with asyncio.timeout(20):
                await gate.reached(1)
            assert not asking.done()
        assert await asking

    async def test_the_journal_tells_what_was_asked_for(self, sky: Sky) -> None:
        await ask_batch(sky)
        (entry,) = sky.azure.journal
        assert (entry.action, entry.status, entry.region) == ("getBatch", 200, "eastus")
        assert (entry.subscription, [*entry.resources]) == (DEFAULT_SUBSCRIPTION, [EAST])
        assert (entry.at, entry.parameters["metricnames"]) == (sky.clock.now, "AzureOpenAIRequests")
