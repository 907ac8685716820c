"""The role of docs/kibana-permissions.md: enough for everything that `setup` does in Kibana, and no more than that."""

import json
import re
from pathlib import Path

import pytest
from plugins.kibana import KibanaRig, open_kibana_rig

from collector.assets.setup.kibana import fleet_assets, kibana_assets, open_kibana
from collector.assets.setup.plan import Outcome, apply, plan_installation, plan_removal
from collector.assets.setup.refusal import RefusalError
from collector.assets.setup.wishes import KibanaWishes, Login
from collector.emulators.kibana import EVERYWHERE, Instance, Licence, User
from collector.policy.secret import Secret

PAGE = (Path(__file__).parents[2] / "docs" / "kibana-permissions.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
(ROLE,) = json.loads(BLOCK)["kibana"]
FEATURES = {f"{feature}.{level}" for feature, levels in ROLE["feature"].items() for level in levels}
EVERYTHING = KibanaWishes(rules=True, connector="pager", slos=True, ml=True)


async def count_refusals(kibana: KibanaRig, *, fleet: bool) -> int:
    """Install everything and remove it, as the only user there is."""
    login = Login(kibana.emulator.url, username="setup", password=Secret("pass"))
    list_assets = fleet_assets if fleet else kibana_assets
    refused = 0
    async with open_kibana(login, "default") as opened:
        for plan in (plan_installation, plan_removal):
            try:
                report = await apply(await plan(await list_assets(opened, EVERYTHING)))
            except RefusalError:
                refused += 1
            else:
                refused += report.count(Outcome.REFUSED)
    return refused


@pytest.mark.parametrize("lacking", ["nothing", *sorted(FEATURES)])
async def test_with_the_role_all_is_done_and_without_any_part_of_it_something_is_refused(lacking: str) -> None:
    user = User("setup", password="pass", privileges={EVERYWHERE: FEATURES - {lacking}})
    async with open_kibana_rig(Instance(licence=Licence.TRIAL), users=[user]) as kibana:
        refused = await count_refusals(kibana, fleet=False) + await count_refusals(kibana, fleet=True)

    assert bool(refused) == (lacking != "nothing")


async def test_every_request_of_a_run_is_of_a_form_that_kibana_takes() -> None:
    """What is not there is asked for by reads and exports; nothing else is answered by a refusal."""
    user = User("setup", password="pass", privileges={EVERYWHERE: FEATURES})
    async with open_kibana_rig(Instance(licence=Licence.TRIAL), users=[user]) as kibana:
        await count_refusals(kibana, fleet=False)
        await count_refusals(kibana, fleet=True)
        refused = [each for each in kibana.emulator.journal if each.status >= 400]
        routes = {(each.method, each.route) for each in kibana.emulator.journal if each.changes}

    assert {(each.method, each.status) for each in refused} == {("GET", 404), ("POST", 400)}
    assert {each.route for each in refused if each.method == "POST"} == {"/api/saved_objects/_export"}
    assert len(routes) > 10
