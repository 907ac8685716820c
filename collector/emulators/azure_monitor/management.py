"""Resource Manager: the answers to reads, for those who may have them."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from collector.emulators.azure_monitor.answers import Reader, write_time
from collector.emulators.azure_monitor.cloud import Cloud
from collector.emulators.azure_monitor.errors import (
    bad_value,
    missing_api_version,
    unknown_resource,
    unknown_subscription,
    wrong_api_version,
)
from collector.emulators.azure_monitor.estate import (
    Account,
    MetricResource,
    OnlineEndpoint,
    Workspace,
    normalise_region,
)
from collector.emulators.azure_monitor.inventory import (
    Document,
    describe_account,
    describe_account_model,
    describe_deployment,
    describe_endpoint,
    describe_endpoint_deployment,
    describe_location_model,
    describe_namespace,
    describe_subscription,
    describe_workspace,
    list_usages,
)
from collector.emulators.azure_monitor.queries import parse_query, parse_span
from collector.emulators.azure_monitor.routes import Ask, Route

_DATED: Final = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")


class ResourceManager:
    """Answers reads."""

    def __init__(self, cloud: Cloud, *, tenant: str, page_size: int) -> None:
        """`page_size` is how many items a list has before it names a next page."""
        self._cloud = cloud
        self._tenant = tenant
        self._page_size = page_size
        self._answers: Mapping[str, Callable[[Ask, Route], Document]] = {
            "listSubscriptions": self._list_subscriptions,
            "getSubscription": self._get_subscription,
            "listAccounts": self._list_accounts,
            "getAccount": lambda ask, route: describe_account(self._find_account(ask, route)),
            "listDeployments": self._list_deployments,
            "listAccountModels": self._list_account_models,
            "listAccountUsages": self._list_account_usages,
            "listUsages": self._list_usages,
            "listModels": self._list_models,
            "listWorkspaces": self._list_workspaces,
            "listOnlineEndpoints": self._list_endpoints,
            "listOnlineDeployments": self._list_endpoint_deployments,
            "listNamespaces": self._list_namespaces_of_hubs,
            "listDiagnosticSettings": self._list_diagnostic_settings,
            "metrics": self._read_metrics,
            "metricDefinitions": self._list_definitions,
            "metricNamespaces": self._list_namespaces,
        }

    def answer(self, route: Route, ask: Ask) -> Document:
        """Return the body of the answer.

        Raises:
            RequestRefusedError: the request is wrong, not allowed, or one too many.
        """
        version = ask.parameters.get("api-version")
        if not version:
            raise missing_api_version()
        if not _DATED.fullmatch(version) or (route.versions and version not in route.versions):
            raise wrong_api_version(route.right.rpartition("/")[0], version, route.versions or ("2024-10-01",))
        if ask.subscription and ask.subscription.lower() not in self._cloud.estate.subscriptions:
            raise unknown_subscription(ask.subscription)
        return self._answers[route.action](ask, route)

    def _list_subscriptions(self, ask: Ask, _route: Route) -> Document:
        seen = [
            describe_subscription(each, self._tenant)
            for each in self._cloud.estate.subscriptions.values()
            if self._cloud.access.sees_subscription(ask.client_id, each.id)
        ]
        return {"value": seen, "count": {"type": "Total", "value": len(seen)}}

    def _get_subscription(self, ask: Ask, route: Route) -> Document:
        self._cloud.access.require_list(ask.client_id, route.right, ask.scope)
        return describe_subscription(self._cloud.estate.subscriptions[ask.subscription.lower()], self._tenant)

    def _list_accounts(self, ask: Ask, route: Route) -> Document:
        may_see = self._cloud.access.require_list(ask.client_id, route.right, ask.scope)
        found = [each for each in self._cloud.estate.accounts if _is_in(each, ask.scope) and may_see(each.id)]
        return self._page(ask, map(describe_account, found))

    def _list_deployments(self, ask: Ask, route: Route) -> Document:
        account = self._find_account(ask, route)
        return self._page(ask, (describe_deployment(account, each) for each in account.deployments))

    def _list_account_models(self, ask: Ask, route: Route) -> Document:
        self._find_account(ask, route)
        return self._page(ask, map(describe_account_model, self._cloud.estate.models))

    def _list_account_usages(self, ask: Ask, route: Route) -> Document:
        self._find_account(ask, route)
        return {"value": []}

    def _list_usages(self, ask: Ask, route: Route) -> Document:
        # No list of resources: a role on a group below does not show a part of it.
        self._cloud.access.require_read(ask.client_id, route.right, ask.scope)
        region = normalise_region(ask.parts["region"])
        return self._page(ask, list_usages(self._cloud.estate, ask.subscription, region))

    def _list_models(self, ask: Ask, route: Route) -> Document:
        self._cloud.access.require_read(ask.client_id, route.right, ask.scope)
        return self._page(ask, map(describe_location_model, self._cloud.estate.models))

    def _list_workspaces(self, ask: Ask, route: Route) -> Document:
        may_see = self._cloud.access.require_list(ask.client_id, route.right, ask.scope)
        found = [each for each in self._cloud.estate.workspaces if _is_in(each, ask.scope) and may_see(each.id)]
        return self._page(ask, map(describe_workspace, found))

    def _list_endpoints(self, ask: Ask, route: Route) -> Document:
        self._cloud.access.require_read(ask.client_id, route.right, ask.resource_id)
        for each in self._cloud.estate.workspaces:
            if each.id.lower() == ask.resource_id.lower():
                return self._page(ask, map(describe_endpoint, each.list_endpoints()))
        raise unknown_resource(ask.resource_id)

    def _list_endpoint_deployments(self, ask: Ask, route: Route) -> Document:
        endpoint = self._find_resource(ask, route)
        if not isinstance(endpoint, OnlineEndpoint):
            raise unknown_resource(ask.resource_id)
        return self._page(ask, map(describe_endpoint_deployment, endpoint.deployments))

    def _list_definitions(self, ask: Ask, route: Route) -> Document:
        self._cloud.throttle.count_definitions(ask.subscription)
        resource = self._find_resource(ask, route)
        self._check_namespace(ask, resource)
        return {"value": [each.render(ask.resource_id) for each in self._cloud.definitions.of(resource.type)]}

    def _list_namespaces(self, ask: Ask, route: Route) -> Document:
        resource = self._find_resource(ask, route)
        return {"value": [describe_namespace(ask.resource_id, resource.type)]}

    def _list_namespaces_of_hubs(self, ask: Ask, route: Route) -> Document:
        may_see = self._cloud.access.require_list(ask.client_id, route.right, ask.scope)
        found = [
            each for each in self._cloud.estate.hub_namespaces if each.id.lower().startswith(f"{ask.scope}/".lower())
        ]
        return self._page(ask, (each.describe() for each in found if may_see(each.id)))

    def _list_diagnostic_settings(self, ask: Ask, route: Route) -> Document:
        resource = self._find_resource(ask, route)
        settings = self._cloud.estate.diagnostic_settings.get(resource.id.lower(), ())
        return {"value": [each.describe(resource.id) for each in settings]}

    def _read_metrics(self, ask: Ask, route: Route) -> Document:
        resource = self._find_resource(ask, route)
        self._check_namespace(ask, resource)
        span = parse_span(ask.parameters.get("timespan", "PT1H"), ask.now)
        wanted = ask.parameters.get("$filter", "")
        query = parse_query(ask.parameters, span, wanted, resource.type, self._cloud.definitions)
        answer = Reader(self._cloud.history, ask.now).answer(resource, query, ask.resource_id)
        return answer | {"timespan": f"{write_time(query.start)}/{write_time(query.end)}"}

    def _find_account(self, ask: Ask, route: Route) -> Account:
        resource = self._find_resource(ask, route)
        if not isinstance(resource, Account):
            raise unknown_resource(ask.resource_id)
        return resource

    def _find_resource(self, ask: Ask, route: Route) -> MetricResource:
        self._cloud.access.require_read(ask.client_id, route.right, ask.resource_id)
        resource = self._cloud.estate.find(ask.resource_id)
        if resource is None:
            raise unknown_resource(ask.resource_id)
        return resource

    def _check_namespace(self, ask: Ask, resource: MetricResource) -> None:
        namespace = ask.parameters.get("metricnamespace", resource.type)
        if namespace.lower() != resource.type.lower():
            raise bad_value(namespace, "metricnamespace", [resource.type])

    def _page(self, ask: Ask, items: Iterable[Document]) -> Document:
        """Return one page of a list, with the link to the next one."""
        text = ask.parameters.get("$skiptoken", "0")
        if not text.isdecimal():
            raise bad_value(text, "$skiptoken", ["a token of this list"])
        found, start = list(items), int(text)
        page: Document = {"value": found[start : start + self._page_size]}
        if len(found) > start + self._page_size:
            version = ask.parameters["api-version"]
            page["nextLink"] = f"{ask.url}?api-version={version}&$skiptoken={start + self._page_size}"
        return page


def _is_in(resource: Account | Workspace, scope: str) -> bool:
    return resource.id.lower().startswith(f"{scope}/".lower())
