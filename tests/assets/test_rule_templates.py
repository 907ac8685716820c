"""What Kibana asks of a rule template, of each that the package ships; and what is no rule is refused with a reason.

Source: elastic/kibana, `response-ops/rule_params` (keys and comparators of a rule type), `alerting` (intervals), and
the characters of an equation, which custom threshold rules and SLOs share (`INVALID_EQUATION_REGEX`).
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from collector.assets.errors import AssetError
from collector.assets.files import package_root
from collector.assets.rules.budgets import list_rules
from collector.assets.rules.sources import load_rule_sources

FOLDER = package_root() / "kibana" / "alerting_rule_template"
IDS = sorted(path.stem for path in FOLDER.glob("*.json"))
THRESHOLD, QUERY = "observability.rules.custom_threshold", ".es-query"
INTERVAL = re.compile(r"[1-9][0-9]*[smhd]")
NOT_OF_AN_EQUATION = re.compile(r"[^A-Z|+\-\s\d.()/*><=?:&!|]")

templates = pytest.mark.parametrize("rule_id", IDS)
RULE = """
name: "[Azure OpenAI] A rule"
question: Is it?
window: 15m
index: logs-aoai.logs-*
figures: {A: {count: ""}}
equation: A
above: 1
unit: documents
change: Never.
"""


def read(rule_id: str) -> Mapping[str, Any]:
    return json.loads((FOLDER / f"{rule_id}.json").read_text())


def attributes_of(rule_id: str) -> Mapping[str, Any]:
    return read(rule_id)["attributes"]


def criteria_of(rule_id: str) -> list[dict[str, Any]]:
    return attributes_of(rule_id)["params"].get("criteria", [])


def test_every_source_is_a_template() -> None:
    assert sorted(list_rules()) == IDS
    assert IDS


@templates
def test_a_template_has_the_envelope_and_the_attributes_of_its_model_version(rule_id: str) -> None:
    template = read(rule_id)
    envelope = {"id": rule_id, "type": "alerting_rule_template", "managed": True}
    versions = {"coreMigrationVersion": "8.8.0", "typeMigrationVersion": "10.1.0"}
    assert {key: value for key, value in template.items() if key != "attributes"} == envelope | versions
    assert template["attributes"].keys() - {"alertDelay"} == {"name", "tags", "ruleTypeId", "schedule", "params"}
    assert template["attributes"]["name"].startswith("[Azure OpenAI] ")


@templates
def test_a_rule_is_of_a_type_that_a_basic_licence_has_and_runs_at_an_interval(rule_id: str) -> None:
    attributes = attributes_of(rule_id)
    assert attributes["ruleTypeId"] in {THRESHOLD, QUERY}
    assert INTERVAL.fullmatch(attributes["schedule"]["interval"])
    assert attributes.get("alertDelay", {"active": 2})["active"] > 1


@templates
def test_a_rule_reads_every_namespace_of_ours(rule_id: str) -> None:
    params = attributes_of(rule_id)["params"]
    patterns = params["index"] if "index" in params else params["searchConfiguration"]["index"]["title"].split(",")
    assert all(re.fullmatch(r"(logs|metrics)-aoai\.[a-z]+-\*", pattern) for pattern in patterns)


@templates
def test_a_query_rule_has_every_key_that_the_rest_api_requires(rule_id: str) -> None:
    if attributes_of(rule_id)["ruleTypeId"] == QUERY:
        params = attributes_of(rule_id)["params"]
        required = {
            "size",
            "timeWindowSize",
            "timeWindowUnit",
            "threshold",
            "thresholdComparator",
            "timeField",
            "index",
        }
        assert params.keys() >= required | {"esQuery", "searchType"}
        assert json.loads(params["esQuery"]).keys() == {"query"}


@templates
def test_an_equation_is_made_of_its_figures_in_characters_that_kibana_takes(rule_id: str) -> None:
    for criterion in criteria_of(rule_id):
        names = [metric["name"] for metric in criterion["metrics"]]
        assert all(re.fullmatch("[A-Z]", name) for name in names)
        assert not NOT_OF_AN_EQUATION.search(criterion["equation"])
        assert set(re.findall("[A-Z]", criterion["equation"])) == set(names)


@templates
def test_a_threshold_rule_says_that_it_is_not_about_missing_groups(rule_id: str) -> None:
    """Kibana takes an absent ``alertOnGroupDisappear`` for true."""
    if criteria_of(rule_id):
        params = attributes_of(rule_id)["params"]
        assert (params["alertOnNoData"], params["alertOnGroupDisappear"]) == (False, False)
        assert params["searchConfiguration"]["index"]["timeFieldName"] == "@timestamp"


def test_a_complete_rule_is_read(tmp_path: Path) -> None:
    (tmp_path / "one.yml").write_text(RULE)
    assert load_rule_sources(tmp_path)["aoai-one"].above == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("above: 1", "above: 1\nfewer_than: 1"), "figures, equation and above, or fewer_than alone"),
        (("above: 1", ""), "figures, equation and above, or fewer_than alone"),
        (('{count: ""}', "{count: a, sum: b}"), "a figure is one of count, sum, avg, max, min"),
        (('{count: ""}', "{}"), "a figure is one of count, sum, avg, max, min"),
        (("above: 1", "over: 1"), "unknown field `over`"),
        (("window: 15m", ""), "missing required field `window`"),
        (("window: 15m", "window: a while"), "`$.window`"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_file_and_the_reason(
    tmp_path: Path, change: tuple[str, str], reason: str
) -> None:
    (tmp_path / "one.yml").write_text(RULE.replace(*change))
    with pytest.raises(AssetError, match=rf"one\.yml: .*{re.escape(reason)}"):
        load_rule_sources(tmp_path)


def test_a_rule_that_counts_has_no_groups(tmp_path: Path) -> None:
    counting = RULE.replace('figures: {A: {count: ""}}\nequation: A\nabove: 1', "fewer_than: 1\nby: [cloud.region]")
    (tmp_path / "one.yml").write_text(counting)
    with pytest.raises(AssetError, match="a group without documents is not seen"):
        load_rule_sources(tmp_path)
