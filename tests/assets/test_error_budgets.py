"""Who watches an objective, by licence: error-budget rules and a burn-rate rule that follow from the same target.

Source of the shape of a burn-rate rule: elastic/kibana, `response-ops/rule_params/slo_burn_rate`; the short window of a
burn rate is a twelfth of the long one, and no burn rate is above that of a window in which everything failed.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from collector.assets.rules.budgets import Guard, list_guards, list_rules
from collector.assets.rules.objectives import load_objectives
from collector.assets.rules.reading import load_rules

GUARDS = {guard.objective: guard for guard in list_guards()}
EXPECTED = {
    "aoai-availability-slo": ("0.072", "0.03", "200"),
    "aoai-freshness-slo": ("0.144", "0.06", "100"),
    "aoai-latency-slo": ("0.72", "0.3", "20"),
}
"""By hand: 14.4 times and 6 times the share that may be bad, and 1 divided by that share."""

objectives = pytest.mark.parametrize("objective", sorted(GUARDS))


def windows_of(guard: Guard) -> Sequence[Mapping[str, Any]]:
    return guard.burn_rate["attributes"]["params"]["windows"]


def test_every_objective_is_watched() -> None:
    assert GUARDS.keys() == load_objectives().keys() == EXPECTED.keys()


def test_every_rule_of_a_budget_is_a_template_of_the_package_and_of_one_objective() -> None:
    rules = [rule for guard in GUARDS.values() for rule in guard.budget_rules]
    assert len(set(rules)) == len(rules) == 2 * len(GUARDS)
    assert set(rules) <= load_rules().keys()
    assert {rule for rule in load_rules() if "-budget-" in rule} == set(rules)


@objectives
def test_the_limits_of_an_equation_follow_from_the_target(objective: str) -> None:
    *limits, factor = EXPECTED[objective]
    for rule, limit in zip(GUARDS[objective].budget_rules, limits, strict=True):
        assert re.findall(r"C > (\S+) \* D \? A / B \* (\S+) : 0", list_rules()[rule].equation) == [(limit, factor)]


@objectives
def test_a_burn_rate_rule_alerts_at_the_paces_of_the_error_budget_rules(objective: str) -> None:
    rules = [list_rules()[rule] for rule in GUARDS[objective].budget_rules]
    windows = windows_of(GUARDS[objective])
    assert [window["burnRateThreshold"] for window in windows] == [rule.above for rule in rules] == [14.4, 6]
    assert [f"{window['longWindow']['value']}h" for window in windows] == [rule.window for rule in rules]


@objectives
def test_a_burn_rate_rule_is_as_kibanas_schema_asks(objective: str) -> None:
    attributes = GUARDS[objective].burn_rate["attributes"]
    assert attributes["ruleTypeId"] == "slo.rules.burnRate"
    assert attributes["params"].keys() == {"sloId", "windows"}
    assert attributes["params"]["sloId"] == objective
    for window in windows_of(GUARDS[objective]):
        hours, minutes = window["longWindow"], window["shortWindow"]
        assert (hours["unit"], minutes) == ("h", {"value": hours["value"] * 5, "unit": "m"})
        assert window["maxBurnRateThreshold"] == 30 * 24 / hours["value"]
    assert [window["actionGroup"] for window in windows_of(GUARDS[objective])] == [
        "slo.burnRate.alert",
        "slo.burnRate.high",
    ]
