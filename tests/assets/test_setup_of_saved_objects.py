"""`setup` into Kibana: dashboards, searches, data views and their tag, against the emulator."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from plugins.kibana import ADMIN, KibanaRig, open_kibana_rig

from collector.assets.files import package_root
from collector.assets.package.archive import pack
from collector.assets.setup.kibana import kibana_assets, open_kibana
from collector.assets.setup.plan import Action, Plan, Report, apply, plan_installation, plan_removal
from collector.assets.setup.wishes import KibanaWishes, Login
from collector.emulators.kibana import EVERYWHERE, RefusedError, User
from collector.policy.secret import Secret

TAG = "aoai-collector"


def log_in(kibana: KibanaRig, user: User = ADMIN) -> Login:
    return Login(kibana.emulator.url, username=user.name, password=Secret(user.password or ""))


@asynccontextmanager
async def plan(
    kibana: KibanaRig, space: str = "default", *, user: User = ADMIN, removal: bool = False
) -> AsyncIterator[Plan]:
    async with open_kibana(log_in(kibana, user), space) as opened:
        assets = await kibana_assets(opened, KibanaWishes())
        yield await (plan_removal if removal else plan_installation)(assets)


async def run(kibana: KibanaRig, space: str = "default", **options: Any) -> Report:
    async with plan(kibana, space, **options) as planned:
        return await apply(planned)


def outcomes(report: Report) -> set[str]:
    return {each.outcome.value for each in report.results}


def stored(kibana: KibanaRig, kind: str, space: str = "default") -> list[str]:
    return [each.origin_id or each.id for each in kibana.emulator.saved_objects.list_types([kind], space)]


async def make_space(kibana: KibanaRig) -> None:
    await kibana.call("POST", "/api/spaces/space", {"id": "ops", "name": "Operations"})


def user_dashboard(*references: dict[str, str]) -> dict[str, Any]:
    return {
        "id": "mine",
        "type": "dashboard",
        "attributes": {"title": "Mine", "panelsJSON": "[]"},
        "references": list(references),
    }


async def test_an_empty_space_gets_every_dashboard_with_what_it_needs(kibana: KibanaRig) -> None:
    report = await run(kibana)

    assert outcomes(report) == {"created"}
    assert "aoai-overview" in stored(kibana, "dashboard")
    assert "aoai-errors" in stored(kibana, "search")
    assert stored(kibana, "index-pattern") == ["logs-*", "metrics-*"]
    assert stored(kibana, "tag") == [TAG]


async def test_a_plan_alone_changes_nothing(kibana: KibanaRig) -> None:
    async with plan(kibana) as planned:
        assert planned.changes

    assert kibana.emulator.changes == []
    assert kibana.emulator.saved_objects.objects == []


async def test_a_second_run_sends_no_change(kibana: KibanaRig) -> None:
    await run(kibana)
    before = len(kibana.emulator.changes)
    report = await run(kibana)

    assert outcomes(report) == {"unchanged"}
    assert len(kibana.emulator.changes) == before


async def test_a_dashboard_that_kibana_brought_to_its_own_version_is_unchanged(kibana: KibanaRig) -> None:
    await run(kibana)
    for saved in kibana.emulator.saved_objects.list_types(["dashboard", "search"], "default"):
        saved.attributes |= {"version": 99, "hits": 0}
        saved.type_version = "10.9.0"

    assert outcomes(await run(kibana)) == {"unchanged"}


async def test_a_dashboard_that_a_person_saved_is_told_and_brought_back(kibana: KibanaRig) -> None:
    await run(kibana)
    saved = kibana.emulator.saved_objects.find("dashboard", "aoai-overview", "default")
    assert saved is not None
    saved.attributes["title"] = "My overview"
    tag = {"type": "tag", "id": TAG, "name": f"tag-ref-{TAG}"}
    saved.references = [each for each in saved.references if each["type"] != "tag"] + [tag]
    async with plan(kibana) as planned:
        (step,) = planned.changes
        report = await apply(planned)

    assert step.action is Action.UPDATE
    assert step.words[0] == "title: My overview -> [Azure OpenAI] Overview"
    assert [str(each.asset) for each in report.results if each.outcome == "updated"] == ["dashboard aoai-overview"]
    assert outcomes(await run(kibana)) == {"unchanged"}


async def test_a_second_space_is_set_up_beside_the_first_and_stays_so(kibana: KibanaRig) -> None:
    await make_space(kibana)
    await run(kibana)
    first = await run(kibana, "ops")
    second = await run(kibana, "ops")

    assert (outcomes(first), outcomes(second)) == ({"created"}, {"unchanged"})
    assert sorted(stored(kibana, "dashboard", "ops")) == sorted(stored(kibana, "dashboard"))
    for saved in kibana.emulator.saved_objects.list_types(["dashboard"], "ops"):
        for each in saved.references:
            if each["type"] in {"index-pattern", "search", "dashboard"}:
                assert kibana.emulator.saved_objects.find(each["type"], each["id"], "ops"), each


async def test_an_update_in_a_second_space_finds_its_own_data_views(kibana: KibanaRig) -> None:
    await make_space(kibana)
    await run(kibana)
    await run(kibana, "ops")
    for saved in kibana.emulator.saved_objects.list_types(["dashboard"], "ops"):
        saved.references = [
            {**each, "name": "tag-ref-old"} if each["type"] == "tag" else each for each in saved.references
        ]
    report = await run(kibana, "ops")

    assert "refused" not in outcomes(report)
    assert "updated" in outcomes(report)
    assert len(stored(kibana, "dashboard", "ops")) == len(stored(kibana, "dashboard"))


async def test_a_data_view_of_somebody_else_is_used_and_left_alone(kibana: KibanaRig) -> None:
    attributes = {"title": "logs-*,other-*", "name": "Everything"}
    await kibana.import_lines([{"id": "logs-*", "type": "index-pattern", "attributes": attributes}])
    await run(kibana)
    await run(kibana, removal=True)
    saved = kibana.emulator.saved_objects.find("index-pattern", "logs-*", "default")

    assert saved is not None
    assert saved.attributes == attributes
    assert stored(kibana, "index-pattern") == ["logs-*"]


async def test_a_removal_takes_all_of_ours_and_nothing_else(kibana: KibanaRig) -> None:
    await kibana.import_lines([user_dashboard()])
    before = json.dumps([each.write() for each in kibana.emulator.saved_objects.objects])
    await run(kibana)
    report = await run(kibana, removal=True)

    assert outcomes(report) == {"removed"}
    assert json.dumps([each.write() for each in kibana.emulator.saved_objects.objects]) == before


async def test_a_removal_in_a_second_space_leaves_the_first_as_it_was(kibana: KibanaRig) -> None:
    await make_space(kibana)
    await run(kibana)
    await run(kibana, "ops")
    await run(kibana, "ops", removal=True)

    assert [each for each in kibana.emulator.saved_objects.objects if each.is_in("ops")] == []
    assert outcomes(await run(kibana)) == {"unchanged"}


async def test_what_a_persons_dashboard_uses_is_kept(kibana: KibanaRig) -> None:
    await run(kibana)
    references = [
        {"type": "index-pattern", "id": "logs-*", "name": "panel:layer"},
        {"type": "tag", "id": TAG, "name": f"tag-ref-{TAG}"},
    ]
    await kibana.import_lines([user_dashboard(*references)])
    report = await run(kibana, removal=True)
    kept = {str(each.asset): each.words for each in report.results if each.outcome == "kept"}

    assert kept == {
        "data view logs-*": ("dashboard mine uses it",),
        f"tag {TAG}": ("dashboard mine uses it",),
    }
    assert stored(kibana, "dashboard") == ["mine"]


async def test_what_an_earlier_version_left_is_removed(kibana: KibanaRig) -> None:
    await run(kibana)
    old = user_dashboard({"type": "tag", "id": TAG, "name": f"tag-ref-{TAG}-0123456789"})
    await kibana.import_lines([{**old, "id": "aoai-of-old"}])
    report = await run(kibana)

    assert [str(each.asset) for each in report.results if each.outcome == "removed"] == ["dashboard aoai-of-old"]


async def test_dashboards_of_fleets_package_are_refused_with_the_fix(kibana: KibanaRig) -> None:
    fleet = {"type": "tag", "id": "fleet-pkg-aoai-default", "name": "tag-ref-fleet-pkg-aoai-default"}
    await kibana.import_lines([{**user_dashboard(fleet), "id": "aoai-overview"}])
    report = await run(kibana)
    (refused,) = [each for each in report.results if each.refusal]
    saved = kibana.emulator.saved_objects.find("dashboard", "aoai-overview", "default")

    assert refused.refusal is not None
    assert str(refused.refusal) == (
        "dashboard aoai-overview: Fleet has installed it with the package aoai. "
        "Run this with --fleet, or remove the package in Kibana first"
    )
    assert saved is not None
    assert saved.attributes["title"] == "Mine"


async def test_an_import_that_failed_changed_nothing_and_is_done_by_the_next_run(kibana: KibanaRig) -> None:
    kibana.emulator.refuse_next("/_import", RefusedError(500, "on order"))
    first = await run(kibana)
    stored_then = len(kibana.emulator.saved_objects.objects)
    second = await run(kibana)

    assert (outcomes(first), stored_then, outcomes(second)) == ({"refused"}, 0, {"created"})
    assert [each.route for each in kibana.emulator.changes].count("/api/saved_objects/_import") == 2


async def test_an_object_that_kibana_does_not_take_is_named_and_holds_up_the_others(kibana: KibanaRig) -> None:
    await run(kibana)
    for lost in ("aoai-errors", "aoai-throttled"):
        await kibana.call("DELETE", f"/api/saved_objects/search/{lost}")
    for each in ("one", "two"):
        await kibana.import_lines([{"id": each, "type": "search", "attributes": {"title": each}}])
        twin = kibana.emulator.saved_objects.find("search", each, "default")
        assert twin is not None
        twin.origin_id = "aoai-errors"
    report = await run(kibana)

    assert {each.asset.name: each.refusal.what for each in report.results if each.refusal} == {
        "aoai-errors": "Kibana says: ambiguous conflict",
        "aoai-throttled": "saved search aoai-errors was refused, and they are written together",
    }


async def test_what_fleets_package_took_over_is_not_ours_any_more(kibana: KibanaRig) -> None:
    """Its dashboards use our data views, which carry our tag: both stay until the package is gone."""
    _, archive = pack(package_root())
    await run(kibana)
    await kibana.upload(archive)
    first = await run(kibana, removal=True)
    await kibana.call("DELETE", "/api/fleet/epm/packages/aoai")
    second = await run(kibana, removal=True)

    assert outcomes(first) == {"kept"}
    assert [each.words for each in first.results if each.asset.name == "aoai-overview"] == [
        ("it was not installed by aoai-collector",)
    ]
    assert {str(each.asset) for each in second.results if each.outcome == "removed"} == {
        "data view logs-*",
        "data view metrics-*",
        f"tag {TAG}",
    }


async def test_a_reader_sees_the_plan_and_is_refused_with_kibanas_words() -> None:
    reader = User("reader", password="pass", privileges={EVERYWHERE: ["savedObjectsManagement.read"]})
    async with open_kibana_rig(users=[ADMIN, reader]) as kibana:
        report = await run(kibana, user=reader)

    assert outcomes(report) == {"refused"}
    assert "Unable to bulk_create dashboard,index-pattern,search,tag (status 403)" in str(report.results[0].refusal)
    assert "role has Saved Objects Management: all (docs/kibana-permissions.md)" in str(report.results[0].refusal)
