"""Agent policies and package policies. No agent runs by them."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from collector.emulators.kibana.archives import Package
from collector.emulators.kibana.errors import bad_request, conflict, not_found
from collector.emulators.kibana.instance import Instance
from collector.emulators.kibana.packages import PRIVILEGES, Packages
from collector.emulators.kibana.routes import Answer, Ask, Route
from collector.emulators.kibana.schema import (
    anything,
    boolean,
    either,
    flag,
    listed,
    literal,
    mapped,
    nullable,
    number,
    record,
    text,
)

_READING: Final = (("fleetv2", "read"),)
_AGENT_POLICY: Final = record(
    {"name": text(at_least=1), "namespace": text(at_least=1)},
    {
        "id": text(),
        "description": text(),
        "monitoring_enabled": listed(literal("logs", "metrics", "traces")),
        "keep_monitoring_alive": nullable(boolean),
        "data_output_id": nullable(text()),
        "monitoring_output_id": nullable(text()),
        "download_source_id": nullable(text()),
        "fleet_server_host_id": nullable(text()),
        "inactivity_timeout": number(0),
        "unenroll_timeout": number(0),
        "agent_features": listed(record({"name": text(), "enabled": boolean})),
        "is_protected": boolean,
        "overrides": nullable(mapped(anything)),
        "global_data_tags": listed(record({"name": text(), "value": either(text(), number())})),
        "supports_agentless": nullable(boolean),
        "space_ids": listed(text()),
        "force": boolean,
    },
)
_VALUE: Final = nullable(
    either(
        text(),
        number(),
        boolean,
        listed(either(text(), number())),
        record({"id": text(), "isSecretRef": boolean}),
    )
)
_VARIABLES: Final = mapped(_VALUE)
_STREAM: Final = record({}, {"enabled": boolean, "vars": _VARIABLES})
_INPUT: Final = record({}, {"enabled": boolean, "vars": _VARIABLES, "streams": mapped(_STREAM)})
_PACKAGE_POLICY: Final = record(
    {"name": text(at_least=1), "package": record({"name": text(), "version": text()})},
    {
        "id": text(),
        "policy_id": nullable(text()),
        "policy_ids": listed(text()),
        "namespace": text(),
        "description": text(),
        "output_id": nullable(text()),
        "vars": _VARIABLES,
        "inputs": mapped(_INPUT),
        "force": boolean,
        "supports_agentless": nullable(boolean),
        "additional_datastreams_permissions": nullable(listed(text())),
    },
)
_DELETE: Final = record({"agentPolicyId": text()}, {"force": boolean})
_UPGRADE: Final = record({"packagePolicyIds": listed(text())})
_FORMAT: Final = record({}, {"format": literal("simplified", "legacy")})


@dataclass
class FleetPolicies:
    """Serves both kinds of policies.

    Attributes:
        enrolled: ids of agent policies that agents run by; those cannot be removed.
    """

    instance: Instance
    packages: Packages
    enrolled: set[str] = field(default_factory=set[str])
    _agent_policies: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    _package_policies: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def routes(self) -> Iterable[Route]:
        """Return its routes."""
        base, query = "/api/fleet/agent_policies", record({}, {"sys_monitoring": flag})
        yield Route("POST", f"{base}/delete", self._delete_agent_policy, PRIVILEGES, body=_DELETE, versioned=True)
        yield Route("POST", base, self._create_agent_policy, PRIVILEGES, query, _AGENT_POLICY, versioned=True)
        yield Route("GET", f"{base}/{{id}}", self._get_agent_policy, _READING, _FORMAT, versioned=True)
        base, force = "/api/fleet/package_policies", record({}, {"force": flag})
        yield Route("POST", f"{base}/upgrade", self._upgrade, PRIVILEGES, body=_UPGRADE, versioned=True)
        yield Route("POST", base, self._create_package_policy, PRIVILEGES, _FORMAT, _PACKAGE_POLICY, versioned=True)
        yield Route("GET", f"{base}/{{id}}", self._get_package_policy, _READING, _FORMAT, versioned=True)
        yield Route("DELETE", f"{base}/{{id}}", self._delete_package_policy, PRIVILEGES, force, versioned=True)

    def replace_package_policy(self, policy: Mapping[str, Any]) -> None:
        """Have this package policy in the place of the one with its id, as if a person had saved it."""
        self._package_policies[policy["id"]] = dict(policy)

    def _create_agent_policy(self, ask: Ask) -> Answer:
        body = ask.body
        names = {each["name"] for each in self._agent_policies.values()}
        if body["name"] in names or body.get("id") in self._agent_policies:
            raise conflict(f"Agent policy '{body['name']}' already exists with name '{body['name']}'")
        policy_id = body.get("id") or str(uuid.uuid4())
        policy = {"is_managed": False, "status": "active", "revision": 1, **body, "id": policy_id}
        self._agent_policies[policy_id] = {**policy, "updated_at": self.instance.write_time()}
        return Answer({"item": self._agent_policies[policy_id]})

    def _get_agent_policy(self, ask: Ask) -> Answer:
        policy = self._agent_policies.get(ask.parts["id"])
        if policy is None:
            raise not_found("Agent policy not found")
        attached = [each for each in self._package_policies.values() if policy["id"] in each["policy_ids"]]
        agents = int(policy["id"] in self.enrolled)
        return Answer({"item": {**policy, "package_policies": attached, "agents": agents}})

    def _delete_agent_policy(self, ask: Ask) -> Answer:
        policy_id = ask.body["agentPolicyId"]
        policy = self._agent_policies.get(policy_id)
        if policy is None:
            raise not_found("Agent policy not found")
        if policy_id in self.enrolled:
            raise bad_request("Cannot delete an agent policy that is assigned to any active or inactive agents")
        del self._agent_policies[policy_id]
        for each in [*self._package_policies.values()]:
            if each["policy_ids"] == [policy_id]:
                self._forget(each["id"])
        return Answer({"id": policy_id, "name": policy["name"]})

    def _create_package_policy(self, ask: Ask) -> Answer:
        body = ask.body
        wanted = body["package"]
        package = self.packages.find(wanted["name"], wanted["version"])
        if package is None:
            raise not_found(f"[{wanted['name']}] package not found in registry")
        policies = body.get("policy_ids") or ([body["policy_id"]] if body.get("policy_id") else [])
        if any(each not in self._agent_policies for each in policies):
            raise not_found("Agent policy not found")
        if any(each["name"] == body["name"] for each in self._package_policies.values()):
            raise conflict(
                f"An integration policy with the name {body['name']} already exists. Please rename it or choose a "
                "different name."
            )
        _check_inputs(package, body)
        policy_id = body.get("id") or str(uuid.uuid4())
        if policy_id in self._package_policies:
            raise conflict(f"Package policy {policy_id} already exists")
        defaults: dict[str, Any] = {"namespace": "", "enabled": True, "revision": 1, "inputs": {}}
        self._package_policies[policy_id] = {**defaults, **body, "id": policy_id, "policy_ids": policies}
        self.packages.in_use.add(package.name)
        return Answer({"item": self._package_policies[policy_id]})

    def _get_package_policy(self, ask: Ask) -> Answer:
        policy = self._package_policies.get(ask.parts["id"])
        if policy is None:
            raise not_found(f"Package policy {ask.parts['id']} not found")
        return Answer({"item": policy})

    def _delete_package_policy(self, ask: Ask) -> Answer:
        if ask.parts["id"] not in self._package_policies:
            raise not_found(f"Package policy {ask.parts['id']} not found")
        self._forget(ask.parts["id"])
        return Answer({"id": ask.parts["id"]})

    def _upgrade(self, ask: Ask) -> Answer:
        return Answer([self._upgrade_one(each) for each in ask.body["packagePolicyIds"]])

    def _upgrade_one(self, policy_id: str) -> dict[str, Any]:
        policy = self._package_policies.get(policy_id)
        if policy is None:
            reason = {"message": f"Package policy {policy_id} not found"}
            return {"id": policy_id, "success": False, "statusCode": 404, "body": reason}
        package = self.packages.find_installed(policy["package"]["name"])
        policy["package"] = {**policy["package"], "version": package.version}
        policy["revision"] += 1
        return {"id": policy_id, "name": policy["name"], "success": True}

    def _forget(self, policy_id: str) -> None:
        del self._package_policies[policy_id]
        self.packages.in_use.clear()
        self.packages.in_use |= {each["package"]["name"] for each in self._package_policies.values()}


def _check_inputs(package: Package, body: Mapping[str, Any]) -> None:
    """Check the inputs of a package policy against the package; what it does not name has the package's defaults."""
    _check_variables(package.variables, body.get("vars", {}), "")
    given: Mapping[str, Any] = body.get("inputs", {})
    known = {f"{template}-{kind}": (template, kind) for template, kind in package.inputs}
    for name in given:
        if name not in known:
            raise bad_request(f"Input not found: {name}")
    for name, (template, kind) in known.items():
        chosen = given.get(name, {})
        streams = {each.dataset: each for each in package.streams if each.input == kind}
        for dataset in chosen.get("streams", {}):
            if dataset not in streams:
                raise bad_request(f"Stream not found {name}: {dataset}")
        if not chosen.get("enabled", True):
            continue
        _check_variables(package.variables_of(template, kind) or {}, chosen.get("vars", {}), name)
        for dataset, stream in streams.items():
            choice = chosen.get("streams", {}).get(dataset, {})
            if choice.get("enabled", True):
                _check_variables(stream.variables, choice.get("vars", {}), f"{name} {dataset}")


def _check_variables(known: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any], place: str) -> None:
    for name in given:
        if name not in known:
            raise bad_request(f"Variable {place}:{name} not found")
    for name, variable in known.items():
        if variable.get("required") and given.get(name, variable.get("default")) is None:
            raise bad_request(
                f"Package policy is invalid: {place}.vars.{name}: {variable.get('title', name)} is required"
            )
