"""The Kibana emulator's imports and exports. What is expected is from Kibana's published sources and documents."""

from typing import Any

import pytest
from plugins.kibana import ADMIN, KibanaRig, open_kibana_rig

from collector.emulators.kibana import EVERYWHERE, User

READER = User("reader", password="pass", privileges={EVERYWHERE: ["dashboard.read", "discover.read"]})
TAG = {"id": "ours", "type": "tag", "attributes": {"name": "Ours", "description": "", "color": "#0077CC"}}
VIEW = {"id": "logs-*", "type": "index-pattern", "attributes": {"title": "logs-*"}}
TO_VIEW = {"type": "index-pattern", "id": "logs-*", "name": "panel:layer"}
TO_TAG = {"type": "tag", "id": "ours", "name": "tag-ref-ours"}


def build_dashboard(dashboard_id: str = "overview", *references: dict[str, str], **attributes: Any) -> dict[str, Any]:
    content = {"title": "Overview", "panelsJSON": "[]", "kibanaSavedObjectMeta": {"searchSourceJSON": "{}"}}
    return {
        "id": dashboard_id,
        "type": "dashboard",
        "attributes": content | attributes,
        "references": list(references),
    }


async def test_what_was_imported_comes_out_of_an_export(kibana: KibanaRig) -> None:
    await kibana.import_lines([build_dashboard("overview", TO_VIEW), VIEW])
    pointers = {"objects": [{"type": "dashboard", "id": "overview"}], "includeReferencesDeep": True}
    reply = await kibana.call("POST", "/api/saved_objects/_export", pointers)

    assert [each.get("id") for each in reply.body] == ["overview", "logs-*", None]
    assert reply.body[-1]["exportedCount"] == 2
    assert reply.body[0]["references"] == [TO_VIEW]


async def test_a_dashboard_without_its_data_view_is_an_error_in_an_answer_of_200(kibana: KibanaRig) -> None:
    reply = await kibana.import_lines([build_dashboard("overview", TO_VIEW), TAG])

    assert (reply.status, reply.body["success"], reply.body["successCount"]) == (200, False, 0)
    assert [each["error"] for each in reply.body["errors"]] == [
        {"type": "missing_references", "references": [{"type": "index-pattern", "id": "logs-*"}]}
    ]
    assert kibana.emulator.saved_objects.objects == []


async def test_references_to_dashboards_and_tags_are_not_checked(kibana: KibanaRig) -> None:
    links = [TO_TAG, {"type": "dashboard", "id": "gone", "name": "link"}]

    assert (await kibana.import_lines([build_dashboard("overview", *links)])).body["success"]


async def test_an_object_that_is_there_is_a_conflict_unless_overwritten(kibana: KibanaRig) -> None:
    await kibana.import_lines([TAG])
    refused = await kibana.import_lines([TAG])
    taken = await kibana.import_lines([TAG], "?overwrite=true")

    assert refused.body["errors"][0]["error"] == {"type": "conflict"}
    assert taken.body["successResults"][0]["overwrite"] is True


async def test_a_second_space_gets_dashboards_under_new_ids_and_tags_under_their_own(kibana: KibanaRig) -> None:
    await kibana.call("POST", "/api/spaces/space", {"id": "ops", "name": "Operations"})
    lines = [build_dashboard("overview", TO_VIEW, TO_TAG), VIEW, TAG]
    await kibana.import_lines(lines)
    reply = await kibana.import_lines(lines, space="ops")
    placed = {each["type"]: each.get("destinationId") for each in reply.body["successResults"]}
    wanted = {"type": "dashboard", "hasReference": {"type": "tag", "id": "ours"}, "excludeExportDetails": True}
    exported = await kibana.call("POST", "/api/saved_objects/_export", wanted, space="ops")

    assert placed["tag"] is None
    assert placed["dashboard"] not in {None, "overview"}
    assert exported.body[0]["originId"] == "overview"
    assert exported.body[0]["references"][0]["id"] == placed["index-pattern"]


async def test_importing_again_into_the_second_space_overwrites_what_came_of_it(kibana: KibanaRig) -> None:
    await kibana.call("POST", "/api/spaces/space", {"id": "ops", "name": "Operations"})
    for space in ("", "ops"):
        await kibana.import_lines([build_dashboard()], space=space)
    refused = await kibana.import_lines([build_dashboard()], space="ops")
    await kibana.import_lines([build_dashboard()], "?overwrite=true", space="ops")

    assert refused.body["errors"][0]["error"].keys() == {"type", "destinationId"}
    assert len(kibana.emulator.saved_objects.objects) == 2


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ({**TAG, "type": "canvas-workpad"}, "unsupported_type"),
        (build_dashboard(panelsJSON=[]), "unknown"),
        (build_dashboard(panelsJSON="["), "unknown"),
        (build_dashboard(colour="red"), "unknown"),
        ({**TAG, "attributes": {"name": "Ours"}}, "unknown"),
    ],
    ids=["unknown type", "nested object", "nested text that is no JSON", "unknown attribute", "missing attribute"],
)
async def test_a_line_that_cannot_be_stored_is_named(kibana: KibanaRig, line: dict[str, Any], kind: str) -> None:
    reply = await kibana.import_lines([line])

    assert (reply.status, reply.body["success"]) == (200, False)
    assert [each["error"]["type"] for each in reply.body["errors"]] == [kind]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?overwrite=true&createNewCopies=true", "cannot use [overwrite] with [createNewCopies]"),
        ("?overwrite=yes", "[request query.overwrite]: expected value of type [boolean] but got [string]"),
    ],
)
async def test_parameters_that_exclude_each_other_or_are_wrong(kibana: KibanaRig, query: str, message: str) -> None:
    reply = await kibana.import_lines([TAG], query)

    assert (reply.status, reply.message) == (400, message)


async def test_a_file_must_be_called_ndjson(kibana: KibanaRig) -> None:
    reply = await kibana.import_lines([TAG], name="assets.json")

    assert (reply.status, reply.message) == (400, "Invalid file extension .json")


async def test_the_same_object_twice_in_a_file_is_refused(kibana: KibanaRig) -> None:
    reply = await kibana.import_lines([TAG, TAG])

    assert (reply.status, reply.message) == (400, "Non-unique import objects detected: [tag:ours]")


async def test_an_import_is_multipart(kibana: KibanaRig) -> None:
    reply = await kibana.call("POST", "/api/saved_objects/_import", {})

    assert reply.status == 415


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Either `type` or `objects` are required."),
        (
            {"type": "tag", "objects": [{"type": "tag", "id": "ours"}]},
            'Can\'t specify both "types" and "objects" properties when exporting',
        ),
        (
            {"objects": [{"type": "tag", "id": "ours"}], "hasReference": {"type": "tag", "id": "ours"}},
            'Can\'t specify both "references" and "objects" properties when exporting',
        ),
    ],
)
async def test_an_export_says_what_to_export_in_one_way(kibana: KibanaRig, body: object, message: str) -> None:
    reply = await kibana.call("POST", "/api/saved_objects/_export", body)

    assert (reply.status, reply.message) == (400, message)


async def test_an_export_of_what_is_not_there_names_it(kibana: KibanaRig) -> None:
    await kibana.import_lines([TAG])
    pointers = [{"type": "tag", "id": "ours"}, {"type": "dashboard", "id": "gone"}]
    reply = await kibana.call("POST", "/api/saved_objects/_export", {"objects": pointers})

    assert (reply.status, reply.message) == (400, "Error fetching objects to export")
    assert [(each["id"], each["error"]["statusCode"]) for each in reply.body["attributes"]["objects"]] == [
        ("gone", 404)
    ]


async def test_who_may_only_read_cannot_import_and_not_delete() -> None:
    async with open_kibana_rig(users=[ADMIN, READER]) as kibana:
        await kibana.import_lines([build_dashboard()])
        imported = await kibana.import_lines([build_dashboard("mine")], user=READER)
        deleted = await kibana.call("DELETE", "/api/saved_objects/dashboard/overview", user=READER)
        wanted = {"objects": [{"type": "dashboard", "id": "overview"}]}
        exported = await kibana.call("POST", "/api/saved_objects/_export", wanted, user=READER)

    assert (imported.status, imported.message) == (403, "Unable to bulk_create dashboard")
    assert (deleted.status, deleted.message) == (403, "Unable to delete dashboard")
    assert exported.status == 200


async def test_a_deletion_is_for_objects_that_are_there(kibana: KibanaRig) -> None:
    await kibana.import_lines([TAG])
    first = await kibana.call("DELETE", "/api/saved_objects/tag/ours")
    again = await kibana.call("DELETE", "/api/saved_objects/tag/ours")

    assert (first.status, again.status, again.message) == (200, 404, "Saved object [tag/ours] not found")


async def test_a_bulk_get_says_of_each_whether_it_is_there(kibana: KibanaRig) -> None:
    await kibana.import_lines([TAG])
    wanted = [{"type": "tag", "id": "ours"}, {"type": "tag", "id": "gone"}]
    reply = await kibana.call("POST", "/api/saved_objects/_bulk_get", wanted)

    assert [each.get("error", {}).get("statusCode") for each in reply.body["saved_objects"]] == [None, 404]
