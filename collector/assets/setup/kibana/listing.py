"""Which assets go into Kibana, and which into Fleet."""

from collections.abc import Mapping
from typing import Any

from collector.assets.rules.budgets import Guard, list_guards
from collector.assets.setup.asset import Asset, AssetId, Kind
from collector.assets.setup.kibana.anomaly_jobs import AnomalyModule
from collector.assets.setup.kibana.connection import Kibana
from collector.assets.setup.kibana.connectors import find_connector
from collector.assets.setup.kibana.fleet import list_fleet
from collector.assets.setup.kibana.marks import scope
from collector.assets.setup.kibana.objectives import Objective
from collector.assets.setup.kibana.rules import AlertRule, RuleSetting, read_rule_types
from collector.assets.setup.kibana.saved_objects import list_saved_objects
from collector.assets.setup.kibana.shipped import read_shipped
from collector.assets.setup.wishes import KibanaWishes


async def kibana_assets(kibana: Kibana, wishes: KibanaWishes) -> list[Asset]:
    """Return what goes into a space: dashboards with what they need, and what was wished for.

    Raises:
        RefusalError: the space cannot be looked at, or has no such connector.
    """
    return [*await list_saved_objects(kibana), *await list_wishes(kibana, wishes)]


async def fleet_assets(kibana: Kibana, wishes: KibanaWishes) -> list[Asset]:
    """Return what goes into Fleet, whose package brings the dashboards, and what was wished for.

    Raises:
        RefusalError: this installation does not hold the package, or as above.
    """
    return [*list_fleet(kibana), *await list_wishes(kibana, wishes)]


async def list_wishes(kibana: Kibana, wishes: KibanaWishes) -> list[Asset]:
    """Return rules, SLOs and anomaly jobs, as far as they were wished for.

    Raises:
        RefusalError: as above.
    """
    assets: list[Asset] = []
    if wishes.rules or wishes.slos:
        connector = await find_connector(kibana, wishes.connector) if wishes.connector else None
        setting = RuleSetting(kibana, connector, wishes.overwrite_rules, await read_rule_types(kibana))
        assets += _list_objectives(setting, wishes)
        assets += _list_rules(setting, wishes)
    if wishes.ml:
        assets += [AnomalyModule(kibana, each) for each in read_shipped("ml_module")]
    return assets


def _list_objectives(setting: RuleSetting, wishes: KibanaWishes) -> list[Asset]:
    if not wishes.slos or setting.kibana.has_platinum is False:
        return []
    templates = read_shipped("slo_template")
    return [Objective(setting.kibana, each, overwrite=wishes.overwrite_rules) for each in templates]


def _list_rules(setting: RuleSetting, wishes: KibanaWishes) -> list[Asset]:
    """Rules of an objective come in one of two forms, or each failure would be told twice."""
    templates = {str(each["id"]): each for each in read_shipped("alerting_rule_template")}
    guards = list_guards()
    budgets = {each: guard for guard in guards for each in guard.budget_rules}
    plain = [AlertRule(setting, each) for name, each in templates.items() if name not in budgets]
    assets: list[Asset] = [*plain] if wishes.rules else []
    burning = wishes.slos and setting.kibana.has_platinum is not False
    for name, guard in budgets.items():
        reason = _explain(setting, guard) if wishes.slos else ""
        assets.append(AlertRule(setting, templates[name], reason=reason, retired=burning))
    if wishes.slos:
        assets += [_watch(setting, each, retired=not burning) for each in guards]
    return assets


def _explain(setting: RuleSetting, guard: Guard) -> str:
    return (
        f"in place of SLO {guard.objective}, which needs a platinum licence; this one is {setting.kibana.licence}"
        if setting.kibana.has_platinum is False
        else ""
    )


def _watch(setting: RuleSetting, guard: Guard, *, retired: bool) -> AlertRule:
    """The burn-rate rule of an objective, for the SLO of this space."""
    attributes: Mapping[str, Any] = guard.burn_rate["attributes"]
    params = {**attributes["params"], "sloId": scope(guard.objective, setting.kibana.space)}
    template = {**guard.burn_rate, "attributes": {**attributes, "params": params}}
    return AlertRule(setting, template, needs=frozenset({AssetId(Kind.SLO, guard.objective)}), retired=retired)
