"""Finds what is polled: accounts of Azure OpenAI with their deployments, and online endpoints of Azure ML.

Promises: what the login cannot see is said and does not hide the rest. Source: learn.microsoft.com, REST references of
Microsoft.CognitiveServices (2024-10-01) and Microsoft.MachineLearningServices (2024-10-01).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from collector.inputs.azure_metrics.clients import Json, MonitorClients
from collector.inputs.azure_metrics.lists import COGNITIVE_SERVICES, MACHINE_LEARNING, ResourceLists
from collector.inputs.azure_metrics.refusals import Cause, RefusedByAzureError, refuse
from collector.inputs.azure_metrics.resources import Deployment, Resource
from collector.policy import AzureMetricsStream
from collector.policy.azure_resources import (
    ACCOUNTS,
    ONLINE_DEPLOYMENTS,
    ONLINE_ENDPOINTS,
    WORKSPACES,
    kind_of_resource,
)

KINDS: Final = frozenset({"openai", "aiservices"})
_NOT_THERE: Final = frozenset({Cause.UNKNOWN_RESOURCE, Cause.BAD_REQUEST})


@dataclass(frozen=True, slots=True)
class Found:
    """A resource, and what Resource Manager said of it."""

    resource: Resource
    described: Json
    deployments: tuple[Json, ...] = ()
    """Of an account: what it said of their model deployments."""


class Discovery:
    """Lists the resources of one stream."""

    def __init__(
        self,
        clients: MonitorClients,
        stream: AzureMetricsStream,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Nothing is asked yet."""
        self._lists = ResourceLists(clients, sleep)
        self._stream = stream
        self.reports: list[RefusedByAzureError] = []
        """What could not be listed the last time, though other things could."""

    async def find(self) -> list[Found]:
        """Return every resource that the stream reads, each once.

        Raises:
            RefusedByAzureError: nothing could be listed, or there is nothing.
        """
        self.reports = []
        found: dict[str, Found] = {}
        for part in self._parts():
            try:
                async for each in part:
                    found.setdefault(each.resource.key, each)
            except RefusedByAzureError as error:
                self.reports.append(error)
        if not found:
            raise self._choose_report()
        self.reports = [report for report in self.reports if report.kind not in _NOT_THERE]
        return list(found.values())

    def _choose_report(self) -> RefusedByAzureError:
        """Return the reason why nothing was found; what someone must mend goes before what is merely not there."""
        telling = sorted(self.reports, key=lambda report: (report.kind in _NOT_THERE, not report.grave))
        return telling[0] if telling else refuse(Cause.NO_RESOURCES)

    def _parts(self) -> Iterator[AsyncIterator[Found]]:
        """Yield the lists to go through; one that fails leaves the others be."""
        for scope in self._scopes():
            yield self._find_accounts(f"{scope}/providers/{ACCOUNTS}")
            yield self._find_endpoints(f"{scope}/providers/{WORKSPACES}")
        for resource_id in self._stream.chosen_ids:
            yield self._find_one(resource_id)

    def _scopes(self) -> Iterator[str]:
        for subscription in self._stream.subscription_id:
            if self._stream.reads_everything:
                yield f"/subscriptions/{subscription}"
            else:
                yield from (
                    f"/subscriptions/{subscription}/resourceGroups/{group}" for group in self._stream.chosen_groups
                )

    async def _find_accounts(self, path: str) -> AsyncIterator[Found]:
        for entry in await self._lists.read(path, COGNITIVE_SERVICES):
            if _is_served(entry):
                yield await self._complete(entry)

    async def _complete(self, account: Json) -> Found:
        """Add an account's deployments; without them its metrics are still read."""
        try:
            deployments = tuple(await self._lists.read(f"{account['id']}/deployments", COGNITIVE_SERVICES))
        except RefusedByAzureError as error:
            self.reports.append(error)
            deployments = ()
        known = [_read_deployment(each) for each in deployments]
        return Found(_read_resource(account, ACCOUNTS, known), account, deployments)

    async def _find_endpoints(self, path: str) -> AsyncIterator[Found]:
        for workspace in await self._lists.read(path, MACHINE_LEARNING):
            async for each in self._find_endpoints_of(str(workspace["id"])):
                yield each

    async def _find_endpoints_of(self, workspace_id: str) -> AsyncIterator[Found]:
        for endpoint in await self._lists.read(f"{workspace_id}/onlineEndpoints", MACHINE_LEARNING):
            yield Found(_read_resource(endpoint, ONLINE_ENDPOINTS), endpoint)
            for deployment in await self._lists.read(f"{endpoint['id']}/deployments", MACHINE_LEARNING):
                yield Found(_read_resource(deployment, ONLINE_DEPLOYMENTS), deployment)

    async def _find_one(self, resource_id: str) -> AsyncIterator[Found]:
        """Find what an id of the policy names: an account, or all that is in a workspace or below an endpoint."""
        if (kind_of_resource(resource_id) or "").lower() == ACCOUNTS.lower():
            yield await self._complete(await self._lists.get(resource_id, COGNITIVE_SERVICES))
            return
        workspace_id = "/".join(resource_id.split("/")[:_SEGMENTS_OF_A_WORKSPACE])
        prefix = f"{resource_id.lower()}/"
        async for each in self._find_endpoints_of(workspace_id):
            if f"{each.resource.key}/".startswith(prefix):
                yield each


_SEGMENTS_OF_A_WORKSPACE: Final = 9
"""``/subscriptions/S/resourceGroups/G/providers/P/workspaces/W`` begins with an empty one."""


def _is_served(account: Json) -> bool:
    return str(account.get("kind", "")).lower() in KINDS


def _read_resource(entry: Json, kind: str, deployments: list[Deployment] | None = None) -> Resource:
    return Resource(
        id=str(entry["id"]),
        type=kind,
        region=normalise_region(str(entry.get("location") or "")),
        kind=str(entry.get("kind") or ""),
        tags={str(name): str(value) for name, value in _mapping(entry, "tags").items()},
        deployments={each.name.lower(): each for each in deployments or ()},
    )


def normalise_region(location: str) -> str:
    """Return the name of a location as host names have it: ``East US`` is ``eastus``."""
    return location.lower().replace(" ", "")


def _read_deployment(entry: Json) -> Deployment:
    sku, model = _mapping(entry, "sku"), _mapping(_mapping(entry, "properties"), "model")
    capacity = sku.get("capacity")
    return Deployment(
        name=str(entry.get("name") or ""),
        model=str(model.get("name") or ""),
        version=str(model.get("version") or ""),
        sku=str(sku.get("name") or ""),
        capacity=capacity if isinstance(capacity, int) else None,
    )


def _mapping(entry: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = entry.get(key)
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
