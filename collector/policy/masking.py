"""Writes the policy as it is in effect, with secrets masked.

Promises: every key with its value, defaults and variables filled in, in the order of the docs; every secret as
asterisks. What is printed is itself a policy, but for its secrets.
"""

from typing import Any

import yaml

from collector.policy.model import Policy
from collector.policy.section import Section, kind_of


def render_effective(policy: Policy) -> str:
    """Return the policy as YAML, with secrets masked."""
    tree = {
        "outputs": {name: _render_section(output) for name, output in policy.outputs.items()},
        "agent": _render_section(policy.agent),
        "inputs": [_render_section(entry) for entry in policy.inputs],
    }
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=1000)


def _render_section(section: Section) -> dict[str, Any]:
    """Return the section's keys; those that are not set and have no default are left out."""
    rendered: dict[str, Any] = {}
    for key, field in type(section).model_fields.items():
        value, kind = getattr(section, key), kind_of(field)
        if isinstance(value, Section):
            rendered[key] = _render_section(value)
        elif kind is None:
            rendered[key] = [_render_section(item) for item in value]
        elif value not in (None, (), {}, ""):
            rendered[key] = kind.render(value)
    return rendered
