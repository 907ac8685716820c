"""What Azure Resource Manager tells: the login, the resources, where their logs go, how large the namespaces are.

It is asked with the login of a stream of metrics, since that one has Monitoring Reader. Rows about hubs that it may not
look at say *not known*. Sources: learn.microsoft.com, "Diagnostic settings in Azure Monitor" and the REST references of
Microsoft.Insights (Diagnostic Settings, 2021-05-01-preview) and Microsoft.EventHub (Namespaces, 2024-01-01).
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, cast

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError

from collector.check.findings import Finding, Outcome, Row, fail, skip
from collector.check.running import Look, Probe
from collector.inputs.azure.credentials import build_credential
from collector.inputs.azure_metrics.clients import Json, MonitorClients
from collector.inputs.azure_metrics.discovery import Discovery, Found
from collector.inputs.azure_metrics.refusals import Cause, RefusedByAzureError, explain_failure
from collector.inputs.event_hub.connection import find_namespace_host
from collector.policy import AzureMetricsStream, EventHubStream
from collector.policy.azure_resources import ACCOUNTS, ONLINE_ENDPOINTS
from collector.policy.clouds import find_cloud

_EVENT_HUBS_SCOPE: Final = "https://eventhubs.azure.net/.default"
"""The same in all clouds."""
_SETTINGS_VERSION: Final = {"api-version": "2021-05-01-preview"}
_NAMESPACES_VERSION: Final = {"api-version": "2024-01-01"}
_REQUESTS: Final = "RequestResponse"
"""The category of the records that nearly everything is made of."""
_EVERYTHING: Final = "allLogs"
_AT_ONCE: Final = 8
_MOST_NAMES: Final = 5
_SAYS_NO_FIX: Final = frozenset({Cause.LOGIN_REFUSED, Cause.BAD_REQUEST})
_METRICS_PAGE: Final = "See docs/metrics.md, When something is wrong."
_NO_READER: Final = "not known: only the login of a stream of metrics may look at it"


def probe_login(stream: EventHubStream) -> Probe:
    """Return the look at the login of a stream of a hub."""
    return Probe(stream.id, (Row.LOGIN,), partial(_look_at_login, stream))


def probe_azure(stream: AzureMetricsStream, hubs: Sequence[EventHubStream], *, sizes: bool) -> Probe:
    """Return the look at what a stream of metrics reads, and at where its logs go.

    `hubs` are the hubs of the policy; `sizes` tells whether this stream's login is to look at their namespaces.
    """
    rows = [Row.LOGIN, Row.RESOURCES, Row.DIAGNOSTICS, *([Row.THROUGHPUT] if sizes and hubs else [])]
    return Probe(stream.id, rows, partial(_look, stream, hubs, sizes=sizes))


def probe_sizes_unknown(hubs: Sequence[EventHubStream]) -> Probe:
    """Return what is said of the namespaces' sizes when nobody may look at them."""

    async def look() -> Look:
        for host in _list_hosts(hubs):
            yield skip(Row.THROUGHPUT, host, _NO_READER)

    return Probe("", (Row.THROUGHPUT,), look)


async def _look_at_login(stream: EventHubStream) -> Look:
    credential = build_credential(stream)
    try:
        yield await _log_in(stream.id, credential, _EVENT_HUBS_SCOPE)
    finally:
        await credential.close()


async def _log_in(target: str, credential: AsyncTokenCredential, scope: str) -> Finding:
    try:
        await credential.get_token(scope)
    except AzureError as error:
        return _explain(Row.LOGIN, target, explain_failure(error))
    return Finding(Row.LOGIN, target, Outcome.OK, f"there is a token for {scope.removesuffix('/.default')}")


async def _look(stream: AzureMetricsStream, hubs: Sequence[EventHubStream], *, sizes: bool) -> Look:
    clients = MonitorClients(stream)
    try:
        scope = f"{stream.resource_manager_audience.rstrip('/')}/.default"
        login = await _log_in(stream.id, clients.credential, scope)
        yield login
        if login.outcome is Outcome.FAILED:
            return
        if sizes:
            for host in _list_hosts(hubs):
                yield await _look_at_namespace(clients, stream, host)
        discovery = Discovery(clients, stream)
        try:
            found = await discovery.find()
        except RefusedByAzureError as error:
            yield _explain(Row.RESOURCES, stream.id, error)
            return
        yield _count(stream.id, found, discovery.reports)
        yield await _look_at_settings(clients, stream.id, found, hubs)
    finally:
        await clients.close()


def _explain(row: Row, target: str, error: RefusedByAzureError, outcome: Outcome = Outcome.FAILED) -> Finding:
    return fail(row, target, str(error), _METRICS_PAGE if error.kind in _SAYS_NO_FIX else "", outcome)


def _count(target: str, found: Sequence[Found], reports: Sequence[RefusedByAzureError]) -> Finding:
    if reports:
        return _explain(Row.RESOURCES, target, reports[0], Outcome.WARNING)
    accounts = [each for each in found if each.resource.type == ACCOUNTS]
    endpoints = sum(each.resource.type == ONLINE_ENDPOINTS for each in found)
    deployments = sum(len(each.deployments) for each in accounts)
    text = f"{len(accounts)} accounts with {deployments} deployments, {endpoints} online endpoints"
    return Finding(Row.RESOURCES, target, Outcome.OK, text)


async def _look_at_settings(
    clients: MonitorClients, target: str, found: Sequence[Found], hubs: Sequence[EventHubStream]
) -> Finding:
    accounts = [each.resource.id for each in found if each.resource.type == ACCOUNTS]
    if not hubs or not accounts:
        reason = "the policy reads no event hub" if not hubs else "there is no account among the resources"
        return skip(Row.DIAGNOSTICS, target, reason)
    few = asyncio.Semaphore(_AT_ONCE)

    async def sends(account: str) -> bool:
        async with few:
            path = f"{account}/providers/Microsoft.Insights/diagnosticSettings"
            settings = [each async for each in clients.list(path, _SETTINGS_VERSION)]
        return any(_reaches(setting, hubs) for setting in settings)

    answers = await asyncio.gather(*map(sends, accounts), return_exceptions=True)
    sending = {account: answer for account, answer in zip(accounts, answers, strict=True) if isinstance(answer, bool)}
    if len(sending) < len(accounts):
        error = next(answer for answer in answers if isinstance(answer, BaseException))
        return skip(Row.DIAGNOSTICS, target, f"not known: {error}")
    return _judge_settings(target, sending)


def _judge_settings(target: str, sending: Mapping[str, bool]) -> Finding:
    silent = sorted(account.rpartition("/")[2] for account, sends in sending.items() if not sends)
    if not silent:
        text = f"all {len(sending)} accounts send {_REQUESTS} to a hub of the policy"
        return Finding(Row.DIAGNOSTICS, target, Outcome.OK, text)
    names = ", ".join(silent[:_MOST_NAMES]) + (f" and {len(silent) - _MOST_NAMES} more" if silent[_MOST_NAMES:] else "")
    outcome = Outcome.FAILED if len(silent) == len(sending) else Outcome.WARNING
    text = f"{len(silent)} of {len(sending)} accounts send no {_REQUESTS} to a hub of the policy: {names}"
    fix = "Add a diagnostic setting to each (docs/azure-setup.md, step 6), or leave them if that is meant."
    return fail(Row.DIAGNOSTICS, target, text, fix, outcome)


def _reaches(setting: Json, hubs: Sequence[EventHubStream]) -> bool:
    """Tell whether a diagnostic setting sends requests to one of the hubs."""
    properties = _mapping(setting.get("properties"))
    rule = str(properties.get("eventHubAuthorizationRuleId") or "").lower()
    if not rule or not any(_is_on(log) for log in cast("Sequence[Json]", properties.get("logs") or ())):
        return False
    # Without a name Azure makes a hub for each category.
    name = str(properties.get("eventHubName") or f"insights-logs-{_REQUESTS}").lower()
    return any(name == hub.eventhub.lower() and _is_of(rule, find_namespace_host(hub)) for hub in hubs)


def _is_on(log: Json) -> bool:
    return bool(log.get("enabled")) and (log.get("category") == _REQUESTS or log.get("categoryGroup") == _EVERYTHING)


def _is_of(rule: str, host: str) -> bool:
    """Tell whether a rule is of the namespace with this host; a host of another's own making may be any namespace."""
    return find_cloud(host) is None or f"/namespaces/{host.partition('.')[0].lower()}/" in rule


def _list_hosts(hubs: Sequence[EventHubStream]) -> Iterator[str]:
    yield from dict.fromkeys(find_namespace_host(hub).lower() for hub in hubs)


async def _look_at_namespace(clients: MonitorClients, stream: AzureMetricsStream, host: str) -> Finding:
    name = host.partition(".")[0]
    try:
        for subscription in stream.subscription_id:
            path = f"/subscriptions/{subscription}/providers/Microsoft.EventHub/namespaces"
            async for namespace in clients.list(path, _NAMESPACES_VERSION):
                if str(namespace.get("name")).lower() == name:
                    return _judge_namespace(host, namespace)
    except RefusedByAzureError as error:
        return skip(Row.THROUGHPUT, host, f"not known: {error}")
    return skip(Row.THROUGHPUT, host, f"not known: the login of {stream.id} sees no namespace {name}")


def _judge_namespace(host: str, namespace: Json) -> Finding:
    sku, properties = _mapping(namespace.get("sku")), _mapping(namespace.get("properties"))
    tier, capacity, status = str(sku.get("tier")), sku.get("capacity"), str(properties.get("status") or "Active")
    if status != "Active":
        return fail(Row.THROUGHPUT, host, f"the namespace is {status}", "Enable it in Azure.")
    if tier == "Basic":
        fix = "Move to the Standard tier, which keeps them for 7 days and has consumer groups (docs/sizing.md)."
        return fail(Row.THROUGHPUT, host, "the tier Basic keeps events for one day only", fix, Outcome.WARNING)
    unit = "throughput units" if tier == "Standard" else "units"
    most = properties.get("maximumThroughputUnits")
    more = f", up to {most} by auto-inflate" if properties.get("isAutoInflateEnabled") else ""
    return Finding(Row.THROUGHPUT, host, Outcome.OK, f"{tier}, {capacity} {unit}{more}")


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
