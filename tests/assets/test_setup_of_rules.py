"""`setup` of alert rules, SLOs and anomaly jobs, against the emulator."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from plugins.kibana import ADMIN, KibanaRig, open_kibana_rig

from collector.assets.files import package_root
from collector.assets.setup.kibana import open_kibana
from collector.assets.setup.kibana.listing import list_wishes
from collector.assets.setup.plan import Report, apply, plan_installation, plan_removal
from collector.assets.setup.refusal import RefusalError
from collector.assets.setup.wishes import KibanaWishes, Login
from collector.emulators.kibana import EVERYWHERE, Connector, Instance, Licence, RefusedError, User
from collector.policy.secret import Secret

KIBANA = package_root() / "kibana"
TEMPLATES = {path.stem for path in (KIBANA / "alerting_rule_template").glob("*.json")}
SLOS = {path.stem for path in (KIBANA / "slo_template").glob("*.json")}
BUDGETS = {each for each in TEMPLATES if "-budget-" in each}
BURN_RATES = {f"{each.removesuffix('-slo')}-burn-rate" for each in SLOS}
RULES = KibanaWishes(rules=True)
EVERYTHING = KibanaWishes(rules=True, slos=True, ml=True)
EQUATION, COUNT = "aoai-error-rate", "aoai-no-data"


@asynccontextmanager
async def trial() -> AsyncIterator[KibanaRig]:
    async with open_kibana_rig(Instance(licence=Licence.TRIAL)) as rig:
        await rig.call("POST", "/api/spaces/space", {"id": "ops", "name": "Operations"})
        yield rig


async def run(
    kibana: KibanaRig,
    wishes: KibanaWishes = RULES,
    space: str = "default",
    *,
    user: User = ADMIN,
    removal: bool = False,
) -> Report:
    login = Login(kibana.emulator.url, username=user.name, password=Secret(user.password or ""))
    async with open_kibana(login, space) as opened:
        assets = await list_wishes(opened, wishes)
        return await apply(await (plan_removal if removal else plan_installation)(assets))


def outcomes(report: Report, kind: str = "") -> dict[str, str]:
    return {each.asset.name: each.outcome.value for each in report.results if kind in str(each.asset.kind)}


async def read_rule(kibana: KibanaRig, name: str) -> dict[str, Any]:
    reply = await kibana.call("GET", f"/api/alerting/rule/{name}")
    assert reply.status == 200, reply.body
    return dict(reply.body)


async def change_rule(kibana: KibanaRig, name: str, **changes: Any) -> None:
    """Change a rule as a person does on Kibana's page: everything else stays."""
    rule = await read_rule(kibana, name)
    kept = {each: rule[each] for each in ("name", "tags", "schedule", "params", "alert_delay")}
    kept["actions"] = [
        {key: value for key, value in each.items() if key != "connector_type_id"} for each in rule["actions"]
    ]
    reply = await kibana.call("PUT", f"/api/alerting/rule/{name}", {**kept, **changes})
    assert reply.status == 200, reply.body


async def raise_threshold(kibana: KibanaRig, to: float) -> Mapping[str, Any]:
    params = (await read_rule(kibana, EQUATION))["params"]
    params["criteria"][0]["threshold"] = [to]
    await change_rule(kibana, EQUATION, params=params)
    return params


async def test_without_a_wish_there_are_no_rules(kibana: KibanaRig) -> None:
    await run(kibana, KibanaWishes())

    assert kibana.emulator.rules.list_ids("default") == []


async def test_every_template_becomes_a_rule_that_kibana_takes(kibana: KibanaRig) -> None:
    report = await run(kibana)

    assert outcomes(report, "alert rule") == dict.fromkeys(TEMPLATES, "created")
    assert set(kibana.emulator.rules.list_ids("default")) == TEMPLATES


@pytest.mark.parametrize("name", [EQUATION, COUNT])
async def test_a_rule_asks_what_its_template_asks(kibana: KibanaRig, name: str) -> None:
    await run(kibana)
    template = json.loads((KIBANA / "alerting_rule_template" / f"{name}.json").read_text())["attributes"]
    rule = await read_rule(kibana, name)

    assert (rule["name"], rule["rule_type_id"], rule["consumer"]) == (
        template["name"],
        template["ruleTypeId"],
        "stackAlerts",
    )
    assert rule["params"] == rule["params"] | template["params"]
    assert rule["schedule"] == template["schedule"]


async def test_a_second_run_sends_no_change(kibana: KibanaRig) -> None:
    await run(kibana)
    before = len(kibana.emulator.changes)
    report = await run(kibana)

    assert set(outcomes(report).values()) == {"unchanged"}
    assert len(kibana.emulator.changes) == before


async def test_parameters_that_kibana_adds_make_no_difference(kibana: KibanaRig) -> None:
    await run(kibana)
    params = (await read_rule(kibana, EQUATION))["params"]
    await change_rule(kibana, EQUATION, params={**params, "noDataBehavior": "recover"})

    assert outcomes(await run(kibana))[EQUATION] == "unchanged"


async def test_a_threshold_that_a_person_changed_is_told_and_kept(kibana: KibanaRig) -> None:
    await run(kibana)
    params = await raise_threshold(kibana, 42)
    report = await run(kibana)
    (kept,) = [each for each in report.results if each.outcome == "kept"]

    assert kept.asset.name == EQUATION
    assert kept.words == ("params.criteria.threshold: [42] -> [10], kept as it was changed in Kibana",)
    assert (await read_rule(kibana, EQUATION))["params"] == params


async def test_what_a_person_changed_is_brought_back_when_it_is_asked_for(kibana: KibanaRig) -> None:
    await run(kibana)
    await raise_threshold(kibana, 42)
    report = await run(kibana, replace(RULES, overwrite_rules=True))

    assert [name for name, outcome in outcomes(report).items() if outcome == "updated"] == [EQUATION]
    assert set(outcomes(await run(kibana)).values()) == {"unchanged"}


async def test_a_rule_of_an_earlier_version_that_nobody_changed_is_brought_up_to_date(kibana: KibanaRig) -> None:
    """The tag of an earlier version is that of its own content."""
    await run(kibana)
    await raise_threshold(kibana, 9)
    tag = await compute_tag(kibana, EQUATION)
    rule = await read_rule(kibana, EQUATION)
    tags = [each for each in rule["tags"] if not each.startswith("aoai-collector:")]
    await change_rule(kibana, EQUATION, tags=[*tags, tag])

    assert outcomes(await run(kibana))[EQUATION] == "updated"


async def compute_tag(kibana: KibanaRig, name: str) -> str:
    from collector.assets.setup.kibana.marks import mark  # noqa: PLC0415 - what an earlier version would have written
    from collector.assets.setup.kibana.rules import read_content  # noqa: PLC0415

    return mark(read_content(await read_rule(kibana, name)))


async def test_a_rule_that_was_switched_off_stays_off(kibana: KibanaRig) -> None:
    await run(kibana)
    await kibana.call("POST", f"/api/alerting/rule/{EQUATION}/_disable")
    await run(kibana, replace(RULES, overwrite_rules=True, connector="pager"))

    assert (await read_rule(kibana, EQUATION))["enabled"] is False


async def test_every_rule_notifies_the_connector_when_an_alert_begins_and_ends(kibana: KibanaRig) -> None:
    wishes = replace(RULES, connector="pager")
    await run(kibana, wishes)
    actions = {name: (await read_rule(kibana, name))["actions"] for name in (EQUATION, COUNT)}

    assert [each["group"] for each in actions[EQUATION]] == ["custom_threshold.fired", "recovered"]
    assert [each["group"] for each in actions[COUNT]] == ["query matched", "recovered"]
    assert {each["id"] for both in actions.values() for each in both} == {"pager"}
    assert set(outcomes(await run(kibana, wishes)).values()) == {"unchanged"}


async def test_a_connector_is_added_to_a_rule_that_a_person_changed_and_the_change_stays(kibana: KibanaRig) -> None:
    await run(kibana)
    params = await raise_threshold(kibana, 42)
    await run(kibana, replace(RULES, connector="pager"))
    rule = await read_rule(kibana, EQUATION)

    assert rule["params"] == params
    assert {each["id"] for each in rule["actions"]} == {"pager"}


async def test_what_we_do_not_ship_stays_when_a_rule_is_brought_back(kibana: KibanaRig) -> None:
    await run(kibana)
    await raise_threshold(kibana, 42)
    flapping = {"look_back_window": 10, "status_change_threshold": 3}
    await change_rule(kibana, EQUATION, params=(await read_rule(kibana, EQUATION))["params"], flapping=flapping)
    await run(kibana, replace(RULES, overwrite_rules=True))
    rule = await read_rule(kibana, EQUATION)

    assert rule["flapping"] == flapping
    assert rule["params"]["criteria"][0]["threshold"] != [42]


async def test_actions_that_a_person_added_stay() -> None:
    connectors = [Connector("pager", type=".index"), Connector("mail", type=".email")]
    async with open_kibana_rig(connectors=connectors) as kibana:
        await run(kibana)
        frequency = {"summary": False, "notify_when": "onActionGroupChange", "throttle": None}
        mail = {"id": "mail", "group": "custom_threshold.fired", "params": {"to": ["me"]}, "frequency": frequency}
        await change_rule(kibana, EQUATION, actions=[mail])
        await run(kibana, replace(RULES, connector="pager", overwrite_rules=True))
        actions = (await read_rule(kibana, EQUATION))["actions"]

    assert [each["id"] for each in actions] == ["mail", "pager", "pager"]
    assert actions[0]["params"] == {"to": ["me"]}


@pytest.mark.parametrize(
    ("connector", "what", "fix"),
    [
        ("gone", "there is no connector gone in space default", "Choose one of: mail (Log), bare (Log)"),
        ("mail", "connector mail is of type .email, which asks for what only you know", "Run this without --connector"),
        ("bare", "connector bare has no secrets", "Enter them in Kibana"),
    ],
)
async def test_a_connector_that_cannot_be_used_ends_the_run_before_it_changes_anything(
    connector: str, what: str, fix: str
) -> None:
    connectors = [Connector("mail", type=".email"), Connector("bare", lacks_secrets=True, spaces=("default",))]
    async with open_kibana_rig(connectors=connectors) as kibana:
        with pytest.raises(RefusalError) as caught:
            await run(kibana, replace(RULES, connector=connector))

    assert (caught.value.what, caught.value.where) == (what, "--connector")
    assert caught.value.fix.startswith(fix)
    assert kibana.emulator.changes == []


async def test_a_run_that_broke_off_is_completed_by_the_next_one(kibana: KibanaRig) -> None:
    fail_on_writing(kibana, EQUATION)
    first, second, third = await run(kibana), await run(kibana), await run(kibana)

    assert {name for name, outcome in outcomes(first).items() if outcome != "created"} == {EQUATION}
    assert "Kibana says: on order (status 500)" in str([each.refusal for each in first.results if each.refusal])
    assert {name for name, outcome in outcomes(second).items() if outcome != "unchanged"} == {EQUATION}
    assert set(outcomes(third).values()) == {"unchanged"}


def fail_on_writing(kibana: KibanaRig, name: str) -> None:
    kibana.emulator.refuse_next(f"/api/alerting/rule/{name}", RefusedError(500, "on order"), method="POST")


async def test_without_the_privilege_every_rule_is_refused_with_the_fix() -> None:
    user = User("half", password="pass", privileges={EVERYWHERE: ["savedObjectsManagement.all", "stackAlerts.read"]})
    async with open_kibana_rig(users=[user]) as kibana:
        report = await run(kibana, user=user)
        refusals = [each.refusal for each in report.results if each.refusal]

    assert len(refusals) == len(TEMPLATES)
    assert {each.fix for each in refusals} == {
        "Use a user or an API key whose role has Stack Rules: all (docs/kibana-permissions.md)"
    }


async def test_with_a_basic_licence_error_budget_rules_stand_in_for_slos_and_say_so(kibana: KibanaRig) -> None:
    wishes = KibanaWishes(slos=True)
    first, second = await run(kibana, wishes), await run(kibana, wishes)
    words = {each.asset.name: each.words for each in second.results if each.asset.name in BUDGETS}

    assert outcomes(first, "alert rule") == dict.fromkeys(BUDGETS, "created")
    assert outcomes(second, "alert rule") == dict.fromkeys(BUDGETS, "unchanged")
    assert words["aoai-latency-budget-fast"] == (
        "in place of SLO aoai-latency-slo, which needs a platinum licence; this one is basic",
    )
    assert kibana.emulator.objectives.list_ids("default") == []


async def test_with_a_trial_slos_come_with_burn_rate_rules_and_without_error_budget_rules() -> None:
    async with trial() as kibana:
        report = await run(kibana, KibanaWishes(rules=True, slos=True))
        again = await run(kibana, KibanaWishes(rules=True, slos=True))

        assert outcomes(report, "SLO") == dict.fromkeys(SLOS, "created")
        assert set(kibana.emulator.rules.list_ids("default")) == (TEMPLATES - BUDGETS) | BURN_RATES
        assert set(outcomes(again).values()) == {"unchanged"}


async def test_where_kibana_does_not_tell_its_licence_slos_are_tried_and_refused_with_the_fix(
    kibana: KibanaRig,
) -> None:
    kibana.emulator.refuse_next("/api/licensing/info", RefusedError(404, "Not Found"))
    report = await run(kibana, KibanaWishes(slos=True))
    refusals = {each.asset.name: each.refusal for each in report.results if each.refusal}

    assert refusals.keys() == SLOS | BURN_RATES
    assert "Platinum license or higher is needed" in str(refusals["aoai-latency-slo"])
    assert "start a trial" in str(refusals["aoai-latency-slo"])


async def test_error_budget_rules_leave_when_a_better_licence_brings_slos(kibana: KibanaRig) -> None:
    await run(kibana, KibanaWishes(slos=True))
    kibana.emulator.instance.licence = Licence.PLATINUM
    report = await run(kibana, KibanaWishes(slos=True))

    assert {name for name, outcome in outcomes(report).items() if outcome == "removed"} == BUDGETS
    assert set(kibana.emulator.rules.list_ids("default")) == BURN_RATES


async def test_a_second_space_has_rules_slos_and_jobs_of_its_own() -> None:
    async with trial() as kibana:
        await run(kibana, EVERYTHING)
        first = await run(kibana, EVERYTHING, "ops")
        second = await run(kibana, EVERYTHING, "ops")
        rule = await kibana.call("GET", "/api/alerting/rule/aoai-latency-burn-rate-ops", space="ops")
        slos = kibana.emulator.objectives.list_ids("ops")

        assert set(outcomes(first).values()) <= {"created", "updated", "unchanged"}
        assert set(outcomes(second).values()) == {"unchanged"}
        assert rule.body["params"]["sloId"] == "aoai-latency-slo-ops"
        assert "aoai-latency-slo-ops" in slos


async def test_an_objective_that_a_person_changed_is_kept() -> None:
    async with trial() as kibana:
        await run(kibana, KibanaWishes(slos=True))
        path = "/api/observability/slos/aoai-latency-slo"
        await kibana.call("PUT", path, {"objective": {"target": 0.5}})
        report = await run(kibana, KibanaWishes(slos=True))
        target = (await kibana.call("GET", path)).body["objective"]["target"]

    assert outcomes(report)["aoai-latency-slo"] == "kept"
    assert target == 0.5


async def test_a_module_is_set_up_with_its_jobs_once() -> None:
    async with trial() as kibana:
        first = await run(kibana, KibanaWishes(ml=True))
        jobs = dict(kibana.emulator.jobs.jobs)
        second = await run(kibana, KibanaWishes(ml=True))

        assert (outcomes(first, "ML module"), outcomes(second, "ML module")) == (
            {"aoai-azure-openai": "created"},
            {"aoai-azure-openai": "unchanged"},
        )
        assert kibana.emulator.jobs.started == {f"datafeed-{each}" for each in jobs}


async def test_a_module_of_which_a_job_is_missing_is_completed() -> None:
    async with trial() as kibana:
        await run(kibana, KibanaWishes(ml=True))
        lost, _ = kibana.emulator.jobs.jobs.popitem()
        report = await run(kibana, KibanaWishes(ml=True))

        assert outcomes(report, "ML module") == {"aoai-azure-openai": "updated"}
        assert lost in kibana.emulator.jobs.jobs


async def test_a_module_that_fleet_brought_gets_jobs_and_keeps_its_own_object() -> None:
    module = json.loads((KIBANA / "ml_module" / "aoai-azure-openai.json").read_text())
    async with trial() as kibana:
        await kibana.import_lines([{**module, "managed": True}])
        untouched = await run(kibana, KibanaWishes(ml=True), removal=True)
        first = await run(kibana, KibanaWishes(ml=True))
        last = await run(kibana, KibanaWishes(ml=True), removal=True)
        (left,) = kibana.emulator.saved_objects.objects

    assert outcomes(untouched) == {}
    assert (outcomes(first), outcomes(last)) == ({"aoai-azure-openai": "created"}, {"aoai-azure-openai": "removed"})
    assert (left.id, left.managed, kibana.emulator.jobs.jobs) == ("aoai-azure-openai", True, {})


async def test_anomaly_jobs_are_refused_with_a_basic_licence(kibana: KibanaRig) -> None:
    report = await run(kibana, KibanaWishes(ml=True))
    (refusal,) = [each.refusal for each in report.results if each.refusal]

    assert refusal.what == "anomaly detection needs a platinum licence, and this one is basic"
    assert "start a trial" in refusal.fix


async def test_a_removal_takes_rules_slos_and_jobs_and_nobody_elses() -> None:
    async with trial() as kibana:
        body = {**await rule_of_a_person(kibana), "name": "Mine"}
        await kibana.call("POST", "/api/alerting/rule/mine", body)
        await run(kibana, EVERYTHING, "ops")
        report = await run(kibana, EVERYTHING, "ops", removal=True)
        await run(kibana, EVERYTHING)
        await run(kibana, EVERYTHING, removal=True)

        assert set(outcomes(report).values()) == {"removed"}
        assert kibana.emulator.rules.list_ids("default") == ["mine"]
        assert kibana.emulator.rules.list_ids("ops") == []
        assert kibana.emulator.objectives.list_ids("default") == []
        assert kibana.emulator.jobs.jobs == {}
        assert kibana.emulator.saved_objects.objects == []


async def rule_of_a_person(kibana: KibanaRig) -> dict[str, Any]:
    """A rule as one of ours, made and taken away again."""
    await run(kibana, replace(RULES, rules=True))
    rule = await read_rule(kibana, COUNT)
    await run(kibana, removal=True)
    return {each: rule[each] for each in ("tags", "schedule", "params", "rule_type_id", "consumer")}
