"""`setup --fleet`: the package, the agent policy and the package policy, against the emulator."""

import asyncio
import io
import zipfile
from typing import Any

import pytest
from plugins.kibana import ADMIN, KibanaRig, open_kibana_rig

from collector import __version__
from collector.assets.files import package_root
from collector.assets.setup.kibana import open_kibana
from collector.assets.setup.kibana.fleet import list_fleet
from collector.assets.setup.plan import Report, apply, plan_installation, plan_removal
from collector.assets.setup.wishes import Login
from collector.emulators.kibana import EVERYWHERE, RefusedError, User
from collector.policy.secret import Secret

POLICY = "aoai-collector"
DASHBOARDS = {path.stem for path in (package_root() / "kibana" / "dashboard").glob("*.json")}


async def run(kibana: KibanaRig, *, user: User = ADMIN, removal: bool = False) -> Report:
    """Install or remove; a wait moves the emulator's clock instead."""

    async def wait(seconds: float) -> None:
        kibana.clock.advance(seconds=seconds)
        await asyncio.sleep(0)

    login = Login(kibana.emulator.url, username=user.name, password=Secret(user.password or ""))
    async with open_kibana(login, "default") as opened:
        assets = list_fleet(opened, sleep=wait)
        return await apply(await (plan_removal if removal else plan_installation)(assets))


def outcomes(report: Report) -> dict[str, str]:
    return {str(each.asset.kind): each.outcome.value for each in report.results}


async def read_package_policy(kibana: KibanaRig) -> dict[str, Any]:
    return dict((await kibana.call("GET", f"/api/fleet/package_policies/{POLICY}")).body["item"])


async def test_fleet_gets_the_package_and_policies_with_nothing_switched_on(kibana: KibanaRig) -> None:
    report = await run(kibana)
    policy = await read_package_policy(kibana)
    dashboards = kibana.emulator.saved_objects.list_types(["dashboard"], "default")

    assert outcomes(report) == {"package": "created", "agent policy": "created", "package policy": "created"}
    assert {each.id for each in dashboards} == DASHBOARDS
    assert policy["policy_ids"] == [POLICY]
    assert policy["package"] == {"name": "aoai", "version": __version__}
    assert [each["enabled"] for each in policy["inputs"].values()] == [False] * 4


async def test_a_second_run_sends_no_change(kibana: KibanaRig) -> None:
    await run(kibana)
    before = len(kibana.emulator.changes)
    report = await run(kibana)

    assert set(outcomes(report).values()) == {"unchanged"}
    assert len(kibana.emulator.changes) == before


async def test_what_a_person_filled_in_stays(kibana: KibanaRig) -> None:
    await run(kibana)
    kept = await read_package_policy(kibana)
    kept["inputs"]["azure_openai-azure-eventhub"] = {"enabled": True, "vars": {"storage_account": "store"}}
    kibana.emulator.policies.replace_package_policy(kept)
    report = await run(kibana)

    assert outcomes(report)["package policy"] == "unchanged"
    assert await read_package_policy(kibana) == kept


async def test_an_upload_waits_as_long_as_fleet_asks(kibana: KibanaRig) -> None:
    before = kibana.clock.now
    await kibana.upload(b"what somebody else uploads just now")
    report = await run(kibana)

    assert outcomes(report)["package"] == "created"
    assert (kibana.clock.now - before).total_seconds() == 10


async def test_a_package_policy_of_an_earlier_version_is_upgraded(kibana: KibanaRig) -> None:
    await run(kibana)
    policy = await read_package_policy(kibana)
    kibana.emulator.policies.replace_package_policy({**policy, "package": {"name": "aoai", "version": "0.0.1"}})
    report = await run(kibana)
    (updated,) = [each for each in report.results if each.outcome == "updated"]

    assert updated.words == (f"package.version: 0.0.1 -> {__version__}",)
    assert (await read_package_policy(kibana))["package"]["version"] == __version__


async def test_without_the_privilege_for_the_package_no_policy_of_it_is_made() -> None:
    user = User("half", password="pass", privileges={EVERYWHERE: ["fleet.read", "fleetv2.all"]})
    async with open_kibana_rig(users=[user]) as kibana:
        report = await run(kibana, user=user)
        package, _, policy = report.results

    assert package.refusal is not None
    assert "fleet.all" in package.refusal.what
    assert "role has Integrations: all, and Fleet: all" in package.refusal.fix
    assert policy.refusal is not None
    assert policy.refusal.what == "it needs package aoai, which was refused"


async def test_a_package_is_uploaded_where_fleets_registry_is_out_of_reach(kibana: KibanaRig) -> None:
    kibana.emulator.refuse_next("/epm/packages/aoai", RefusedError(502, "Error connecting to package registry"))

    assert outcomes(await run(kibana))["package"] == "created"


async def test_a_newer_package_is_kept(kibana: KibanaRig) -> None:
    newer = "99.0.0"
    await kibana.upload(pack_as(newer))
    report = await run(kibana)
    (kept,) = [each for each in report.results if each.outcome == "kept"]

    assert kept.words == (f"version: {newer} -> {__version__}",)


def pack_as(version: str) -> bytes:
    """The package's archive as if it were of another version, with its manifests alone."""
    manifest = (package_root() / "manifest.yml").read_text(encoding="utf-8")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            f"aoai-{version}/manifest.yml", manifest.replace(f"version: {__version__}", f"version: {version}")
        )
    return buffer.getvalue()


async def test_an_agent_policy_of_somebody_else_with_our_name_is_told(kibana: KibanaRig) -> None:
    await kibana.call("POST", "/api/fleet/agent_policies", {"name": "Azure OpenAI", "namespace": "default"})
    _, policy, in_it = (await run(kibana)).results

    assert policy.refusal is not None
    assert policy.refusal.fix == "Rename the agent policy that is called 'Azure OpenAI' already"
    assert in_it.refusal is not None


@pytest.mark.parametrize("enrolled", [False, True])
async def test_a_removal_takes_everything_unless_agents_run_by_it(kibana: KibanaRig, enrolled: bool) -> None:
    await run(kibana)
    if enrolled:
        kibana.emulator.policies.enrolled.add(POLICY)
    report = await run(kibana, removal=True)
    left = kibana.emulator.saved_objects.list_types(["dashboard", "search"], "default")

    assert set(outcomes(report).values()) == {"kept" if enrolled else "removed"}
    assert bool(left) is enrolled
