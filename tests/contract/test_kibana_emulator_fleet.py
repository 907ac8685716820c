"""Fleet of the Kibana emulator: uploads, agent policies and package policies, as published documents say."""

import io
import json
import zipfile
from typing import Any

import pytest
import yaml
from plugins.kibana import ADMIN, KibanaRig, open_kibana_rig

from collector.emulators.kibana import EVERYWHERE, Instance, User

MANIFEST: dict[str, Any] = {
    "format_version": "3.4.0",
    "name": "sample",
    "version": "1.2.0",
    "title": "Sample",
    "description": "A sample",
    "owner": {"github": "elastic/nobody", "type": "community"},
    "conditions": {"kibana": {"version": "^8.16.0 || ^9.0.0"}},
    "policy_templates": [
        {"name": "hub", "inputs": [{"type": "azure-eventhub", "vars": [{"name": "account", "required": True}]}]}
    ],
}
STREAM: dict[str, Any] = {"title": "Logs", "type": "logs", "streams": [{"input": "azure-eventhub", "vars": []}]}
DASHBOARD = {"id": "sample-one", "type": "dashboard", "attributes": {"title": "One"}, "references": []}
AGENT_POLICY = {"id": "policy-1", "name": "Hosts", "namespace": "default"}
PACKAGE_POLICY: dict[str, Any] = {
    "name": "sample-1",
    "policy_ids": ["policy-1"],
    "package": {"name": "sample", "version": "1.2.0"},
    "inputs": {"hub-azure-eventhub": {"enabled": True, "vars": {"account": "store"}}},
}
PACKAGES = "/api/fleet/epm/packages"


def build_archive(folder: str = "sample-1.2.0", **changes: Any) -> bytes:
    files = {
        "manifest.yml": yaml.safe_dump({name: value for name, value in {**MANIFEST, **changes}.items() if value}),
        "data_stream/logs/manifest.yml": yaml.safe_dump(STREAM),
        "kibana/dashboard/sample-one.json": json.dumps(DASHBOARD),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{folder}/{name}", content)
    return buffer.getvalue()


async def test_an_upload_installs_what_is_in_the_archive(kibana: KibanaRig) -> None:
    reply = await kibana.upload(build_archive())
    read = await kibana.call("GET", f"{PACKAGES}/sample")

    assert reply.body["_meta"] == {"install_source": "upload", "name": "sample"}
    assert {"id": "logs-sample.logs", "type": "index_template"} in reply.body["items"]
    assert {"id": "sample-one", "type": "dashboard"} in reply.body["items"]
    assert (read.body["item"]["status"], read.body["item"]["version"]) == ("installed", "1.2.0")


WRONG_ARCHIVES: list[tuple[str, bytes, str]] = [
    ("no archive", b"nothing", "Error during extraction of package"),
    ("folder", build_archive("sample"), "do not match top-level directory"),
    ("manifest", build_archive(owner=None), "one or more fields missing of owner"),
    ("version of Kibana", build_archive(conditions={"kibana": {"version": "^9.9.0"}}), "requires Kibana version"),
]


@pytest.mark.parametrize(
    ("archive", "message"), [case[1:] for case in WRONG_ARCHIVES], ids=[case[0] for case in WRONG_ARCHIVES]
)
async def test_a_wrong_archive_is_refused(kibana: KibanaRig, archive: bytes, message: str) -> None:
    reply = await kibana.upload(archive)

    assert reply.status == 400
    assert message in reply.message


async def test_an_archive_is_a_zip_by_its_media_type(kibana: KibanaRig) -> None:
    reply = await kibana.upload(build_archive(), "application/octet-stream")

    assert reply.status == 415


async def test_two_uploads_are_ten_seconds_apart(kibana: KibanaRig) -> None:
    await kibana.upload(build_archive())
    early = await kibana.upload(build_archive())
    kibana.clock.advance(seconds=10)
    late = await kibana.upload(build_archive())

    assert (early.status, early.headers["retry-after"], late.status) == (429, "10", 200)
    assert early.message == "Too many requests. Please wait 10s before uploading again."


@pytest.mark.parametrize("lacking", ["fleet.all", "fleetv2.all"])
async def test_an_upload_needs_both_privileges_of_fleet(lacking: str) -> None:
    user = User("half", password="pass", privileges={EVERYWHERE: {"fleet.all", "fleetv2.all"} - {lacking}})
    async with open_kibana_rig(users=[user]) as kibana:
        reply = await kibana.upload(build_archive(), user=user)

    assert (reply.status, lacking in reply.message) == (403, True)


async def test_a_package_policy_belongs_to_an_agent_policy_and_a_package(kibana: KibanaRig) -> None:
    await kibana.upload(build_archive())
    alone = await kibana.call("POST", "/api/fleet/package_policies", PACKAGE_POLICY)
    await kibana.call("POST", "/api/fleet/agent_policies", AGENT_POLICY)
    made = await kibana.call("POST", "/api/fleet/package_policies", PACKAGE_POLICY)
    read = await kibana.call("GET", "/api/fleet/agent_policies/policy-1")

    assert (alone.status, made.status) == (404, 200)
    assert [each["name"] for each in read.body["item"]["package_policies"]] == ["sample-1"]


async def test_names_of_policies_are_used_once(kibana: KibanaRig) -> None:
    await kibana.upload(build_archive())
    for path, body in (("agent_policies", AGENT_POLICY), ("package_policies", PACKAGE_POLICY)):
        await kibana.call("POST", f"/api/fleet/{path}", body)
        assert (await kibana.call("POST", f"/api/fleet/{path}", body)).status == 409


WRONG_POLICIES: list[tuple[str, dict[str, Any], str]] = [
    ("input", {"inputs": {"hub-gcp": {}}}, "Input not found: hub-gcp"),
    (
        "stream",
        {"inputs": {"hub-azure-eventhub": {"streams": {"gone": {}}}}},
        "Stream not found hub-azure-eventhub: gone",
    ),
    (
        "variable",
        {"inputs": {"hub-azure-eventhub": {"vars": {"acount": "a"}}}},
        "Variable hub-azure-eventhub:acount not found",
    ),
    ("required", {"inputs": {}}, "account is required"),
    ("key", {"enabled": True}, "[request body.enabled]: definition for this key is missing"),
]


@pytest.mark.parametrize(
    ("changes", "message"), [case[1:] for case in WRONG_POLICIES], ids=[case[0] for case in WRONG_POLICIES]
)
async def test_a_wrong_package_policy_is_refused(kibana: KibanaRig, changes: dict[str, Any], message: str) -> None:
    await kibana.upload(build_archive())
    await kibana.call("POST", "/api/fleet/agent_policies", AGENT_POLICY)
    reply = await kibana.call("POST", "/api/fleet/package_policies", {**PACKAGE_POLICY, **changes})

    assert reply.status == 400
    assert message in reply.message


async def test_what_is_in_use_cannot_be_removed(kibana: KibanaRig) -> None:
    await kibana.upload(build_archive())
    await kibana.call("POST", "/api/fleet/agent_policies", AGENT_POLICY)
    policy = await kibana.call("POST", "/api/fleet/package_policies", PACKAGE_POLICY)
    kibana.emulator.policies.enrolled.add("policy-1")
    package_in_use = await kibana.call("DELETE", f"{PACKAGES}/sample/1.2.0")
    policy_in_use = await kibana.call("POST", "/api/fleet/agent_policies/delete", {"agentPolicyId": "policy-1"})
    kibana.emulator.policies.enrolled.clear()
    await kibana.call("DELETE", f"/api/fleet/package_policies/{policy.body['item']['id']}")
    package_gone = await kibana.call("DELETE", f"{PACKAGES}/sample/1.2.0")
    policy_gone = await kibana.call("POST", "/api/fleet/agent_policies/delete", {"agentPolicyId": "policy-1"})

    assert (package_in_use.status, policy_in_use.status) == (400, 400)
    assert (package_gone.status, policy_gone.status) == (200, 200)
    assert [each.id for each in kibana.emulator.saved_objects.objects if each.type == "dashboard"] == []


@pytest.mark.parametrize(("version", "count"), [("9.2.0", 0), ("9.2.1", 1)])
async def test_templates_of_rules_are_read_since_9_2_1(version: str, count: int) -> None:
    template = {"id": "sample-rule", "type": "alerting_rule_template", "attributes": {"name": "Rule"}}
    buffer = io.BytesIO(build_archive())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("sample-1.2.0/kibana/alerting_rule_template/sample-rule.json", json.dumps(template))
    async with open_kibana_rig(Instance(version=version), users=[ADMIN]) as kibana:
        reply = await kibana.upload(buffer.getvalue())

    assert [each["type"] for each in reply.body["items"]].count("alerting_rule_template") == count
