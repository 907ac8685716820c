"""Alerting rules, SLOs and anomaly jobs of the Kibana emulator: Kibana's published checks, and licences."""

import copy
from typing import Any

import pytest
from plugins.kibana import ADMIN, PAGER, KibanaRig, open_kibana_rig

from collector.emulators.kibana import EVERYWHERE, Connector, Instance, Licence, User

RULE: dict[str, Any] = {
    "name": "Throttled",
    "rule_type_id": ".es-query",
    "consumer": "stackAlerts",
    "schedule": {"interval": "1m"},
    "params": {
        "searchType": "esQuery",
        "index": ["logs-*"],
        "timeField": "@timestamp",
        "esQuery": '{"query":{"match_all":{}}}',
        "size": 0,
        "threshold": [10],
        "thresholdComparator": ">",
        "timeWindowSize": 5,
        "timeWindowUnit": "m",
    },
}
FREQUENCY = {"summary": False, "notify_when": "onActionGroupChange", "throttle": None}
ACTION = {"id": "pager", "group": "query matched", "params": {}, "frequency": FREQUENCY}
SLO: dict[str, Any] = {
    "id": "availability-01",
    "name": "Availability",
    "description": "Answered",
    "indicator": {
        "type": "sli.kql.custom",
        "params": {"index": "logs-*", "good": "a : 1", "total": "*", "timestampField": "@timestamp"},
    },
    "timeWindow": {"duration": "30d", "type": "rolling"},
    "budgetingMethod": "occurrences",
    "objective": {"target": 0.99},
}
SLOS = "/api/observability/slos"
MODULE = {
    "id": "ours",
    "type": "ml-module",
    "attributes": {
        "id": "ours_module",
        "title": "Ours",
        "defaultIndexPattern": "logs-*",
        "jobs": [{"id": "one", "config": {}}],
        "datafeeds": [{"id": "datafeed-one", "job_id": "one", "config": {}}],
    },
}
INTERNAL = {"elastic-api-version": "1", "x-elastic-internal-origin": "tests"}


def change(body: dict[str, Any], **places: Any) -> dict[str, Any]:
    """A copy with other values at places such as `params__threshold`; a value of None takes the key away."""
    changed = copy.deepcopy(body)
    for place, value in places.items():
        *path, name = place.split("__")
        inside = changed
        for each in path:
            inside = inside[each]
        if value is None:
            del inside[name]
        else:
            inside[name] = value
    return changed


async def test_a_rule_comes_back_as_it_was_made_with_defaults_filled_in(kibana: KibanaRig) -> None:
    made = await kibana.call("POST", "/api/alerting/rule/throttled", {**RULE, "actions": [ACTION]})
    read = await kibana.call("GET", "/api/alerting/rule/throttled")

    assert (made.status, read.status) == (200, 200)
    assert read.body["params"] == {
        **RULE["params"],
        "aggType": "count",
        "groupBy": "all",
        "excludeHitsFromPreviousRun": True,
    }
    assert (read.body["enabled"], read.body["revision"]) == (True, 0)
    assert read.body["actions"][0]["connector_type_id"] == PAGER.type


async def test_an_id_is_used_once(kibana: KibanaRig) -> None:
    await kibana.call("POST", "/api/alerting/rule/throttled", RULE)

    assert (await kibana.call("POST", "/api/alerting/rule/throttled", RULE)).status == 409


@pytest.mark.parametrize("key", ["rule_type_id", "consumer", "enabled"])
async def test_what_an_update_cannot_change_it_does_not_take(kibana: KibanaRig, key: str) -> None:
    await kibana.call("POST", "/api/alerting/rule/throttled", RULE)
    body = change(RULE, rule_type_id=None, consumer=None)
    good = await kibana.call("PUT", "/api/alerting/rule/throttled", body)
    bad = await kibana.call("PUT", "/api/alerting/rule/throttled", {**body, key: RULE.get(key, True)})

    assert (good.status, good.body["revision"]) == (200, 1)
    assert (bad.status, bad.message) == (400, f"[request body.{key}]: definition for this key is missing")


async def test_a_rule_is_switched_off_and_on_by_calls_of_their_own(kibana: KibanaRig) -> None:
    await kibana.call("POST", "/api/alerting/rule/throttled", RULE)
    assert (await kibana.call("POST", "/api/alerting/rule/throttled/_disable")).status == 204
    off = (await kibana.call("GET", "/api/alerting/rule/throttled")).body["enabled"]
    await kibana.call("POST", "/api/alerting/rule/throttled/_enable")
    on = (await kibana.call("GET", "/api/alerting/rule/throttled")).body["enabled"]

    assert (off, on) == (False, True)


WRONG_RULES: list[tuple[str, dict[str, Any], int, str]] = [
    ("interval", change(RULE, schedule__interval="1 minute"), 400, "string is not a valid duration: 1 minute"),
    ("rule type", change(RULE, rule_type_id="nothing"), 400, 'Rule type "nothing" is not registered.'),
    ("consumer", change(RULE, consumer="slo"), 403, 'Unauthorized by "slo" to create ".es-query" rule'),
    ("window", change(RULE, params__timeWindowSize=None), 400, "params invalid: [timeWindowSize]"),
    ("query", change(RULE, params__esQuery="{}"), 400, 'params invalid: [esQuery]: must contain "query"'),
    ("query text", change(RULE, params__esQuery="{"), 400, "params invalid: [esQuery]: must be valid JSON"),
    (
        "aggregation",
        change(RULE, params__aggType="avg"),
        400,
        'params invalid: [aggField]: must have a value when [aggType] is "avg"',
    ),
    (
        "comparator",
        change(RULE, params__thresholdComparator="between"),
        400,
        'params invalid: [threshold]: must have two elements for the "between" comparator',
    ),
    ("key of another search", change(RULE, params__esqlQuery={"esql": "FROM a"}), 400, "params invalid: [esqlQuery]"),
    ("connector", {**RULE, "actions": [{**ACTION, "id": "gone"}]}, 400, "Saved object [action/gone] not found"),
    (
        "group",
        {**RULE, "actions": [{**ACTION, "group": "query-matched"}]},
        400,
        "Invalid action groups: query-matched",
    ),
    (
        "frequency",
        {**RULE, "actions": [{key: ACTION[key] for key in ("id", "group")}]},
        400,
        "Actions missing frequency parameters",
    ),
    (
        "two frequencies",
        {**RULE, "actions": [ACTION], "notify_when": "onActiveAlert"},
        400,
        "Cannot specify per-action frequency params",
    ),
]


@pytest.mark.parametrize(
    ("body", "status", "message"), [case[1:] for case in WRONG_RULES], ids=[case[0] for case in WRONG_RULES]
)
async def test_a_wrong_rule_is_refused(kibana: KibanaRig, body: object, status: int, message: str) -> None:
    reply = await kibana.call("POST", "/api/alerting/rule/throttled", body)

    assert reply.status == status
    assert message in reply.message
    assert kibana.emulator.rules.list_ids("default") == []


async def test_an_equation_knows_its_metrics_only(kibana: KibanaRig) -> None:
    criterion = {
        "metrics": [{"name": "A", "aggType": "count"}],
        "equation": "A / B",
        "comparator": ">",
        "threshold": [1],
        "timeSize": 5,
        "timeUnit": "m",
    }
    search = {"index": "logs-*", "query": {"language": "kuery", "query": ""}}
    params = {"criteria": [criterion], "searchConfiguration": search}
    body = {**RULE, "rule_type_id": "observability.rules.custom_threshold", "params": params}
    bad = await kibana.call("POST", "/api/alerting/rule/share", body)
    criterion["equation"] = "A * 2"
    good = await kibana.call("POST", "/api/alerting/rule/share", body)

    assert (bad.status, good.status) == (400, 200)
    assert "unknown metrics B" in bad.message


async def test_a_connector_without_its_secrets_is_refused() -> None:
    async with open_kibana_rig(connectors=[Connector("pager", "Pager", lacks_secrets=True)]) as kibana:
        reply = await kibana.call("POST", "/api/alerting/rule/throttled", {**RULE, "actions": [ACTION]})

    assert (reply.status, "Invalid connectors: Pager" in reply.message) == (400, True)


async def test_a_rule_type_above_the_licence_is_refused_and_listed_as_such(kibana: KibanaRig) -> None:
    body = {**RULE, "rule_type_id": "slo.rules.burnRate", "consumer": "slo", "params": {"sloId": "x", "windows": []}}
    reply = await kibana.call("POST", "/api/alerting/rule/burning", body)
    types = {each["id"]: each for each in (await kibana.call("GET", "/api/alerting/rule_types")).body}

    assert (reply.status, "requires a Platinum license" in reply.message) == (403, True)
    assert not types["slo.rules.burnRate"]["enabled_in_license"]
    assert types[".es-query"]["enabled_in_license"]


async def test_a_user_sees_the_rule_types_that_the_role_grants() -> None:
    user = User("alerts", password="pass", privileges={EVERYWHERE: ["slo.all"]})
    async with open_kibana_rig(users=[user]) as kibana:
        reply = await kibana.call("GET", "/api/alerting/rule_types", user=user)

    assert [each["id"] for each in reply.body] == ["slo.rules.burnRate"]


async def test_rules_of_one_space_are_not_found_in_another_and_keep_their_id(kibana: KibanaRig) -> None:
    await kibana.call("POST", "/api/spaces/space", {"id": "ops", "name": "Operations"})
    await kibana.call("POST", "/api/alerting/rule/throttled", RULE)

    assert (await kibana.call("GET", "/api/alerting/rule/throttled", space="ops")).status == 404
    assert (await kibana.call("POST", "/api/alerting/rule/throttled", RULE, space="ops")).status == 409


async def test_slos_need_a_platinum_licence_whatever_else_is_wrong(kibana: KibanaRig) -> None:
    reply = await kibana.call("POST", SLOS, {})

    assert (reply.status, reply.message) == (
        403,
        "Platinum license or higher is needed to make use of this feature.",
    )


async def test_an_slo_comes_back_with_defaults_and_without_a_value() -> None:
    async with open_kibana_rig(Instance(licence=Licence.PLATINUM)) as kibana:
        made = await kibana.call("POST", SLOS, SLO)
        read = await kibana.call("GET", f"{SLOS}/availability-01")

    assert made.body == {"id": "availability-01"}
    assert read.body["settings"] == {"syncDelay": "1m", "frequency": "1m", "preventInitialBackfill": False}
    assert (read.body["groupBy"], read.body["summary"]["status"]) == ("*", "NO_DATA")


WRONG_SLOS: list[tuple[str, dict[str, Any], str]] = [
    ("excess key", {**SLO, "colour": "red"}, "excess key 'colour' found"),
    (
        "indicator",
        change(SLO, indicator__type="sli.nothing"),
        "Invalid value 'sli.nothing' supplied to: indicator/type",
    ),
    ("no good", change(SLO, indicator__params__good=None), "supplied to: indicator/params/good"),
    ("id", change(SLO, id="short"), "Invalid id"),
    ("window", change(SLO, timeWindow__duration="14d"), "Invalid time_window.duration"),
    ("target", change(SLO, objective__target=99), "Invalid objective.target"),
    ("delay", {**SLO, "settings": {"syncDelay": "6h"}}, "Invalid settings.sync_delay"),
]


@pytest.mark.parametrize(("body", "message"), [case[1:] for case in WRONG_SLOS], ids=[case[0] for case in WRONG_SLOS])
async def test_a_wrong_slo_is_refused(body: object, message: str) -> None:
    async with open_kibana_rig(Instance(licence=Licence.TRIAL)) as kibana:
        reply = await kibana.call("POST", SLOS, body)

    assert reply.status == 400
    assert message in reply.message


async def test_an_slo_is_made_once_and_gone_after_its_deletion() -> None:
    async with open_kibana_rig(Instance(licence=Licence.TRIAL)) as kibana:
        await kibana.call("POST", SLOS, SLO)
        again = await kibana.call("POST", SLOS, SLO)
        deleted = await kibana.call("DELETE", f"{SLOS}/availability-01")
        gone = await kibana.call("GET", f"{SLOS}/availability-01")

    assert (again.status, again.message) == (409, "SLO [availability-01] already exists")
    assert (deleted.status, gone.status, gone.message) == (204, 404, "SLO [availability-01] not found")


async def test_a_module_makes_its_jobs_once_and_says_of_each_whether_it_did() -> None:
    async with open_kibana_rig(Instance(licence=Licence.TRIAL)) as kibana:
        await kibana.import_lines([MODULE])
        setup, exist = "/internal/ml/modules/setup/ours_module", "/internal/ml/modules/jobs_exist/ours_module"
        before = await kibana.call("GET", exist, headers=INTERNAL)
        first = await kibana.call("POST", setup, {"startDatafeed": True}, headers=INTERNAL)
        again = await kibana.call("POST", setup, {}, headers=INTERNAL)
        after = await kibana.call("GET", exist, headers=INTERNAL)

    assert (before.body["jobsExist"], after.body["jobsExist"]) == (False, True)
    assert first.body["datafeeds"] == [{"id": "datafeed-one", "success": True, "started": True}]
    assert (again.status, again.body["jobs"][0]["success"]) == (200, False)


async def test_a_module_that_there_is_not_is_not_found() -> None:
    async with open_kibana_rig(Instance(licence=Licence.TRIAL)) as kibana:
        reply = await kibana.call("POST", "/internal/ml/modules/setup/gone", {}, headers=INTERNAL)

    assert (reply.status, reply.message) == (404, 'Module with the id "gone" not found')


async def test_jobs_need_a_platinum_licence(kibana: KibanaRig) -> None:
    reply = await kibana.call("POST", "/internal/ml/jobs/delete_jobs", {"jobIds": ["one"]}, headers=INTERNAL)

    assert (ADMIN.superuser, reply.status) == (True, 403)
