"""Reads rule templates as they are shipped."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from collector.assets.files import sources_root
from collector.assets.panels.intervals import parse_span
from collector.assets.rules.model import Rule, UnknownRuleError

_ATTRIBUTES: Final = frozenset({"name", "tags", "ruleTypeId", "schedule", "params", "alertDelay"})


def load_rules(folder: Path | None = None) -> Mapping[str, Rule]:
    """Read all rule templates of a package's ``kibana`` folder, our own unless another is named, by id.

    Raises:
        UnknownRuleError: a template has attributes that this reader does not know.
    """
    root = (folder or sources_root() / "integration" / "kibana") / "alerting_rule_template"
    rules = (read_rule(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(root.glob("*.json")))
    return {rule.id: rule for rule in rules}


def read_rule(template: Mapping[str, Any]) -> Rule:
    """Read one template.

    Raises:
        UnknownRuleError: it has attributes that this reader does not know.
    """
    attributes: Mapping[str, Any] = template["attributes"]
    if unknown := attributes.keys() - _ATTRIBUTES:
        raise UnknownRuleError(f"{template['id']}: {', '.join(sorted(unknown))}")
    return Rule(
        id=template["id"],
        name=attributes["name"],
        type_id=attributes["ruleTypeId"],
        interval=parse_span(attributes["schedule"]["interval"]),
        delay=attributes.get("alertDelay", {"active": 1})["active"],
        params=attributes["params"],
    )
