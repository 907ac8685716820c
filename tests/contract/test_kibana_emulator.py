"""The Kibana emulator's front: logins, headers, spaces, versions, privileges and unknown keys, as Kibana checks them.

What is expected is from Kibana's published sources and documents, not from the emulator.
"""

from typing import Any

import pytest
from plugins.kibana import ADMIN, KibanaRig, open_kibana_rig

from collector.emulators.kibana import EVERYWHERE, Instance, Licence, User

READER = User("reader", password="pass", privileges={EVERYWHERE: ["dashboard.read", "discover.read"]})
VERSION = {"elastic-api-version": "2023-10-31"}
VIEW = {"data_view": {"id": "logs-*", "title": "logs-*", "timeFieldName": "@timestamp"}}
VIEWS = "/api/data_views/data_view"


async def test_the_status_tells_a_stranger_the_level_only(kibana: KibanaRig) -> None:
    reply = await kibana.call("GET", "/api/status", user=None)

    assert reply.body == {"status": {"overall": {"level": "available"}}}


async def test_the_status_tells_a_user_the_version(kibana: KibanaRig) -> None:
    reply = await kibana.call("GET", "/api/status")

    assert reply.body["version"]["number"] == "9.2.1"
    assert reply.body["version"]["build_flavor"] == "traditional"


async def test_a_kibana_that_is_down_answers_503_with_the_same_body() -> None:
    async with open_kibana_rig(Instance(level="unavailable")) as kibana:
        reply = await kibana.call("GET", "/api/status")

    assert (reply.status, reply.body["status"]["overall"]["level"]) == (503, "unavailable")


async def test_a_change_without_the_xsrf_header_is_refused_before_the_login_is_looked_at(kibana: KibanaRig) -> None:
    reply = await kibana.call("POST", VIEWS, VIEW, user=None, headers={"kbn-xsrf": None})

    assert reply.status == 400
    assert reply.body == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": "Request must contain a kbn-xsrf header.",
    }


async def test_reading_needs_no_xsrf_header(kibana: KibanaRig) -> None:
    reply = await kibana.call("GET", "/api/data_views", headers={"kbn-xsrf": None})

    assert reply.status == 200


@pytest.mark.parametrize("user", [None, User("elastic", password="wrong")], ids=["nobody", "wrong password"])
async def test_without_a_good_login_nothing_is_told(kibana: KibanaRig, user: User | None) -> None:
    reply = await kibana.call("GET", "/api/data_views", user=user)

    assert (reply.status, reply.body["error"]) == (401, "Unauthorized")


async def test_an_api_key_logs_in() -> None:
    service = User("service", api_key="id:canary-key", superuser=True)
    async with open_kibana_rig(users=[service]) as kibana:
        headers = {"Authorization": "ApiKey aWQ6Y2FuYXJ5LWtleQ=="}
        reply = await kibana.call("GET", "/api/data_views", user=None, headers=headers)

    assert reply.status == 200


async def test_the_journal_keeps_no_login(kibana: KibanaRig) -> None:
    await kibana.call("GET", "/api/data_views")

    assert "canary" not in repr(kibana.emulator.journal)
    assert [name for name in kibana.emulator.journal[0].headers if "auth" in name] == []


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1", 'Invalid version. Received "1", expected a valid date string formatted as YYYY-MM-DD.'),
        (
            "2020-01-01",
            f'No version "2020-01-01" available for [post] [{VIEWS}]. Available versions are: [2023-10-31]',
        ),
    ],
)
async def test_a_version_that_there_is_not_is_refused(kibana: KibanaRig, version: str, message: str) -> None:
    reply = await kibana.call("POST", VIEWS, VIEW, headers={"elastic-api-version": version})

    assert (reply.status, reply.message) == (400, message)


async def test_the_version_comes_back_with_the_answer(kibana: KibanaRig) -> None:
    reply = await kibana.call("POST", VIEWS, VIEW, headers=VERSION)

    assert (reply.status, reply.headers["elastic-api-version"]) == (200, "2023-10-31")


@pytest.mark.parametrize(("version", "status"), [("8.19.3", 404), ("9.0.0", 400)])
async def test_internal_routes_are_hidden_since_9_0(version: str, status: int) -> None:
    async with open_kibana_rig(Instance(version=version, licence=Licence.TRIAL)) as kibana:
        headers = {"elastic-api-version": "1"}
        reply = await kibana.call("GET", "/internal/ml/modules/jobs_exist/nothing", headers=headers)

    assert reply.status == status


async def test_a_space_has_its_own_objects(kibana: KibanaRig) -> None:
    await kibana.call("POST", "/api/spaces/space", {"id": "ops", "name": "Operations"})
    await kibana.call("POST", VIEWS, VIEW, space="ops")

    assert (await kibana.call("GET", f"{VIEWS}/logs-*", space="ops")).status == 200
    assert (await kibana.call("GET", f"{VIEWS}/logs-*")).status == 404


async def test_a_space_that_there_is_not_is_not_found(kibana: KibanaRig) -> None:
    reply = await kibana.call("GET", "/api/data_views", space="nowhere")

    assert reply.status == 404


async def test_a_space_cannot_be_made_twice(kibana: KibanaRig) -> None:
    reply = await kibana.call("POST", "/api/spaces/space", {"id": "default", "name": "Again"})

    assert (reply.status, reply.message) == (409, "A space with the identifier default already exists.")


async def test_a_privilege_counts_in_its_space_only() -> None:
    editor = User("editor", password="pass", privileges={"ops": ["indexPatterns.all"], "default": ["dashboard.read"]})
    instance = Instance()
    instance.spaces["ops"] = {"id": "ops", "name": "Operations"}
    async with open_kibana_rig(instance, users=[editor]) as kibana:
        inside = await kibana.call("POST", VIEWS, VIEW, user=editor, space="ops")
        outside = await kibana.call("POST", VIEWS, VIEW, user=editor)

    assert (inside.status, outside.status) == (200, 403)
    assert "indexPatterns" in outside.message


WRONG_BODIES: list[tuple[str, Any, str]] = [
    ("unknown key", {**VIEW, "overwrite": True}, "[request body.overwrite]: definition for this key is missing"),
    (
        "unknown key inside",
        {"data_view": {"title": "a", "pattern": "b"}},
        "[request body.data_view.pattern]: definition for this key is missing",
    ),
    (
        "missing key",
        {"data_view": {"id": "logs-*"}},
        "[request body.data_view.title]: expected value of type [string] but got [undefined]",
    ),
    (
        "wrong type",
        {"data_view": {"title": 7}},
        "[request body.data_view.title]: expected value of type [string] but got [number]",
    ),
]


@pytest.mark.parametrize(
    ("body", "message"), [case[1:] for case in WRONG_BODIES], ids=[case[0] for case in WRONG_BODIES]
)
async def test_a_body_of_another_form_is_refused(kibana: KibanaRig, body: object, message: str) -> None:
    reply = await kibana.call("POST", VIEWS, body)

    assert (reply.status, reply.message) == (400, message)


async def test_unknown_parameters_are_refused(kibana: KibanaRig) -> None:
    reply = await kibana.call("GET", f"{VIEWS}/logs-*?apiVersion=1")

    assert (reply.status, reply.message) == (400, "[request query.apiVersion]: definition for this key is missing")


async def test_a_body_that_is_no_json_is_of_a_wrong_media_type(kibana: KibanaRig) -> None:
    reply = await kibana.call("POST", VIEWS, data=b"{}", headers={"Content-Type": "text/plain"})

    assert reply.status == 415


async def test_a_data_view_is_not_made_twice_unless_overridden(kibana: KibanaRig) -> None:
    first = await kibana.call("POST", VIEWS, VIEW)
    again = await kibana.call("POST", VIEWS, VIEW)
    over = await kibana.call("POST", VIEWS, {**VIEW, "override": True})

    assert (first.status, again.status, over.status) == (200, 400, 200)


async def test_a_user_of_another_feature_cannot_write(kibana: KibanaRig) -> None:
    async with open_kibana_rig(users=[ADMIN, READER]) as rig:
        reply = await rig.call("POST", VIEWS, VIEW, user=READER)

    assert (reply.status, reply.body["error"]) == (403, "Forbidden")


async def test_what_leads_nowhere_is_not_found(kibana: KibanaRig) -> None:
    reply = await kibana.call("GET", "/api/nothing")

    assert reply.body == {"statusCode": 404, "error": "Not Found", "message": "Not Found"}
