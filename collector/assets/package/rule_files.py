"""Templates of rules and of SLOs, and ML modules, as the files of a package."""

import json
from pathlib import PurePosixPath
from typing import Any, Final

from collector.assets.rules.anomalies import build_module, load_modules
from collector.assets.rules.budgets import list_rules
from collector.assets.rules.objectives import build_objective, load_objectives
from collector.assets.rules.templates import build_template

_KIBANA: Final = PurePosixPath("kibana")


def rule_files() -> dict[PurePosixPath, bytes]:
    """What ``rules/``, ``slos/`` and ``ml/`` of ``dashboards/`` are compiled to.

    Raises:
        AssetError: a source is wrong.
    """
    rules = [build_template(rule_id, source) for rule_id, source in list_rules().items()]
    slos = [build_objective(objective_id, source) for objective_id, source in load_objectives().items()]
    modules = [build_module(module_id, source) for module_id, source in load_modules().items()]
    return {_path(each): _text(each).encode() for each in [*rules, *slos, *modules]}


def _path(saved_object: dict[str, Any]) -> PurePosixPath:
    """A folder is called by the type of its objects, with a low line for a hyphen."""
    return _KIBANA / saved_object["type"].replace("-", "_") / f"{saved_object['id']}.json"


def _text(saved_object: dict[str, Any]) -> str:
    return json.dumps(saved_object, indent=4, ensure_ascii=False, sort_keys=True) + "\n"
