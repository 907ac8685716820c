"""What `check` says of Azure: logins, resources, diagnostic settings, sizes of namespaces. Azure is the emulators."""

from pathlib import Path
from typing import Any

import pytest
from plugins.azure_monitor import SECRET, Sky, open_sky
from plugins.azure_sdk import SDK_HABITS
from plugins.checking import CheckReport, make_policy
from plugins.metrics_input import stream_keys
from plugins.tls_server import Certificates

from collector.check import Finding, Outcome, Row, run_probes
from collector.check.azure_monitor import probe_azure, probe_login, probe_sizes_unknown
from collector.emulators.azure_monitor import (
    DEFAULT_SUBSCRIPTION,
    DiagnosticSetting,
    Estate,
    Fault,
    HubNamespace,
)

NAMESPACE = HubNamespace("hubs", inflates_to=4)
HOST = "hubs.servicebus.windows.net"
HUB = {
    "eventhub": "insights-logs",
    "connection_string": f"Endpoint=sb://{HOST};SharedAccessKeyName=n;SharedAccessKey=k",
}
pytestmark = [*SDK_HABITS]


async def look_at_azure(folder: Path, sky: Sky, hub: dict[str, Any] | None = None, **keys: Any) -> CheckReport:
    """Look with a stream of metrics; `hub` is a stream beside it."""
    policy = make_policy(folder, stream_keys(sky, **keys), *([hub] if hub else []))
    hubs = [stream for _, stream in policy.streams()]
    probes = [probe_azure(stream, hubs, sizes=True) for _, stream in policy.metrics_streams()]
    return CheckReport(await run_probes(probes))


def tell(finding: Finding) -> tuple[Outcome, str]:
    return finding.outcome, finding.what


def send(sky: Sky, *accounts: str, setting: DiagnosticSetting | None = None) -> None:
    """Have accounts send their logs; all of them without a name."""
    served = [each for each in sky.azure.estate.accounts if each.kind in {"OpenAI", "AIServices"}]
    for account in served:
        if not accounts or account.name in accounts:
            chosen = setting or DiagnosticSetting(NAMESPACE, ["Audit", "RequestResponse"], "insights-logs")
            sky.azure.estate.diagnostic_settings[account.id.lower()] = [chosen]


@pytest.fixture
def granted(sky: Sky) -> Sky:
    """Azure with the role on the subscription, and the namespace of the hub."""
    sky.grant(f"/subscriptions/{DEFAULT_SUBSCRIPTION}")
    sky.azure.estate.hub_namespaces.append(NAMESPACE)
    return sky


async def test_where_all_is_well_each_row_tells_what_was_found(granted: Sky, tmp_path: Path) -> None:
    send(granted)
    report = await look_at_azure(tmp_path, granted, HUB)

    assert tell(report.one(Row.LOGIN)) == (Outcome.OK, "there is a token for https://management.azure.com")
    assert tell(report.one(Row.RESOURCES)) == (Outcome.OK, "3 accounts with 5 deployments, 1 online endpoints")
    assert tell(report.one(Row.DIAGNOSTICS)) == (
        Outcome.OK,
        "all 3 accounts send RequestResponse to a hub of the policy",
    )
    assert tell(report.one(Row.THROUGHPUT)) == (Outcome.OK, "Standard, 1 throughput units, up to 4 by auto-inflate")
    assert {entry.action for entry in granted.azure.journal} == {
        "listAccounts",
        "listDeployments",
        "listWorkspaces",
        "listOnlineEndpoints",
        "listOnlineDeployments",
        "listNamespaces",
        "listDiagnosticSettings",
    }


async def test_a_wrong_secret_fails_without_being_shown(granted: Sky, tmp_path: Path) -> None:
    report = await look_at_azure(tmp_path, granted, client_secret="canary-wrong")

    found = report.one(Row.LOGIN)
    assert tell(found) == (Outcome.FAILED, "Entra ID does not take client_secret")
    assert found.fix.startswith("Write the secret's value, not its id")
    assert tell(report.one(Row.RESOURCES)) == (Outcome.NOT_RUN, "entra login failed")
    assert not any("canary" in f"{each.what} {each.fix}" for each in report.findings)


async def test_a_login_of_a_hub_is_looked_at_by_itself(sky: Sky, tmp_path: Path) -> None:
    login = {name: stream_keys(sky)[name] for name in ("tenant_id", "client_id", "authority_host", "ssl")}
    good = {"eventhub": "hub", "eventhub_namespace": HOST, "auth_type": "client_secret", "id": "good", **login}
    wrong = good | {"id": "wrong", "eventhub": "other", "client_id": "99999999-9999-4999-8999-999999999999"}
    policy = make_policy(tmp_path, good | {"client_secret": SECRET}, wrong | {"client_secret": SECRET})

    report = CheckReport(await run_probes([probe_login(stream) for _, stream in policy.streams()]))

    assert tell(report.one(Row.LOGIN, "good")) == (Outcome.OK, "there is a token for https://eventhubs.azure.net")
    assert report.one(Row.LOGIN, "wrong").outcome is Outcome.FAILED
    assert "there is no application client_id" in report.one(Row.LOGIN, "wrong").what


async def test_without_monitoring_reader_resources_fail_with_the_role_to_give(sky: Sky, tmp_path: Path) -> None:
    report = await look_at_azure(tmp_path, sky, HUB)

    found = report.one(Row.RESOURCES)
    assert tell(found) == (Outcome.FAILED, "the login may not read here")
    assert "Give it the role Monitoring Reader" in found.fix
    assert tell(report.one(Row.DIAGNOSTICS)) == (Outcome.NOT_RUN, "resources failed")
    assert report.one(Row.THROUGHPUT).outcome is Outcome.NOT_RUN
    assert report.one(Row.THROUGHPUT).what.startswith("not known: ")


async def test_a_subscription_without_anything_to_read_fails(certificates: Certificates, tmp_path: Path) -> None:
    async with open_sky(certificates, Estate()) as sky:
        sky.grant(f"/subscriptions/{DEFAULT_SUBSCRIPTION}")
        found = (await look_at_azure(tmp_path, sky)).one(Row.RESOURCES)

    assert tell(found) == (Outcome.FAILED, "there is nothing to read")


async def test_what_cannot_be_listed_beside_the_rest_is_a_warning(granted: Sky, tmp_path: Path) -> None:
    granted.azure.faults.add(Fault("listWorkspaces", status=500))

    found = (await look_at_azure(tmp_path, granted)).one(Row.RESOURCES)

    assert found.outcome is Outcome.WARNING
    assert "Azure does not answer as it should" in found.what


@pytest.mark.parametrize(
    "setting",
    [
        None,
        DiagnosticSetting(NAMESPACE, ["RequestResponse"], "another-hub"),
        DiagnosticSetting(HubNamespace("elsewhere"), ["RequestResponse"], "insights-logs"),
        DiagnosticSetting(NAMESPACE, ["Audit"], "insights-logs", disabled=["RequestResponse"]),
        DiagnosticSetting(NAMESPACE, ["RequestResponse"]),
    ],
    ids=["none", "another hub", "another namespace", "another category", "a hub of Azure's naming"],
)
async def test_accounts_whose_requests_reach_no_hub_of_the_policy_fail(
    granted: Sky, tmp_path: Path, setting: DiagnosticSetting | None
) -> None:
    if setting is not None:
        send(granted, setting=setting)

    found = (await look_at_azure(tmp_path, granted, HUB)).one(Row.DIAGNOSTICS)

    assert found.outcome is Outcome.FAILED
    assert found.what == (
        "3 of 3 accounts send no RequestResponse to a hub of the policy: aoai-east, aoai-west, foundry-east"
    )
    assert found.fix.startswith("Add a diagnostic setting")


@pytest.mark.parametrize(
    ("setting", "hub"),
    [
        (DiagnosticSetting(NAMESPACE, hub="insights-logs", groups=["allLogs"]), "insights-logs"),
        (DiagnosticSetting(NAMESPACE, ["RequestResponse"]), "insights-logs-requestresponse"),
    ],
    ids=["all logs", "Azure's naming"],
)
async def test_other_ways_to_send_requests_count(
    granted: Sky, tmp_path: Path, setting: DiagnosticSetting, hub: str
) -> None:
    send(granted, setting=setting)

    assert (await look_at_azure(tmp_path, granted, HUB | {"eventhub": hub})).one(Row.DIAGNOSTICS).outcome is Outcome.OK


async def test_one_account_that_sends_nothing_is_a_warning(granted: Sky, tmp_path: Path) -> None:
    send(granted, "aoai-east", "aoai-west")

    found = (await look_at_azure(tmp_path, granted, HUB)).one(Row.DIAGNOSTICS)

    assert tell(found) == (
        Outcome.WARNING,
        "1 of 3 accounts send no RequestResponse to a hub of the policy: foundry-east",
    )


async def test_settings_that_cannot_be_read_are_not_known(granted: Sky, tmp_path: Path) -> None:
    granted.azure.faults.add(Fault("listDiagnosticSettings", status=500))

    found = (await look_at_azure(tmp_path, granted, HUB)).one(Row.DIAGNOSTICS)

    assert found.outcome is Outcome.NOT_RUN
    assert found.what.startswith("not known: Azure does not answer")


@pytest.mark.parametrize(
    ("namespace", "expected"),
    [
        (HubNamespace("hubs", tier="Basic"), (Outcome.WARNING, "the tier Basic keeps events for one day only")),
        (HubNamespace("hubs", status="Disabled"), (Outcome.FAILED, "the namespace is Disabled")),
        (HubNamespace("hubs", tier="Premium", capacity=2), (Outcome.OK, "Premium, 2 units")),
        (
            HubNamespace("other"),
            (Outcome.NOT_RUN, "not known: the login of metrics sees no namespace hubs"),
        ),
    ],
    ids=["basic", "disabled", "premium", "not there"],
)
async def test_the_size_of_a_namespace_is_told(
    sky: Sky, tmp_path: Path, namespace: HubNamespace, expected: tuple[Outcome, str]
) -> None:
    sky.grant(f"/subscriptions/{DEFAULT_SUBSCRIPTION}")
    sky.azure.estate.hub_namespaces.append(namespace)

    assert tell((await look_at_azure(tmp_path, sky, HUB)).one(Row.THROUGHPUT)) == expected


async def test_without_a_stream_of_metrics_the_size_is_not_known(tmp_path: Path) -> None:
    hubs = [stream for _, stream in make_policy(tmp_path, HUB).streams()]

    found = CheckReport(await run_probes([probe_sizes_unknown(hubs)])).one(Row.THROUGHPUT, HOST)

    assert tell(found) == (Outcome.NOT_RUN, "not known: only the login of a stream of metrics may look at it")
