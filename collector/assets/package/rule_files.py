"""Rule templates as the files of a package."""

import json
from pathlib import PurePosixPath
from typing import Final

from collector.assets.rules.sources import load_rule_sources
from collector.assets.rules.templates import build_template

_FOLDER: Final = PurePosixPath("kibana/alerting_rule_template")


def rule_files() -> dict[PurePosixPath, bytes]:
    """What ``dashboards/rules/`` is compiled to.

    Raises:
        AssetError: a source is wrong.
    """
    templates = (build_template(rule_id, source) for rule_id, source in load_rule_sources().items())
    return {_FOLDER / f"{each['id']}.json": _text(each).encode() for each in templates}


def _text(template: dict[str, object]) -> str:
    return json.dumps(template, indent=4, ensure_ascii=False, sort_keys=True) + "\n"
